"""How a post spreads: its reposts at a few moments after it was written, and whether they still grow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.message import duration

LOOKS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""When a post is measured, counted from when it was written."""

FEW = 3
"""Fewer new reposts than this are not growth."""

SLOWING = 0.5
"""Below this part of the rate before, it does not grow any more."""

FAST = 20.0
"""Reposts an hour from which it spreads fast, while it grows; so many it must have at least, too."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Reposts at a moment."""

    at: datetime
    reposts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Reposts as last measured, how many came per hour since the time before, and whether that is growth."""

    reposts: int
    per_hour: float
    is_growing: bool
    at: datetime

    @property
    def is_fast(self) -> bool:
        return self.is_growing and self.per_hour >= FAST and self.reposts >= FAST


def spread(posted_at: datetime, measured: Sequence[Reach]) -> Spread | None:
    """How a post spreads, by its measurements, oldest first; ``None`` without any. It began with no reposts."""
    if not measured:
        return None
    points = [Reach(posted_at, 0), *(point for point in measured if point.at > posted_at)]
    if len(points) < 2:
        return None
    *_, before, last = points
    new = max(0, last.reposts - before.reposts)
    rate = new / _hours(last.at - before.at)
    earlier = before.reposts / _hours(before.at - posted_at) if before.at > posted_at else 0.0
    is_growing = new >= FEW and rate >= SLOWING * earlier
    return Spread(reposts=last.reposts, per_hour=rate, is_growing=is_growing, at=last.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """How the posts of a crowd spread, as far as they were measured: reposts of all, and how many come per hour."""

    posts: int
    reposts: int
    per_hour: float
    is_growing: bool


def together(spreads: Sequence[Spread]) -> Together | None:
    """The posts taken together: they grow while one of them does; ``None`` where none was measured."""
    if not spreads:
        return None
    growing = [one for one in spreads if one.is_growing]
    return Together(
        posts=len(spreads),
        reposts=sum(one.reposts for one in spreads),
        per_hour=sum(one.per_hour for one in growing),
        is_growing=bool(growing),
    )


def looks_due(posted_at: datetime, now: datetime) -> int:
    """How often a post should have been measured by now."""
    return sum(posted_at + after <= now for after in LOOKS)


def in_words(found: Spread, posted_at: datetime) -> str:
    """For example ``41 reposts, growing by 12 an hour (measured 1 h after it was posted)``."""
    count = "1 repost" if found.reposts == 1 else f"{found.reposts} reposts"
    how = f"growing by {found.per_hour:.0f} an hour" if found.is_growing else "flat"
    return f"{count}, {how} (measured {duration(found.at - posted_at)} after it was posted)"


def _hours(span: timedelta) -> float:
    return max(span / timedelta(hours=1), 1 / 60)
