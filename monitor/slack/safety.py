"""Text of strangers made harmless for Slack: it can neither ping, nor forge a link, nor burst a limit.

Slack reads ``<!channel>``, ``<@U1>``, ``<#C1>`` and ``<https://…|name>`` in many texts as commands
(https://docs.slack.dev/messaging/formatting-message-text). The escaped text of a notification cannot hold them; in
blocks, where text is literal, a word joiner after ``<`` makes sure.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from monitor.core.text import CUT, clean, visible

_SPACE = re.compile(r"\s+")
_OPENS_COMMAND = re.compile(r"<(?=[^\s\d])")
_JOINER = "\u2060"
_REFUSED_IN_ADDRESS = re.compile(r"[\s\\\x00-\x20\x7f-\x9f]")
_SAFE_IN_ADDRESS = "/:?#[]@!$&'()*+,;=%~-._"


def one_line(text: str) -> str:
    """Text for people on one line: no control characters, no direction overrides, spaces folded."""
    return _SPACE.sub(" ", visible(clean(text))).strip()


def escape(text: str) -> str:
    """Text for fields that Slack parses: the three characters that begin or end a command as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(text: str) -> str:
    """Text for fields that Slack shows as it stands: reads the same, but holds no command in any reading."""
    return _OPENS_COMMAND.sub("<" + _JOINER, text)


def is_user(text: str) -> bool:
    """Is this the id of a person, and nothing else?"""
    return re.fullmatch(r"[UW][A-Z0-9]{1,20}", text) is not None


def units(text: str) -> int:
    """Length as Slack's own clients count it, in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units after escaping, ending in an ellipsis when shortened; whole characters only.

    The source is cut and the escaped length counted, because a cut after escaping breaks entities.
    """
    if units(escape(text)) <= limit:
        return text
    room = limit - units(CUT)
    kept: list[str] = []
    for cluster in clusters(text):
        room -= units(escape(cluster))
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept).rstrip() + CUT


def clusters(text: str) -> Iterator[str]:
    """What a reader takes for one character: a letter with its accents, a flag, a joined emoji."""
    start = 0
    for index in range(1, len(text)):
        if not _belongs_together(text, start, index):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _belongs_together(text: str, start: int, index: int) -> bool:
    before, character = text[index - 1], text[index]
    if before == "\u200d" or character == "\u200d":
        return True
    if unicodedata.category(character) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True
    if _is_regional(character) and _is_regional(before):
        return index - start == 1
    # The vowels and finals of a Korean syllable written in single letters.
    return "\u1160" <= character <= "\u11ff" and "\u1100" <= before <= "\u11ff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


@dataclass(frozen=True, slots=True)
class Link:
    """A web address that may be shown: ``url`` in ASCII, ``host`` as a reader should see it."""

    url: str
    host: str


def web_link(address: str | None, limit: int) -> Link | None:
    """The address as a link of at most ``limit`` characters, or ``None`` when it is not plainly a web page.

    An address with a login part shows one host and opens another; back slashes and spaces are read differently by
    browsers and by us. Such addresses are not shown at all.
    """
    if not address or _REFUSED_IN_ADDRESS.search(address):
        return None
    try:
        parts = urlsplit(address)
        name, port = (parts.hostname or "").rstrip("."), parts.port
        ascii_name = name if ":" in name else name.encode("idna").decode("ascii")
        tail = "".join(mark + part for mark, part in (("?", parts.query), ("#", parts.fragment)) if part)
        path = quote(parts.path + tail, safe=_SAFE_IN_ADDRESS)
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or not ascii_name or "@" in parts.netloc or "%" in name:
        return None
    if not re.fullmatch(r"[a-z0-9._\-]+|[0-9a-f:.]+", ascii_name):
        return None
    place = f"[{ascii_name}]" if ":" in ascii_name else ascii_name
    url = f"{parts.scheme}://{place}{'' if port is None else f':{port}'}{path}"
    return Link(url, shorten(name if _is_one_script(name) else ascii_name, 80)) if len(url) <= limit else None


def _is_one_script(name: str) -> bool:
    """Whether all letters of a host name are of one script, so that none of them can pass for another."""
    scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in name if letter.isalpha()}
    return len(scripts) <= 1
