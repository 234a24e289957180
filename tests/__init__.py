"""Tests of the product as its parts and as a whole."""
