"""Which column of an export holds what: turns rows with all sorts of names and spellings into mentions."""

import difflib
import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from monitor.core.mention import Kind, Mention, utc
from monitor.core.text import clean

ID_LIMIT = 300
"""Characters; a longer id is replaced by a derived one, because databases limit what they can index."""

_WORD_LIMIT = 200
_URL_LIMIT = 2_000
_LARGEST_COUNT = 2**31 - 1
_YEARS = range(1970, 2200)
_UNKNOWN_LANGUAGES = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
_KINDS = {kind.value: kind for kind in Kind}
_EPOCH = re.compile(r"[+-]?\d{9,20}(?:\.\d*)?")
_SPACED_ZONE = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)|\s*(?:UTC|GMT)$")
_JOINT = re.compile(r"[\s\-]+")

_USUAL = {
    "id": ("id", "post_id", "tweet_id", "review_id", "mention_id", "uuid", "guid"),
    "text": ("text", "body", "content", "message", "full_text", "review", "comment", "post", "tweet"),
    "posted_at": (
        *("created_at", "posted_at", "published_at", "tweet_created", "timestamp", "datetime", "date", "time"),
        *("published", "created"),
    ),
    "url": ("url", "permalink", "link", "post_url"),
    "author": ("author", "username", "user_name", "screen_name", "handle", "author_name", "user", "name", "author_id"),
    "platform": ("platform", "network"),
    "language": ("lang", "language"),
    "followers": ("followers", "followers_count", "follower_count", "author_followers"),
    "reposts": ("retweet_count", "reposts", "repost_count", "retweets", "shares", "share_count", "reblogs_count"),
    "rating": ("rating", "stars", "star_rating"),
    "reply_to": ("in_reply_to", "reply_to", "in_reply_to_id", "in_reply_to_status_id", "in_response_to_tweet_id"),
    "is_repost": ("is_retweet", "is_repost"),
    "brand": ("brand", "company"),
    "own": ("from_brand", "own", "is_own"),
    "by_bot": ("by_bot", "is_bot", "from_bot"),
    "kind": ("kind",),
}


