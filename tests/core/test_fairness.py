"""Fairness: the waits of the rude and the polite, of the followed and the unknown, side by side."""

from datetime import timedelta

import pytest

from monitor.core.fairness import Waited, audit, is_rude

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "rude"),
    [
        ("Hello, my parcel has not come.", False),
        ("WHERE IS MY PARCEL", True),
        ("where is my fucking parcel", True),
        ("OK DHL", False),
        ("Der NDR meldet: USB defekt", False),
        ("", False),
    ],
)
def test_who_swears_or_shouts_is_rude(text: str, rude: bool) -> None:
    assert is_rude(text) is rude


def test_waits_stand_side_by_side() -> None:
    polite = [Waited("my parcel has not come", 10 * n, n * HOUR) for n in range(1, 51)]
    rude = [Waited("WHERE IS MY PARCEL", 10_000 + n, HOUR / 2) for n in range(5)]
    assert audit([*polite, *rude]) == [
        "median wait for an answer: rudely said 30 min (5 cases), otherwise 1 d 1 h (50 cases)",
        "median wait for an answer: most followers, a tenth 30 min (5 cases), fewest 3 h (5 cases)",
    ]


def test_a_few_cases_say_nothing() -> None:
    assert audit([]) == []
    assert audit([Waited("WHERE IS MY PARCEL", 1, HOUR)] * 4 + [Waited("my parcel", None, HOUR)] * 40) == []
