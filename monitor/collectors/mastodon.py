"""Reads hashtags, and with a token a search and mentions, on Mastodon and servers that speak like it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from monitor.collectors import _mastodon_posts as posts
from monitor.collectors._mastodon_server import READ_STATUSES, Reach, Server
from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Mention, Page
from monitor.core.query import search_words
from monitor.core.text import fold
from monitor.core.watch import Matcher, Watch
from monitor.http import host
from monitor.parents import Known, Parents
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret

OVERLAP = timedelta(hours=1)
"""How late a post from another server may arrive and still be found: its id is as old as the post itself."""

MOST_PARENTS = 10
"""Posts that are asked for in a round because others answer them; those of the same page need no question."""

MOST_PAGES = 100
SEARCH_PAGES = 25
_SEARCH, _NOTIFICATIONS = "read:search", "read:notifications"
_STATUS = re.compile(r"/(?:statuses|@[^/]+)/([0-9A-Za-z]{1,64})$")
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
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

    platform = posts.PLATFORM
    batch = 20

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: Known = {}
        addresses = [url.rstrip("/") for url in options.servers]
        reach = Reach(options.contact, options.timeout, options.requests_per_minute)
        # The token belongs to an account on the first server.
        self._servers = {url: Server(url, reach, options.token if url == addresses[0] else None) for url in addresses}

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """The hashtags that are read: words, handles and misspellings written together."""
        words = [_NO_LETTERS.sub("", fold(word)) for word in (*search_words(watches), *self._options.tags)]
        return ["#" + tag for tag in dict.fromkeys(words) if tag and not tag.isdigit()]

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every timeline; those that cannot be read are reported after the others have been read."""
        timelines = list(self._timelines(asked.watches))
        readings = Readings(asked.cursor, (timeline.name for timeline in timelines))
        problems, closed, is_any_read = list[SourceError](), set[tuple[str, str]](), False
        parents = Parents(Matcher(asked.watches), asked.now, self._known, MOST_PARENTS)
        for timeline in timelines:
            kind = (timeline.server.url, timeline.scope)
            if kind in closed:
                continue
            most = SEARCH_PAGES if timeline.scope == _SEARCH else MOST_PAGES
            try:
                fetch = partial(self._listed, timeline, parents)
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
        """What became of posts: as the server says where they were made, else that which showed them."""
        found, gone, problems = list[Mention](), list[str](), list[SourceError]()
        asked: dict[Server, list[tuple[str, str]]] = {}
        for name in ids:
            server, number = self._place(name)
            if server is not None:
                asked.setdefault(server, []).append((name, number))
        for server, names in asked.items():
            try:
                for name, raw in server.statuses(names, now):
                    if raw is None:
                        gone.append(name)
                    elif isinstance(mention := posts.mention(raw, server.host), Mention):
                        found.append(mention)
            except SourceError as error:
                # What the others say is worth keeping; of this server's other posts nothing is known.
                problems.append(error)
        if problems and not found and not gone:
            raise problems[0]
        return Looked(found=tuple(found), gone=tuple(gone))

    def _timelines(self, watches: Sequence[Watch]) -> Iterator["_Timeline"]:
        for tag in self.queries(watches):
            for server in self._servers.values():
                yield _Timeline(f"{server.url} {tag}", server, READ_STATUSES, _of_tag(tag[1:]))
        first = next(iter(self._servers.values()))
        if self._options.search:
            for word in search_words(watches, handles=False):
                yield _Timeline(f"search {word}", first, _SEARCH, _of_search(word))
        if self._options.notifications:
            yield _Timeline("mentions", first, _NOTIFICATIONS, _of_mentions)

    def _listed(self, timeline: "_Timeline", parents: Parents, below: str | None) -> Listed:
        server, scope, now = timeline.server, timeline.scope, parents.now
        raw = server.ask(partial(timeline.ask, below=below, limit=self._options.page), now, scope)
        items, skipped = posts.statuses(raw), Counter[str]()
        if scope == READ_STATUSES and below is None and not items:
            server.check_hashtags(now)
        page = posts.mentions(items, server.host, skipped)
        here = {one.number: one.mention for one in page}
        found = [self._placed(self._answered(one, here, server, parents), server, one.number) for one in page]
        skipped += parents.skipped()
        following = posts.id_of(items[-1]) if items else None
        if scope == _SEARCH and items:
            # A search is told how many posts to leave out; servers leave out some that they do not show, too.
            following = str(int(below or 0) + len(items))
        times = [at for item in items if (at := posts.time(item)) is not None]
        return Listed(mentions=found, times=times, below=following, skipped=tuple(skipped.items()))

    def _answered(
        self, found: posts.Found, here: Mapping[str | None, Mention], server: Server, parents: Parents
    ) -> Mention:
        """A post with the one that it answers: its id and its words. Servers name it by their own number only."""
        mention, number = found.mention, found.parent
        if number is None or not _NUMBER.fullmatch(number) or not parents.matcher.matches(mention):
            return mention
        above = here.get(number) or parents.at((server.host, number), partial(_post, server, number, parents.now))
        return replace(mention, reply_to=above.id, context=above.text) if above else mention

    def _placed(self, mention: Mention, server: Server, number: str | None) -> Mention:
        """With the number that this server has for it, unless the one that it comes from is asked too."""
        is_asked = self._place(mention.id)[0] is not None
        return mention if is_asked or number is None else replace(mention, seen_as=f"{server.host} {number}")

    def _place(self, name: str) -> tuple[Server | None, str]:
        """One of our servers and its number of a post: written so, or in the post's global address."""
        where, _, number = name.partition(" ")
        if _NUMBER.fullmatch(number):
            return next((server for server in self._servers.values() if server.host == where), None), number
        place, status = urlsplit(name), _STATUS.search(name)
        return self._servers.get(f"{place.scheme}://{place.netloc}") if status else None, status[1] if status else ""


class _Timeline(NamedTuple):
    """What is read from its newest post down; ``scope`` is what a token must allow for it."""

    name: str
    server: Server
    scope: str
    ask: Callable[..., Any]


def _post(server: Server, number: str, now: datetime) -> Mention | None:
    found = posts.mention(server.status(number, now), server.host)
    return found if isinstance(found, Mention) else None


def _gravity(now: datetime, problem: SourceError) -> tuple[bool, datetime]:
    """Whether a person has to come, and until when to wait."""
    if isinstance(problem, RateLimited):
        return False, problem.until or now + (problem.wait or timedelta(0))
    return isinstance(problem, AuthFailed), now


def _of_tag(tag: str) -> Callable[..., Any]:
    return lambda api, below, limit: api.timeline_hashtag(tag, max_id=below, limit=limit)


def _of_search(word: str) -> Callable[..., Any]:
    options = {"result_type": "statuses", "resolve": False, "exclude_unreviewed": False}
    return lambda api, below, limit: api.search_v2(f'"{word}"', limit=limit, offset=below, **options)


def _of_mentions(api: Any, below: str | None, limit: int) -> Any:
    return api.notifications(types=["mention"], max_id=below, limit=limit)
