"""Reads a search on Bluesky, and with an app password who mentioned the account, through atproto."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.collectors import _bluesky_posts as posts
from monitor.core.errors import (
    AuthFailed,
    ConfigError,
    PartlyRead,
    RateLimited,
    SourceError,
    Unavailable,
    Unreadable,
)
from monitor.core.mention import Mention, Page
from monitor.core.query import search_words
from monitor.core.watch import Matcher, Watch
from monitor.http import check, client, host, user_agent
from monitor.pace import pace
from monitor.parents import Known, Parents
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret

OVERLAP = timedelta(minutes=30)
"""How late a post may be indexed and still be found."""

TICK = timedelta(milliseconds=1)
PAGE = 100
MOST_PAGES = 30
MOST_PARENTS = 50
"""Posts that are asked for in a round because others answer them, 25 at once."""

_SEARCH, _NOTIFICATIONS = "app.bsky.feed.searchPosts", "app.bsky.notification.listNotifications"
_POSTS = "app.bsky.feed.getPosts"
_REASONS = ("mention", "reply", "quote")
_MENTIONS = "mentions of the account"


class Options(BaseModel):
    """Without a login the public search is asked, which answers some networks not at all.

    ``handle`` and ``app_password`` belong to an account; then its server at ``base_url`` is asked, and
    ``notifications`` reads who mentioned, answered or quoted the account. ``search`` asks for the brands' words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    handle: str | None = None
    app_password: Secret | None = None
    search: bool = True
    notifications: bool = False
    base_url: str | None = Field(default=None, pattern=r"^https?://")
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=60, ge=1, le=600)

    @model_validator(mode="after")
    def _is_a_whole_login(self) -> "Options":
        if (self.handle is None) != (self.app_password is None):
            raise ValueError("a login is both handle and app_password")
        if self.notifications and self.handle is None:
            raise ValueError("notifications need handle and app_password")
        return self


def create(options: Options) -> "Bluesky":
    """The collector; nothing is asked for yet."""
    return Bluesky(options)


