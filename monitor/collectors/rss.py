"""Reads RSS and Atom feeds: news, blogs, forums, status pages and review sites."""

import calendar
import hashlib
import io
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from monitor.core.errors import PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Gap, Kind, Mention, Page, storable
from monitor.core.text import clean
from monitor.http import LONGEST_WAIT, Answer, check, client, fetch, host
from monitor.markup import plain
from monitor.ports import Round

log = logging.getLogger(__name__)

MOST_SEEN = 2_000
"""Digests kept per feed, two for each entry; the store knows the entries that were forgotten here."""

FEWEST = 10
"""Entries by which to tell that a feed has moved on beyond what was read; many that hold fewer show their last only."""

_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:.")
_REFERENCE = re.compile(rb"&#(?:([0-9]++)|[xX]([0-9a-fA-F]++));?")
_ID_LIMIT = 300


class Options(BaseModel):
    """``urls``: the feeds. ``platform``: what they are called in messages. ``contact``: an address for their owners.

    ``timeout`` is how many seconds a feed may take for the next piece of its answer, ``deadline`` for all of it, and
    ``largest`` how many bytes it may have once unpacked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls: tuple[str, ...] = Field(min_length=1)
    platform: str = Field(default="rss", pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    deadline: float = Field(default=30, gt=0, le=300)
    largest: int = Field(default=5_000_000, ge=1_000, le=50_000_000)

    @field_validator("urls")
    @classmethod
    def _are_addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(urls, 1):
            if not url.lower().startswith(("http://", "https://")) or host(url) == "?":
                raise ValueError(f"address {number} must begin with http:// or https:// and name a host")
        if len(set(urls)) < len(urls):
            raise ValueError("an address is there twice")
        return urls


def create(options: Options) -> "Feeds":
    """The collector; nothing is asked for yet."""
    return Feeds(options)


class _Feed(BaseModel):
    """What we remember of a feed; ``address`` is where it lives now, ``seen`` are digests of what was read.

    Its newest entry was of ``newest``, and it asked not to be asked before ``until``.
    """

    model_config = ConfigDict(frozen=True)

    address: str
    etag: str | None = None
    modified: str | None = None
    is_gone: bool = False
    seen: tuple[str, ...] | None = None
    until: AwareDatetime | None = None
    newest: AwareDatetime | None = None

    def rest(self, now: datetime | None) -> timedelta | None:
        """How long it still wants to be left alone. A longer time than anybody may ask for is a wrong clock's."""
        if not now or not self.until or not now < self.until <= now + LONGEST_WAIT:
            return None
        return self.until - now


_FEEDS = TypeAdapter(dict[str, _Feed])


