"""Health: trouble is told once, its end too, and a quiet source is not mistaken for peace."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.health import Health, is_back, is_worth_telling, rest
from monitor.testing.fakes import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGO = NOON - HOUR


@pytest.mark.parametrize(
    ("since", "permanent", "told", "worth_telling"),
    [
        (None, False, None, False),
        (NOON, False, None, False),
        (NOON - 29 * MINUTE, False, None, False),
        (NOON - 30 * MINUTE, False, None, True),
        (NOON, True, None, True),
        (NOON - HOUR, False, NOON, False),
        (NOON - HOUR, True, NOON, False),
    ],
    ids=["well", "just begun", "short", "lasting", "only a person helps", "told", "told and permanent"],
)
def test_trouble_is_told_once_when_it_lasts(
    since: datetime | None, permanent: bool, told: datetime | None, worth_telling: bool
) -> None:
    health = Health(name="source/x", troubled_since=since, is_permanent=permanent, told_at=told)
    assert is_worth_telling(health, NOON, 30 * MINUTE) is worth_telling


@pytest.mark.parametrize(
    ("since", "told", "back"), [(None, NOON, True), (None, None, False), (NOON, NOON, False), (NOON, None, False)]
)
def test_only_trouble_that_was_told_is_told_to_be_over(
    since: datetime | None, told: datetime | None, back: bool
) -> None:
    assert is_back(Health(name="source/x", troubled_since=since, told_at=told)) is back


@pytest.mark.parametrize(("until", "resting"), [(None, False), (NOON, False), (NOON + MINUTE, True), (AGO, False)])
def test_a_source_rests_until_a_moment(until: datetime | None, resting: bool) -> None:
    assert Health(name="source/x", resting_until=until).is_resting(NOON) is resting


@pytest.mark.parametrize(("streak", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10_000, 60)])
def test_the_pause_doubles_up_to_its_cap(streak: int, minutes: int) -> None:
    assert rest(streak, MINUTE, HOUR, 1.0) == minutes * MINUTE
    assert rest(streak, MINUTE, HOUR, 0.0) == minutes * MINUTE / 2


@given(st.integers(1, 200), st.floats(0, 1))
def test_the_pause_is_spread_but_never_short(streak: int, jitter: float) -> None:
    assert MINUTE / 2 <= rest(streak, MINUTE, HOUR, jitter) <= HOUR
