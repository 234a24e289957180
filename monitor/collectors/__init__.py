"""Collectors: one module per platform, each reads one source."""
