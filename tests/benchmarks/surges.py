"""How often are surges false, and how soon are true ones found? ``python -m tests.benchmarks.surges``; minutes.

Simulated brands of 10 to 10,000 complaints a day for 52 weeks: day and week season, growth, ten days of holiday,
rates that wander (over-dispersion 0.15 for the brand, and half of that again for each of eight topics and for each of
its three platforms), Poisson counts by quarter of an hour. What is found without a surge put in is false. Then one
surge of six hours at a random moment of each of many series, in one topic or on one platform, after four weeks of
history; delays count from its tenth complaint.

Against two rules of others, on the same counts: more than twice the mean hour of seven days, and more than twice the
same hour of up to four weeks before, both with the same least number of people and the same end.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.core.surge import (
    FEWEST,
    HISTORY,
    LEARNING,
    WHOLE,
    WINDOWS,
    Baseline,
    Excess,
    Often,
    Scope,
    baseline,
    excess,
    is_over,
    is_surge,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTERS = 4
WEEK = 7 * 24
MONTH_HOURS = 365.25 * 24 / 12
TOPICS = (0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.02)
PLATFORMS = (0.6, 0.3, 0.1)
SIZES = (10, 100, 1_000, 10_000)
SURGES = ((10, 10.0), (48, 5.0), (48, 10.0), (288, 4.0), (1_920, 3.0))
"""Complaints a day, and by how many times the mean of a day the surge adds to that: in the largest topic …"""

PLATFORM_SURGES = ((48, 5.0), (288, 2.0), (1_920, 1.0))
"""… and on the second platform, in all topics."""

Counts = NDArray[np.int64]


def rates(dice: np.random.Generator, per_day: float, hours: int) -> NDArray[np.float64]:
    """The rate of each hour of a brand."""
    at = np.arange(hours)
    season = (1 + 0.8 * np.sin(2 * np.pi * ((at % 24) - 9) / 24)) * np.where((at // 24) % 7 >= 5, 0.6, 1.15)
    growth = np.exp(dice.normal(0.3, 0.2) * at / (52 * WEEK))
    holidays = np.ones(hours)
    for day in dice.choice(hours // 24, hours // 24 * 10 // 365, replace=False):
        holidays[day * 24 : (day + 1) * 24] = 0.5
    found: NDArray[np.float64] = per_day / 24 * season * growth * holidays * wander(dice, 0.15, hours)
    return found


def wander(dice: np.random.Generator, dispersion: float, hours: int, memory: float = 0.95) -> NDArray[np.float64]:
    """A factor of mean one that wanders: log-normal, with this dispersion and autocorrelation from hour to hour."""
    steps, state = dice.normal(0, np.sqrt(1 - memory**2), hours), np.zeros(hours)
    for n in range(1, hours):
        state[n] = memory * state[n - 1] + steps[n]
    log_variance = np.log(1 + dispersion)
    found: NDArray[np.float64] = np.exp(np.sqrt(log_variance) * state - log_variance / 2)
    return found


def brand(
    dice: np.random.Generator,
    per_day: float,
    hours: int,
    added: NDArray[np.float64] | None = None,
    platform: int | None = None,
) -> Counts:
    """Counts by topic, platform and quarter of an hour; what is added is in the first topic, or on a platform."""
    whole = rates(dice, per_day, hours)
    topics = [share * whole * wander(dice, 0.075, hours) for share in TOPICS]
    places = [share * wander(dice, 0.075, hours) for share in PLATFORMS]
    parts = np.array([[of_topic * of_place for of_place in places] for of_topic in topics])
    if added is not None and platform is None:
        parts[0] += np.outer(PLATFORMS, added)
    if added is not None and platform is not None:
        parts[:, platform] += np.outer(TOPICS, added)
    return dice.poisson(np.repeat(parts, QUARTERS, axis=2) / QUARTERS)


@dataclass
class Series:
    """One series that is watched, by quarter of an hour."""

    counts: Counts
    scope: Scope
    sums: NDArray[np.int64] = field(init=False)
    known: Baseline | None = None
    last: tuple[int, Sequence[int], Excess] | None = None

    def __post_init__(self) -> None:
        self.sums = np.concatenate([[0], np.cumsum(self.counts)])

    def people(self, quarter: int, hours: int) -> int:
        return int(self.sums[quarter] - self.sums[max(0, quarter - hours * QUARTERS)])

    def learn(self, hour: int) -> None:
        first = max(0, hour - HISTORY)
        marks = self.sums[first * QUARTERS : hour * QUARTERS + 1 : QUARTERS]
        self.known = baseline(np.diff(marks).tolist(), START + hour * HOUR)

    def excess(self, quarter: int, windows: Sequence[int] = WINDOWS) -> Excess | None:
        if self.known is None:
            return None
        people = {hours: self.people(quarter, hours) for hours in windows}
        if people[windows[-1]] < FEWEST:
            return Excess(hours=windows[-1], people=people[windows[-1]], expected=1.0, chance=1.0)
        if self.last is None or self.last[:2] != (quarter, windows):
            self.last = quarter, windows, excess(self.known, people, START + quarter * HOUR / QUARTERS)
        return self.last[2]


Rule = Callable[[Series, int], Excess | None]


def ours(often: Often, *, with_platforms: bool = True) -> Rule:
    def rule(series: Series, quarter: int) -> Excess | None:
        found = series.excess(quarter) if with_platforms or not series.scope.platform else None
        return found if found and is_surge(found, often, is_part=series.scope.is_part) else None

    return rule


def twice_the_week(series: Series, quarter: int) -> Excess | None:
    now, usual = series.people(quarter, 1), series.people(quarter - QUARTERS, WEEK) / WEEK
    return Excess(hours=1, people=now, expected=usual, chance=0.0) if now >= FEWEST and now > 2 * usual else None


def twice_the_same_hour(series: Series, quarter: int) -> Excess | None:
    weeks = [week for week in range(1, 5) if quarter - week * WEEK * QUARTERS >= QUARTERS]
    if not weeks:
        return None
    now = series.people(quarter, 1)
    usual = sum(series.people(quarter - week * WEEK * QUARTERS, 1) for week in weeks) / len(weeks)
    return Excess(hours=1, people=now, expected=usual, chance=0.0) if now >= FEWEST and now > 2 * usual else None


RULES: Mapping[str, Rule] = {
    **{f"ours, {often.value}": ours(often) for often in Often},
    "ours, one a month, by topic only": ours(Often.MONTHLY, with_platforms=False),
    "twice the mean of 7 days": twice_the_week,
    "twice the same hour of 4 weeks": twice_the_same_hour,
}


def found_at(counts: Counts, rules: Mapping[str, Rule], first: int, step: int) -> dict[str, list[int]]:
    """The quarters at which each rule begins a surge of a brand: topics, platforms, the brand; one until it is over."""
    every = [Series(of_topic, Scope(topic=str(n))) for n, of_topic in enumerate(counts.sum(axis=1))]
    every += [Series(of_place, Scope(platform=str(n))) for n, of_place in enumerate(counts.sum(axis=0))]
    every += [Series(counts.sum(axis=(0, 1)), WHOLE)]
    begun: dict[str, list[int]] = {name: [] for name in rules}
    going: dict[str, tuple[Series, int] | None] = dict.fromkeys(rules)
    for quarter in range(first, counts.shape[2], step):
        if quarter % (24 * QUARTERS) == 0 or quarter == first:
            for series in every:
                series.learn(quarter // QUARTERS)
        for name, rule in rules.items():
            current = going[name]
            if current is not None:
                now = current[0].excess(quarter, [hours for hours in WINDOWS if hours <= current[1]])
                if now is None or is_over(now):
                    going[name] = None
                continue
            for series in every:
                if (now := rule(series, quarter)) is not None:
                    begun[name].append(quarter)
                    going[name] = series, now.hours
                    break
    return begun


def false_ones(size: int, brands: int, seed: int) -> dict[str, float]:
    """False surges per brand and month."""
    dice = np.random.default_rng(seed)
    total: dict[str, int] = dict.fromkeys(RULES, 0)
    for _ in range(brands):
        counts = brand(dice, size, 52 * WEEK)
        for name, quarters in found_at(counts, RULES, LEARNING * QUARTERS, QUARTERS).items():
            total[name] += len(quarters)
    months = brands * (52 * WEEK - LEARNING) / MONTH_HOURS
    return {name: count / months for name, count in total.items()}


def detected(
    size: int, times: float, series: int, seed: int, platform: int | None = None
) -> dict[str, tuple[float, float]]:
    """The share of surges found while they last, and the median of minutes from their tenth complaint."""
    dice = np.random.default_rng(seed)
    hours = 5 * WEEK
    delays: dict[str, list[float]] = {name: [] for name in RULES}
    for _ in range(series):
        begins = int(dice.integers(4 * WEEK, hours - 12))
        added = np.zeros(hours)
        added[begins : begins + 6] = size / 24 * times
        counts = brand(dice, size, hours, added, platform)
        part = counts[0].sum(axis=0) if platform is None else counts[:, platform].sum(axis=0)
        during = part[begins * QUARTERS : (begins + 6) * QUARTERS].cumsum()
        tenth = begins * QUARTERS + int(np.argmax(during >= 10)) if during[-1] >= 10 else None
        if tenth is None:
            continue
        until = counts[:, :, : (begins + 6) * QUARTERS]
        for name, quarters in found_at(until, RULES, begins * QUARTERS, 1).items():
            delays[name].append(15.0 * (quarters[0] - tenth) if quarters else float("inf"))
    return {
        name: (float(np.mean(np.isfinite(found))), float(np.median(found))) for name, found in delays.items() if found
    }


def lines(brands: int, series: int) -> Iterator[str]:
    yield f"{'false surges per brand and month':<40}" + "".join(f"{size:>12,}" for size in SIZES)
    rates_by_size = {size: false_ones(size, brands, size) for size in SIZES}
    for name in RULES:
        yield f"{name:<40}" + "".join(f"{rates_by_size[size][name]:>12.2f}" for size in SIZES)
    yield from _detections("in a topic", SURGES, series, None)
    yield from _detections("on a platform", PLATFORM_SURGES, series, 1)


def _detections(where: str, surges: Sequence[tuple[int, float]], series: int, platform: int | None) -> Iterator[str]:
    yield ""
    head = f"{where}: found % / median minutes"
    yield f"{head:<40}" + "".join(f"{f'{size}, +{times:g}x':>14}" for size, times in surges)
    found = {key: detected(*key, series=series, seed=7, platform=platform) for key in surges}
    for name in RULES:
        cells = (f"{found[key][name][0]:.0%} / {found[key][name][1]:.0f}" for key in surges)
        yield f"{name:<40}" + "".join(f"{cell:>14}" for cell in cells)


def main() -> None:
    is_quick = "--quick" in sys.argv
    for line in lines(brands=1 if is_quick else 3, series=8 if is_quick else 40):
        print(line, flush=True)


if __name__ == "__main__":
    main()
