"""One edition for each local date, through restarts, stops, jumps of the clock and two workers."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.digest import Digest
from monitor.core.mention import Gap
from monitor.core.message import Message
from monitor.digest.read import from_json
from monitor.jobs.digest import Subscription, make_digest, send_digests
from monitor.jobs.forget import forget
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock, a_mention
from tests.jobs.pipeline import Pipeline

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTLY = Subscription(name="team", brands=("Acme",), targets=("team",), at=time(8), zone=BERLIN)
MONDAYS = replace(NIGHTLY, name="weekly", weekday=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def editions(store: SqlStore, name: str = "team") -> list[Message]:
    """The summaries in the outbox, in the order in which they were decided."""
    with store.begin() as transaction:
        found = []
        day = date(2026, 1, 1)
        while day < date(2027, 6, 1):
            told = transaction.message("team", f"digest/{name}/Acme/{day.isoformat()}")
            found += [told.message] if told else []
            day += DAY
        return found


def run(store: SqlStore, start: datetime, end: datetime, every: timedelta = 10 * MINUTE) -> None:
    now = start
    while now < end:
        send_digests(store, (NIGHTLY,), now)
        now += every


def days_of(store: SqlStore) -> list[str]:
    return [message.key.rsplit("/", 1)[1] for message in editions(store)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_every_morning_one_edition_about_the_day_before(sqlite_store: SqlStore) -> None:
    run(sqlite_store, at("2026-11-20T07:00"), at("2026-11-23T09:00"))
    assert days_of(sqlite_store) == ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]
    digest = from_json(editions(sqlite_store)[0].digest or {})
    assert digest.first_day == date(2026, 11, 19)
    assert not digest.is_late


def test_nobody_gets_an_edition_from_before_they_asked(sqlite_store: SqlStore) -> None:
    run(sqlite_store, at("2026-11-20T12:00"), at("2026-11-21T09:00"))
    assert days_of(sqlite_store) == ["2026-11-21"]


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_p28_a_change_of_the_clocks_neither_skips_nor_doubles_an_edition(sqlite_store: SqlStore, change: str) -> None:
    noon = at(f"{change}T12:00")
    run(sqlite_store, noon - 2 * DAY, noon + 2 * DAY)
    middle = date.fromisoformat(change)
    assert (
        days_of(sqlite_store)
        == [(middle + step * DAY).isoformat() for step in (-1, 0, 1, 2)][: len(days_of(sqlite_store))]
    )
    assert len(days_of(sqlite_store)) == 3 + (noon + 2 * DAY >= at(f"{middle + 2 * DAY}T08:00"))


def test_p29_after_three_days_of_downtime_one_late_edition_that_says_so(sqlite_store: SqlStore) -> None:
    run(sqlite_store, at("2026-11-20T07:00"), at("2026-11-20T09:00"))
    run(sqlite_store, at("2026-11-23T15:00"), at("2026-11-24T09:00"))
    assert days_of(sqlite_store) == ["2026-11-20", "2026-11-23", "2026-11-24"]
    late, punctual = [from_json(message.digest or {}) for message in editions(sqlite_store)[1:]]
    assert late.is_late
    assert "late" in editions(sqlite_store)[1].title
    assert not punctual.is_late


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR], ids=str)
def test_p29_a_jump_of_the_clock_brings_no_second_edition(sqlite_store: SqlStore, jump: timedelta) -> None:
    run(sqlite_store, at("2026-11-20T07:00"), at("2026-11-21T08:05"))
    run(sqlite_store, at("2026-11-21T08:05") + jump, at("2026-11-22T09:00"))
    assert days_of(sqlite_store) == ["2026-11-20", "2026-11-21", "2026-11-22"]


def test_a_clock_a_day_ahead_and_put_right_brings_each_date_once(sqlite_store: SqlStore) -> None:
    run(sqlite_store, at("2026-11-20T07:00"), at("2026-11-20T09:00"))
    run(sqlite_store, at("2026-11-21T09:00"), at("2026-11-21T10:00"))
    run(sqlite_store, at("2026-11-20T10:00"), at("2026-11-22T09:00"))
    assert days_of(sqlite_store) == ["2026-11-20", "2026-11-21", "2026-11-22"]


def test_two_workers_send_one_edition(sql_store: SqlStore) -> None:
    other = SqlStore(sql_store.engine)
    for store in (sql_store, other):
        send_digests(store, (NIGHTLY,), at("2026-11-20T07:00"))
    assert sum(send_digests(store, (NIGHTLY,), at("2026-11-20T08:01")) for store in (sql_store, other)) == 1


def test_a_week_is_sent_on_its_day_only(sqlite_store: SqlStore) -> None:
    now = at("2026-11-15T07:00")
    while now < at("2026-11-24T09:00"):
        send_digests(sqlite_store, (MONDAYS,), now)
        now += HOUR
    found = editions(sqlite_store, "weekly")
    assert [message.key for message in found] == [f"digest/weekly/Acme/2026-11-{day}" for day in (16, 23)]
    assert from_json(found[0].digest or {}).days == 7


@pytest.mark.parametrize("asked", [False, True])
def test_only_a_weekly_edition_that_was_asked_for_it_guesses_who_is_silent(
    pipeline: Pipeline, clock: Clock, asked: bool
) -> None:
    weekly = replace(MONDAYS, silent_majority=asked)
    send_digests(pipeline.store, (weekly, NIGHTLY), clock())
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock())])
    clock.move(days=7)
    send_digests(pipeline.store, (weekly, NIGHTLY), clock())
    (week,) = [from_json(message.digest or {}).week for message in editions(pipeline.store, "weekly")]
    assert week is not None
    assert bool(week.silent) is asked
    assert [from_json(message.digest or {}).week for message in editions(pipeline.store)] == [None]


def yesterday(pipeline: Pipeline) -> Digest:
    now = pipeline.clock()
    return make_digest(pipeline.store, "Acme", (now - DAY).date(), 1, UTC, now)


def test_a_digest_tells_the_story_with_its_evidence(pipeline: Pipeline, clock: Clock) -> None:
    texts = ("Acme parcel crushed!!", "Acme courier vanished somewhere!!", "Acme invoice wrong twice!!")
    posts = [a_mention(text, str(n), author=f"a{n}", posted_at=clock()) for n, text in enumerate(texts)]
    pipeline.hear(posts)
    clock.move(days=1)
    digest = yesterday(pipeline)
    assert digest.basics.complaints.now == 3
    assert digest.basics.people.now == 3
    assert next(sentence.text for sentence in digest.story).startswith("3 people complained on")
    assert all(sentence.evidence for sentence in digest.story)
    assert from_json(digest.to_json()) == digest


def test_a_sentence_without_evidence_is_not_told(pipeline: Pipeline, clock: Clock) -> None:
    """All that was said was deleted: the counts stay, the story is silent."""
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock())])
    with pipeline.store.begin() as transaction:
        transaction.forget("mastodon", ["1"], clock())
        transaction.forget("social", ["1"], clock())
    clock.move(days=1)
    digest = yesterday(pipeline)
    assert digest.basics.complaints.now == 1
    assert not digest.problems
    assert all("complained" not in sentence.text for sentence in digest.story)


def test_one_complaint_in_a_quiet_week_is_in_the_digest(pipeline: Pipeline, clock: Clock) -> None:
    """Product 004-18: low counts are not suppressed."""
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock())])
    clock.move(days=1)
    digest = yesterday(pipeline)
    assert not digest.is_quiet
    assert [problem.quote.text for problem in digest.problems] == ["Acme parcel crushed!!"]


def test_a_deleted_post_leaves_the_digest_that_quotes_it(pipeline: Pipeline, clock: Clock) -> None:
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock(), url="https://social.example/1")])
    send_digests(pipeline.store, (NIGHTLY,), clock())
    clock.move(days=1)
    send_digests(pipeline.store, (NIGHTLY,), clock(), {"team"})
    (digest,) = editions(pipeline.store)
    assert "crushed" in str(digest.to_json())
    with pipeline.store.begin() as transaction:
        forget(transaction, [(a_mention().platform, "1")], clock())
    (kept,) = editions(pipeline.store)
    assert "crushed" not in str(kept.to_json())
    assert "https://social.example/1" not in str(kept.to_json())
    assert "(deleted by its author)" in str(kept.digest)
    assert from_json(kept.digest or {}).basics.complaints.now == 1


def test_what_could_not_be_read_on_a_day_is_in_its_digest_until_the_gap_is_closed(
    pipeline: Pipeline, clock: Clock
) -> None:
    lost = Gap(clock() - HOUR, clock(), "the listing ends at 1,000")
    with pipeline.store.begin() as transaction:
        transaction.add_gaps("news", [lost, replace(lost, start=clock() - 3 * DAY, end=clock() - 2 * DAY)], clock())
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock())])
    clock.move(days=1)
    assert [(one.source, one.start, one.why) for one in yesterday(pipeline).honesty.blind] == [
        ("news", lost.start, "the listing ends at 1,000")
    ]
    with pipeline.store.begin() as transaction:
        for found in pipeline.store.open_gaps():
            transaction.close_gap(found.id, clock())
    assert yesterday(pipeline).honesty.blind == ()


def test_there_is_no_edition_about_a_day_before_the_first_post(pipeline: Pipeline, clock: Clock) -> None:
    send_digests(pipeline.store, (NIGHTLY,), clock())
    clock.move(days=1)
    pipeline.hear([a_mention("Acme parcel crushed!!", "1", posted_at=clock() - HOUR)])
    assert editions(pipeline.store) == []
    send_digests(pipeline.store, (NIGHTLY,), clock() + DAY)
    assert len(editions(pipeline.store)) == 1
