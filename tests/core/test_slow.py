"""Slow rises, and bands of complaints per order."""

import random

import pytest

from monitor.core.calibration import Share
from monitor.core.slow import band, drift, is_sure, write_band, write_drift

RISING = [(10 + 10 * week, 1_000) for week in range(7)]
"""From 1 % to 7 %, one point a week."""


def test_a_point_a_week_for_six_weeks_is_a_drift() -> None:
    """Product 002-2."""
    found = drift(RISING)
    assert found is not None
    assert round(found.per_week, 3) == 0.01
    assert "+1.0 points" in dict(write_drift("Acme", "", found, "k").facts)["Per week"]


@pytest.mark.parametrize(
    "weeks",
    [
        [(50, 1_000)] * 7,
        RISING[::-1],
        [(50, 1_000)] * 6 + [(200, 1_000)],
        [(1, 40), (2, 40), (3, 40), (4, 40), (5, 40), (6, 40), (7, 40)],
        RISING[:5],
        [(50, 1_000), (90, 1_000)] * 3 + [(50, 1_000)],
    ],
    ids=["even", "falling", "one bad week", "too few posts", "too few weeks", "up and down"],
)
def test_what_is_no_drift(weeks: list[tuple[int, int]]) -> None:
    assert drift(weeks) is None


def test_chance_seldom_drifts() -> None:
    """Shares that wander by chance and by a fifth besides, 15 series for 20 years: under one a year."""
    dice = random.Random(4)
    found = 0
    for _ in range(15 * 20 * 52 // 7):
        weeks = []
        for _ in range(7):
            share = 0.1 * dice.uniform(0.8, 1.2)
            weeks.append((sum(dice.random() < share for _ in range(400)), 400))
        found += drift(weeks) is not None
    assert found <= 20 / 7


@pytest.mark.parametrize(("rate", "number"), [(0.0, 0), (0.049, 0), (0.05, 1), (0.199, 1), (0.2, 2), (0.9, 2)])
def test_the_three_bands(rate: float, number: int) -> None:
    assert band(rate) == number


def test_while_the_interval_straddles_a_limit_it_only_may_be() -> None:
    """Product 004-3."""
    assert not is_sure(Share(6, 100))
    assert is_sure(Share(1_000, 10_000))
    assert "may be up: 5 to 20 %" in write_band("Acme", "", Share(6, 100), Share(4, 100), "k").title
    assert "order up: 5 to 20 %" in write_band("Acme", "", Share(1_000, 10_000), Share(400, 10_000), "k").title
