"""Tests of monitor.core."""
