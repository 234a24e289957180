"""Killed at every point and at any moment, against a Slack that fails in every way: 0 lost, 0 doubled."""

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.testing.loopback_slack import POST
from tests import postgres
from tests.crash.conftest import Databases
from tests.crash.harness import FAULTS, Tally, in_lanes, judge, more, nursery, scene

pytestmark = pytest.mark.sleeps

LANES = 4
ALL_POINTS = "UMBRAGE_ALL_POINTS"
SAMPLED = {"sqlite": 8, "postgresql": 24}
"""A life for each of a thousand points takes most of an hour: every run takes another one of so many parts of them,
and ``UMBRAGE_ALL_POINTS=1 make crash`` takes them all."""

FIRST_READING = ("transaction.set_oldest before", "transaction.set_oldest after")
"""Points that a database comes to once in its life."""


@pytest.fixture(params=["sqlite", "postgres"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
    else:
        server: postgres.Server = request.getfixturevalue("durable_postgres")
        with server.bare_database() as url:
            yield url


def chain(
    folder: Path, database: str, *, rate: float, seed: int, every: int = 1, moments: int = 0, durable: bool = True
) -> Tally:
    """One life of a database: killed at every ``every``-th kind of point, then at any moment, then left to finish."""
    folder.mkdir()
    chance = random.Random(seed)
    with nursery(folder) as found, scene(found, database, rate=rate, seed=seed) as stage:
        report = folder / "points.json"
        stage.slack.fail(POST, FAULTS["dropped after commit"], FAULTS["dropped before commit"])
        plan = more(replace(stage.plan, durable=durable), 6)
        for name in FIRST_READING:
            assert stage.die_at(replace(plan, point=name, nth=1)), f"never came to {name}"
        stage.finish(replace(plan, report=str(report)))
        points = [name for name in json.loads(report.read_text()) if name not in FIRST_READING]
        for name in points[::every]:
            plan = more(plan, 2)
            if any(word in name for word in ("postpone", "find", "set_health")):
                stage.slack.fail(POST, FAULTS["dropped after commit"])
            assert stage.die_at(replace(plan, point=name, nth=1)), f"never came to {name}"
        while moments:
            plan = more(plan, 2)
            moments -= stage.die_after(plan, chance.uniform(0, 0.6))
        stage.finish(plan)
        return stage.tally


def test_killed_at_every_kind_of_point_nothing_is_lost_or_doubled(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    url = databases()
    is_sqlite = "sqlite" in url
    every, moments = (1, 10) if is_sqlite else (4, 5)
    tally = chain(tmp_path / "one", url, rate=0.05, seed=1, every=every, moments=moments, durable=False)
    judge(tally, f"every kind of point, {url.split(':')[0]}", started, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_any_moment_with_all_faults_nothing_is_lost_or_doubled(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    urls = [databases() for _ in range(LANES)]

    def lane(number: int) -> Tally:
        return chain(tmp_path / str(number), urls[number], rate=0.3, seed=number, moments=50)

    tally = in_lanes(LANES, lane)
    assert tally.by_name["any moment"] >= 200
    assert tally.messages >= 1_000
    assert tally.faults.keys() == FAULTS.keys()
    judge(tally, f"any moment, all faults, {urls[0].split(':')[0]}", started, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_each_single_point_of_a_run_nothing_is_lost_or_doubled(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    kind = databases().split(":")[0]
    every = 1 if os.environ.get(ALL_POINTS) else SAMPLED[kind.split("+")[0]]
    stride, first = every * LANES, random.SystemRandom().randrange(every)

    def lane(number: int) -> Tally:
        """Every ``stride``-th point, each in a life of its own, which ends with the first point that is not reached."""
        folder = tmp_path / str(number)
        folder.mkdir()
        point, total = first * LANES + number + 1, Tally()
        is_reached = True
        with nursery(folder) as found:
            while is_reached:
                with scene(found, databases(), rate=0.0, seed=point) as stage:
                    plan = more(stage.plan, 6)
                    is_reached = stage.die_at(replace(plan, nth=point))
                    stage.finish(plan)
                    total += stage.tally
                point += stride
        return total

    tally = in_lanes(LANES, lane)
    judge(tally, f"each single point from {first * LANES + 1}, {LANES} of {stride}, {kind}", started, capsys)


def test_killed_while_the_tables_are_made_it_starts_again(bare_database: str, tmp_path: Path) -> None:
    with nursery(tmp_path) as found, scene(found, bare_database, rate=0.0, seed=1) as stage:
        plan = more(stage.plan, 2)
        for number in range(8):
            stage.die_after(plan, 0.02 + 0.02 * number)
        stage.finish(plan)
    assert stage.tally.lost == []
    assert stage.tally.doubled == []
