"""A mention: one public post, as we read it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from monitor.core.text import MAX_CHARS, clean, cut

_NAME_LIMIT = 300
_URL_LIMIT = 2_000
_CONTEXT_LIMIT = 1_000
_LARGEST_COUNT = 2**31 - 1
_NOBODY = {
    *("", "-", "anonym", "anonyme", "anonymous", "anonymous user", "anonim", "anonimo", "anónimo", "anônimo", "аноним"),
    *("deleted", "deleted account", "deleted user", "removed", "unknown", "guest", "gast", "invité", "invitado"),
    *("a google user", "google user", "facebook user", "n/a", "nan", "none", "null"),
}
"""Also in forms that other tools export."""


class Kind(StrEnum):
    """What sort of post it is. A repost repeats another post without words of its own."""

    POST = "post"
    REPLY = "reply"
    REPOST = "repost"
    REVIEW = "review"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One public post. ``(platform, id)`` identifies it and is stable across re-reads.

    ``posted_at`` is aware. ``followers``, ``reposts``, ``rating`` (stars of a review, 1 to 5) and ``author_since``
    (when the account was opened) are ``None`` where the platform does not say; unknown is not zero. ``edited_at`` is
    when the text was last changed, ``None`` if never: a post read again with a later one replaces the words stored
    before. ``context`` is what the post answers, where the platform says it in the same breath: the words of its
    parent or the title of its thread. ``brand`` is what the source itself says the post is about, if it says so.
    ``own`` marks a post that the source knows to come from the brand, ``by_bot`` one of an account that the platform
    marks as automated. ``seen_as`` is the name by which its source looks it up again, where that is not its id: a copy
    on another server has a number of its own.
    """

    platform: str
    id: str
    text: str
    posted_at: datetime
    url: str | None = None
    author: str | None = None
    language: str | None = None
    followers: int | None = None
    reposts: int | None = None
    author_since: datetime | None = None
    rating: int | None = None
    edited_at: datetime | None = None
    reply_to: str | None = None
    context: str | None = None
    kind: Kind = Kind.POST
    brand: str | None = None
    own: bool = False
    by_bot: bool = False
    seen_as: str | None = None

    def __post_init__(self) -> None:
        for moment in (self.posted_at, self.author_since, self.edited_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("a moment must carry a time zone")
        if not self.platform or not self.id:
            raise ValueError("a mention needs a platform and an id")


@dataclass(frozen=True, slots=True)
class Post:
    """Which post, and where people can see it: enough to find its words in a message."""

    platform: str
    id: str
    url: str | None = None
    text: str | None = None

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of which a source could not be read completely, and why, in words for the operator."""

    start: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a collector yields: mentions, and the cursor that is true once they are stored.

    ``skipped`` counts items that could not be read, by reason in words, so that nothing disappears silently. ``gaps``
    are spans that this source will never read any more. ``gone`` are the ids of posts that the platform says were
    deleted, as (platform, id); an id that ends with ``/`` means every post whose id begins with it. ``spent`` is what
    this page cost, by a budget's unit.
    """

    mentions: tuple[Mention, ...]
    cursor: str | None
    skipped: tuple[tuple[str, int], ...] = ()
    gaps: tuple[Gap, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    spent: tuple[tuple[str, float], ...] = ()


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive time is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def reported_id(address: str) -> str:
    """The id of a post that a person reported, until a source brings it under its own."""
    return "reported:" + hashlib.blake2b(address.encode(errors="replace"), digest_size=12).hexdigest()


def storable(mention: Mention) -> Mention:
    """The same mention, safe to store and to print; the same object when nothing had to change.

    Texts lose control characters and lone surrogates, all but ``text`` also line breaks. An id that has to change gets
    a digest of what it was, so that two posts never become one. An address that is too long or no web address, a count
    that no database holds, and an author who is nobody, such as "Anonymous", become ``None``.
    """
    after = {
        "platform": _key(mention.platform),
        "id": _key(mention.id),
        "text": _text(mention.text),
        "url": _address(mention.url),
        "author": _author(mention.author),
        "language": _name(mention.language),
        "followers": _count(mention.followers),
        "reposts": _count(mention.reposts),
        "reply_to": mention.reply_to and _key(mention.reply_to),
        "context": mention.context and cut(_text(mention.context), _CONTEXT_LIMIT),
        "rating": mention.rating if mention.rating is not None and 1 <= mention.rating <= 5 else None,
        "brand": _name(mention.brand),
        "seen_as": _name(mention.seen_as),
    }
    changed: dict[str, Any] = {name: value for name, value in after.items() if value != getattr(mention, name)}
    return replace(mention, **changed) if changed else mention


def _text(text: str) -> str:
    # Most posts are plain ASCII, which is told apart in a tenth of the time that cleaning takes.
    is_plain = text.isascii() and len(text) <= MAX_CHARS and text.replace("\n", " ").isprintable()
    return text if is_plain else clean(text)


def _key(text: str) -> str:
    name = _name(text)
    if name == text:
        return text
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{(name or '')[: _NAME_LIMIT - 1 - len(digest)]}:{digest}"


def _name(text: str | None) -> str | None:
    if text is None or (len(text) <= _NAME_LIMIT and text.isprintable()):
        return text
    line = " ".join(clean(text).split())
    return text if line == text and len(text) <= _NAME_LIMIT else cut(line, _NAME_LIMIT) or None


def _author(text: str | None) -> str | None:
    """A name that stands for nobody is none: what many write under it is not one person's."""
    name = _name(text)
    return None if name is not None and name.strip(" []()<>@").casefold() in _NOBODY else name


def _address(url: str | None) -> str | None:
    if url is None:
        return None
    if not url.isprintable():
        line = "".join(clean(url).split())
        url = url if line == url else line
    is_usual = len(url) <= _URL_LIMIT and url[:8].lower().startswith(("http://", "https://"))
    return url if is_usual else None


def _count(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= _LARGEST_COUNT else None