class Feeds:
    """Asks every feed for what is new."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def pages(self, asked: Round) -> Iterator[Page]:
        """A page for each feed with something new. A broken feed is reported after the others have been read.

        One that had moved is looked for at its configured address again the next time. One of several that asked us to
        wait is left alone until the others' answers bear a later date; if none bears any, it is asked.
        """
        options, problems, dates = self._options, list[SourceError](), list[datetime]()
        feeds = {url: feed for url, feed in _feeds(asked.cursor).items() if url in options.urls}
        with client(options.contact, timeout=options.timeout) as http:
            for number, url in self._resting_last(feeds):
                before = feeds.get(url, _Feed(address=url))
                try:
                    after, page = self._read(http, url, before, asked.since, dates)
                except SourceError as error:
                    problems.append(_named(error, number, len(options.urls)))
                    after = _troubled(before, url, error, dates)
                    if after != before:
                        feeds[url] = after
                        yield Page(mentions=(), cursor=_cursor(feeds))
                    continue
                feeds[url] = after
                if page.mentions or page.skipped or after != before:
                    yield replace(page, cursor=_cursor(feeds))
        if all(url in feeds and feeds[url].is_gone for url in options.urls):
            raise Unreadable("every feed is gone for good (HTTP 410); take them out of the configuration")
        if problems:
            raise problems[0] if len(problems) == len(options.urls) else PartlyRead(str(problems[0]))

    def _resting_last(self, feeds: Mapping[str, _Feed]) -> list[tuple[int, str]]:
        """The numbered addresses; the answers of the first ones tell the time to the others."""
        numbered = enumerate(self._options.urls, 1)
        return sorted(numbered, key=lambda pair: pair[1] in feeds and feeds[pair[1]].until is not None)

    def _read(
        self, http: httpx.Client, url: str, feed: _Feed, since: datetime, dates: list[datetime]
    ) -> tuple[_Feed, Page]:
        options, nothing = self._options, Page(mentions=(), cursor=None)
        gone = replace(nothing, skipped=(("a feed that is gone for good (HTTP 410)", 1),))
        if feed.is_gone:
            return feed, gone
        asked = {"If-None-Match": feed.etag, "If-Modified-Since": feed.modified}
        headers = {name: value for name, value in asked.items() if value}
        if wait := feed.rest(max(dates, default=None)):
            raise RateLimited(f"{host(feed.address)} still asks us to wait", wait=wait)
        answer = fetch(http, feed.address, headers=headers, largest=options.largest, seconds=options.deadline)
        if answer.date:
            dates.append(answer.date)
        feed = feed.model_copy(update={"address": answer.moved_to or feed.address, "until": None})
        if answer.status == 304:
            return feed, nothing
        if answer.status == 410:
            log.warning("feed at %s is gone for good (HTTP 410); take it out of the configuration", host(url))
            return feed.model_copy(update={"is_gone": True}), gone
        check(answer.status, answer.headers, host(feed.address))
        return _new(parse(answer), answer, url, feed, options.platform, since)


def _troubled(feed: _Feed, url: str, error: SourceError, dates: Sequence[datetime]) -> _Feed:
    """The feed after an error: looked for at its configured address again, and not before it wants to be."""
    wait = error.wait if isinstance(error, RateLimited) else None
    return feed.model_copy(update={"address": url, "until": max(dates) + wait if wait and dates else None})


def parse(answer: Answer) -> Any:
    """The feed in an answer; raises ``Unreadable`` when there is none. Bad markup is no obstacle."""
    where = host(answer.url)
    # Given bytes, feedparser would first try to open a file of that name; given a stream it never does.
    # Relative links are resolved with the address; what may be secret in it must not get into them.
    headers = {"content-location": str(httpx.URL(answer.url).copy_with(userinfo=b"", query=None, fragment=None))}
    if kind := answer.headers.get("content-type"):
        headers["content-type"] = kind
    try:
        found = feedparser.parse(
            io.BytesIO(_REFERENCE.sub(_possible, answer.body)),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # feedparser states no exceptions; whatever it trips over is the feed's fault
        raise Unreadable(f"{where} answered something that is no feed ({type(error).__name__})") from None
    problem = found.get("bozo_exception")
    if "amplification" in str(problem):
        raise Unreadable(f"{where} answered a feed that unpacks itself without end")
    if not found.get("version") and not found.entries:
        what = "something that is no feed" if answer.body.strip() else "nothing"
        raise Unreadable(f"{where} answered {what} (HTTP {answer.status})")
    if found.bozo:
        log.warning("feed at %s is not quite right (%s); reading on", where, type(problem).__name__)
    return found


def _possible(reference: re.Match[bytes]) -> bytes:
    """A reference to a character; one that cannot exist, over which feedparser would stumble, is replaced."""
    digits, base = (reference[1], 10) if reference[1] else (reference[2], 16)
    number = int(digits, base) if len(digits) < 10 else 0
    return reference[0] if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else b"&#xFFFD;"


def _new(found: Any, answer: Answer, url: str, feed: _Feed, platform: str, since: datetime) -> tuple[_Feed, Page]:
    """The entries that were not seen before; on a feed's first reading none that are older than ``since``."""
    seen = frozenset(feed.seen or ())
    current: dict[str, None] = {}
    mentions: list[Mention] = []
    skipped: Counter[str] = Counter()
    known, times = 0, list[datetime]()
    for entry in found.entries:
        digests = _digests(entry, url)
        is_known = any(digest in seen or digest in current for digest in digests)
        known += any(digest in seen for digest in digests)
        current.update(dict.fromkeys(digests))
        if at := _posted_at(entry, found.feed, answer.date):
            times.append(at)
        if is_known:
            continue
        mention = _mention(entry, found.feed, answer.date, url, platform)
        if isinstance(mention, str):
            skipped[mention] += 1
        elif feed.seen is None and mention.posted_at < since:
            skipped["older than the first look-back"] += 1
        else:
            mentions.append(mention)
    kept = tuple(dict.fromkeys((*current, *(feed.seen or ()))))[:MOST_SEEN]
    validators = {"etag": answer.headers.get("etag"), "modified": answer.headers.get("last-modified")}
    newest = max([*times, *([feed.newest] if feed.newest else [])], default=None)
    gaps = () if known or len(found.entries) < FEWEST else _gap(feed.newest, times, len(found.entries))
    after = feed.model_copy(update={**validators, "seen": kept, "newest": newest})
    return after, Page(mentions=tuple(mentions), cursor=None, skipped=tuple(skipped.items()), gaps=gaps)


