"""The gentle lane: whoever shouts does not push out whoever does not."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.lane import share

Post = tuple[str, int]


def is_gentle(post: Post) -> bool:
    return post[0] == "gentle"


LOUD: list[Post] = [("loud", number) for number in range(100)]
GENTLE: list[Post] = [("gentle", number) for number in range(10)]


def test_a_fifth_is_kept_for_the_gentle() -> None:
    assert share([*LOUD, *GENTLE], is_gentle, 10) == [*LOUD[:8], *GENTLE[:2]]


def test_what_the_gentle_do_not_need_goes_to_the_others() -> None:
    assert share([*LOUD, GENTLE[0]], is_gentle, 10) == [*LOUD[:9], GENTLE[0]]
    assert share(LOUD, is_gentle, 10) == LOUD[:10]


def test_the_gentle_are_not_held_to_their_share() -> None:
    assert share([*GENTLE[:5], *LOUD], is_gentle, 10) == [*GENTLE[:5], *LOUD[:5]]
    assert share(GENTLE, is_gentle, 10) == GENTLE


def test_equal_ones_are_counted_one_by_one() -> None:
    assert share([("loud", 1)] * 9 + [("gentle", 1)] * 9, is_gentle, 5) == [("loud", 1)] * 4 + [("gentle", 1)]


def test_no_slots_and_nobody_waiting() -> None:
    assert share(LOUD, is_gentle, 0) == []
    assert share([], is_gentle, 10) == []


def test_the_share_is_rounded_up_and_not_by_accident() -> None:
    posts = [*LOUD, *GENTLE]
    assert sum(map(is_gentle, share(posts, is_gentle, 6))) == 2
    assert sum(map(is_gentle, share(posts, is_gentle, 35))) == 7, "35 * 0.2 is a little more than 7 for a computer"
    assert sum(map(is_gentle, share(posts, is_gentle, 10, reserved=0.0))) == 0
    assert sum(map(is_gentle, share(posts, is_gentle, 5, reserved=1.0))) == 5


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 70), st.floats(0, 1))
def test_everybody_in_order_nobody_twice_and_no_slot_empty(kinds: list[bool], slots: int, reserved: float) -> None:
    waiting = [("gentle" if kind else "loud", number) for number, kind in enumerate(kinds)]
    chosen = share(waiting, is_gentle, slots, reserved)
    assert len(chosen) == min(slots, len(waiting))
    assert chosen == [post for post in waiting if post in chosen]
    for kind in ("gentle", "loud"):
        lane = [post for post in waiting if post[0] == kind]
        taken = [post for post in chosen if post[0] == kind]
        assert taken == lane[: len(taken)], "the order of urgency holds inside each lane"


def test_nobody_starves() -> None:
    waiting = [*LOUD, *GENTLE]
    while waiting:
        some_wait = sum(map(is_gentle, waiting))
        surfaced = share(waiting, is_gentle, 10)
        assert sum(map(is_gentle, surfaced)) >= min(2, some_wait)
        waiting = [post for post in waiting if post not in surfaced]
