"""Fakes and contract suites for the tests of plugins, ours and those of others."""
