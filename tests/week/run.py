"""Runs a collector through a week of :class:`tests.week.world.World`, killing it at random, and looks at what is left.

A test makes a world, serves it (see ``world.py``), and calls::

    outcome = run(world, store, lambda: reddit.create(options), every=timedelta(minutes=5), monkeypatch=monkeypatch)
    assert outcome.lost == []          # outside recorded gaps
    assert outcome.doubled == []
    assert outcome.not_forgotten == []  # only where the platform's posts can be looked up again
    assert outcome.most_in_a_minute <= 60
    print(outcome.line("reddit"))

``store`` is an empty store on disk (the fixture ``sqlite_store``). Posts carry their number as ``n01234`` in the text.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest

from monitor import pace
from monitor.core.watch import Matcher, Watch
from monitor.jobs.collect import Source, collect
from monitor.jobs.refresh import refresh
from monitor.ports import Collector, OpenGap, Refreshing
from monitor.store.schema import mentions
from monitor.store.sql import SqlStore
from monitor.store.transaction import SqlTransaction
from tests.week.world import HOUR, START, WEEK, World

WATCHES = (Watch(brand="Acme", terms=("Acme",), handles=("acmecare",)),)
AFTERMATH = timedelta(hours=26)


class Killed(BaseException):
    """The process was killed here."""


class Fragile(SqlStore):
    """Kills the process in the middle of things: before a commit, or just after it."""

    def __init__(self, store: SqlStore, rate: float, seed: int) -> None:
        super().__init__(store.engine)
        self._dice = random.Random(seed)
        self._rate = rate
        self.kills = 0

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        with super().begin() as transaction:
            yield transaction
            self._perhaps()
        self._perhaps()

    def _perhaps(self) -> None:
        if self._dice.random() < self._rate:
            self.kills += 1
            raise Killed


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a week left behind. Posts are named by their numbers."""

    posts: int
    originals: int
    stored: int
    rounds: int
    requests: int
    most_in_a_minute: int
    kills: int
    gaps: tuple[OpenGap, ...]
    lost: list[int]
    in_gaps: list[int]
    doubled: list[int]
    outdated: list[int]
    not_forgotten: list[int]

    def line(self, platform: str) -> str:
        """A line for a report."""
        return (
            f"{platform}: {self.posts} posts ({self.originals} originals), {self.stored} stored, {self.rounds} rounds, "
            f"{self.requests} requests (at most {self.most_in_a_minute} a minute), {self.kills} kills, "
            f"{len(self.gaps)} gaps; lost {len(self.lost)} (in gaps {len(self.in_gaps)}), doubled {len(self.doubled)}, "
            f"outdated {len(self.outdated)}, not forgotten {len(self.not_forgotten)}"
        )


def run(
    world: World,
    store: SqlStore,
    make: Callable[[], Collector],
    *,
    every: timedelta,
    monkeypatch: pytest.MonkeyPatch,
    kill_rate: float = 0.01,
    refresh_every: timedelta = timedelta(hours=12),
    watches: tuple[Watch, ...] = WATCHES,
) -> Outcome:
    """The week and a day after it, in steps of ``every``."""
    monkeypatch.setattr(pace, "_PACES", {})
    monkeypatch.setattr(pace, "Pace", partial(pace.Pace, clock=world.seconds, wait=world.wait))
    fragile = Fragile(store, kill_rate, world.seed)
    matcher = Matcher(watches)
    collector, rounds, tick, began = make(), 0, START, START
    while world.now < START + WEEK + AFTERMATH:
        began = world.now
        source = Source(name="week", collector=collector, look_back=timedelta(hours=24), refresh=refresh_every)
        try:
            collect(source, watches, matcher, fragile, world.now, 1.0)
            refresh(source, fragile, world.now, 1.0)
        except Killed:
            collector = make()
        rounds += 1
        tick += every
        world.now = max(tick, world.now)
    can_refresh = isinstance(collector, Refreshing)
    return outcome_of(world, store, rounds, fragile.kills, can_refresh=can_refresh, until=began)


def outcome_of(
    world: World, store: SqlStore, rounds: int, kills: int, *, can_refresh: bool, until: datetime
) -> Outcome:
    """What is left of the posts that could be read by ``until``."""
    with store.engine.connect() as connection:
        rows = connection.execute(mentions.select()).all()
    texts = {number: row.text for row in rows if (number := _number(row.text)) is not None}
    counts = Counter(number for row in rows if (number := _number(row.text)) is not None)
    gaps = tuple(store.open_gaps())
    originals = [post for post in world.posts if post.repost_of is None and post.visible_at <= until]
    missing = [post for post in originals if post.number not in texts and post.deleted_at is None]
    in_gaps = [post.number for post in missing if _is_in_gap(post.posted_at, gaps)]
    return Outcome(
        posts=len(world.posts),
        originals=len(originals),
        stored=len(rows),
        rounds=rounds,
        requests=len(world.requests),
        most_in_a_minute=world.most_in_a_minute(),
        kills=kills,
        gaps=gaps,
        lost=[post.number for post in missing if post.number not in in_gaps],
        in_gaps=in_gaps,
        doubled=[number for number, count in counts.items() if count > 1],
        outdated=[number for number, text in texts.items() if text != world.text(world.by_number[number])],
        not_forgotten=[
            post.number
            for post in originals
            if post.deleted_at is not None and post.deleted_at < world.now - 24 * HOUR and post.number in texts
        ]
        if can_refresh
        else [],
    )


def _number(text: str) -> int | None:
    found = re.search(r"\bn(\d{5})\b", text)
    return int(found[1]) if found else None


def _is_in_gap(moment: datetime, gaps: tuple[OpenGap, ...]) -> bool:
    return any(found.gap.start <= moment <= found.gap.end for found in gaps)
