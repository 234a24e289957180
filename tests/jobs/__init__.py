"""Tests of monitor.jobs."""
