"""Trend: is what happens now more than usual? A hook; the surge model of a later release replaces the rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How many distinct authors complained in the last hour, and per hour before that."""

    now: int
    per_hour: float


def is_unusual(usual: Usual, *, at_least: int = 8, ratio: float = 4.0) -> bool:
    """Enough different people, and several times as many as usual. Without history nothing is unusual."""
    return usual.per_hour > 0 and usual.now >= at_least and usual.now >= ratio * usual.per_hour
