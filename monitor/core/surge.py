"""Surges: do more independent people complain than this hour of the week, and chance, would bring?

The baseline is a level that follows the last weeks (half-life seven days), times a factor for the hour of the day and
one for the day of the week; what came before counts up to what is ordinary, so that a surge does not teach itself.
Counts vary more than chance alone would have it, so the tail is that of a negative binomial with a dispersion measured
for each length of window, but never smaller than what so few weeks of history could have missed: it is taken to be
large in the first week, and half, a third, a quarter of that is the least after two, three, four weeks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, lgamma, log, sqrt
from statistics import median

from monitor.core.cause import slug
from monitor.core.days import Window
from monitor.core.mark import Mark

HOUR = timedelta(hours=1)
WINDOWS = (1, 4, 24)
"""Lengths of what is looked at, in hours, ending now."""

WEEK = 7 * 24
HISTORY = 8 * WEEK
LEARNING = 3 * 24
"""Hours: less than so much history says nothing."""

HALF_LIFE = WEEK
FEWEST = 8
"""So many independent people at least make a surge, however quiet it was before."""

RATIO = 2.0
"""Less than so many times the expected is no surge, however sure it is."""

_CAP, _ROUNDS = 3.5, 2
_HOUR_PRIOR, _DAY_PRIOR = 6.0, 20.0
_STEPS = 10_000
_LEAST_DISPERSION, _YOUNG_DISPERSION = 0.02, 0.25


class Often(StrEnum):
    """How often a false surge is put up with, for one brand with all its topics."""

    WEEKLY = "one a week"
    MONTHLY = "one a month"
    YEARLY = "one a year"


CHANCE: Mapping[Often, float] = {Often.WEEKLY: 1e-4, Often.MONTHLY: 1e-6, Often.YEARLY: 1e-13}
"""The chance at which a window of a brand is called a surge, as ``tests/benchmarks/surges.py`` measured it."""

PART_CHANCE = 0.1
"""A brand has many topics and some platforms, so for each of them it must be so many times less likely."""

OVER = 1e-3
"""What is likelier than this does not go on."""

MOSTLY = 0.5
"""From this share on one post, or one person, is what a wave is made of."""


class Kind(StrEnum):
    """What more than usual is made of."""

    SURGE = "surge"
    COPIES = "copies of one post"
    ONE_AUTHOR = "one person"
    COPIED_TALK = "copies of one post, no complaint"
    TALK = "talk, not complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where there may be more than usual: in a topic, on a platform, or, without either, in the brand as a whole."""

    topic: str = ""
    platform: str = ""

    @property
    def is_part(self) -> bool:
        return bool(self.topic or self.platform)

    def overlaps(self, other: "Scope") -> bool:
        """May the same posts be in both? Two topics share none, and neither do two platforms."""
        topics, platforms = {self.topic, other.topic} - {""}, {self.platform, other.platform} - {""}
        return len(topics) < 2 and len(platforms) < 2


