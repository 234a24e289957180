"""X's search and its stream together: whatever breaks off or is killed, nothing is lost and nothing is doubled."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from monitor import pace
from monitor.collectors import x, x_stream
from monitor.core.watch import Matcher, Watch
from monitor.jobs.collect import Source, collect
from monitor.store.schema import mentions
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer
from tests.collectors.test_x import TOKEN, Recent, name, post
from tests.collectors.test_x_stream import settings, told
from tests.collectors.x_app import RULES, STREAM, XApp

pytestmark = pytest.mark.sleeps
"""The stream is read in real time."""

WATCHES = (Watch(brand="Acme", terms=("Acme",)),)
SEARCH = "/2/tweets/search/recent"


class Killed(BaseException):
    """The process ends."""


class Dying:
    """A store whose process is killed at one of its next transactions, before or after it."""

    def __init__(self, store: SqlStore, at: int) -> None:
        self._store, self._left = store, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def begin(self) -> Any:
        self._left -= 1
        if self._left == 0:
            raise Killed
        return self._store.begin()


class Worker:
    """Both sources, as a process has them."""

    def __init__(self, server: LoopbackServer) -> None:
        given = settings(server.url, longest=0.05, usd_per_month=9_000)
        self.stream = x_stream.create(x_stream.Options(**given))
        of_both = {key: value for key, value in given.items() if key != "longest"}
        self.search = x.create(x.Options(**of_both | {"usd_per_month": 10_000}))

    def collect(self, kind: str, store: Any, clock: Clock) -> str | None:
        source = Source(name=kind, collector=getattr(self, kind), look_back=timedelta(hours=24))
        return collect(source, WATCHES, Matcher(WATCHES), store, clock(), 0.0).problem


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    monkeypatch.setenv("UMBRAGE_TEST_X", TOKEN)
    monkeypatch.setattr(x_stream, "TOGETHER", 0.02)
    monkeypatch.setattr(pace, "WINDOW", 0.1)
    with LoopbackServer({}) as running:
        yield running


FAULTS = [
    (STREAM, Fault.answer(503)),
    (STREAM, Fault.answer(429, b"<html>")),
    (STREAM, Fault(kind=Kind.DROP_BEFORE_COMMIT)),
    (RULES, Fault.answer(500)),
    (SEARCH, Fault.answer(503)),
    (SEARCH, Fault(kind=Kind.MALFORMED)),
]


@pytest.mark.parametrize("seed", range(2))
def test_p38_nothing_is_lost_or_doubled(
    server: LoopbackServer, sqlite_store: SqlStore, clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)
    app, recent, worker = XApp(server), Recent(server, 100), Worker(server)
    happened: Counter[str] = Counter()
    written: set[str] = set()

    def write() -> None:
        number = len(written) + 1
        text = f"Acme lost parcel {number} of the {chance.choice(['red', 'green', 'blue'])} van"
        recent.posts.append(post(number, clock(), text=text))
        written.add(name(number, clock()))
        said = told(number, id=name(number, clock()), text=text, edit_history_tweet_ids=[name(number, clock())])
        app.post(said[:60] if chance.random() < 0.05 else said)

    for step in range(150):
        clock.move(seconds=chance.choice([1, 5, 20]))
        for _ in range(chance.randrange(3)):
            write()
        if chance.random() < 0.04:
            app.end()
            happened["ended"] += 1
        server.mend()
        if chance.random() < 0.15:
            server.fail(*chance.choice(FAULTS))
        kind = "search" if step % 20 == 19 else "stream"
        store: Any = Dying(sqlite_store, chance.randrange(1, 6)) if chance.random() < 0.1 else sqlite_store
        try:
            worker.collect(kind, store, clock)
        except Killed:
            happened["killed"] += 1
            worker.stream.hang_up()
            worker = Worker(server)
    server.mend()
    clock.move(hours=2)
    assert worker.collect("search", sqlite_store, clock) is None
    worker.stream.hang_up()
    with sqlite_store.engine.connect() as connection:
        rows = connection.execute(select(mentions.c.source, mentions.c.native_id)).all()
    by_source = Counter(row.source for row in rows)
    print(f"{len(written)} posts: {dict(by_source)}; {dict(happened)}, {app.opened} connections")
    assert len(rows) == len(written), "doubled, or lost"
    assert {row.native_id for row in rows} == written
    assert by_source["stream"] > 20
    assert by_source["search"] > 20
    assert min(happened["ended"], happened["killed"]) > 0