class FieldMap(BaseModel):
    """Which column or key holds which field; what is left out is looked for under its usual names.

    ``text`` and ``posted_at`` are needed. Without an id one is derived from platform, author, time and text, the same
    on every reading. Times are ISO 8601, RFC 2822 or epoch seconds, milliseconds or microseconds; a time without a
    zone is taken as UTC. ``is_repost``, ``own`` and ``by_bot`` are true for ``true``, ``yes``, ``t``, ``y`` and ``1``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = None
    text: str | None = None
    posted_at: str | None = None
    url: str | None = None
    author: str | None = None
    platform: str | None = None
    language: str | None = None
    followers: str | None = None
    reposts: str | None = None
    rating: str | None = None
    reply_to: str | None = None
    is_repost: str | None = None
    brand: str | None = None
    own: str | None = None
    by_bot: str | None = None
    kind: str | None = None

    def among(self, names: Iterable[str]) -> "FieldMap":
        """This map with every open field looked up among the names; ``None`` where there is none."""
        plain = {_JOINT.sub("_", name.strip().casefold()): name for name in reversed(tuple(names))}
        named = self.model_dump(exclude_none=True)
        found = {field: next((plain[n] for n in usual if n in plain), None) for field, usual in _USUAL.items()}
        return FieldMap.model_construct(**(found | named))

    def problems(self, names: Sequence[str]) -> list[str]:
        """What is wrong with a file that has these columns, in the words of the file; empty when it can be read."""
        found = self.among(names).model_dump()
        missing = [
            f'the column "{column}" for {field}{_nearest(column, names)}'
            for field, column in self.model_dump(exclude_none=True).items()
            if column not in names
        ]
        missing += [
            f"a column for {field} (one of {', '.join(_USUAL[field])}){_nearest(field, names)}"
            for field in ("text", "posted_at")
            if found[field] is None
        ]
        listed = ", ".join(names) or "none"
        return [f"there is not {what}; the columns are: {listed}" for what in missing]


class MentionReader:
    """Turns rows into mentions; what cannot become one comes back as the reason why."""

    _REMEMBERED = 16

    def __init__(self, fields: FieldMap, platform: str) -> None:
        self._fields = fields
        self._platform = platform
        self._columns: dict[tuple[str, ...], FieldMap] = {}

    def __call__(self, row: Mapping[Any, object]) -> Mention | str:
        get, at = row.get, self._where(tuple(row))
        text = get(at.text)
        if not isinstance(text, str) or not text.strip():
            return "no text"
        posted_at = moment(get(at.posted_at))
        if posted_at is None:
            return "no time, or an impossible one"
        author = _word(get(at.author))
        platform = (_word(get(at.platform)) or self._platform).casefold()
        reply_to = _word(get(at.reply_to))
        return Mention(
            platform=platform,
            id=_identity(get(at.id), platform, author, posted_at, text),
            text=text,
            posted_at=posted_at,
            url=_address(get(at.url)),
            author=author,
            language=_language(get(at.language)),
            followers=_count(get(at.followers)),
            reposts=_count(get(at.reposts)),
            rating=_count(get(at.rating)),
            reply_to=reply_to,
            kind=_kind(get(at.kind), _flag(get(at.is_repost)), reply_to),
            brand=_word(get(at.brand)),
            own=_flag(get(at.own)),
            by_bot=_flag(get(at.by_bot)),
        )

    def _where(self, names: tuple[str, ...]) -> FieldMap:
        found = self._columns.get(names)
        if found is None:
            if len(self._columns) >= self._REMEMBERED:
                self._columns.clear()
            found = self._columns[names] = self._fields.among(names)
        return found


def moment(value: object) -> datetime | None:
    """The moment a value means, in UTC, or ``None``. See :class:`FieldMap` for the spellings."""
    try:
        if isinstance(value, str):
            found = _written_moment(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = _epoch(float(value))
        elif isinstance(value, datetime):
            found = utc(value)
        elif isinstance(value, date):
            found = datetime(value.year, value.month, value.day, tzinfo=UTC)
        else:
            return None
    except (ValueError, OverflowError, TypeError, OSError):
        return None
    return found if found.year in _YEARS else None


def _written_moment(value: str) -> datetime:
    if _EPOCH.fullmatch(value):
        return _epoch(float(value))
    try:
        return utc(datetime.fromisoformat(value))
    except ValueError:
        pass
    try:
        return utc(datetime.fromisoformat(_SPACED_ZONE.sub("", value)))
    except ValueError:
        return utc(parsedate_to_datetime(value[:_WORD_LIMIT]))


def _epoch(value: float) -> datetime:
    """Seconds since 1970; a number too large for that is milliseconds, then microseconds, then nanoseconds."""
    for _ in range(3):
        if abs(value) < 1e11:
            break
        value /= 1000
    return datetime.fromtimestamp(value, UTC)


def _identity(value: object, platform: str, author: str | None, posted_at: datetime, text: str) -> str:
    given = _word(value, ID_LIMIT + 1)
    if given and len(given) <= ID_LIMIT:
        return given
    parts = "\n".join((platform, author or "", posted_at.isoformat(), text))
    return "derived:" + hashlib.blake2b(parts.encode(errors="replace"), digest_size=16).hexdigest()


def _word(value: object, limit: int = _WORD_LIMIT) -> str | None:
    """One storable line of text, from a text or a number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = " ".join(clean(value).split())
    return value.strip()[:limit] or None


def _address(value: object) -> str | None:
    address = _word(value, _URL_LIMIT + 1)
    is_usable = address and len(address) <= _URL_LIMIT and address.lower().startswith(("http://", "https://"))
    return address if is_usable else None


def _language(value: object) -> str | None:
    tag = _word(value)
    return None if tag is None or tag.casefold() in _UNKNOWN_LANGUAGES else tag


def _count(value: object) -> int | None:
    if isinstance(value, str):
        try:
            value = float(value.replace(",", ""))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= _LARGEST_COUNT else None


def _flag(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in ("true", "yes", "t", "y", "1")
    return value is True or value == 1


def _kind(value: object, is_repost: bool, reply_to: str | None) -> Kind:
    if isinstance(value, str) and value.casefold() in _KINDS:
        return _KINDS[value.casefold()]
    if is_repost:
        return Kind.REPOST
    return Kind.REPLY if reply_to else Kind.POST


def _nearest(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
