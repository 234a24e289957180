"""How a message looks in Slack: safe text, blocks, and a check of the blocks before they are sent."""