def _gap(before: datetime | None, times: Sequence[datetime], count: int) -> tuple[Gap, ...]:
    """Between the newest entry of an earlier reading and the oldest of a feed in which everything is new."""
    oldest = min(times, default=None)
    if before is None or oldest is None or oldest <= before:
        return ()
    return (Gap(before, oldest, f"all {count} entries of a feed were new, and more may have come and gone"),)


def _mention(entry: Any, feed: Any, answered_at: datetime | None, url: str, platform: str) -> Mention | str:
    text = _text(entry)
    if not text:
        return "no text"
    posted_at = _posted_at(entry, feed, answered_at)
    if posted_at is None:
        return "no time, or an impossible one"
    language = _get(entry, "language") or _get(feed, "language")
    mention = Mention(
        platform=platform,
        id=_identity(entry, url),
        text=text,
        posted_at=posted_at,
        url=_get(entry, "link") or None,
        author=" ".join(clean(_get(entry, "author")).split())[:200] or None,
        language=clean(language)[:35] or None,
        kind=Kind.ARTICLE,
    )
    return storable(mention)


def _posted_at(entry: Any, feed: Any, answered_at: datetime | None) -> datetime | None:
    dates = (_date(entry, "published"), _date(entry, "updated"), _date(feed, "updated"), _date(feed, "published"))
    found = next((date for date in dates if date), answered_at)
    return min(found, answered_at) if found and answered_at else found


def _identity(entry: Any, url: str) -> str:
    """The entry's id, else its link, else a digest of title and date.

    An id that is no URI, such as ``17``, is only unique within its feed.
    """
    identity = clean(_get(entry, "id") or _get(entry, "link")).strip()
    if not identity:
        return f"{_digest(url)}:{_digest(*_what_and_when(entry))}"
    if len(identity) > _ID_LIMIT:
        return f"{_digest(url)}:{_digest(identity)}"
    return identity if _URI.match(identity) else f"{_digest(url)}:{identity}"


def _digests(entry: Any, url: str) -> tuple[str, ...]:
    """What an entry is recognised by: its identity and, as some feeds change their ids, link, title and date."""
    link = _get(entry, "link")
    identity = _digest(_identity(entry, url))
    return (identity, _digest(link, *_what_and_when(entry))) if link else (identity,)


def _what_and_when(entry: Any) -> tuple[str, str]:
    return _get(entry, "title") or _get(entry, "summary"), _get(entry, "published") or _get(entry, "updated")


def _text(entry: Any) -> str:
    title = plain(_get(entry, "title"))
    contents = entry.get("content") or [{}]
    body = plain(_get(entry, "summary") or str(contents[0].get("value") or ""))
    return body if body.startswith(title) else f"{title}\n{body}".strip()


def _date(holder: Any, name: str) -> datetime | None:
    # Asked for a missing "updated", feedparser warns and gives "published" instead.
    parsed = holder.get(f"{name}_parsed") if f"{name}_parsed" in holder else None
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _get(holder: Any, name: str) -> str:
    value = holder.get(name) if name in holder else None
    return value if isinstance(value, str) else ""


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(errors="replace"), digest_size=6).hexdigest()


def _named(error: SourceError, number: int, of: int) -> SourceError:
    """The same error with the number of the feed in front, where there are several."""
    if of == 1:
        return error
    message = f"feed {number} of {of}: {error}"
    return RateLimited(message, wait=error.wait) if isinstance(error, RateLimited) else type(error)(message)


def _cursor(feeds: dict[str, _Feed]) -> str:
    return _FEEDS.dump_json(feeds).decode()


def _feeds(cursor: str | None) -> dict[str, _Feed]:
    """What the cursor remembers; with a cursor that is not ours every feed is read as if for the first time."""
    try:
        return _FEEDS.validate_json(cursor or "{}")
    except ValidationError:
        return {}
