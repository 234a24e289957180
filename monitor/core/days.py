"""Local days: when a wall clock shows a time, what a day lasts, and which edition of a digest is due."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span from ``start`` until just before ``end``, both in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """Real hours: 23 or 25 for a day on which the clocks change."""
        return (self.end - self.start) / timedelta(hours=1)

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """The moment at which the clocks of a zone show a time, in UTC.

    A time that the clocks skip is the first moment after the gap; one that they show twice is the first of the two.
    """
    wall = datetime.combine(day, clock)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found, zone)


def window(first: date, days: int, zone: tzinfo) -> Window:
    """So many local days, from midnight to midnight."""
    midnight = time(0)
    return Window(start=instant(first, midnight, zone), end=instant(first + days * _DAY, midnight, zone))


def latest_due(clock: time, zone: tzinfo, now: datetime, weekday: int | None = None) -> date:
    """The newest local date whose time has come; with ``weekday`` (0 is Monday) only such dates count."""
    day = now.astimezone(zone).date() + _DAY
    while instant(day, clock, zone) > now or weekday not in (None, day.weekday()):
        day -= _DAY
    return day


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between two at which the offset changes, to the second."""
    changed = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == changed:
            after = middle
        else:
            before = middle
    return after
