"""How a post spreads, and whether that is said in time."""

import json
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.spread import LOOKS, Reach, in_words, looks_due, spread, together

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASCADE = Path(__file__).parents[3] / "shared" / "data" / "virality" / "cascade_seismic.jsonl"


def measured(*reposts: int) -> list[Reach]:
    return [Reach(NOON + after, count) for after, count in zip(LOOKS, reposts, strict=False)]


@pytest.mark.parametrize(
    ("reposts", "grows", "fast"),
    [
        ((0,), False, False),
        ((2,), False, False),
        ((6,), True, False),
        ((30,), True, True),
        ((30, 31), False, False),
        ((5, 40), True, True),
        ((5, 40, 60), False, False),
        ((1, 4, 30), True, False),
        ((0, 0, 0, 0), False, False),
    ],
)
def test_growing_or_flat(reposts: tuple[int, ...], grows: bool, fast: bool) -> None:
    found = spread(NOON, measured(*reposts))
    assert found is not None
    assert (found.is_growing, found.is_fast) == (grows, fast)


def test_without_a_measurement_nothing_is_said() -> None:
    assert spread(NOON, []) is None
    assert spread(NOON, [Reach(NOON - HOUR, 5)]) is None


def test_a_count_that_falls_is_no_growth() -> None:
    found = spread(NOON, measured(40, 30))
    assert found is not None
    assert found.per_hour == 0


def test_when_it_is_due() -> None:
    for number, after in enumerate((timedelta(minutes=15), HOUR, 6 * HOUR, 24 * HOUR)):
        assert looks_due(NOON, NOON + after - timedelta(seconds=1)) == number
        assert looks_due(NOON, NOON + after) == number + 1
    assert looks_due(NOON, NOON + 30 * HOUR) == 4


def test_it_is_said_with_the_age_of_the_measurement() -> None:
    found = spread(NOON, measured(5, 41))
    assert found is not None
    assert in_words(found, NOON) == "41 reposts, growing by 48 an hour (measured 1 h after it was posted)"
    one = spread(NOON, measured(1))
    assert one is not None
    assert in_words(one, NOON) == "1 repost, flat (measured 15 min after it was posted)"


@pytest.mark.skipif(not CASCADE.exists(), reason="no ../shared/data/virality here")
def test_a_real_cascade_is_called_fast_after_a_quarter_of_an_hour_and_flat_when_it_is_over() -> None:
    """15,563 resharings in a week: 38 after 15 minutes, 907 after an hour, 8,330 after six and 14,580 after a day."""
    with CASCADE.open(encoding="utf-8") as lines:
        seconds = sorted(json.loads(line)["seconds_since_post"] for line in lines)
    counts = [bisect_right(seconds, after.total_seconds()) for after in LOOKS]
    found = [spread(NOON, measured(*counts[: number + 1])) for number in range(4)]
    assert [one.is_fast for one in found if one] == [True, True, True, False]
    assert found[3] is not None
    assert not found[3].is_growing
    assert counts[3] / len(seconds) > 0.9


def test_posts_together_grow_while_one_of_them_does() -> None:
    flat, growing = spread(NOON, measured(30, 31)), spread(NOON, measured(5, 41))
    assert flat is not None
    assert growing is not None
    found = together([flat, growing])
    assert found is not None
    assert (found.posts, found.reposts, found.is_growing) == (2, 72, True)
    assert found.per_hour == growing.per_hour
    still = together([flat])
    assert still is not None
    assert not still.is_growing
    assert together([]) is None
