"""Local days in every zone there is, and the date that is due."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from monitor.core.days import Window, instant, latest_due, window

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
AWKWARD = [time(0), time(0, 30), time(1, 30), time(2, 30), time(9), time(23, 59)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_the_first_moment_after_the_gap() -> None:
    assert instant(date(2026, 3, 29), time(2, 30), BERLIN) == at("2026-03-29T01:00")


def test_a_time_that_they_show_twice_is_the_first_of_the_two() -> None:
    assert instant(date(2026, 10, 25), time(2, 30), BERLIN) == at("2026-10-25T00:30")


def test_a_midnight_that_does_not_exist_begins_the_day_an_hour_later() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert instant(date(2026, 4, 24), time(0), cairo).astimezone(cairo) == datetime(2026, 4, 24, 1, tzinfo=cairo)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)], ids=str
)
def test_a_day_has_the_hours_that_it_has(day: date, hours: int) -> None:
    assert window(day, 1, BERLIN).hours == hours


def test_a_week_is_seven_local_days() -> None:
    assert window(date(2026, 3, 23), 7, BERLIN).hours == 7 * 24 - 1


def test_a_window_holds_its_start_and_not_its_end() -> None:
    span = Window(start=at("2026-01-01T00:00"), end=at("2026-01-02T00:00"))
    assert span.holds(span.start)
    assert not span.holds(span.end)


def test_with_a_weekday_only_such_dates_are_due() -> None:
    thursday = at("2026-11-26T12:00")
    assert latest_due(time(8), UTC, thursday, weekday=0) == date(2026, 11, 23)
    assert latest_due(time(8), UTC, at("2026-11-23T07:59"), weekday=0) == date(2026, 11, 16)


ZONES = sorted(zone for zone in available_timezones() if not zone.startswith(("posix/", "right/", "System")))


@pytest.mark.parametrize("third", range(3))
def test_p28_every_local_date_comes_due_once_and_never_before_its_time_in_every_zone(third: int) -> None:
    """For each zone and time of day, over three years: the moments follow each other and none is before its wall time.

    A tick loop that sends whenever the newest due date has changed then sends once for each date.
    """
    assert len(ZONES) > 400
    for name in ZONES[third::3]:
        zone = ZoneInfo(name)
        for clock in AWKWARD:
            day, previous = date(2025, 1, 1), None
            while day < date(2028, 1, 1):
                moment = instant(day, clock, zone)
                shown = moment.astimezone(zone)
                assert shown.replace(tzinfo=None) >= datetime.combine(day, clock), (name, day, clock)
                assert shown.date() == day or shown.time() < time(1, 1), (name, day, clock)
                assert previous is None or moment > previous, (name, day, clock)
                day, previous = day + DAY, moment


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"])
@pytest.mark.parametrize("clock", AWKWARD, ids=str)
def test_p28_ticking_through_a_change_of_the_clocks_finds_each_date_once(name: str, clock: time) -> None:
    zone = ZoneInfo(name)
    found: list[date] = []
    now = at("2026-03-01T00:00")
    while now < at("2026-05-10T00:00"):
        due = latest_due(clock, zone, now)
        if not found or due != found[-1]:
            found.append(due)
            assert now >= instant(due, clock, zone) or len(found) == 1
        now += timedelta(minutes=10)
    assert found == [found[0] + step * DAY for step in range(len(found))]
