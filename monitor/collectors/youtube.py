"""Reads comments on YouTube: on your own channel, on chosen videos, and on videos that a search for words finds."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from monitor.collectors import _youtube_api as api
from monitor.collectors._youtube_position import OVERLAP, Comments, Listing, Position, Search, position_from
from monitor.core.budget import Budget, Period
from monitor.core.errors import OutOfBudget, PartlyRead, SourceError, Unavailable, Unreadable
from monitor.core.mention import Gap, Mention, Page
from monitor.core.query import packed, quoted, search_words
from monitor.core.watch import Watch
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.secret import Secret

SEARCH_OVERLAP = timedelta(days=1)
"""How late a video may be indexed and still be found."""

DAY = timedelta(days=1)
LONGEST_QUERY = 200
MOST_SEARCHES = 100
"""What YouTube allows in a day, whatever else is allowed."""

MOST_SEARCH_PAGES = 5
MOST_PAGES = 50
"""Pages of one listing in one round; the next round goes on from there."""

MOST_REPLY_PAGES = 10
MOST_FAILURES = 3
"""Listings that fail in a row before the others are left for the next round."""


_Read = Callable[..., Mention | str]
_Video = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{11}$")]


class Options(BaseModel):
    """``key`` is an API key. ``channel`` is the id of your own channel, ``videos`` are ids of videos to read always.

    ``brand`` says what comments on these are about, even if they do not name it. ``searches_per_day`` (0 for none) are
    spread over the day; they find videos, of which the newest ``most_videos`` are read. ``units_per_day`` is what the
    key may use; half of it goes into regular reading, the rest is left for long listings and for looking up again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Secret
    channel: str | None = Field(default=None, pattern=r"^UC[A-Za-z0-9_-]{22}$")
    videos: tuple[_Video, ...] = ()
    brand: str | None = None
    searches_per_day: int = Field(default=50, ge=0, le=95)
    most_videos: int = Field(default=100, ge=1, le=500)
    units_per_day: int = Field(default=10_000, ge=100)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=60, ge=1, le=600)
    base_url: str = Field(default="https://youtube.googleapis.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _has_something_to_read(self) -> Self:
        if not (self.channel or self.videos or self.searches_per_day):
            raise ValueError("there is nothing to read: give channel, videos or searches_per_day")
        return self


def create(options: Options) -> "YouTube":
    """The collector; nothing is asked for yet."""
    return YouTube(options)


class YouTube:
    """A search when one is due, then the listings that are due, each from the newest comment down to what is known."""

    platform = api.PLATFORM
    batch = 50

    def __init__(self, options: Options) -> None:
        self._options = options
        place = options.key.model_dump_json()
        self.account = "youtube/" + hashlib.blake2b(place.encode(), digest_size=6).hexdigest()
        self._turn = pace(f"{self.account} {options.base_url}", options.requests_per_minute)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """YouTube's units and, in a purse of their own, searches; both by its own day."""
        day = partial(Budget, period=Period.DAY, zone=api.PACIFIC)
        units = day(unit=api.UNITS, limit=self._options.units_per_day, page=2)
        if not self._options.searches_per_day:
            return (units,)
        return (units, day(unit=api.SEARCHES, limit=MOST_SEARCHES, page=1, pays_for_looks=False))

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Words with ``|`` for *or*; each query takes its turn."""
        if not self._options.searches_per_day:
            return []
        return list(packed([quoted(word) for word in search_words(watches)], LONGEST_QUERY, joiner="|"))

    def pages(self, asked: Round) -> Iterator[Page]:
        """A page for each answer; a cursor stands for every page that was given."""
        options, position = self._options, position_from(asked.cursor)
        with api.connect(options.key.reveal(), options.base_url, options.contact, options.timeout) as http:
            ask = api.Api(http, options.base_url, self._turn, asked.now, asked.affords).ask
            yield from _each(self._due(ask, position, asked))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What YouTube shows of these comments and videos; what a whole answer lacks is gone."""
        options = self._options
        with api.connect(options.key.reveal(), options.base_url, options.contact, options.timeout) as http:
            ask = api.Api(http, options.base_url, self._turn, now).ask
            return api.look_up(ask, ids, options.channel)

    def _due(self, ask: api.Ask, position: Position, asked: Round) -> Iterator[Callable[[], Iterator[Page]]]:
        options = self._options
        queries = self.queries(asked.watches)
        slot = self._slot(asked.now)
        if queries and slot != position.slot and asked.affords(api.SEARCHES):
            position.slot = slot
            yield partial(self._search, ask, position, queries, asked)
        self._choose(position)
        # Spread over the day, so that the units last however many videos there are.
        pause = DAY * len(position.comments) / (options.units_per_day / 2)
        for name, listing in sorted(position.comments.items(), key=lambda item: item[1].read_at):
            is_due = asked.now.timestamp() - listing.read_at >= pause.total_seconds()
            if is_due or listing.token or name == options.channel:
                yield partial(self._comments, ask, position, name, asked)

    def _slot(self, now: datetime) -> str:
        """The part of YouTube's day, one of as many as there may be searches."""
        start, end = api.DAY.start(now), api.DAY.end(now)
        return f"{start:%Y-%m-%d} {int((now - start) / (end - start) * self._options.searches_per_day)}"

    def _choose(self, position: Position) -> None:
        """Which listings to read: the configured ones and the newest videos of those that were found."""
        fixed = [name for name in (self._options.channel, *self._options.videos) if name]
        found = {name: one.published for name, one in position.comments.items() if one.published and name not in fixed}
        newest = sorted(found, key=lambda name: -(found[name] or 0))[: self._options.most_videos]
        position.comments = {name: position.comments.get(name, Comments()) for name in (*fixed, *newest)}

    def _search(self, ask: api.Ask, position: Position, queries: Sequence[str], asked: Round) -> Iterator[Page]:
        """One page of the query that has waited longest."""
        names = {_digest(query): query for query in queries}
        position.searches = {name: position.searches.get(name, Search()) for name in names}
        name, search = min(position.searches.items(), key=lambda item: item[1].asked_at)
        search.asked_at = int(asked.now.timestamp())
        search.begin(asked.now)
        start = search.start(asked.since, SEARCH_OVERLAP)
        skipped: Counter[str] = Counter({"a word too long to search for": len(_too_long(asked.watches))})
        try:
            answer = ask(
                "search",
                part="snippet",
                type="video",
                order="date",
                maxResults=50,
                q=names[name],
                publishedAfter=f"{start:%Y-%m-%dT%H:%M:%SZ}",
                pageToken=search.token,
            )
        except (OutOfBudget, api.BadTokenError) as error:
            # Searches have a purse of their own; comments can be read on.
            search.token, search.pages = None, 0
            skipped[f"a search: {error}"] += 1
            yield _page((), position, skipped, searches=1)
            return
        items = answer.get("items", [])
        new = _new(search, items, start, partial(api.video, channel=self._options.channel), skipped)
        for video in new:
            # The own channel's videos are read with the channel; a wrong clock's video would never make room.
            if not video.own and video.posted_at < asked.now + DAY:
                published = int(video.posted_at.timestamp())
                first = published + int(OVERLAP.total_seconds())
                position.comments.setdefault(video.id, Comments(until=first, published=published))
        yield _page(new, position, skipped, searches=1, gaps=_advance(search, answer, items, asked))

    def _comments(self, ask: api.Ask, position: Position, name: str, asked: Round) -> Iterator[Page]:
        """The comments of a video or channel. A page is repeated after a crash until its replies are read too."""
        listing, met = position.comments[name], set[str]()
        listing.begin(asked.now)
        start = listing.start(asked.since, OVERLAP)
        is_deep = listing.is_deep_due(asked.now)
        bottom = min(start, asked.now - DAY) if is_deep else start
        for _ in range(MOST_PAGES):
            skipped: Counter[str] = Counter()
            try:
                answer = self._threads(ask, name, listing.token)
            except api.NotThereError as error:
                skipped[f"a video or channel: {error}"] += 1
                yield self._without(position, name, asked, skipped)
                return
            except api.BadTokenError:
                if listing.token is None:
                    raise
                listing.token = None
                continue
            threads = [thread for thread in api.threads(answer) if thread is not None]
            skipped["no comment"] += len(answer.get("items", [])) - len(threads)
            new = [found for thread in threads for found in self._thread(listing, name, thread, start, skipped)]
            names = {thread.id for thread in threads}
            is_over = _is_past(threads, bottom) or (names and names <= met)
            token = None if is_over else _next(answer)
            met |= names
            more = [
                thread
                for thread in threads
                if listing.lacks_replies(thread.id, thread.total, len(thread.replies), asked.now, deep=is_deep)
            ]
            if not more:
                listing.advance(token, met, asked.now, deep=is_deep)
            yield _page(new, position, skipped, units=1)
            for thread in more:
                newest = yield from self._replies(ask, position, name, thread, start)
                listing.replies[thread.id] = (thread.total, newest)
            if more:
                listing.advance(token, met, asked.now, deep=is_deep)
                yield _page((), position, Counter())
            if token is None:
                return

    def _threads(self, ask: api.Ask, name: str, token: str | None) -> Mapping[str, Any]:
        of = "allThreadsRelatedToChannelId" if name == self._options.channel else "videoId"
        try:
            return ask(
                "commentThreads",
                part="snippet,replies",
                order="time",
                textFormat="plainText",
                maxResults=100,
                pageToken=token,
                **{of: name},
            )
        except api.ForbiddenError:
            api.prove_key(ask)
            raise api.NotThereError("it is private") from None

    def _thread(
        self, listing: Comments, name: str, thread: api.Thread, start: datetime, skipped: Counter[str]
    ) -> Iterator[Mention]:
        read = self._reader(name)
        yield from _new(listing, [thread.top], start, read, skipped)
        yield from _new(listing, thread.replies, start, partial(read, answers=thread.top), skipped)

    def _replies(
        self, ask: api.Ask, position: Position, name: str, thread: api.Thread, start: datetime
    ) -> Generator[Page, None, int]:
        """All replies to a comment, when not all came along with it; newest first as far as anybody knows.

        Returns the second of the newest one.
        """
        listing, read = position.comments[name], partial(self._reader(name), answers=thread.top)
        token, newest = None, 0
        for _ in range(MOST_REPLY_PAGES):
            skipped: Counter[str] = Counter()
            params: dict[str, Any] = {"parentId": thread.id, "maxResults": 100, "pageToken": token}
            try:
                answer = ask("comments", part="snippet", textFormat="plainText", **params)
            except (api.NotThereError, api.BadTokenError):
                break
            items = answer.get("items", [])
            new = _new(listing, items, start, read, skipped)
            times = [at for item in items if (at := api.moment(item, "publishedAt")) is not None]
            newest = max([newest, *(int(at.timestamp()) for at in times)])
            is_over = not times or (times[-1] < start and times == sorted(times, reverse=True))
            token = None if is_over else _next(answer)
            yield _page(new, position, skipped, units=1)
            if token is None:
                break
        return newest

    def _reader(self, name: str) -> _Read:
        options = self._options
        is_own = name == options.channel or name in options.videos
        video = "" if name == options.channel else name
        return partial(_about, brand=options.brand if is_own else None, video=video, channel=options.channel)

    def _without(self, position: Position, name: str, asked: Round, skipped: Counter[str]) -> Page:
        """A video that has no comments, or no longer: one that was found is left, one that was chosen asked again."""
        if position.comments[name].published:
            del position.comments[name]
        else:
            position.comments[name].read_at = int(asked.now.timestamp())
        return _page((), position, skipped, units=1)


def _each(listings: Iterable[Callable[[], Iterator[Page]]]) -> Iterator[Page]:
    """All pages. A listing that fails is reported after the others; who must wait, or has no access, stops at once."""
    problems, streak, worked = list[SourceError](), 0, False
    for pages in listings:
        try:
            yield from pages()
        except (Unavailable, Unreadable) as error:
            problems.append(error)
            streak += 1
            if streak >= MOST_FAILURES:
                break
        else:
            worked, streak = True, 0
    if problems:
        raise PartlyRead(str(problems[0])) if worked else problems[0]


def _new(
    listing: Listing, items: Iterable[Any], start: datetime, read: _Read, skipped: Counter[str]
) -> tuple[Mention, ...]:
    """The items that were not given yet; one that was edited meanwhile is given again."""
    new = []
    for item in items:
        name, posted_at = api.name_of(item), api.moment(item, "publishedAt")
        if name and posted_at and not listing.is_new(name, posted_at, start):
            continue
        found = read(item)
        if isinstance(found, str):
            skipped[found] += 1
        else:
            new.append(found)
    return tuple(new)


def _about(item: Any, *, brand: str | None, **known: Any) -> Mention | str:
    found = api.comment(item, **known)
    return found if isinstance(found, str) or brand is None else replace(found, brand=brand)


def _advance(search: Search, answer: Mapping[str, Any], items: Sequence[Any], asked: Round) -> tuple[Gap, ...]:
    """Move a search on by a page; what lies below its last one is not found any more."""
    token = _next(answer)
    search.pages += 1
    if token and token != search.token and search.pages < MOST_SEARCH_PAGES:
        search.go_on(token)
        return ()
    known = search.start(asked.since, timedelta(0))
    oldest = min((at for item in items if (at := api.moment(item, "publishedAt"))), default=known)
    search.finish(SEARCH_OVERLAP)
    search.pages = 0
    why = f"a search found more videos than {MOST_SEARCH_PAGES} of its pages hold"
    return (Gap(known, oldest, why),) if token and oldest > known else ()


def _is_past(threads: Sequence[api.Thread], bottom: datetime) -> bool:
    """Whether a page reaches down to what need not be read. Its last comment tells: the first may be pinned."""
    times = [at for thread in threads if (at := api.moment(thread.top, "publishedAt")) is not None]
    return bool(times) and times[-1] < bottom


def _next(answer: Mapping[str, Any]) -> str | None:
    return api.words(answer, "nextPageToken") or None


def _page(
    new: Sequence[Mention], position: Position, skipped: Counter[str], *, gaps: tuple[Gap, ...] = (), **spent: float
) -> Page:
    return Page(
        mentions=tuple(new),
        cursor=position.dump(),
        skipped=tuple((+skipped).items()),
        gaps=gaps,
        spent=tuple(spent.items()),
    )


def _too_long(watches: Iterable[Watch]) -> list[str]:
    return [word for word in search_words(watches) if len(quoted(word)) > LONGEST_QUERY]


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=6).hexdigest()
