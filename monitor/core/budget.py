"""A budget: how much of what costs something a source may use by day or month, spread over the month."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

_DAY = timedelta(days=1)
_STEP = timedelta(minutes=5)


class Period(StrEnum):
    """What a budget is for."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most ``limit`` of ``unit`` in a day or a month of ``zone``.

    ``page`` is the most that a single page may cost: none is asked for that might not fit. A month's budget is spread
    evenly, so that a busy first week does not leave the last one blind; a day's worth may be used ahead.
    ``pays_for_looks`` says whether looking posts up again uses some of it.
    """

    unit: str
    limit: float
    period: Period
    page: float
    zone: tzinfo = UTC
    pays_for_looks: bool = True

    def start(self, now: datetime) -> datetime:
        """The first moment of the day or month that ``now`` is in."""
        first = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return (first.replace(day=1) if self.period is Period.MONTH else first).astimezone(UTC)

    def end(self, now: datetime) -> datetime:
        """The first moment after it."""
        length = timedelta(days=32) if self.period is Period.MONTH else timedelta(hours=36)
        return self.start(self.start(now) + length)

    def allowed(self, now: datetime) -> float:
        """How much may have been used by ``now``."""
        if self.period is Period.DAY:
            return self.limit
        start, end = self.start(now), self.end(now)
        return self.limit * min(1.0, (now - start + _DAY) / (end - start))

    def has_room(self, used: float, now: datetime) -> bool:
        """Whether another page is sure to fit."""
        return used + self.page <= self.allowed(now)

    def opens(self, used: float, now: datetime) -> datetime:
        """When a page fits again if nothing else is used: later in this month, or when the next period begins."""
        moment, end = now, self.end(now)
        while moment < end and not self.has_room(used, moment):
            moment += _STEP
        return min(moment, end)

    def is_used_up(self, used: float) -> bool:
        """Whether nothing more fits before the period is over."""
        return used + self.page > self.limit
