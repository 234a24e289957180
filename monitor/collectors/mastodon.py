"""Reads hashtags, and with a token a search and mentions, on Mastodon and servers that speak like it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import methodcaller
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.query import search_words
from monitor.core.text import fold
from monitor.core.watch import Watch
from monitor.http import LONGEST_WAIT, check, host, http_date, user_agent
from monitor.markup import plain
from monitor.moments import from_iso
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret
from monitor.sessions import session, translated

OVERLAP = timedelta(hours=1)
"""How late a post from another server may arrive and still be found: its id is as old as the post itself."""

MOST_PAGES = 100
SEARCH_PAGES = 25
_STATUSES, _SEARCH, _NOTIFICATIONS = "read:statuses", "read:search", "read:notifications"
_STATUS = re.compile(r"/(?:statuses|@[^/]+)/([0-9A-Za-z]{1,64})$")
_NO_LETTERS = re.compile(r"[\W_]+")


class Options(BaseModel):
    """``servers``: where to ask. ``tags``: hashtags besides those made of the brands' words.

    With a ``token`` of an account on the first server, ``search`` asks it for posts with a brand's words (if it can
    search) and ``notifications`` reads who mentioned the account. ``page`` is how many posts are asked for at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: tuple[str, ...] = Field(default=("https://mastodon.social",), min_length=1)
    tags: tuple[str, ...] = ()
    token: Secret | None = None
    search: bool = False
    notifications: bool = False
    page: int = Field(default=40, ge=1, le=40)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=30, ge=1, le=60)


def create(options: Options) -> "Mastodon":
    """The collector. Raises ``ConfigError`` for what is no address, or for a search without a token."""
    problems = [f"{url!r} is no address like https://mastodon.social" for url in options.servers if host(url) == "?"]
    if (options.search or options.notifications) and options.token is None:
        problems.append("search and notifications need a token of an account on the first server")
    if problems:
        raise ConfigError([f"mastodon: {problem}" for problem in problems])
    return Mastodon(options)


class Mastodon:
    """Each timeline of each server is read from its newest post down to where the last round began."""

    platform = "mastodon"
    batch = 20

    def __init__(self, options: Options) -> None:
        self._options = options
        addresses = [url.rstrip("/") for url in options.servers]
        self._servers = {url: _Server(url, options, is_first=url == addresses[0]) for url in addresses}

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """The hashtags that are read: words, handles and misspellings written together."""
        words = [_NO_LETTERS.sub("", fold(word)) for word in (*search_words(watches), *self._options.tags)]
        return ["#" + tag for tag in dict.fromkeys(words) if tag and not tag.isdigit()]

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every timeline; those that cannot be read are reported after the others have been read."""
        timelines = list(self._timelines(asked.watches))
        readings = Readings(asked.cursor, (timeline.name for timeline in timelines))
        problems, closed, is_any_read = list[SourceError](), set[tuple[str, str]](), False
        for timeline in timelines:
            kind = (timeline.server.url, timeline.scope)
            if kind in closed:
                continue
            most = SEARCH_PAGES if timeline.scope == _SEARCH else MOST_PAGES
            try:
                fetch = partial(self._listed, timeline, asked.now)
                yield from readings.down(timeline.name, fetch, asked, overlap=OVERLAP, most_pages=most)
                is_any_read = True
            except SourceError as error:
                problems.append(error)
                # What makes no sense may be a single timeline's; all else is the same for others of its kind.
                closed |= set() if isinstance(error, Unreadable) else {kind}
        if problems:
            mildest = min(problems, key=partial(_gravity, asked.now))
            raise PartlyRead("; ".join(dict.fromkeys(map(str, problems)))) if is_any_read else mildest

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts that were made on one of the servers; of other servers' posts nothing can be told."""
        found, gone, problems = list[Mention](), list[str](), dict[str, SourceError]()
        for name in ids:
            place, status = urlsplit(name), _STATUS.search(name)
            server = self._servers.get(f"{place.scheme}://{place.netloc}")
            if server is None or status is None or server.url in problems:
                continue
            try:
                raw = server.ask(methodcaller("status", status[1]), now, _STATUSES, missing=True)
            except SourceError as error:
                # What the others say is worth keeping; of this server's posts nothing is known.
                problems[server.url] = error
                continue
            if raw is None:
                gone.append(name)
            elif isinstance(mention := _mention(raw, server.host), Mention):
                found.append(mention)
        if problems and not found and not gone:
            raise next(iter(problems.values()))
        return Looked(found=tuple(found), gone=tuple(gone))

    def _timelines(self, watches: Sequence[Watch]) -> Iterator["_Timeline"]:
        for tag in self.queries(watches):
            for server in self._servers.values():
                yield _Timeline(f"{server.url} {tag}", server, _STATUSES, _of_tag(tag[1:]))
        first = next(iter(self._servers.values()))
        if self._options.search:
            for word in search_words(watches, handles=False):
                yield _Timeline(f"search {word}", first, _SEARCH, _of_search(word))
        if self._options.notifications:
            yield _Timeline("mentions", first, _NOTIFICATIONS, _of_mentions)

    def _listed(self, timeline: "_Timeline", now: datetime, below: str | None) -> Listed:
        server, scope = timeline.server, timeline.scope
        raw = server.ask(partial(timeline.ask, below=below, limit=self._options.page), now, scope)
        items, skipped = _statuses(raw), Counter[str]()
        if scope == _STATUSES and below is None and not items:
            server.check_hashtags(now)
        found = _mentions(items, server.host, skipped)
        following = _id_of(items[-1]) if items else None
        if scope == _SEARCH and items:
            # A search is told how many posts to leave out; servers leave out some that they do not show, too.
            following = str(int(below or 0) + len(items))
        times = [at for item in items if (at := _time(item)) is not None]
        return Listed(mentions=found, times=times, below=following, skipped=tuple(skipped.items()))


