"""Real processes, killed and stopped at any moment."""