WHOLE = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What was said in a span: posts, independent people behind them, and the most by one post's copies and one person.

    ``people`` counts copies of one post once, whoever posted them.
    """

    posts: int
    people: int
    copies: int = 0
    by_one: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """More than usual, from ``found_at`` until ``ended_at``. ``topic`` and ``platform`` are empty when it is the brand
    as a whole.

    ``people`` are those since ``first_at``, the beginning of the window that stood out; ``peak`` is how many there were
    when something was last said about it, at ``told_at``. ``mark`` is what people say it is.
    """

    id: int
    brand: str
    topic: str
    platform: str = ""
    kind: Kind
    first_at: datetime
    found_at: datetime
    told_at: datetime
    people: int
    peak: int
    expected: float
    ended_at: datetime | None = None
    mark: Mark | None = None

    @property
    def scope(self) -> Scope:
        """Where it is."""
        return Scope(topic=self.topic, platform=self.platform)

    def touches(self, span: Window) -> bool:
        """Was it going on at any moment of a span?"""
        return self.first_at < span.end and (self.ended_at is None or self.ended_at > span.start)

    @property
    def key(self) -> str:
        """Its public name, unique and stable for ever."""
        where = self.topic or (f"on-{self.platform}" if self.platform else "all")
        return f"surge/{slug(self.brand)}/{where}/{self.found_at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is ordinary for a series: expected people per hour by hour of the day and day of the week (UTC)."""

    level: float
    hours: tuple[float, ...]
    days: tuple[float, ...]
    dispersion: Mapping[int, float]
    is_young: bool

    def expected(self, end: datetime, length: int) -> float:
        """How many people are ordinary in the so many hours before a moment."""
        total, at = 0.0, end - length * HOUR
        while at < end:
            next_hour = min(end, (at + HOUR).replace(minute=0, second=0, microsecond=0))
            total += self._rate(at) * ((next_hour - at) / HOUR)
            at = next_hour
        return total

    def _rate(self, at: datetime) -> float:
        return self.level * self.hours[at.hour] * self.days[at.weekday()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """The window that stands out most: so many people in so many hours where ``expected`` are ordinary."""

    hours: int
    people: int
    expected: float
    chance: float

    @property
    def ratio(self) -> float:
        return self.people / max(self.expected, 0.1)


def baseline(counts: Sequence[int], end: datetime) -> Baseline | None:
    """What hourly counts make ordinary; the last of them is of the hour before ``end``. ``None`` while they are few."""
    if len(counts) < LEARNING:
        return None
    counts = counts[-HISTORY:]
    first = end - len(counts) * HOUR
    stamps = [((first.hour + n) % 24, (first + n * HOUR).weekday()) for n in range(len(counts))]
    weights = [0.5 ** ((len(counts) - 1 - n) / HALF_LIFE) for n in range(len(counts))]
    # By hour of the day a median, which a surge does not move, says what counts at most in the first round.
    medians = [
        median([count for (at, _), count in zip(stamps, counts, strict=True) if at == hour]) for hour in range(24)
    ]
    kept = [_ordinary(count, medians[hour], _YOUNG_DISPERSION) for (hour, _), count in zip(stamps, counts, strict=True)]
    for _ in range(_ROUNDS):
        level, hours, days = _fit(kept, stamps, weights)
        spread = min(_YOUNG_DISPERSION, _dispersion(kept, stamps, level, hours, days, 1))
        means = [level * hours[hour] * days[day] for hour, day in stamps]
        kept = [_ordinary(count, mean, spread) for count, mean in zip(counts, means, strict=True)]
    uncertain = 1 / (sum(w * y for w, y in zip(weights, kept, strict=True)) + 1)
    # Rates wander for hours on end: how much, few weeks have not shown yet.
    least = max(_LEAST_DISPERSION, _YOUNG_DISPERSION * min(1, WEEK / len(counts)))
    found = {
        length: max(least, _dispersion(kept, stamps, level, hours, days, length)) + uncertain for length in WINDOWS
    }
    return Baseline(level=level, hours=tuple(hours), days=tuple(days), dispersion=found, is_young=len(counts) < WEEK)


def _ordinary(count: int, mean: float, dispersion: float) -> float:
    """A count, but at most what is still ordinary."""
    return min(count, mean + _CAP * sqrt(mean + dispersion * mean * mean) + 1)


def excess(known: Baseline, people: Mapping[int, int], now: datetime) -> Excess:
    """The window whose count chance explains least; ``people`` by length in hours."""
    found = []
    for length, count in people.items():
        expected = known.expected(now, length)
        chance = tail(count, expected, known.dispersion[length]) if count > expected else 1.0
        found.append(Excess(hours=length, people=count, expected=expected, chance=chance))
    return min(found, key=lambda one: (one.chance, one.hours))


def is_surge(found: Excess, often: Often, *, is_part: bool = False) -> bool:
    """Enough people, several times the ordinary, and not by chance."""
    limit = CHANCE[often] * (PART_CHANCE if is_part else 1)
    return found.people >= FEWEST and found.ratio >= RATIO and found.chance < limit


TALKS = (Kind.COPIED_TALK, Kind.TALK)
"""Kinds that are about all posts, and not about complaints."""


def made_of(crowd: Crowd) -> Kind | None:
    """What a wave of posts without a crowd behind it is made of."""
    if crowd.copies >= MOSTLY * crowd.posts:
        return Kind.COPIES
    return Kind.ONE_AUTHOR if crowd.by_one >= MOSTLY * crowd.posts else None


def is_over(found: Excess) -> bool:
    """Nothing that stands out any more."""
    return found.chance > OVER or found.ratio < RATIO / 1.5


def tail(count: int, mean: float, dispersion: float) -> float:
    """The chance of at least ``count`` where ``mean`` is expected, with variance ``mean + dispersion · mean²``.

    That is the regularised incomplete beta function, by the continued fraction that is shorter (DLMF 8.17.22).
    """
    if count <= 0:
        return 1.0
    mean, size = max(mean, 1e-6), 1 / dispersion
    share, rest = mean / (mean + size), size / (mean + size)
    front = exp(lgamma(count + size) - lgamma(count) - lgamma(size) + count * log(share) + size * log(rest))
    if share < (count + 1) / (count + size + 2):
        return front * _fraction(count, size, share) / count
    return max(0.0, 1.0 - front * _fraction(size, count, rest) / size)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method; its length grows with √a."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + term / c, 1 / (1 + term * d)
            found *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return found


def _fit(
    counts: Sequence[float], stamps: Sequence[tuple[int, int]], weights: Sequence[float]
) -> tuple[float, list[float], list[float]]:
    """Level, hour factors and day factors, the factors drawn towards one where little was counted."""
    seen_hours, seen_days = [0.0] * 24, [0.0] * 7
    room_hours, room_days = [0.0] * 24, [0.0] * 7
    total = sum(w * y for w, y in zip(weights, counts, strict=True))
    level = max(total / sum(weights), 1e-3)
    for (hour, _), weight, count in zip(stamps, weights, counts, strict=True):
        seen_hours[hour] += weight * count
        room_hours[hour] += weight * level
    hours = [(seen + _HOUR_PRIOR) / (room + _HOUR_PRIOR) for seen, room in zip(seen_hours, room_hours, strict=True)]
    for (hour, day), weight, count in zip(stamps, weights, counts, strict=True):
        seen_days[day] += weight * count
        room_days[day] += weight * level * hours[hour]
    days = [(seen + _DAY_PRIOR) / (room + _DAY_PRIOR) for seen, room in zip(seen_days, room_days, strict=True)]
    ordinary = sum(w * hours[h] * days[d] for (h, d), w in zip(stamps, weights, strict=True))
    return max(total / ordinary, 1e-3), hours, days


def _dispersion(
    counts: Sequence[float],
    stamps: Sequence[tuple[int, int]],
    level: float,
    hours: Sequence[float],
    days: Sequence[float],
    length: int,
) -> float:
    """How much windows of a length vary beyond chance: Σ((y − m)² − m) / Σ m², over windows beside each other."""
    over = square = 0.0
    for start in range(len(counts) % length, len(counts), length):
        span = range(start, start + length)
        mean = sum(level * hours[stamps[n][0]] * days[stamps[n][1]] for n in span)
        count = sum(counts[n] for n in span)
        over += (count - mean) ** 2 - mean
        square += mean * mean
    return max(0.0, over / square) if square else 0.0
