"""HTML as people wrote it in posts and comments, turned into text."""

import html
import re

from monitor.core.text import MAX_CHARS

_TAG = re.compile(r"<(/?)([a-zA-Z!?][a-zA-Z0-9]*+)[^<>]*+>")
_BLOCK = re.compile(r"address|article|blockquote|br|d[dlt]|div|figure|h[1-6]|hr|li|[ou]l|p|pre|table|tr")
_UNSEEN = frozenset(("script", "style", "template"))
_SPACE = re.compile(r"\s+")


def plain(markup: str) -> str:
    """HTML as text: tags away, blocks on lines of their own, entities resolved. Takes linear time on any input."""
    markup = markup[: 5 * MAX_CHARS]
    parts: list[str] = []
    end, hidden = 0, ""
    for tag in _TAG.finditer(markup):
        if not hidden:
            parts.append(_SPACE.sub(" ", markup[end : tag.start()]))
        end = tag.end()
        name = tag[2].lower()
        if hidden:
            hidden = "" if tag[1] and name == hidden else hidden
        elif name in _UNSEEN and not tag[1]:
            hidden = name
        elif _BLOCK.fullmatch(name):
            parts.append("\n")
    if not hidden:
        parts.append(_SPACE.sub(" ", markup[end:]))
    text = html.unescape("".join(parts))
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())
