"""The gentle lane: some of the slots are kept for those who complain politely, however loud the others are."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TypeVar

T = TypeVar("T")


def share(waiting: Sequence[T], is_gentle: Callable[[T], bool], slots: int, reserved: float = 0.2) -> list[T]:
    """Who gets the next slots. The order of ``waiting`` is kept; what is reserved and not needed goes to the others."""
    gentle = [item for item in waiting if is_gentle(item)][: ceil(slots * reserved)]
    others = [item for item in waiting if item not in gentle][: max(0, slots - len(gentle))]
    return [item for item in waiting if item in gentle or item in others]
