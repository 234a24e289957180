"""Killed while somebody is told in private what they were given: they hear of each case once."""

import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.store.connection import open_engine
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import POST
from tests.crash.conftest import Databases
from tests.crash.harness import Scene, Tally, in_lanes, judge, more, nursery, scene
from tests.crash.worker import PRIVATE

pytestmark = pytest.mark.sleeps

AROUND = ("notifier", "enqueue", "commit", "claim", "sent", "postpone", "transaction.move")


def live(folder: Path, database: str, seed: int, *, rate: float, every: int, sends: int, moments: int) -> Tally:
    """One life of a database in which every case is given away: killed near that, then left to finish."""
    folder.mkdir()
    chance = random.Random(seed)
    with nursery(folder) as found, scene(found, database, rate=rate, seed=seed) as stage:
        report = folder / "points.json"
        plan = more(replace(stage.plan, durable=False, gives=True), 4)
        stage.slack.fail(POST, *[Fault(kind=Kind.DROP_AFTER_COMMIT)] * 2)
        stage.finish(replace(plan, report=str(report)))
        near = {name: n for name, n in json.loads(report.read_text()).items() if any(word in name for word in AROUND)}
        for name, count in list(near.items())[::every]:
            plan = more(plan, 2)
            if any(word in name for word in ("postpone", "find")):
                stage.slack.fail(POST, Fault(kind=Kind.DROP_AFTER_COMMIT))
            stage.die_at(replace(plan, point=name, nth=chance.randint(1, max(1, count // 2))))
        for number in range(sends):
            # Slack has it and nobody has noted that: one in five of these is a message to one person.
            plan = more(plan, 1)
            stage.die_at(replace(plan, point="notifier.send after", nth=number + 1))
        while moments:
            plan = more(plan, 2)
            moments -= stage.die_after(plan, chance.uniform(0, 0.6))
        stage.finish(plan)
        check(stage)
        return stage.tally


def check(stage: Scene) -> None:
    """As the colleague sees it: one message for each case, whatever the outbox says."""
    engine = open_engine(stage.plan.database)
    cases = {case.key for case in SqlStore(engine).open_cases_of(limit=10**6)}
    engine.dispose()
    told = Counter(posted.text.split(" gave you ")[1].split(" ")[0] for posted in stage.slack.messages(PRIVATE))
    assert cases
    stage.tally.lost += [f"nobody was told of {key}" for key in cases - told.keys()]
    stage.tally.doubled += [f"{key} was told {count} times" for key, count in told.items() if count > 1]


def test_killed_near_a_private_message_it_is_neither_lost_nor_doubled(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    tally = live(tmp_path / "one", sqlite_url, seed=5, rate=0.05, every=4, sends=8, moments=2)
    assert tally.kills >= 6
    judge(tally, "private messages, sqlite", started, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_any_moment_everybody_hears_once_of_what_they_were_given(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started, urls = time.monotonic(), [databases(), databases()]

    def lane(number: int) -> Tally:
        return live(tmp_path / str(number), urls[number], seed=number, rate=0.2, every=1, sends=12, moments=25)

    tally = in_lanes(len(urls), lane)
    assert tally.by_name["any moment"] >= 50
    judge(tally, f"private messages at any moment, {urls[0].split(':')[0]}", started, capsys)
