"""Umbrage: hears public complaints about a brand and sees each one through."""

__version__ = "0.1.0"
