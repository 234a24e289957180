"""The classifiers: each decides how likely a post is a complaint, and what about."""
