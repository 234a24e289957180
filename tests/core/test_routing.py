"""Routing: who hears about a case, and nobody is woken for what can wait."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.routing import Destination, Matching, QuietHours, Route, Silence, Subject, destinations
from monitor.testing.fakes import NOON

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
SUBJECT = Subject(brand="Acme", topic="delivery", platform="mastodon", source="fediverse", language="en")
NIGHT = QuietHours(start=time(22), end=time(7), zone=BERLIN, breaks_through=("safety",))
LUNCH = QuietHours(start=time(12), end=time(13, 30), zone=BERLIN)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("quiet", "at", "holds", "ends"),
    [
        (NIGHT, "2026-11-02T21:59:59", False, None),
        (NIGHT, "2026-11-02T22:00", True, "2026-11-03T07:00"),
        (NIGHT, "2026-11-02T23:59", True, "2026-11-03T07:00"),
        (NIGHT, "2026-11-03T00:00", True, "2026-11-03T07:00"),
        (NIGHT, "2026-11-03T06:59:59", True, "2026-11-03T07:00"),
        (NIGHT, "2026-11-03T07:00", False, None),
        (NIGHT, "2026-12-31T23:00", True, "2027-01-01T07:00"),
        (LUNCH, "2026-11-02T11:59", False, None),
        (LUNCH, "2026-11-02T12:00", True, "2026-11-02T13:30"),
        (LUNCH, "2026-11-02T13:30", False, None),
        (LUNCH, "2026-11-02T23:00", False, None),
    ],
)
def test_quiet_hours_also_over_midnight(quiet: QuietHours, at: str, holds: bool, ends: str | None) -> None:
    assert quiet.holds(Subject(brand="Acme", topic="delivery"), berlin(at)) is holds
    if ends:
        assert quiet.ends(berlin(at)) == berlin(ends)


@pytest.mark.parametrize(
    ("zone", "at", "ends", "hours"),
    [
        (BERLIN, "2026-03-28T21:00Z", "2026-03-29T05:00Z", 8),
        (BERLIN, "2026-10-24T20:00Z", "2026-10-25T06:00Z", 10),
        (BERLIN, "2026-07-01T20:00Z", "2026-07-02T05:00Z", 9),
        (NEW_YORK, "2026-03-08T03:00Z", "2026-03-08T11:00Z", 8),
        (NEW_YORK, "2026-11-01T02:00Z", "2026-11-01T12:00Z", 10),
    ],
    ids=["Berlin springs", "Berlin falls back", "Berlin summer", "New York springs", "New York falls back"],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(zone: ZoneInfo, at: str, ends: str, hours: int) -> None:
    quiet = QuietHours(start=time(22), end=time(7), zone=zone)
    begun = datetime.fromisoformat(at)
    assert quiet.holds(Subject(brand="Acme", topic="delivery"), begun)
    assert not quiet.holds(Subject(brand="Acme", topic="delivery"), begun - timedelta(seconds=1))
    assert quiet.ends(begun) == datetime.fromisoformat(ends)
    assert quiet.ends(begun) - begun == timedelta(hours=hours)


TIMES = st.times().map(lambda t: t.replace(microsecond=0))


@given(
    TIMES,
    TIMES,
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_quiet_hours_have_an_end_within_a_day_or_so(start: time, end: time, zone: ZoneInfo, now: datetime) -> None:
    quiet = QuietHours(start=start, end=end, zone=zone)
    if quiet.holds(Subject(brand="Acme", topic="delivery"), now):
        assert now < quiet.ends(now) <= now + timedelta(hours=25)
        assert not quiet.holds(Subject(brand="Acme", topic="delivery"), quiet.ends(now)) or _is_told_twice(
            quiet.ends(now), zone
        )


def _is_told_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """In autumn an hour of the wall clock comes twice; quiet hours may then hold twice."""
    return moment.astimezone(zone).fold == 1


def test_what_is_dangerous_breaks_through() -> None:
    assert not NIGHT.holds(Subject(brand="Acme", topic="safety"), berlin("2026-11-03T03:00"))


def test_quiet_hours_without_length_never_hold() -> None:
    assert not QuietHours(start=time(7), end=time(7), zone=BERLIN).holds(
        Subject(brand="Acme", topic="delivery"), berlin("2026-11-03T07:00")
    )


@pytest.mark.parametrize(
    ("matching", "matches"),
    [
        (Matching(), True),
        (Matching(brands=("Acme", "Apex")), True),
        (Matching(brands=("Apex",)), False),
        (Matching(topics=("delivery",)), True),
        (Matching(topics=("price",)), False),
        (Matching(platforms=("mastodon",)), True),
        (Matching(platforms=("bluesky",)), False),
        (Matching(sources=("fediverse",)), True),
        (Matching(sources=("reviews",)), False),
        (Matching(languages=("de", "en")), True),
        (Matching(languages=("fr",)), False),
        (Matching(levels=(2, 3)), True),
        (Matching(levels=(1,)), False),
        (Matching(brands=("Acme",), topics=("delivery",), platforms=("mastodon",)), True),
        (Matching(brands=("Acme",), topics=("price",), platforms=("mastodon",)), False),
    ],
)
def test_filled_fields_must_all_match(matching: Matching, matches: bool) -> None:
    assert matching.matches(SUBJECT) is matches


@pytest.mark.parametrize(
    ("matching", "minutes", "mutes"),
    [(Matching(), 59, True), (Matching(), 60, False), (Matching(brands=("Apex",)), 0, False)],
)
def test_a_silence_mutes_what_it_matches_until_it_ends(matching: Matching, minutes: int, mutes: bool) -> None:
    silence = Silence(id=1, matching=matching, until=NOON + timedelta(hours=1), by="kim", why="known outage")
    assert silence.mutes(SUBJECT, NOON + timedelta(minutes=minutes)) is mutes


def route(name: str, *targets: str, stop: bool = True, quiet: QuietHours | None = None, **matching: object) -> Route:
    return Route(name=name, targets=targets, matching=Matching(**matching), stop=stop, quiet=quiet)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([], []),
        ([route("a", "x")], ["x"]),
        ([route("a", "x"), route("b", "y")], ["x"]),
        ([route("a", "x", stop=False), route("b", "y")], ["x", "y"]),
        ([route("a", "x", brands=("Apex",)), route("b", "y")], ["y"]),
        ([route("a", "x", "y", stop=False), route("b", "y", "z")], ["x", "y", "z"]),
        ([route("a", "x", "x")], ["x"]),
        ([route("a", "x", topics=("price",))], []),
    ],
    ids=["none", "one", "the first stops", "goes on", "passed over", "told once", "named twice", "nowhere"],
)
def test_routes_are_asked_in_order_and_tell_a_target_once(routes: list[Route], expected: list[str]) -> None:
    assert [found.target for found in destinations(tuple(routes), SUBJECT, NOON)] == expected


def test_a_route_says_until_when_its_targets_are_left_alone() -> None:
    routes = (route("night", "x", quiet=NIGHT, stop=False), route("always", "x", "y"))
    assert destinations(routes, SUBJECT, berlin("2026-11-03T03:00")) == [
        Destination(target="x", route="night", quiet_until=berlin("2026-11-03T07:00")),
        Destination(target="y", route="always"),
    ]
    assert all(found.quiet_until is None for found in destinations(routes, SUBJECT, berlin("2026-11-03T12:00")))
