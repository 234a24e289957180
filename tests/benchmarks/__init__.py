"""Benchmarks: figures anyone can rerun with ``make bench``; they print and never fail."""
