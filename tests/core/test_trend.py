"""More than usual means: enough different people, several times as many as usual."""

import pytest

from monitor.core.trend import Lately, Usual, is_unusual, similar


@pytest.mark.parametrize(
    ("now", "per_hour", "unusual"),
    [
        (8, 2.0, True),
        (7, 0.1, False),
        (8, 2.01, False),
        (1_000, 0.0, False),
        (1_000, 300.0, False),
        (1_200, 300.0, True),
        (0, 0.0, False),
    ],
    ids=["enough", "too few", "not enough more", "no history", "a busy brand", "a storm even there", "nothing"],
)
def test_unusual(now: int, per_hour: float, unusual: bool) -> None:
    assert is_unusual(Usual(now=now, per_hour=per_hour)) is unusual


@pytest.mark.parametrize(
    ("lately", "said"),
    [
        (Lately(day=9, authors=2, per_day=1.0), ""),
        (Lately(day=5, authors=4, per_day=None), "5 complaints in 24 h by 4 people"),
        (Lately(day=5, authors=4, per_day=0.4), "5 complaints in 24 h by 4 people, usual under 1 a day"),
        (Lately(day=5, authors=4, per_day=2.4), "5 complaints in 24 h by 4 people, usual 2 a day"),
    ],
)
def test_how_often_others_complain_about_the_same(lately: Lately, said: str) -> None:
    assert similar(lately) == said
