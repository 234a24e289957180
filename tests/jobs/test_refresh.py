"""Refresh: edits are followed, what was deleted is forgotten everywhere, and one odd answer deletes nothing."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.budget import Budget, Period
from monitor.core.errors import AuthFailed, RateLimited
from monitor.core.mention import Mention
from monitor.jobs.collect import Source
from monitor.jobs.refresh import Refreshed, refresh
from monitor.ports import Looked
from monitor.store.schema import mentions
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock, FakeCollector, a_mention
from tests.jobs.pipeline import Pipeline

HALF_A_DAY = timedelta(hours=12)


@dataclass
class Platform(FakeCollector):
    """A platform with posts that may be deleted or edited, and one that answers nothing about some."""

    posts: dict[str, Mention] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    broken: Exception | None = None
    looks: list[list[str]] = field(default_factory=list)
    platform = "social"
    batch = 2

    def __post_init__(self) -> None:
        super().__init__()

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        self.looks.append(list(ids))
        if self.broken:
            raise self.broken
        known = [name for name in ids if name not in self.unknown]
        found = tuple(self.posts[name] for name in known if name in self.posts)
        return Looked(found=found, gone=tuple(name for name in known if name not in self.posts))


class Costly(Platform):
    account = "social/1"
    budgets = (Budget(unit="USD", limit=1.0, period=Period.DAY, page=0.6),)

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        return replace(super().look_up(ids, now), spent=(("USD", 0.5),))


def hear(pipeline: Pipeline, *posts: Mention, platform: Platform | None = None) -> Platform:
    pipeline.collector = platform = platform or Platform()
    platform.posts = {post.id: post for post in posts}
    pipeline.hear(posts)
    return platform


def look(pipeline: Pipeline) -> Refreshed:
    source = Source(name="news", collector=pipeline.collector, look_back=HALF_A_DAY)
    return refresh(source, pipeline.store, pipeline.clock(), 1.0)


def kept(store: SqlStore) -> dict[str, str]:
    with store.engine.connect() as connection:
        rows = connection.execute(mentions.select().where(mentions.c.forgotten_at.is_(None)))
        return {row.native_id: row.text for row in rows}


def everything(store: SqlStore) -> str:
    """Whatever the database holds, as text."""
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        return "\n".join(driver.iterdump())  # type: ignore[union-attr]


def test_a_post_is_looked_up_when_it_is_due_and_not_before(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, *(a_mention(f"Acme {n}", str(n)) for n in range(5)))
    clock.move(hours=11)
    assert look(pipeline).looked == 0
    clock.move(hours=1)
    assert look(pipeline).looked == 5
    assert [len(ids) for ids in platform.looks] == [2, 2, 1]
    assert look(pipeline).looked == 0


def test_a_deleted_post_leaves_store_and_messages(pipeline: Pipeline, clock: Clock) -> None:
    hear(pipeline, a_mention("Acme lost my parcel!!", "1", author="ann"))
    assert "parcel" in str(pipeline.wire.wire)
    platform = pipeline.collector
    assert isinstance(platform, Platform)
    del platform.posts["1"]
    clock.move(hours=12)
    assert look(pipeline).forgotten == 0
    assert kept(pipeline.store) == {"1": "Acme lost my parcel!!"}
    clock.move(minutes=10)
    assert look(pipeline).forgotten == 1
    pipeline.deliver()
    assert kept(pipeline.store) == {}
    assert "(deleted by its author)" in str(pipeline.wire.wire)
    for trace in ("parcel", "ann"):
        assert trace not in str(pipeline.wire.wire)
        assert trace not in everything(pipeline.store)
    pipeline.collector.add(a_mention("Acme lost my parcel!!", "1"))
    assert pipeline.collect().stored == 0


def test_a_post_is_looked_up_by_the_name_that_it_was_seen_as(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, replace(a_mention("Acme lost it", "1"), seen_as="m.example 17"), a_mention("Acme!", "2"))
    platform.posts = {"m.example 17": replace(a_mention("Acme found it", "1"), edited_at=clock())}
    clock.move(hours=12)
    assert look(pipeline).looked == 2
    assert sorted(platform.looks[0]) == ["2", "m.example 17"]
    assert kept(pipeline.store) == {"1": "Acme found it", "2": "Acme!"}
    platform.posts = {}
    clock.move(hours=13)
    look(pipeline)
    clock.move(minutes=10)
    assert look(pipeline).forgotten == 1
    assert kept(pipeline.store) == {}


def test_a_deletion_that_the_platform_tells_needs_no_second_look(pipeline: Pipeline) -> None:
    hear(pipeline, a_mention("Acme lost my parcel!!", "1", author="ann"))
    pipeline.collector.script.append(
        replace(pipeline.collector.script[-1], mentions=(), cursor="9", gone=(("social", "1"),))
    )
    pipeline.work()
    assert kept(pipeline.store) == {}
    assert "parcel" not in str(pipeline.wire.wire)


def test_a_complaint_that_was_deleted_before_it_was_told_is_never_told(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme lost my parcel!!", "1"))
    pipeline.collect()
    pipeline.judge()
    with pipeline.store.begin() as transaction:
        transaction.forget("social", ["1"], pipeline.clock())
    pipeline.triage()
    pipeline.deliver()
    assert pipeline.wire.wire == []


def test_a_post_that_is_back_at_the_second_look_was_never_gone(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, post := a_mention("Acme lost my parcel!!", "1"))
    del platform.posts["1"]
    clock.move(hours=12)
    look(pipeline)
    platform.posts["1"] = post
    clock.move(minutes=10)
    assert look(pipeline) == Refreshed(looked=1)
    del platform.posts["1"]
    clock.move(hours=12)
    assert look(pipeline).forgotten == 0
    assert kept(pipeline.store)


def test_no_answer_is_no_deletion(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, a_mention("Acme lost my parcel!!", "1"))
    platform.unknown = {"1"}
    for _ in range(5):
        clock.move(hours=12)
        assert look(pipeline) == Refreshed(looked=1)
    assert kept(pipeline.store)


def test_an_edited_post_that_becomes_a_complaint_is_told_once(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, post := a_mention("Acme is fine", "1"))
    assert pipeline.wire.wire == []
    clock.move(hours=12)
    platform.posts["1"] = replace(post, text="Acme lost my parcel!!", edited_at=clock())
    look(pipeline)
    pipeline.work()
    assert pipeline.told() == {"team": [["1"]]}
    clock.move(hours=12)
    platform.posts["1"] = replace(post, text="Acme lost my parcel, twice!!", edited_at=clock())
    look(pipeline)
    pipeline.work()
    assert pipeline.told() == {"team": [["1"]]}
    assert [message.quotes[0].text for message in pipeline.wire.wire] == ["Acme lost my parcel, twice!! (edited)"]


@pytest.mark.parametrize("error", [RateLimited("slow down"), AuthFailed("no"), RuntimeError("bug")])
def test_trouble_deletes_nothing_and_rests(pipeline: Pipeline, clock: Clock, error: Exception) -> None:
    platform = hear(pipeline, a_mention("Acme lost my parcel!!", "1"))
    platform.broken = error
    clock.move(hours=12)
    for _ in range(3):
        assert look(pipeline) == Refreshed()
    assert len(platform.looks) == 1
    assert pipeline.store.health("refresh/news").troubled_since == clock()
    platform.broken = None
    clock.move(hours=2)
    assert look(pipeline).looked == 1
    assert pipeline.store.health("refresh/news").troubled_since is None


def test_looking_up_stays_within_the_budget(pipeline: Pipeline, clock: Clock) -> None:
    hear(pipeline, *(a_mention(f"Acme {n}", str(n)) for n in range(5)), platform=Costly())
    clock.move(hours=12)
    assert look(pipeline).looked == 2
    assert pipeline.store.spent("social/1", "USD", clock()) == 0.5
    problem = pipeline.store.health("refresh/news").problem
    assert problem is not None
    assert problem.startswith("0.50 of 1 USD a day are used")


def test_looking_up_has_only_its_share_of_the_budget(pipeline: Pipeline, clock: Clock) -> None:
    platform = Costly()
    platform.budgets = (Budget(unit="USD", limit=4.0, period=Period.DAY, page=0.6),)
    hear(pipeline, *(a_mention(f"Acme {n}", str(n)) for n in range(20)), platform=platform)
    clock.move(hours=11, minutes=59)
    clock.move(minutes=1)
    assert look(pipeline).looked == 6, "three batches of half a dollar, of four dollars"
    health = pipeline.store.health("refresh/news")
    assert health.problem is not None
    assert health.problem.startswith("looking posts up has used its 30% of 4 USD a day")
    assert not health.is_permanent


def test_reach_is_brought_up_to_date(pipeline: Pipeline, clock: Clock) -> None:
    platform = hear(pipeline, post := a_mention("Acme lost my parcel!!", "1", reposts=2, followers=5))
    platform.posts["1"] = replace(post, reposts=900, followers=None)
    clock.move(hours=12)
    look(pipeline)
    with pipeline.store.engine.connect() as connection:
        row = connection.execute(mentions.select()).one()
    assert (row.reposts, row.followers) == (900, 5)


def test_a_source_that_cannot_look_up_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost my parcel!!", "1")])
    assert look(pipeline) == Refreshed()


def test_p63_a_restored_backup_does_not_bring_a_deleted_post_back_for_long(
    pipeline: Pipeline, clock: Clock, tmp_path: Path
) -> None:
    platform = hear(pipeline, a_mention("Acme lost my parcel!!", "1", author="ann"))
    backup = sqlite3.connect(tmp_path / "backup.db")
    with pipeline.store.engine.connect() as connection:
        connection.connection.driver_connection.backup(backup)  # type: ignore[union-attr]
    platform.posts.clear()
    with pipeline.store.begin() as transaction:
        transaction.forget("social", ["1"], clock())
    with pipeline.store.engine.connect() as connection:
        backup.backup(connection.connection.driver_connection)  # type: ignore[arg-type]
    backup.close()
    assert kept(pipeline.store) == {"1": "Acme lost my parcel!!"}
    clock.move(hours=12)
    look(pipeline)
    clock.move(minutes=10)
    look(pipeline)
    assert kept(pipeline.store) == {}


def test_p64_no_column_holds_what_is_only_inferred_about_people() -> None:
    columns = {name for name in mentions.c.keys() if name.startswith("author")}  # noqa: SIM118 (columns, not a dict)
    assert columns == {"author", "author_since"}
    inferred = {"gender", "age", "religion", "health", "politics", "customer", "email", "phone"}
    assert not inferred & set(mentions.c.keys())
