"""What a digest makes of counts."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.case import State
from monitor.core.digest import Count, Ended, Opened, Outcomes, Talk, compared, foremost, outcomes, share, trend

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ended(hours: int, state: State = State.SATISFIED, answered: int | None = 1) -> Ended:
    return Ended(
        state=state,
        opened_at=NOON,
        answered_at=None if answered is None else NOON + answered * HOUR,
        ended_at=NOON + hours * HOUR,
    )


def test_usual_is_the_mean_of_the_weeks_that_are_known() -> None:
    assert compared([14, 9, 11, 7, None, None]) == Count(now=14, before=9, week_before=11, usual=9.0)


def test_without_history_nothing_is_usual() -> None:
    assert compared([14, None, None, None, None, None]) == Count(now=14)


@pytest.mark.parametrize(
    ("now", "usual", "lately", "word"),
    [
        (3, 0.0, 0, "new"),
        (3, 0.5, 0, "came back"),
        (12, 4.0, 30, "growing"),
        (6, 4.0, 30, "as usual"),
        (2, 9.0, 30, "fading"),
        (7, 9.0, 30, "as usual"),
        (1, 0.25, 2, "as usual"),
        (3, None, 3, ""),
        (3, 1.0, None, ""),
    ],
)
def test_how_a_topic_goes_in_a_word(now: int, usual: float | None, lately: int | None, word: str) -> None:
    assert trend(Count(now=now, usual=usual), lately) == word


def test_chance_alone_is_seldom_called_growing() -> None:
    """Where 4 are usual, 8 or more come by chance on 5 % of days (Poisson), so 8 is not called growing and 9 is."""
    assert trend(Count(now=8, usual=4.0), 30) == "as usual"
    assert trend(Count(now=9, usual=4.0), 30) == "growing"


def test_the_customers_clock_is_over_the_satisfied_and_never_stands_alone() -> None:
    found = outcomes([ended(2), ended(10), ended(500, State.UNKNOWN_SILENT)], 7, Opened(cases=20, answered=3, open=5))
    assert (found.satisfied, found.unknown_silent, found.other) == (2, 1, 0)
    assert (found.first_answer, found.to_satisfied, found.worst) == (HOUR, 6 * HOUR, 10 * HOUR)
    assert (found.unsolved, found.unsolved_share) == (7, 0.25)


def test_speed_has_no_place_without_how_much_is_unsolved() -> None:
    """Product 001-6: whatever says how fast also says how long until satisfied and how much is not solved."""
    names = {field.name for field in fields(Outcomes)}
    assert {"first_answer", "to_satisfied", "unsolved", "unsolved_share"} <= names


def test_few_cases_have_no_share_and_nobody_satisfied_no_clock() -> None:
    found = outcomes([], 3, Opened(cases=9, answered=0, open=3))
    assert found.unsolved_share is None
    assert found.to_satisfied is None


def test_people_come_before_posts() -> None:
    of = {"price": Talk(complaints=50, people=1), "delivery": Talk(complaints=4, people=4)}
    assert foremost(of) == ["delivery", "price"]
    assert foremost({str(n): Talk(complaints=1, people=1) for n in range(9)}) == ["0", "1", "2", "3", "4"]


def test_no_percent_of_fewer_than_ten() -> None:
    assert share(4, 9) == "4 of 9"
    assert share(4, 10) == "4 of 10 (40%)"
