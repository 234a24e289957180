"""Reads everything that is posted on Bluesky as it happens, through Jetstream, and keeps what matches; needs no key."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from monitor.collectors import _bluesky_posts as posts
from monitor.core.errors import SourceError, Unavailable, Unreadable
from monitor.core.mention import Gap, Mention, Page, storable
from monitor.core.watch import Matcher, Watch
from monitor.http import check, client, host, user_agent
from monitor.pace import pace
from monitor.parents import LEFT_OUT, Known, Parents
from monitor.ports import Looked, Round

EVENTS = 2_000
"""Events of a page: so many are read again after a crash."""

MOST_PARENTS = 50
"""Posts that are asked for with a page because others answer them, 25 at once."""

LARGEST_EVENT, LARGEST_FRAME = 1_000_000, 16_000_000
"""Bytes: the server is asked to leave out larger events, and a frame that no record can fill ends the connection."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""So far may two servers be apart in when they saw an event."""

FIRST_MOMENT = 10**15
"""Jetstream takes a smaller cursor for the number of an event, a larger one for microseconds since 1970."""

_PASSING = ("desynchronized", "throttled")
"""States of an account that say something about its server and nothing about its posts."""

_METHOD = "network.bsky.jetstream.subscribeEvents"
_PROTOCOL = "xrpc.v1.json"


class Options(BaseModel):
    """``url`` is a Jetstream (v2) server; its cursor is used with no other.

    A round reads until it has caught up, for ``longest`` seconds at most, and ends when the stream is silent for
    ``timeout`` seconds. ``profiles`` looks up who wrote what matched, and what it answers, at ``api``, which
    also tells what was deleted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default="wss://jetstream.us-east.bsky.network/xrpc", pattern=r"^wss?://")
    longest: float = Field(default=50, gt=0, le=600)
    timeout: float = Field(default=10, gt=0, le=60)
    profiles: bool = True
    api: str = Field(default=posts.PUBLIC, pattern=r"^https?://")
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    requests_per_minute: int = Field(default=60, ge=1, le=600)


def create(options: Options) -> "BlueskyStream":
    """The collector; nothing is connected yet."""
    return BlueskyStream(options)


class BlueskyStream:
    """Each round goes on with the stream where the last one ended."""

    platform = posts.PLATFORM
    batch = posts.MOST_AT_ONCE

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = pace(options.api, options.requests_per_minute)
        self._matcher: tuple[tuple[Watch, ...], Matcher] | None = None
        self._known: Known = {}

    def pages(self, asked: Round) -> Iterator[Page]:
        """Events from the cursor on, until one is as young as this round, in pages."""
        seq, until = _position(asked.cursor, self._options.url)
        reader = _Reader(self._compiled(asked.watches), seq, until)
        end = time.monotonic() + self._options.longest
        with (
            client(self._options.contact, timeout=self._options.timeout) as http,
            self._connected(reader, asked) as stream,
        ):
            for event in _events(stream, self._options.timeout, end):
                reader.take(event)
                if reader.count >= EVENTS:
                    yield self._page(reader, http, asked.now)
                if reader.until is not None and reader.until >= asked.now:
                    break
            yield self._page(reader, http, asked.now)

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts, by the public AppView."""
        with client(self._options.contact, timeout=self._options.timeout) as http:
            return posts.look_up(http, self._options.api, self._turn, ids, now)

    def _compiled(self, watches: tuple[Watch, ...]) -> Matcher:
        if self._matcher is None or self._matcher[0] != watches:
            self._matcher = watches, Matcher(watches)
        return self._matcher[1]

    def _connected(self, reader: "_Reader", asked: Round) -> ClientConnection:
        """The stream from the last event on; if that is not kept any more, or elsewhere, from its moment on."""
        if reader.seq is not None:
            try:
                return self._dial(reader.seq)
            except _TooOldError:
                reader.seq = None
        # Another server may have seen earlier what this one has not given yet.
        start = reader.until - CLOCKS_DIFFER if reader.until else asked.since
        return self._dial(max(FIRST_MOMENT, int(start.timestamp() * 1_000_000)))

    def _dial(self, cursor: int) -> ClientConnection:
        params = [("collections", posts.COLLECTION), ("kinds", "commit"), ("kinds", "account")]
        params += [("maxMessageSizeBytes", str(LARGEST_EVENT)), ("cursor", str(cursor))]
        where = host(self._options.url)
        try:
            return connect(
                f"{self._options.url}/{_METHOD}?{urlencode(params)}",
                subprotocols=[Subprotocol(_PROTOCOL)],
                open_timeout=self._options.timeout,
                close_timeout=1,
                max_size=LARGEST_FRAME,
                user_agent_header=user_agent(self._options.contact),
                proxy=None,
            )
        except InvalidStatus as error:
            raise _refused(error, where) from None
        except socket.gaierror:
            raise Unavailable(f"{where} could not be reached: no such host, or no network") from None
        except (OSError, WebSocketException) as error:
            raise Unavailable(f"{where} could not be reached: {type(error).__name__}") from None

    def _page(self, reader: "_Reader", http: httpx.Client, now: datetime) -> Page:
        """What was found since the last page, with its authors and what it answers as far as they can be known."""
        found, page = reader.found(), reader.page(self._options.url)
        people: dict[str, Mapping[str, Any]] = {}
        authors = [one.author for one in found if one.author and reader.matches(one)]
        if authors and self._options.profiles:
            try:
                people = posts.profiles(http, self._options.api, self._turn, authors)
            except SourceError:
                # Who it was can wait; what was said cannot.
                page = replace(page, skipped=(*page.skipped, ("author not looked up: the profiles cannot be read", 1)))
        shown = [one for one in found if not posts.hides(people.get(one.author or "", {}))]
        if hidden := len(found) - len(shown):
            page = replace(page, skipped=(*page.skipped, (posts.HIDDEN, hidden)))
        page, shown = self._with_context(page, shown, Parents(reader.matcher, now, self._known, MOST_PARENTS))
        return replace(page, mentions=tuple(_with_author(one, people.get(one.author or "")) for one in shown))

    def _with_context(self, page: Page, found: list[Mention], parents: Parents) -> tuple[Page, list[Mention]]:
        if not self._options.profiles:
            return page, found
        try:
            found = posts.with_context(found, parents, self.look_up)
        except SourceError:
            # As with authors.
            return replace(page, skipped=(*page.skipped, (LEFT_OUT, 1))), found
        return replace(page, skipped=(*page.skipped, *parents.skipped().items())), found


