"""The gentle lane: some of the slots are kept for those who complain gently, however loud the others are."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

T = TypeVar("T")


def share(waiting: Sequence[T], is_gentle: Callable[[T], bool], slots: int, reserved: float = 0.2) -> list[T]:
    """Who of ``waiting``, the most urgent first, gets the next slots, in the same order.

    At least ``ceil(slots * reserved)`` of them are gentle while so many gentle ones wait. What is reserved and not
    needed goes to the others, and a gentle one may also come in by its turn.
    """
    kept = min(slots, ceil(round(slots * reserved, 9)))
    gentle = [place for place, item in enumerate(waiting) if is_gentle(item)][:kept]
    by_turn = sorted(set(range(len(waiting))) - set(gentle))[: max(0, slots - len(gentle))]
    return [waiting[place] for place in sorted((*gentle, *by_turn))]
