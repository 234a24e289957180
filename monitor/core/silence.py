"""Silence, measured: how much a source usually brings at this hour of the week, and whether it is too quiet now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

HISTORY = timedelta(days=28)
_HOUR = timedelta(hours=1)
_LONGEST = 72
_SURE = 20.0
"""Where so many posts are usual, a tenth of them comes by chance less than once in two million looks (Poisson)."""

_SHARE = 0.1
_FEWEST_DAYS = 3
_UNREAD = 20


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a source brought in one hour: posts, and items that it could not read."""

    hour: datetime
    seen: int
    skipped: int


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def quiet(pulses: Sequence[Pulse], now: datetime) -> str | None:
    """In words, how a source is quieter than it should be at ``now``; ``None`` when it is not, or nobody can tell yet.

    The shortest span of whole hours up to now is taken in which at least 20 posts are usual. Usual is the median of
    the same hour of the week in the last four weeks, or of the same hour of the day while there are fewer than two
    weeks; hours in which the source was not read do not count. Less than a tenth of the usual is too quiet.
    """
    by_hour = {pulse.hour: pulse for pulse in pulses}
    current = hour_of(now)
    if not pulses or current - min(by_hour) < _FEWEST_DAYS * timedelta(days=1):
        return _unreadable(pulses, current)
    usual = _Usual(pulses, current)
    expected, seen = 0.0, by_hour[current].seen if current in by_hour else 0
    for back in range(1, _LONGEST + 1):
        hour = current - back * _HOUR
        if hour in by_hour:
            expected += usual.at(hour)
            seen += by_hour[hour].seen
        if seen > max(_SURE, expected) * _SHARE:
            break
        if expected >= _SURE:
            return f"{seen} posts in the last {back} h, where about {expected:.0f} are usual"
    return _unreadable(pulses, current)


def _unreadable(pulses: Sequence[Pulse], current: datetime) -> str | None:
    """Everything that came in a day could not be read."""
    day = [pulse for pulse in pulses if pulse.hour > current - 24 * _HOUR]
    skipped = sum(pulse.skipped for pulse in day)
    if skipped >= _UNREAD and not any(pulse.seen for pulse in day):
        return f"none of the last {skipped} items could be read; umbrage try shows why"
    return None


class _Usual:
    def __init__(self, pulses: Sequence[Pulse], current: datetime) -> None:
        self._of_week: dict[int, list[int]] = {}
        self._of_day: dict[int, list[int]] = {}
        for pulse in pulses:
            # The days just past are in question themselves; they do not say what is usual.
            if pulse.hour < current - 24 * _HOUR:
                self._of_week.setdefault(_week_hour(pulse.hour), []).append(pulse.seen)
                self._of_day.setdefault(pulse.hour.hour, []).append(pulse.seen)

    def at(self, hour: datetime) -> float:
        same = self._of_week.get(_week_hour(hour), [])
        if len(same) < 2:
            same = self._of_day.get(hour.hour, [])
        return float(median(same)) if same else 0.0


def _week_hour(hour: datetime) -> int:
    return hour.weekday() * 24 + hour.hour
