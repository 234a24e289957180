"""The two clocks of a case: the customer's, which never stops, and the team's, which runs in staffed hours."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitor.core.case import Case, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffed:
    """When somebody is there: from ``start`` to ``end`` local time on ``days`` (0 is Monday), and not on holidays.

    ``start`` equal to ``end`` means around the clock.
    """

    zone: tzinfo = UTC
    days: Collection[int] = range(7)
    start: time = time(0)
    end: time = time(0)
    holidays: Collection[date] = ()

    def is_open(self, now: datetime) -> bool:
        return any(start <= now < end for start, end in self._shifts(now, now))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """How much of a span was staffed, in real time: a shift over the change to summer time is an hour shorter."""
        spans = (min(end, last) - max(start, first) for first, last in self._shifts(start, end))
        return sum((span for span in spans if span > timedelta(0)), timedelta(0))

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which so much staffed time has passed since ``start``; a year later if nobody is ever there."""
        left = span
        for first, last in self._shifts(start, start + timedelta(days=366)):
            begin = max(start, first)
            if begin + left <= last:
                return begin + left
            left -= max(timedelta(0), last - begin)
        return start + timedelta(days=366)

    def _shifts(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The shifts that touch a span, in UTC."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = end.astimezone(self.zone).date()
        while day <= last:
            if day.weekday() in self.days and day not in self.holidays:
                ends = day if self.end > self.start else day + timedelta(days=1)
                shift = self._at(day, self.start), self._at(ends, self.end)
                if shift[1] > start:
                    yield shift
            day += timedelta(days=1)

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def customer_waits(case: Case, now: datetime) -> timedelta:
    """From the customer's first post until there is evidence that they are satisfied, else until now; never paused."""
    return (_evidence_at(case) or now) - case.opened_at


def customer_waited_for_answer(case: Case) -> timedelta | None:
    """From the customer's first post to our public answer; ``None`` without one."""
    return case.answered_at - case.opened_at if case.answered_at else None


def team_waits(case: Case, staffed: Staffed, now: datetime) -> timedelta | None:
    """From the alert until somebody took the case, in staffed hours; ``None`` before anybody was told."""
    if case.told_at is None:
        return None
    return staffed.worked(case.told_at, case.taken_at or case.ended_at or now)


def _evidence_at(case: Case) -> datetime | None:
    return case.ended_at if case.state is State.SATISFIED else None
