"""Drawing: strata, shares, and the same sample for the same seed."""

from collections import Counter

import pytest

from monitor.core.verdict import Label
from monitor.learning.sample import Judged, allocated, draw

POSTS = [
    *(Judged(n, Label.OTHER, 0.01, "test@2") for n in range(1_000)),
    *(Judged(n, Label.OTHER, 0.05, "test@2") for n in range(1_000, 1_300)),
    *(Judged(n, Label.OTHER, 0.1, "test@1") for n in range(1_300, 1_302)),
    *(Judged(n, Label.UNSURE, 0.3 if n % 2 else 0.2, "test@2") for n in range(1_302, 1_402)),
    *(Judged(n, Label.COMPLAINT, 1.0, "test@2") for n in range(1_402, 1_452)),
]


def test_posts_are_divided_by_tier_and_score() -> None:
    drawn = draw(POSTS, 100, seed=1)
    assert {part.name: (len(part.mentions), round(part.expected, 1)) for part, _ in drawn.parts} == {
        "ignored, below 0.02": (1_000, 10.0),
        "ignored, 0.02 to 0.1": (300, 15.0),
        "ignored, 0.1 and up": (2, 0.2),
        "digest, below 0.3": (50, 10.0),
        "digest, 0.3 and up": (50, 15.0),
        "alert": (50, 50.0),
    }
    assert drawn.models == {"test@2": 1_450, "test@1": 2}


def test_a_sample_has_the_size_asked_for_and_no_post_twice() -> None:
    for size in (20, 100, 333):
        order = draw(POSTS, size, seed=1).shuffled(1)
        assert len(order) == len(set(order)) == size


def test_fewer_posts_than_asked_for_are_all_drawn() -> None:
    assert sorted(draw(POSTS[-30:], 100, seed=1).shuffled(1)) == list(range(1_422, 1_452))


def test_nothing_is_drawn_from_nothing() -> None:
    assert draw([], 100, seed=1).parts == ()


def test_the_same_seed_draws_the_same_in_the_same_order_and_another_does_not() -> None:
    first, again, other = (draw(iter(POSTS), 60, seed).shuffled(seed) for seed in (1, 1, 2))
    assert first == again
    assert set(first) != set(other)


def test_the_order_says_nothing_about_the_strata() -> None:
    order = draw(POSTS, 200, seed=4).shuffled(4)
    halves = [Counter(POSTS[mention].label for mention in half) for half in (order[:100], order[100:])]
    assert all(half[label] >= 3 for half in halves for label in Label)


def test_shares_follow_the_weights_with_a_floor_and_no_stratum_gives_more_than_it_has() -> None:
    assert allocated([1_000, 1_000], [300, 100], 100) == [75, 25]
    assert allocated([1_000, 1_000], [1_000, 1], 100) == [75, 25], "half of the sample is given evenly"
    assert allocated([1_000, 3], [1, 1_000], 100) == [97, 3]
    assert allocated([4, 3], [1, 1], 100) == [4, 3]
    assert allocated([], [], 100) == []


@pytest.mark.parametrize("size", [20, 57, 100])
def test_shares_minimise_the_expected_variance(size: int) -> None:
    """No single post moved from one stratum to another makes the sum of weight²/share smaller, floors aside."""
    weights = [300.0, 200.0, 120.0]
    shares = allocated([1_000] * 3, weights, size)
    floor = size // 6

    def variance(given: list[int]) -> float:
        return sum(weight**2 / share for weight, share in zip(weights, given, strict=True))

    for source in range(3):
        for target in range(3):
            moved = [share - (place == source) + (place == target) for place, share in enumerate(shares)]
            if min(moved) >= floor:
                assert variance(moved) >= variance(shares) - 1e-9
