"""Reach: measured when it is due, shown in the message, and a reason to act now when it spreads fast."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.case import Step
from monitor.core.errors import AuthFailed
from monitor.core.message import Message
from monitor.jobs.collect import Source
from monitor.jobs.reach import measure_reach
from monitor.jobs.refresh import refresh_health
from monitor.jobs.steps import CaseRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock, a_mention
from tests.jobs.pipeline import Pipeline
from tests.jobs.test_refresh import Costly, Platform, hear

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RULES = CaseRules(threaded=frozenset({"team"}), lead=("U0LEAD",))


def source_of(pipeline: Pipeline) -> Source:
    return Source(name="news", collector=pipeline.collector, look_back=timedelta(hours=24))


def measure(pipeline: Pipeline) -> int:
    return measure_reach(source_of(pipeline), ["Acme"], pipeline.store, RULES, pipeline.clock(), 1.0)


def one_post(pipeline: Pipeline, platform: Platform | None = None, text: str = "Acme lost my parcel!!") -> Platform:
    post = a_mention(text, platform="social", posted_at=pipeline.clock())
    return hear(pipeline, post, platform=platform)


def reposted(platform: Platform, count: int) -> None:
    platform.posts = {name: replace(post, reposts=count) for name, post in platform.posts.items()}


def parent(pipeline: Pipeline) -> Message:
    with pipeline.store.begin() as transaction:
        return transaction.parents_of(1)[0].message


def test_a_complaint_is_measured_four_times_and_not_more(pipeline: Pipeline) -> None:
    platform = one_post(pipeline)
    assert measure(pipeline) == 0
    found = []
    for _ in range(60):
        pipeline.clock.move(minutes=30)
        found.append(measure(pipeline))
    assert sum(found) == 4
    assert len(platform.looks) == 4


def test_the_message_shows_it_and_nobody_is_called(pipeline: Pipeline) -> None:
    platform = one_post(pipeline)
    reposted(platform, 4)
    pipeline.clock.move(minutes=16)
    assert measure(pipeline) == 1
    assert dict(parent(pipeline).facts)["Spread"].startswith("4 reposts, growing by ")
    pipeline.deliver()
    edit = pipeline.wire.wire[-1]
    assert edit.edits
    assert not edit.pings


def test_what_spreads_fast_is_to_be_acted_on_now_and_the_lead_is_called_once(pipeline: Pipeline) -> None:
    platform = one_post(pipeline)
    reposted(platform, 60)
    pipeline.clock.move(minutes=16)
    measure(pipeline)
    case = pipeline.store.case(1)
    assert case is not None
    assert case.level == 1
    assert case.reasons[0].startswith("spreading fast: 60 reposts, ")
    pipeline.deliver()
    lines = [message for message in pipeline.wire.wire if message.thread and not message.edits]
    assert lines[-1].pings == ("U0LEAD",)
    reposted(platform, 600)
    pipeline.clock.move(hours=1)
    measure(pipeline)
    assert [fact.step for fact in pipeline.store.facts(1)] == [Step.SPREAD]


def test_where_the_platform_does_not_tell_nothing_is_said(pipeline: Pipeline) -> None:
    one_post(pipeline)
    pipeline.clock.move(minutes=16)
    assert measure(pipeline) == 1
    assert "Spread" not in dict(parent(pipeline).facts)
    assert measure(pipeline) == 0, "and it is not asked at once again"


def test_a_case_that_has_ended_is_not_measured(pipeline: Pipeline) -> None:
    one_post(pipeline)
    pipeline.clock.move(days=3)
    assert measure(pipeline) == 0


def test_trouble_makes_looking_up_rest_and_costs_nothing_else(pipeline: Pipeline) -> None:
    platform = one_post(pipeline)
    platform.broken = AuthFailed("make a new token")
    pipeline.clock.move(minutes=16)
    assert measure(pipeline) == 0
    assert pipeline.store.health(refresh_health(source_of(pipeline))).problem
    assert measure(pipeline) == 0


def test_what_looking_costs_counts_against_the_share_for_looking(pipeline: Pipeline) -> None:
    one_post(pipeline, Costly())
    pipeline.clock.move(minutes=16)
    measure(pipeline)
    assert pipeline.store.spent("social/1/refresh", "USD", pipeline.clock() - HOUR) == pytest.approx(0.5)
    pipeline.clock.move(hours=1)
    assert measure(pipeline) == 0, "the share of the day is used"


def test_on_both_databases_it_is_due_until_it_was_measured(sql_store: SqlStore, clock: Clock) -> None:
    pipeline = Pipeline(sql_store, clock)
    platform = one_post(pipeline)
    reposted(platform, 5)
    for _ in range(2):
        pipeline.clock.move(minutes=46)
        assert [one.native_id for one in sql_store.due_reach("social", ["Acme"], clock(), 9)] == ["1"]
        assert sql_store.due_reach("social", ["Other"], clock(), 9) == []
        assert sql_store.due_reach("elsewhere", ["Acme"], clock(), 9) == []
        measure(pipeline)
        assert sql_store.due_reach("social", ["Acme"], clock(), 9) == []
    with sql_store.begin() as transaction:
        assert [point.reposts for point in transaction.reach(1)] == [5, 5]