class _Reader:
    """Takes events one by one, keeps what matches, and knows how far it has come."""

    def __init__(self, matcher: Matcher, seq: int | None, until: datetime | None) -> None:
        self.matcher = matcher
        self._skipped: Counter[str] = Counter()
        self._found: dict[str, Mention] = {}
        self._gone: dict[str, None] = {}
        self._gaps: list[Gap] = []
        self._missed_from: datetime | None = None
        self.seq, self.until = seq, until
        self.count = 0

    def take(self, event: dict[str, Any]) -> None:
        """Take an event; the one at the cursor comes again and is known."""
        kind = str(event.get("$type", "")).rpartition("#")[2]
        if kind == "info":
            # What the server says about the cursor: it may be too old, or another server's.
            if event.get("name") in ("OutdatedCursor", "FutureCursor"):
                self._missed_from, self.seq = self.until, None
            return
        seq, at = event.get("seq"), posts.moment(event.get("witnessedAt")) or posts.moment(event.get("time"))
        if not isinstance(seq, int) or at is None:
            self._skipped["an event without a number or a time"] += 1
            return
        if self.seq is not None and seq <= self.seq:
            return
        if self._missed_from is not None:
            if self._missed_from < at:
                self._gaps.append(Gap(self._missed_from, at, "Jetstream does not reach back so far"))
            self._missed_from = None
        self.seq, self.until = seq, at
        self.count += 1
        if kind == "account":
            account = event.get("account")
            if isinstance(account, dict) and account.get("active") is False and account.get("status") not in _PASSING:
                self._forget(f"at://{event.get('did')}/")
        elif kind == "commit" and event.get("collection") == posts.COLLECTION:
            self._take_post(event, at)

    def matches(self, found: Mention) -> bool:
        return bool(self.matcher.matches(found))

    def found(self) -> list[Mention]:
        found = list(self._found.values())
        self._found.clear()
        return found

    def page(self, url: str) -> Page:
        """All that is not a mention, and the cursor."""
        cursor = json.dumps({"host": url, "seq": self.seq, "until": self.until.isoformat() if self.until else None})
        page = Page(
            mentions=(),
            cursor=cursor,
            skipped=tuple(self._skipped.items()),
            gaps=tuple(self._gaps),
            gone=tuple((posts.PLATFORM, name) for name in self._gone),
        )
        self._skipped.clear()
        self._gaps.clear()
        self._gone.clear()
        self.count = 0
        return page

    def _take_post(self, event: dict[str, Any], at: datetime) -> None:
        uri = f"at://{event.get('did')}/{posts.COLLECTION}/{event.get('rkey')}"
        if event.get("operation") == "delete":
            self._forget(uri)
            return
        is_edited = event.get("operation") == "update"
        found = posts.mention(uri, event.get("record"), at)
        if isinstance(found, str):
            if found != posts.NO_TEXT:
                self._skipped[found] += 1
            if is_edited:
                self._forget(uri)
            return
        found = storable(found)
        if is_edited:
            # Whether or not the new words match: the old ones may be known.
            self._found[uri] = replace(found, edited_at=at)
        elif self.matches(found):
            self._found[uri] = found

    def _forget(self, name: str) -> None:
        self._gone[name] = None
        for uri in [uri for uri in self._found if uri == name or (name.endswith("/") and uri.startswith(name))]:
            del self._found[uri]