class _Timeline(NamedTuple):
    """What is read from its newest post down; ``scope`` is what a token must allow for it."""

    name: str
    server: "_Server"
    scope: str
    ask: Callable[..., Any]


class _Server:
    """One server through Mastodon.py, whose requests go through our session."""

    def __init__(self, url: str, options: Options, *, is_first: bool) -> None:
        self.url = url
        self.host = host(url)
        self._options = options
        self._token = options.token if is_first else None
        self._raw: list[Any] = []
        self._access: set[str] = set()
        self._rests_until = self._access_until = datetime.min.replace(tzinfo=UTC)

    def ask(self, call: Callable[[Any], Any], now: datetime, scope: str, *, missing: bool = False) -> Any:
        """What the server answers to one call, as it came; ``None`` for what is not there, if that may be.

        A server that asks us to wait is left alone until then; if it names no end, five minutes, as Mastodon counts.
        """
        if now < self._rests_until:
            raise RateLimited(f"{self.host} still asks us to wait", until=self._rests_until)
        try:
            return self._answer(call, now, scope, missing)
        except RateLimited as error:
            self._rests_until = error.until or now + (error.wait or timedelta(minutes=5))
            raise

    def check_hashtags(self, now: datetime) -> None:
        """Nothing was found: raise ``AuthFailed`` if the server says that it hides from us what is under hashtags.

        Mastodon says so since 4.5, and is believed for an hour. A token gets an empty list there, no error.
        """
        if now >= self._access_until:
            self._access, self._access_until = self._ask_access(now), now + timedelta(hours=1)
        closed = {"disabled"} if self._token else {"disabled", "authenticated"}
        if not self._access or self._access - closed:
            return
        if "authenticated" in self._access:
            raise AuthFailed(f"{self.host} shows hashtags only to people who log in; {self._cure(401, _STATUSES)}")
        raise AuthFailed(f"{self.host} shows hashtags to nobody but its staff; take it out of servers")

    def _ask_access(self, now: datetime) -> set[str]:
        """Who may see its own posts under hashtags, and who those of other servers; empty if it does not say."""
        try:
            found = self.ask(methodcaller("instance_v2"), now, _STATUSES)
        except SourceError:
            return set()
        for name in ("configuration", "timelines_access", "hashtag_feeds"):
            found = found.get(name) if isinstance(found, dict) else None
        return {str(found.get(part)) for part in ("local", "remote")} if isinstance(found, dict) else set()

    def _answer(self, call: Callable[[Any], Any], now: datetime, scope: str, missing: bool) -> Any:
        api, errors = self._api(now, scope)
        self._raw.clear()
        try:
            call(api)
        except errors as error:
            if isinstance(error.__context__, _MissingError):
                if missing:
                    return None
                raise Unreadable(_no_such(self.host, 404)) from None
            if error.__context__ is not None:
                with translated(self.host):
                    raise error.__context__ from None
            if not self._raw:
                raise Unreadable(f"{self.host}: {type(error).__name__}") from None
        if not self._raw:
            raise Unreadable(f"{self.host} answered nothing")
        return self._raw[-1]

    def _api(self, now: datetime, scope: str) -> tuple[Any, tuple[type[Exception], ...]]:
        try:
            import mastodon
        except ImportError:
            raise ConfigError(["mastodon needs Mastodon.py: pip install 'umbrage[mastodon]'"]) from None
        options = self._options
        own = session(options.contact, timeout=options.timeout, turn=pace(self.url, options.requests_per_minute))
        own.hooks["response"].append(lambda response, **_: self._note(response, now, scope))
        api: Any = mastodon.Mastodon(
            api_base_url=self.url,
            access_token=self._token.reveal() if self._token else None,
            ratelimit_method="throw",
            # Any version that knows what we use: else Mastodon.py asks for it, each time, before it pages a search.
            version_check_mode="created",
            mastodon_version="4.0.0",
            request_timeout=options.timeout,
            user_agent=user_agent(options.contact),
            session=own,
        )
        # Before each page of a hashtag it would ask who may see it; we ask where it matters.
        api.timeline_is_available = lambda *_, **__: True
        return api, (mastodon.MastodonError, AttributeError)

    def _note(self, response: requests.Response, now: datetime, scope: str) -> None:
        """Keep an answer as it came. Whatever is raised here reaches us as the context of Mastodon.py's own error."""
        with translated(self.host):
            status, headers = response.status_code, response.headers
            if status in (404, 410):
                raise _MissingError if _says_so(response) else Unreadable(_no_such(self.host, status))
            if status in (401, 403, 422):
                raise AuthFailed(f"{self.host} refuses access (HTTP {status}); {self._cure(status, scope)}")
            if status == 429 and "retry-after" not in headers:
                raise RateLimited(f"{self.host} asks us to wait (HTTP 429)", until=_reset(headers, now))
            check(status, headers, self.host, now)
            if 300 <= status < 400:
                raise Unreadable(f"{self.host} has moved (HTTP {status}); write its new address")
            raw = response.json()
            if not isinstance(raw, dict | list):
                raise Unreadable(f"{self.host} answered something that is no JSON object")
            self._raw.append(raw)

    def _cure(self, status: int, scope: str) -> str:
        if self._token is not None:
            kind = f"token that has the scope {scope}" if status == 403 else "new token"
            return f"make a {kind} under Preferences, Development, and set it where the option token points"
        return "it lets only its own people read; take it out of servers, or give a token of an account there"


