"""Renderings of the digest: page, e-mail, Markdown and JSON, all from one object."""