def _events(stream: ClientConnection, timeout: float, end: float) -> Iterator[dict[str, Any]]:
    """Events until the stream is silent, or time is up. One that cannot be read is an empty one."""
    first = True
    while time.monotonic() < end:
        try:
            frame = json.loads(stream.recv(timeout=timeout))
        except TimeoutError:
            if first:
                raise Unavailable("Jetstream is connected and silent") from None
            return
        except (ValueError, RecursionError):
            frame = {"payload": {}}
        except ConnectionClosed:
            # What was read is kept; the next round goes on from there.
            if first:
                raise Unavailable("Jetstream closed the connection") from None
            return
        if isinstance(frame, dict) and frame.get("$type") == "error":
            if first:
                raise Unavailable(f"Jetstream says {str(frame.get('error'))[:60]}")
            return
        first = False
        payload = frame.get("payload") if isinstance(frame, dict) else None
        yield payload if isinstance(payload, dict) else {}


class _TooOldError(Exception):
    """The server does not keep the event any more that the stream should go on from."""


def _refused(error: InvalidStatus, where: str) -> Exception:
    response = error.response
    if b"CursorTooOld" in (response.body or b""):
        return _TooOldError()
    try:
        check(response.status_code, dict(response.headers), where)
    except SourceError as found:
        return found
    return Unreadable(f"{where} is no Jetstream server (HTTP {response.status_code})")


def _with_author(found: Mention, person: Any) -> Mention:
    if not isinstance(person, dict):
        return found
    since = posts.moment(person.get("createdAt"))
    count, handle = person.get("followersCount"), person.get("handle")
    return replace(
        found,
        author=handle if isinstance(handle, str) and handle else found.author,
        followers=count if isinstance(count, int) else None,
        author_since=since,
        by_bot=posts.by_bot(person),
    )


def _position(cursor: str | None, url: str) -> tuple[int | None, datetime | None]:
    """The last event that was read and its time; of another host only the time is of use."""
    try:
        data = json.loads(cursor or "{}")
        until = posts.moment(data["until"])
        seq = data["seq"] if data["host"] == url and isinstance(data["seq"], int) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, None
    return (seq, until) if until is not None else (None, None)