def _gravity(now: datetime, problem: SourceError) -> tuple[bool, datetime]:
    """Whether a person has to come, and until when to wait."""
    if isinstance(problem, RateLimited):
        return False, problem.until or now + (problem.wait or timedelta(0))
    return isinstance(problem, AuthFailed), now


def _no_such(where: str, status: int) -> str:
    return f"{where} answered HTTP {status}; is it a server that speaks like Mastodon?"


def _says_so(response: requests.Response) -> bool:
    """Whether it is the server itself that says so, and no page of a proxy or of what took its place."""
    try:
        found = response.json()
    except ValueError:
        return False
    return isinstance(found, dict) and "error" in found


class _MissingError(Exception):
    """The server says that something is not there."""


def _of_tag(tag: str) -> Callable[..., Any]:
    return lambda api, below, limit: api.timeline_hashtag(tag, max_id=below, limit=limit)


def _of_search(word: str) -> Callable[..., Any]:
    options = {"result_type": "statuses", "resolve": False, "exclude_unreviewed": False}
    return lambda api, below, limit: api.search_v2(f'"{word}"', limit=limit, offset=below, **options)


def _of_mentions(api: Any, below: str | None, limit: int) -> Any:
    return api.notifications(types=["mention"], max_id=below, limit=limit)


def _reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When a rate limit ends; a moment in the past, or without sense, is none. The server's clock is compared with."""
    try:
        until = datetime.fromisoformat(headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    wait = until - (http_date(headers.get("date")) or now)
    return now + wait if timedelta(0) < wait <= LONGEST_WAIT else None


def _statuses(raw: Any) -> list[Any]:
    """The posts of a timeline, a search or notifications; each is followed by where its list stands, by its id."""
    items = raw.get("statuses") if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        raise Unreadable("the server answered something that is no list of posts")
    return items


def _time(item: Any) -> datetime | None:
    """When an item was made, whether it is kept or not: it says how deep a page reaches."""
    return from_iso(item.get("created_at")) if isinstance(item, dict) else None


def _id_of(item: Any) -> str | None:
    name = item.get("id") if isinstance(item, dict) else None
    return str(name) if isinstance(name, str | int) and name != "" else None


def _mentions(items: Sequence[Any], where: str, skipped: Counter[str]) -> list[Mention]:
    found: dict[str, Mention] = {}
    for item in items:
        status = item.get("status") if isinstance(item, dict) and "status" in item else item
        mention = _mention(status, where)
        if isinstance(mention, str):
            skipped[mention] += 1
        else:
            found.setdefault(mention.id, mention)
    return list(found.values())


def _mention(status: Any, where: str) -> Mention | str:
    if isinstance(status, dict) and isinstance(status.get("reblog"), dict):
        status = status["reblog"]
    if not isinstance(status, dict):
        return "not a post"
    account = status.get("account")
    account = account if isinstance(account, dict) else {}
    name, created = _text(status.get("uri")) or _text(status.get("url")), from_iso(status.get("created_at"))
    if name is None or created is None:
        return "no id, or no time"
    if status.get("visibility") not in ("public", None):
        return "not public"
    if account.get("bot") is True:
        return "by a bot"
    words = [plain(_text(status.get(field)) or "") for field in ("spoiler_text", "content")]
    text = "\n".join(part for part in words if part)
    if not text:
        return "no text"
    acct = _text(account.get("acct"))
    parent = status.get("in_reply_to_id")
    return Mention(
        platform=Mastodon.platform,
        id=name,
        text=text,
        posted_at=created,
        url=_text(status.get("url")) or name,
        author=acct if acct is None or "@" in acct else f"{acct}@{where}",
        language=_text(status.get("language")),
        followers=_count(account.get("followers_count")),
        reposts=_count(status.get("reblogs_count")),
        author_since=from_iso(account.get("created_at")),
        edited_at=from_iso(status.get("edited_at")),
        reply_to=f"{where}/{parent}" if parent else None,
        kind=Kind.REPLY if parent else Kind.POST,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