class Bluesky:
    """Each word is searched for by itself, from the newest post down to where the last round began."""

    platform = posts.PLATFORM
    batch = posts.MOST_AT_ONCE

    def __init__(self, options: Options) -> None:
        self._options = options
        self._base = options.base_url or (posts.PUBLIC if options.handle is None else "https://bsky.social")
        self._turn = pace(f"{options.handle} at {self._base}", options.requests_per_minute)
        self._logged_in: Any = None
        self._known: Known = {}

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Words and handles, one at a time, as phrases."""
        if not self._options.search:
            return []
        return ['"' + word.removeprefix("@").replace('"', " ") + '"' for word in search_words(watches)]

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every search; one that cannot be read is reported after the others have been read."""
        names = [*dict.fromkeys(self.queries(asked.watches)), *([_MENTIONS] if self._options.notifications else ())]
        readings = Readings(asked.cursor, names)
        parents = Parents(Matcher(asked.watches), asked.now, self._known, MOST_PARENTS)
        problems: list[SourceError] = []
        for name in names:
            try:
                fetch = partial(self._listed, name, self._brand(asked.watches), parents)
                yield from readings.down(name, fetch, asked, overlap=OVERLAP, most_pages=MOST_PAGES)
            except (AuthFailed, RateLimited):
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(names) else PartlyRead(str(problems[0]))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts, by the public AppView; a server of one's own is asked with the session."""
        if self._options.handle and self._options.base_url:
            return posts.looked(self._ask(_POSTS, {"uris": list(ids)}), ids, now)
        base = self._options.base_url or posts.PUBLIC
        with client(self._options.contact, timeout=self._options.timeout) as http:
            return posts.look_up(http, base, self._turn, ids, now)

    def _brand(self, watches: Sequence[Watch]) -> str | None:
        """The brand whose account this is: an answer to it need not name it again."""
        ours = (self._options.handle or "").casefold()
        names = {name.strip().removeprefix("@").casefold(): w.brand for w in watches for name in w.handles}
        return names.get(ours)

    def _listed(self, name: str, brand: str | None, parents: Parents, below: str | None) -> Listed:
        """A page; the one below it is asked for by a cursor, else by the time of its oldest post."""
        place: dict[str, str] = json.loads(below) if below else {}
        if name == _MENTIONS:
            answer = self._ask(_NOTIFICATIONS, {"limit": PAGE, "reasons": list(_REASONS), **place})
            items, is_by_time = _list(answer, "notifications"), False
        else:
            answer, is_by_time = self._search(name, place)
            items = _list(answer, "posts")
        skipped: Counter[str] = Counter()
        if name == _MENTIONS:
            addressed = _mentions([one for one in items if _is_about_us(one)], skipped)
            found = [replace(one, brand=brand) for one in addressed]
        else:
            found = _mentions(items, skipped)
        found = posts.with_context(found, parents, self.look_up)
        skipped += parents.skipped()
        times = [at for item in items if (at := posts.sorted_at(item))]
        following: dict[str, str] = {}
        cursor = answer.get("cursor")
        # The public search shows a cursor and refuses it, and one of a search by time counts from its moment on. A page
        # may hold less than was asked for.
        if isinstance(cursor, str) and cursor and self._options.handle and not is_by_time:
            following["cursor"] = cursor
        if name != _MENTIONS and times and (cursor or len(items) >= PAGE):
            following["until"] = _until(times[-1], place.get("until"))
        return Listed(
            mentions=found,
            times=times,
            below=json.dumps(following) if following else None,
            skipped=tuple(skipped.items()),
        )

    def _search(self, query: str, place: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
        """A page of the search: by its cursor, or where that is refused by time; and whether it was by time."""
        asked = {"q": query, "sort": "latest", "limit": PAGE}
        if "cursor" in place:
            try:
                return self._ask(_SEARCH, asked | {"cursor": place["cursor"]}), False
            except RateLimited:
                raise
            except SourceError:
                if "until" not in place:
                    raise
        by_time = {"until": place["until"]} if "until" in place else {}
        return self._ask(_SEARCH, asked | by_time), bool(by_time)

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """One question; with a session that has run out, once more with a new one."""
        for is_last in (False, True):
            try:
                connected, models = self._connected()
                shapes = {
                    _SEARCH: models.AppBskyFeedSearchPosts,
                    _NOTIFICATIONS: models.AppBskyNotificationListNotifications,
                    _POSTS: models.AppBskyFeedGetPosts,
                }
                # Its own methods refuse a whole answer for one odd post; this gives it as it came.
                answer = connected.invoke_query(
                    method, params=shapes[method].Params(**params), output_encoding="application/json"
                )
            except _ExpiredError:
                self._forget_session()
                if is_last:
                    raise AuthFailed(_REFUSED) from None
                continue
            except (ConfigError, SourceError):
                raise
            except Exception as error:
                raise _translated(error, host(self._base)) from None
            if not isinstance(answer.content, dict):
                raise Unreadable(f"{host(self._base)} answered something that is no JSON object")
            return answer.content
        raise AssertionError  # pragma: no cover (the loop ends by returning or raising)

    def _forget_session(self) -> None:
        if self._logged_in is not None:
            self._logged_in[0].request.close()
        self._logged_in = None

    def _connected(self) -> tuple[Any, Any]:
        """atproto's client; a session is kept, for only 300 logins a day are allowed."""
        if self._logged_in is None:
            try:
                from atproto import Client, Request, models
            except ImportError:
                raise ConfigError(["bluesky needs atproto: pip install 'umbrage[bluesky]'"]) from None
            options = self._options
            hooks = {"request": [lambda _: self._turn()], "response": [_note]}
            request = Request(timeout=options.timeout, max_redirects=5, event_hooks=hooks)
            request.add_additional_header("User-Agent", user_agent(options.contact))
            made = Client(base_url=f"{self._base}/xrpc", request=request)
            if options.handle and options.app_password:
                made.login(options.handle, options.app_password.reveal(), fetch_bsky_profile=False)
            self._logged_in = made, models
        connected: tuple[Any, Any] = self._logged_in
        return connected


_REFUSED = "Bluesky refuses the login (options handle, app_password); make a new app password in its settings"
_NOT_FOR_ALL = (
    "refuses the search (HTTP 403), as it does for some networks without a login: "
    "set handle and app_password, or use bluesky_stream"
)


class _ExpiredError(Exception):
    """The session has run out."""


def _note(response: httpx.Response) -> None:
    """Say at once what an answer means; an expired token comes as a bad request."""
    if response.status_code < 400:
        return
    response.read()
    if response.status_code in (400, 401) and any(word in response.text for word in ("ExpiredToken", "InvalidToken")):
        raise _ExpiredError
    if response.status_code == 401 or (response.status_code == 400 and "createSession" in str(response.url)):
        raise AuthFailed(_REFUSED)
    if response.status_code == 403:
        raise AuthFailed(f"{response.url.host} {_NOT_FOR_ALL}")
    check(response.status_code, response.headers, response.url.host)


def _translated(error: Exception, where: str) -> SourceError:
    """atproto's errors, and those of the transport beneath it, as ours."""
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, httpx.TransportError) for cause in causes):
        return Unavailable(f"{where} could not be reached: {type(error).__name__}")
    return Unreadable(f"{where} answered something that atproto cannot read ({type(error).__name__})")


def _list(answer: Mapping[str, Any], name: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise Unreadable(f"Bluesky answered without {name}")
    return found


def _until(last: datetime, before: str | None) -> str:
    """The moment just after a page's last post, for others may bear the same; only if that leads nowhere its own."""
    after = _stamp(last + TICK)
    return after if after != before else _stamp(last)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_about_us(one: Any) -> bool:
    return isinstance(one, dict) and one.get("reason") in _REASONS


def _mentions(items: Sequence[Any], skipped: Counter[str]) -> list[Mention]:
    found: dict[str, Mention] = {}
    for item in items:
        mention = posts.view(item)
        if isinstance(mention, str):
            skipped[mention] += 1
        else:
            found.setdefault(mention.id, mention)
    return list(found.values())
