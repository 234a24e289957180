"""Where messages go: one module per kind of target."""
