"""Tests of the collectors, one module for each."""
