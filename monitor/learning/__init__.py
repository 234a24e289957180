"""The learning loop: measuring the classifier on people's labels, and drawing posts that people should label."""
