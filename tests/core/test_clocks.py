"""The two clocks: the customer's never stops, the team's runs when somebody is there."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.case import State
from monitor.core.clocks import Staffed, customer_waited_for_answer, customer_waits, team_waits
from tests.core.test_case import a_case

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Staffed(zone=BERLIN, days=range(5), start=time(9), end=time(17))
NIGHT = Staffed(zone=BERLIN, days=range(7), start=time(22), end=time(6))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_the_example_of_a_weekend() -> None:
    """Posted Friday 16:45, answered Monday 09:16, thanked Monday 11:45."""
    case = a_case(
        opened_at=berlin("2026-11-06T16:45"),
        told_at=berlin("2026-11-06T16:45"),
        taken_at=berlin("2026-11-09T09:16"),
        answered_at=berlin("2026-11-09T09:16"),
        ended_at=berlin("2026-11-09T11:45"),
        state=State.SATISFIED,
    )
    now = berlin("2026-12-01T00:00")
    assert customer_waited_for_answer(case) == timedelta(hours=64, minutes=31)
    assert customer_waits(case, now) == timedelta(hours=67)
    assert team_waits(case, OFFICE, now) == timedelta(minutes=15 + 16)


def test_silence_does_not_stop_the_customers_clock() -> None:
    ended = a_case(state=State.UNKNOWN_SILENT, ended_at=berlin("2026-11-03T12:00"))
    now = berlin("2026-11-20T12:00")
    assert customer_waits(ended, now) == now - ended.opened_at


def test_before_anybody_was_told_the_team_does_not_wait() -> None:
    assert team_waits(a_case(told_at=None), OFFICE, berlin("2026-11-03T12:00")) is None


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-02T09:00", "2026-11-02T17:00", 8),
        ("2026-11-01T00:00", "2026-11-08T00:00", 40),
        ("2026-11-07T00:00", "2026-11-09T09:00", 0),
        ("2026-11-02T16:00", "2026-11-03T10:00", 2),
    ],
    ids=["a day", "a week", "a weekend", "over night"],
)
def test_staffed_hours(start: str, end: str, hours: int) -> None:
    assert OFFICE.worked(berlin(start), berlin(end)) == timedelta(hours=hours)


def test_shifts_over_midnight_and_over_the_change_of_clocks() -> None:
    assert NIGHT.worked(berlin("2026-11-02T12:00"), berlin("2026-11-03T12:00")) == timedelta(hours=8)
    assert NIGHT.worked(berlin("2027-03-27T12:00"), berlin("2027-03-28T12:00")) == timedelta(hours=7), "to summer time"
    assert NIGHT.worked(berlin("2026-10-24T12:00"), berlin("2026-10-25T12:00")) == timedelta(hours=9), "and back"
    assert NIGHT.is_open(berlin("2026-11-03T01:00"))
    assert not NIGHT.is_open(berlin("2026-11-03T06:00"))


def test_holidays_are_not_staffed() -> None:
    closed = Staffed(zone=BERLIN, start=time(9), end=time(17), holidays=(date(2026, 12, 25),))
    assert not closed.is_open(berlin("2026-12-25T10:00"))
    assert closed.after(berlin("2026-12-24T16:58"), timedelta(minutes=5)) == berlin("2026-12-26T09:03")


def test_when_five_staffed_minutes_have_passed() -> None:
    assert OFFICE.after(berlin("2026-11-06T16:57"), timedelta(minutes=5)) == berlin("2026-11-09T09:02")
    assert Staffed().after(berlin("2026-11-06T16:57"), timedelta(minutes=5)) == berlin("2026-11-06T17:02")
    nobody = Staffed(days=())
    assert nobody.after(berlin("2026-11-06T16:57"), timedelta(minutes=5)) > berlin("2027-11-06T00:00")


@given(
    hour=st.integers(0, 24 * 365),
    minutes=st.integers(0, 60 * 24 * 20),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)),
)
def test_staffed_time_is_never_more_than_time_and_its_end_is_found(
    hour: int, minutes: int, zone: str, hours: tuple[int, int]
) -> None:
    staffed = Staffed(zone=ZoneInfo(zone), days=(0, 1, 2, 3, 4), start=time(hours[0]), end=time(hours[1]))
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
    end = start + timedelta(minutes=minutes)
    worked = staffed.worked(start, end)
    assert timedelta(0) <= worked <= end - start
    assert staffed.worked(start, staffed.after(start, worked)) == worked
