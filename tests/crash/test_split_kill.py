"""Killed while posts are taken out of the cases that they had joined: each is told once more, as a case of its own."""

import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor.core.case import Step
from monitor.store.connection import open_engine, reading
from monitor.store.schema import cases, facts, mentions
from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import POST
from tests.crash.conftest import Databases
from tests.crash.harness import Scene, Tally, in_lanes, judge, more, nursery, scene

pytestmark = pytest.mark.sleeps

AROUND = ("rehome", "untell", "open_cases", "transaction.move", "commit", "enqueue", "notifier")


def live(folder: Path, database: str, seed: int, *, rate: float, every: int, moments: int) -> Tally:
    """One life of a database in which every joined post is taken out: killed near that, then left to finish."""
    folder.mkdir()
    chance = random.Random(seed)
    with nursery(folder) as found, scene(found, database, rate=rate, seed=seed) as stage:
        report = folder / "points.json"
        plan = more(replace(stage.plan, durable=False, splits=True), 24)
        stage.slack.fail(POST, *[Fault(kind=Kind.DROP_AFTER_COMMIT)] * 2)
        stage.finish(replace(plan, report=str(report)))
        near = {name: n for name, n in json.loads(report.read_text()).items() if any(word in name for word in AROUND)}
        assert "transaction.rehome after" in near
        for name, count in list(near.items())[::every]:
            plan = more(plan, 8)
            stage.die_at(replace(plan, point=name, nth=chance.randint(1, min(count, 2))))
        while moments:
            plan = more(plan, 8)
            moments -= stage.die_after(plan, chance.uniform(0, 0.6))
        stage.finish(plan)
        check(stage)
        return stage.tally


def check(stage: Scene) -> None:
    """Every complaint has a case of its own, which every channel was told of by one message with its words."""
    engine = open_engine(stage.plan.database)
    with reading(engine) as connection:
        in_one = select(mentions.c.case_id, func.count()).where(mentions.c.case_id.is_not(None))
        together = [row for row in connection.execute(in_one.group_by(mentions.c.case_id)) if row[1] > 1]
        opened = connection.execute(select(func.count()).select_from(cases)).scalar_one()
        decided = connection.execute(select(func.count()).where(facts.c.step == Step.SPLIT)).scalar_one()
        texts = Counter(connection.execute(select(mentions.c.text).where(mentions.c.case_id.is_not(None))).scalars())
    engine.dispose()
    assert (together, opened) == ([], texts.total()), "one case for each, and none without a post"
    assert decided
    assert decided % 2 == 0, "a fact of both cases"
    for target in stage.plan.targets:
        tops = [posted.text for posted in stage.slack.messages(target) if posted.thread_ts is None]
        shown = Counter({text: sum(f"“{text}”" in top for top in tops) for text in texts})
        stage.tally.lost += [f"{target}: {text!r} has no message" for text in texts if not shown[text]]
        stage.tally.doubled += [f"{target}: {text!r} has {shown[text]}" for text in texts if shown[text] > texts[text]]


def test_killed_near_a_split_nothing_is_lost_or_doubled(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    tally = live(tmp_path / "one", sqlite_url, seed=7, rate=0.05, every=3, moments=2)
    assert tally.kills >= 6
    judge(tally, "splits, sqlite", started, capsys)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_any_moment_nothing_is_lost_or_doubled_by_splits(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started, urls = time.monotonic(), [databases(), databases()]

    def lane(number: int) -> Tally:
        return live(tmp_path / str(number), urls[number], seed=number, rate=0.2, every=1, moments=25)

    tally = in_lanes(len(urls), lane)
    assert tally.by_name["any moment"] >= 50
    judge(tally, f"splits at any moment, {urls[0].split(':')[0]}", started, capsys)
