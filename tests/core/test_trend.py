"""More than usual means: enough different people, several times as many as usual."""

import pytest

from monitor.core.trend import Usual, is_unusual


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
