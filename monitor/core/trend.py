"""Trend: is what happens now more than usual? A hook; the surge model of a later release replaces the rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How many distinct authors complained in the last hour, and per hour before that."""

    now: int
    per_hour: float


AT_LEAST = 8
"""Fewer people than this are never unusual, however quiet it was before."""

RATIO = 4.0


def is_unusual(usual: Usual) -> bool:
    """Enough different people, and several times as many as usual. Without history nothing is unusual."""
    return usual.per_hour > 0 and usual.now >= AT_LEAST and usual.now >= RATIO * usual.per_hour
