"""Killed while digests are due: each subscriber gets exactly one edition for each local date, and all of it."""

import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.core.digest_view import headline
from monitor.digest.read import from_json
from monitor.store.connection import open_engine, reading
from monitor.store.schema import digests, outbox
from tests.crash import worker
from tests.crash.conftest import Databases
from tests.crash.harness import Scene, Tally, in_lanes, judge, nursery, scene
from tests.crash.worker import Plan

pytestmark = pytest.mark.sleeps

FIRST = date(2026, 11, 22)
"""A Sunday, on which everybody subscribes: the first editions are those of Monday."""

DUE = datetime(2026, 11, 22, 7, tzinfo=UTC)
DAY = timedelta(days=1)
POSTS = 3
"""New posts of each day."""

OF_EDITIONS = ("decide_digest", "enqueue", "commit")
AROUND = (*OF_EDITIONS, "begin", "last_digest", "since", "talk", "topics", "standings", "claim", "sent", "notifier")


def on(plan: Plan, day: int, after: float = 0.0) -> Plan:
    """A plan for so many days after the first, begun so many seconds after the editions are due."""
    moment = DUE + day * DAY + timedelta(seconds=after)
    ahead = (moment - datetime.now(UTC)).total_seconds()  # noqa: TID251 - the worker's clock is that of its process
    return replace(plan, posts=POSTS * day + 1, ahead=ahead, edition=(FIRST + day * DAY).isoformat())


def live(folder: Path, database: str, seed: int, *, rate: float, kinds: Sequence[str], moments: int) -> Tally:
    """Many days of one database, each with a kill near the time when editions are due; then a stop of three days."""
    folder.mkdir()
    chance = random.Random(seed)
    with nursery(folder) as found, scene(found, database, rate=rate, seed=seed) as stage:
        plan = replace(stage.plan, durable=False, apart=24 * 60 / POSTS)
        report = folder / "points.json"
        stage.finish(on(plan, 0, after=3_600))
        stage.finish(replace(on(plan, 1, after=0.01), report=str(report)))
        day = 1
        for name, count in json.loads(report.read_text()).items():
            if any(kind in name for kind in kinds):
                day += 1
                stage.die_at(replace(on(plan, day), point=name, nth=chance.randint(1, count)))
                stage.finish(on(plan, day, after=2))
        for number in range(moments):
            day += 1
            for kill in range(3):
                die_near(stage, on(plan, day, after=kill - 0.2), chance, as_service=number % 4 == 0)
            stage.finish(on(plan, day, after=5))
        stage.finish(on(plan, day + 4, after=5 * 3_600))
        check(stage, plan.database, [FIRST + number * DAY for number in (*range(1, day + 1), day + 4)])
        return stage.tally


def die_near(stage: Scene, plan: Plan, chance: random.Random, *, as_service: bool) -> None:
    # A service waits for the lease of the killed one before it.
    longest = 2.5 if as_service else 0.8
    stage.die_after(replace(plan, as_service=as_service), chance.uniform(0, longest))


def newest(day: date, weekday: int | None) -> date:
    """The newest edition that is due on a day: after a stop it may be that of a day before."""
    return day if weekday is None else day - (day.weekday() - weekday) % 7 * DAY


def check(stage: Scene, database: str, dates: list[date]) -> None:
    """Compare the editions that were decided, written and shown with the dates that there were."""
    engine = open_engine(database)
    with reading(engine) as connection:
        decided = connection.execute(select(digests).where(digests.c.is_sent)).all()
        rows = connection.execute(select(outbox).where(outbox.c.key.like("digest/%"))).all()
    engine.dispose()
    written = Counter((row.target, row.key) for row in rows if row.thread is None)
    for one in worker.SUBSCRIPTIONS:
        mine = sorted({newest(day, one.weekday) for day in dates})
        assert [row.day for row in decided if row.name == one.name] == mine
        for key in [
            (target, f"digest/{one.name}/{brand}/{day}")
            for target in one.targets
            for brand in one.brands
            for day in mine
        ]:
            stage.tally.lost += [f"{key} was never written"] if not written.pop(key, 0) else []
    assert not written, f"nobody asked for {written}"
    # As people see them: the headline stands in the channel once for each of its editions.
    lines = Counter((row.target, headline(from_json(row.message["digest"]))) for row in rows if row.thread is None)
    shown = Counter(
        (posted.channel, line) for posted in stage.slack.messages() for line in set(posted.text.split("\n")[:1])
    )
    for (target, line), count in lines.items():
        found = shown[target, line]
        stage.tally.lost += [f"{target}: {line!r} is shown {found} times of {count}"] if found < count else []
        stage.tally.doubled += [f"{target}: {line!r} is shown {found} times, not {count}"] if found > count else []


def test_killed_while_digests_are_due_each_date_has_one_edition(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    tally = live(tmp_path / "one", sqlite_url, seed=3, rate=0.01, kinds=OF_EDITIONS, moments=1)
    assert tally.kills >= 6
    judge(tally, "digests, sqlite", started, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_any_moment_while_digests_are_due_each_date_has_one_edition(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started, urls = time.monotonic(), [databases(), databases()]

    def lane(number: int) -> Tally:
        return live(tmp_path / str(number), urls[number], seed=number, rate=0.05, kinds=AROUND, moments=20)

    tally = in_lanes(len(urls), lane)
    assert tally.by_name["any moment"] >= 80
    judge(tally, f"digests at any moment, {urls[0].split(':')[0]}", started, capsys)
