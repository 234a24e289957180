"""Brings posts on X within seconds, through the filtered stream, beside a source that searches.

The stream has no memory: what a break loses is found by the search, which knows a post by the same id.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import requests
import tweepy
from pydantic import BaseModel, Field, model_validator

from monitor.collectors import _x_posts as posts
from monitor.collectors import _x_queries as words
from monitor.collectors._x_account import Paid
from monitor.collectors._x_answers import ended
from monitor.collectors._x_bill import bill
from monitor.collectors._x_listener import SMALL_BUFFER, Listener
from monitor.collectors._x_position import Position, position
from monitor.collectors._x_rules import agree
from monitor.core.budget import Budget
from monitor.core.errors import PartlyRead, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Page
from monitor.core.watch import Watch
from monitor.http import user_agent
from monitor.ports import Round
from monitor.sessions import session

LONGEST_RULE = 1_024
MOST_RULES = 1_000
UNDER_WAY = 32
"""Posts that X may send after we have hung up: what fits into the buffers on the way."""

MOST_AT_ONCE = 20
TOGETHER = 0.25
"""Seconds in which further posts come with the first one."""

MOST_KEPT = 2_000
LONGEST_PAUSE = timedelta(seconds=10)
"""So often at least the source must be read."""

LONG_ENOUGH = 60
"""Seconds; X closes every stream now and then. One that was shorter is opened again after a growing pause: X allows
50 connections in 15 minutes."""

RULES_EVERY = timedelta(minutes=10)
"""Others may change the rules of the app."""


class Options(Paid):
    """``token`` is an app's bearer token, best that of the source that searches: they share the budget and the bill.

    The stream is closed when both together have used ``usd_per_month`` or ``usd_per_day``, which must be less than the
    search may use. A round takes ``longest`` seconds; a stream that is silent for ``timeout`` seconds is given up (X
    says every 20 seconds that it is there). Prices and ``reposts`` are those of the search.
    """

    usd_per_month: float = Field(gt=0)
    longest: float = Field(default=5, gt=0, le=60)
    timeout: float = Field(default=30, gt=0, le=60)

    @model_validator(mode="after")
    def _holds_what_is_under_way(self) -> Self:
        least = (UNDER_WAY + 1) * self.dearest
        if least > self.share:
            raise ValueError(
                f"{UNDER_WAY + 1} posts may be under way when the stream is closed and cost {least:.2f} USD, more than "
                f"a day's share of the budget: usd_per_month must be at least {least * 31:.0f}, usd_per_day {least:.2f}"
            )
        return self

    @property
    def dearest(self) -> float:
        """The most a post may cost in USD: it may quote one post and answer another; its author comes along."""
        return 3 * self.price_post + self.price_user


def create(options: Options) -> "XStream":
    """The collector; nothing is connected yet."""
    return XStream(options)


def misfits(options: Options, every: timedelta, others: Sequence[tuple[str, BaseModel]]) -> Iterator[str]:
    """What is wrong with the sources beside this one, each as what follows its place in the file."""
    searches = [other for use, other in others if use == "x" and isinstance(other, Paid)]
    if not searches:
        yield (
            ": needs a source that searches beside it, for what a break of the stream loses: add [sources.x] with "
            'use = "x"'
        )
    if every > LONGEST_PAUSE:
        yield f".every: must be at most {LONGEST_PAUSE.seconds}s, such as 1s: posts come only while it is read"
    for search in searches:
        if search.payer == options.payer and (
            options.usd_per_month >= search.usd_per_month
            or (options.usd_per_day or 0) >= (search.usd_per_day or float("inf"))
        ):
            yield (
                ": must have less usd_per_month and usd_per_day than the source that searches with the same token: it "
                "finds what the stream loses, and needs what is left for that"
            )


class XStream:
    """A connection that outlives rounds: each takes what has come, and X is not asked again and again."""

    def __init__(self, options: Options) -> None:
        self._options = options
        share = int(options.share / 2 / options.dearest) if options.dearest else MOST_AT_ONCE
        self._most = max(1, min(MOST_AT_ONCE, share - UNDER_WAY))
        self.account = options.payer
        self._billed = bill(options.place)
        self._turn = options.turn()
        self._stream: Listener | None = None
        self._watches: tuple[Watch, ...] = ()
        self._agreed_at = datetime.min.replace(tzinfo=UTC)
        self._refused: list[str] = []
        self._came: deque[float] = deque(maxlen=UNDER_WAY)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """In US dollars. Room for a page and for what is under way is kept free, so that nothing is sent beyond."""
        return self._options.budgets((self._most + UNDER_WAY) * self._options.dearest)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Rules of at most 1,024 characters, made like the queries of a search."""
        return words.queries(watches, LONGEST_RULE, reposts=self._options.reposts)[:MOST_RULES]

    def pages(self, asked: Round) -> Iterator[Page]:
        """What has come and what comes now; the stream stays open for the next round."""
        stand = position(asked.cursor, self._billed)
        try:
            if self._stream is None or asked.watches != self._watches:
                self._close()
                self._stream = self._open(asked)
                yield self._first(asked, stand)
            elif asked.now - self._agreed_at >= RULES_EVERY:
                with suppress(Unavailable, Unreadable, RateLimited):
                    self._agree(asked)
            yield from self._listened(self._stream, asked, stand)
        except BaseException:
            self._close()
            raise
        if self._refused:
            raise PartlyRead(
                f"X refuses {len(self._refused)} of {len(self.queries(asked.watches))} rules of the stream"
            )

    def hang_up(self) -> Sequence[tuple[str, float]]:
        """Close the stream; what came in the last second may come once more before X notices."""
        if self._stream is None:
            return ()
        self._close()
        second = time.monotonic() - 1
        return (("USD", sum(at >= second for at in self._came) * self._options.dearest),)

    def _open(self, asked: Round) -> Listener:
        self._agree(asked)
        self._watches = asked.watches
        line = self._session(receive=SMALL_BUFFER)
        stream = Listener(self._options.token.reveal(), line, dict(posts.FIELDS), asked.now)
        try:
            stream.wait_until_open()
        except BaseException:
            stream.close()
            raise
        return stream

    def _first(self, asked: Round, stand: Position) -> Page:
        """Says what cannot be listened for."""
        longest, reposts = LONGEST_RULE, self._options.reposts
        lost = words.too_long(asked.watches, longest, reposts=reposts)
        left_out = len(words.queries(asked.watches, longest, reposts=reposts)[MOST_RULES:])
        counts = {"a word too long to listen for": lost, "a rule more than X allows": left_out}
        skipped = tuple((why, count) for why, count in counts.items() if count)
        return Page(mentions=(), cursor=stand.dump(asked.now, MOST_KEPT), skipped=skipped)

    def _agree(self, asked: Round) -> None:
        self._agreed_at = asked.now
        client = tweepy.StreamingClient(self._options.token.reveal(), return_type=requests.Response)
        client.session = self._session()
        client.user_agent = user_agent(self._options.contact)
        self._refused = agree(client, self.queries(asked.watches), asked.now)

    def _session(self, receive: int | None = None) -> requests.Session:
        options = self._options
        return session(
            options.contact, timeout=options.timeout, turn=self._turn, base=options.base_url, receive=receive
        )

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _listened(self, stream: Listener, asked: Round, stand: Position) -> Iterator[Page]:
        """Pages as posts come, until the round is over or the day, which has a bill of its own."""
        midnight = asked.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        end = time.monotonic() + min(self._options.longest, (midnight - asked.now).total_seconds())
        while (left := end - time.monotonic()) > 0:
            try:
                answers, skipped = self._together(stream, left)
            except Unavailable:
                if stream.age < LONG_ENOUGH:
                    raise
                self._close()
                return
            if answers or skipped:
                yield self._page(answers, skipped, stand, asked.now)

    def _together(self, stream: Listener, left: float) -> tuple[list[Mapping[str, Any]], Counter[str]]:
        """A post, and those that come soon after it; nothing when none comes in time."""
        answers: list[Mapping[str, Any]] = []
        skipped: Counter[str] = Counter()
        end = time.monotonic() + left
        while len(answers) + skipped.total() < self._most:
            try:
                line = stream.take(end - time.monotonic())
            except SourceError:
                if answers or skipped:
                    # It is raised again when these are stored.
                    break
                raise
            if line is None:
                break
            now = time.monotonic()
            end = min(end, now + TOGETHER) if answers or skipped else now + TOGETHER
            self._came.append(now)
            answer = _parsed(line)
            if answer is None:
                skipped["half a line, or no JSON"] += 1
            elif "data" in answer:
                answers.append(answer)
            elif problem := ended(answer):
                stream.close(problem)
            else:
                skipped["something that is no post"] += 1
        return answers, skipped

    def _page(
        self, answers: Sequence[Mapping[str, Any]], skipped: Counter[str], stand: Position, now: datetime
    ) -> Page:
        price = self._options.price_post
        spent = sum(self._options.cost(stand.billed, answer, now, price) for answer in answers)
        found = [mention for answer in answers for mention in stand.take(answer, skipped, now)]
        return Page(
            mentions=tuple(found),
            cursor=stand.dump(now, MOST_KEPT),
            skipped=tuple(skipped.items()),
            spent=(("USD", spent),),
        )


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
