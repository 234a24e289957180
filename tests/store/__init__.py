"""Tests of monitor.store, on SQLite and PostgreSQL."""
