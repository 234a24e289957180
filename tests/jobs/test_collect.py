"""Collect: everything about a brand is stored once, and one source's trouble is its own."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.core.errors import (
    AuthFailed,
    ConfigError,
    RateLimited,
    SourceError,
    StoreError,
    Unavailable,
    Unreadable,
)
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, Clock, FakeCollector, a_mention, a_page, a_watch
from tests.jobs.pipeline import Pipeline

HOUR = timedelta(hours=1)


def texts(store: SqlStore) -> list[str]:
    return [waiting.text for waiting in store.unjudged(1_000)]


def test_what_is_about_a_brand_is_stored(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme lost it"), a_mention("nothing to do with it", "2"))
    collected = pipeline.collect()
    assert (collected.seen, collected.stored, collected.problem) == (2, 1, None)
    assert collected.skipped == (("about no watched brand", 1),)
    assert texts(pipeline.store) == ["Acme lost it"]


def test_the_first_look_back_is_bounded(pipeline: Pipeline) -> None:
    pipeline.collector.add(
        a_mention("Acme new", "1", posted_at=NOON - 23 * HOUR),
        a_mention("Acme old", "2", posted_at=NOON - 25 * HOUR),
        a_mention("Acme ancient", "3", posted_at=NOON - 10_000 * HOUR),
    )
    collected = pipeline.collect()
    assert pipeline.collector.asked[0].since == NOON - 24 * HOUR
    assert collected.skipped == (("older than the first look-back", 2),)
    assert texts(pipeline.store) == ["Acme new"]


def test_after_the_first_time_late_arrivals_are_welcome(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme new"))
    pipeline.collect()
    pipeline.collector.add(a_mention("Acme old", "2", posted_at=NOON - 100 * HOUR))
    assert pipeline.collect().stored == 1
    assert pipeline.collector.asked[1].cursor == "1"


@pytest.mark.parametrize(
    "error", [RateLimited("slow down", wait=3 * HOUR), Unavailable("down")], ids=["limited", "down"]
)
def test_a_first_reading_that_is_cut_short_goes_on_within_the_first_look_back(
    pipeline: Pipeline, error: SourceError
) -> None:
    pipeline.collector.add(a_mention("Acme one"))
    pipeline.collector.error = error
    pipeline.collect()
    pipeline.collector.error = None
    pipeline.collector.add(
        a_mention("Acme two", "2", posted_at=NOON - 23 * HOUR), a_mention("Acme old", "3", posted_at=NOON - 25 * HOUR)
    )
    pipeline.clock.move(hours=3)
    collected = pipeline.collect()
    assert [asked.since for asked in pipeline.collector.asked] == [NOON - 24 * HOUR] * 2
    assert (collected.stored, collected.skipped) == (1, (("older than the first look-back", 1),))
    pipeline.collector.add(a_mention("Acme late", "4", posted_at=NOON - 100 * HOUR))
    assert pipeline.collect().stored == 1, "the first reading came to its end"


def test_a_post_from_the_future_is_counted_but_clocks_may_differ(pipeline: Pipeline) -> None:
    pipeline.collector.add(
        a_mention("Acme soon", "1", posted_at=NOON + timedelta(minutes=5)),
        a_mention("Acme in years", "2", posted_at=NOON + timedelta(minutes=5, seconds=1)),
    )
    assert pipeline.collect().skipped == (("from the future", 1),)
    assert texts(pipeline.store) == ["Acme soon"]


def test_posts_seen_again_are_known(pipeline: Pipeline) -> None:
    pipeline.collector.script = [a_page(a_mention(), a_mention(), cursor=None)]
    first = pipeline.collect()
    assert (first.seen, first.stored, first.skipped) == (2, 1, (("already known", 1),))
    again = pipeline.collect()
    assert (again.seen, again.stored, again.skipped) == (2, 0, (("already known", 2),))


def test_one_id_on_two_platforms_is_two_posts(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention(), a_mention(platform="other"))
    assert pipeline.collect().stored == 2


def test_a_post_about_two_brands_is_one_post(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch("Acme"), a_watch("Apex"))
    pipeline.collector.add(a_mention("Acme and Apex"))
    assert pipeline.collect().stored == 1
    assert len(pipeline.report.posts("1")) == 2


@pytest.mark.parametrize("text", ["", "  \n", "\0", "\u200b\ufeff"])
def test_a_post_without_words_is_counted(pipeline: Pipeline, text: str) -> None:
    pipeline.collector.add(a_mention(text), a_mention("Acme", "2"))
    assert pipeline.collect().skipped == (("no text", 1),)
    assert texts(pipeline.store) == ["Acme"]


@pytest.mark.parametrize("text", ["Ac\0me \ud800", "Acme " + "x" * 100_000, "Acme 😡👨‍👩‍👧 طردي"])
def test_hostile_text_is_stored_clean(pipeline: Pipeline, text: str) -> None:
    pipeline.collector.add(a_mention(text))
    assert pipeline.collect().stored == 1
    assert len(texts(pipeline.store)[0]) <= 20_000


def test_what_the_collector_could_not_read_is_counted(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention(), skipped=(("no time", 3),))
    assert ("no time", 3) in pipeline.collect().skipped


def test_the_brands_own_words_wait_for_no_verdict(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch(own_accounts=("acmehelp",)),)
    pipeline.collector.add(a_mention("Acme is sorry!!", author="acmehelp"))
    assert pipeline.collect().stored == 1
    assert pipeline.judge() == 0


def test_pages_before_trouble_are_kept_with_their_cursor(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme one"))
    pipeline.collector.error = Unavailable("the platform is down")
    collected = pipeline.collect()
    assert (collected.stored, collected.problem) == (1, "the platform is down")
    assert pipeline.store.cursor("news") == "1"
    pipeline.collector.error = None
    pipeline.collector.add(a_mention("Acme two", "2"))
    pipeline.clock.move(hours=2)
    assert pipeline.collect().stored == 1


def test_a_cursor_is_saved_only_with_its_page(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.collector.add(a_mention())

    def full(*_: Any) -> int:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("monitor.store.transaction.SqlTransaction.add_mentions", full)
        with pytest.raises(StoreError, match="the disk is full"):
            pipeline.collect()
    assert pipeline.store.cursor("news") is None
    assert pipeline.collect().stored == 1, "the source does not rest for what the database did"


@pytest.mark.parametrize(
    ("error", "minutes", "permanent"),
    [
        (RateLimited("slow down", until=NOON + 3 * HOUR), 180, False),
        (RateLimited("slow down", wait=timedelta(minutes=7)), 7, False),
        (RateLimited("slow down", until=NOON - HOUR), 0, False),
        (RateLimited("slow down"), 1, False),
        (Unavailable("down"), 1, False),
        (Unreadable("gibberish"), 1, False),
        (SourceError("hm"), 1, False),
        (ValueError("a bug"), 1, False),
        (RecursionError("a bug"), 1, False),
        (AuthFailed("bad token"), 60, True),
        (ConfigError(["the environment variable X is not set"]), 60, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_trouble_rests_the_source_and_is_noted(
    pipeline: Pipeline, error: Exception, minutes: int, permanent: bool
) -> None:
    pipeline.collector.error = error
    assert pipeline.collect().problem
    health = pipeline.store.health("source/news")
    assert health.resting_until == NOON + timedelta(minutes=minutes)
    assert (health.is_permanent, health.streak, health.troubled_since) == (permanent, 1, NOON)


def test_a_resting_source_is_left_alone_and_then_asked_again(pipeline: Pipeline) -> None:
    pipeline.collector.error = RateLimited("slow down", wait=timedelta(minutes=7))
    pipeline.collect()
    pipeline.clock.move(minutes=6)
    assert pipeline.collect().problem == "slow down"
    assert len(pipeline.collector.asked) == 1
    pipeline.clock.move(minutes=1)
    pipeline.collector.error = None
    assert pipeline.collect().problem is None
    health = pipeline.store.health("source/news")
    assert (health.troubled_since, health.streak, health.problem, health.last_ok) == (None, 0, None, pipeline.clock())


def test_pauses_grow_while_trouble_lasts(pipeline: Pipeline) -> None:
    pipeline.collector.error = Unavailable("down")
    pauses = []
    for _ in range(8):
        pipeline.collect()
        until = pipeline.store.health("source/news").resting_until
        assert until
        pauses.append((until - pipeline.clock()) / timedelta(minutes=1))
        pipeline.clock.now = until
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pipeline.store.health("source/news").troubled_since == NOON


def test_a_bug_in_one_source_does_not_stop_another(store: SqlStore, clock: Clock) -> None:
    broken = Pipeline(store, clock, collector=FakeCollector(error=KeyError("secret-token")))
    working = Pipeline(store, clock, collector=FakeCollector(a_page(a_mention())))
    problem = broken.collect("broken").problem
    assert problem == "unexpected KeyError; please report it"
    assert working.collect("working").stored == 1


def test_a_quiet_source_is_not_mistaken_for_a_blind_one(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention())
    pipeline.collect()
    pipeline.clock.move(hours=1)
    pipeline.collect()
    health = pipeline.store.health("source/news")
    assert (health.last_item, health.last_ok) == (NOON, NOON + HOUR)
