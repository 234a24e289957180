"""A budget is spread over its month, stops before its limit and begins again at midnight where it is counted."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.budget import Budget, Period

MONTH = Budget(unit="USD", limit=31, period=Period.MONTH, page=1)
SEARCHES = Budget(unit="searches", limit=100, period=Period.DAY, page=1, zone=ZoneInfo("America/Los_Angeles"))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_a_month_is_spread_and_a_day_may_be_used_ahead() -> None:
    assert MONTH.allowed(at(2026, 1, 1)) == pytest.approx(1)
    assert MONTH.allowed(at(2026, 1, 16)) == pytest.approx(16)
    assert MONTH.allowed(at(2026, 1, 31, 23)) == 31


def test_no_page_is_asked_for_that_might_not_fit() -> None:
    now = at(2026, 1, 31, 12)
    assert MONTH.has_room(30, now)
    assert not MONTH.has_room(30.01, now)
    assert MONTH.is_used_up(30.01)
    assert MONTH.opens(30.01, now) == at(2026, 2, 1)


def test_within_a_month_it_opens_when_the_plan_has_caught_up() -> None:
    assert MONTH.opens(5.0, at(2026, 1, 3)) == at(2026, 1, 6)


def test_a_day_in_california_ends_at_midnight_there_also_when_the_clock_changes() -> None:
    assert SEARCHES.start(at(2026, 3, 8, 7, 59)) == at(2026, 3, 7, 8)
    assert SEARCHES.end(at(2026, 3, 8, 12)) == at(2026, 3, 9, 7)
    assert SEARCHES.end(at(2026, 11, 1, 12)) == at(2026, 11, 2, 8)


@given(
    st.integers(0, 20 * 365 * 24 * 60).map(lambda minutes: at(2020, 1, 1) + timedelta(minutes=minutes)),
    st.sampled_from([MONTH, SEARCHES]),
    st.floats(0, 120),
)
def test_it_always_opens_within_the_period_or_at_its_end(now: datetime, budget: Budget, used: float) -> None:
    opens = budget.opens(used, now)
    assert now <= opens <= budget.end(now)
    assert budget.start(now) <= now < budget.end(now) <= now + timedelta(days=32)
    assert opens == budget.end(now) or budget.has_room(used, opens)
