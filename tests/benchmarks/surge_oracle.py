"""What would it take to tell the wanted spans of the airlines? ``python -m tests.benchmarks.surge_oracle``.

Needs ../shared. The complaints are those of the people who labelled the data, not of a model, so that no mistake of
ours is in it. Each way gives every quarter of an hour a score, the chance of what is seen: the lower, the more it
stands out.
For each wanted span: the best score until an hour after its tenth complaint, and how many waves outside of the wanted
spans score as well, per brand and month: the false alarms that telling it would cost.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp, sqrt
from pathlib import Path

from monitor.core.surge import LEARNING, WINDOWS, Baseline, baseline, excess, tail
from monitor.core.terms import _counts

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "replay" / "airlines_2015"
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
MONTH = timedelta(days=30.44)
APART = 4 * HOUR
"""Looks closer to each other are of one wave."""

FEWEST_WORDS = 5


@dataclass(frozen=True)
class Post:
    at: datetime
    author: str
    reason: str
    text: str


class Series:
    """Complaints in order, and the people behind them."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = sorted(posts, key=lambda one: one.at)
        self.times = [one.at for one in self.posts]
        self.first = self.times[0].replace(minute=0, second=0) + HOUR
        self._known: dict[datetime, Baseline | None] = {}

    def between(self, start: datetime, end: datetime) -> list[Post]:
        return self.posts[bisect_left(self.times, start) : bisect_left(self.times, end)]

    def people(self, start: datetime, end: datetime) -> int:
        return len({one.author for one in self.between(start, end)})

    def known(self, now: datetime) -> Baseline | None:
        hour = now.replace(minute=0, second=0)
        if hour not in self._known:
            hours = [self.first + step * HOUR for step in range(round((hour - self.first) / HOUR))]
            self._known[hour] = baseline([self.people(at, at + HOUR) for at in hours], hour)
        return self._known[hour]


Score = Callable[[Series, datetime], float]


def by_windows(series: Series, now: datetime) -> float:
    """As the product does it."""
    known = series.known(now)
    people = {hours: series.people(now - hours * HOUR, now) for hours in WINDOWS}
    return excess(known, people, now).chance if known else 1.0


def by_mere_chance(series: Series, now: datetime) -> float:
    """The last hour as if rates never wandered: nothing can be bolder."""
    known = series.known(now)
    return tail(series.people(now - HOUR, now), known.expected(now, 1), 1e-6) if known else 1.0


def by_reason(series: Series, now: datetime) -> float:
    """The labelled reason that stands out most, as the product looks at topics."""
    reasons = {one.reason for one in series.between(now - HOUR, now)}
    return min((by_windows(_part(series, reason), now) for reason in reasons), default=1.0)


def by_sum(series: Series, now: datetime) -> float:
    """A cumulative sum over a day: what each hour has more than half a standard deviation above its mean."""
    known, total = series.known(now), 0.0
    if known is None:
        return 1.0
    for back in range(23, -1, -1):
        at = now - back * HOUR
        mean = known.expected(at, 1)
        off = (series.people(at - HOUR, at) - mean) / sqrt(mean + known.dispersion[1] * mean * mean)
        total = max(0.0, total + off - 0.5)
    return exp(-total)


def by_words(series: Series, now: datetime) -> float:
    """The word or pair of words of four hours that stands out most against all that was said before."""
    start = now - APART
    here, before = series.between(start, now), series.between(series.first, start)
    more = max(1.0, len(here) / APART.total_seconds() / (len(before) / (start - series.first).total_seconds()))
    said = _counts((one.text for one in here), set())
    usual = _usual(series, start)
    share = more * (APART / (start - series.first))
    found = [tail(n, (usual[term] + 0.5) * share, 0.25) for term, n in said.items() if n >= FEWEST_WORDS]
    return min(found, default=1.0)


WAYS: dict[str, Score] = {
    "ours": by_windows,
    "the last hour, by mere chance": by_mere_chance,
    "ours, by labelled reason": by_reason,
    "cumulative sum over a day": by_sum,
    "a word or pair of words": by_words,
}

_PARTS: dict[tuple[int, str], Series] = {}
_USUAL: dict[tuple[int, datetime], Counter[str]] = {}


def _part(series: Series, reason: str) -> Series:
    key = (id(series), reason)
    if key not in _PARTS:
        _PARTS[key] = Series([one for one in series.posts if one.reason == reason])
        _PARTS[key].first = series.first
    return _PARTS[key]


def _usual(series: Series, until: datetime) -> Counter[str]:
    hour = until.replace(minute=0, second=0)
    if (id(series), hour) not in _USUAL:
        _USUAL[id(series), hour] = _counts((one.text for one in series.between(series.first, hour)), set())
    return _USUAL[id(series), hour]


def complaints() -> dict[str, Series]:
    gold = {row["id"]: row for row in map(json.loads, (DATA / "gold.jsonl").open(encoding="utf-8"))}
    found: dict[str, list[Post]] = defaultdict(list)
    for row in map(json.loads, (DATA / "posts.jsonl").open(encoding="utf-8")):
        label = gold.get(row["id"], {})
        if label.get("sentiment") == "negative":
            at = datetime.fromisoformat(row["created_at"])
            found[row["brand"]].append(Post(at, row["author"], label.get("reason") or "", row["text"]))
    return {brand: Series(posts) for brand, posts in found.items()}


def waves(scores: dict[datetime, float], limit: float) -> int:
    """Runs of looks that score at most so much."""
    at = [now for now, score in scores.items() if score <= limit]
    return len(at) and 1 + sum(later - earlier > APART for earlier, later in pairwise(at))


def lines() -> Iterator[str]:
    every = complaints()
    wanted = [
        one for one in json.loads((DATA / "events.json").read_text("utf-8")) if one["wanted"] == "complaint alert"
    ]
    spans = [(one["brand"], *(datetime.fromisoformat(one[edge]) for edge in ("start", "end"))) for one in wanted]
    looks = {brand: _looks(series) for brand, series in every.items()}
    months = sum(len(at) for at in looks.values()) * QUARTER / MONTH
    posts = sum(len(one.posts) for one in every.values())
    yield f"{posts:,} labelled complaints of {len(every)} brands, {months:.1f} months of looks together"
    for name, score in WAYS.items():
        scores = {brand: {now: score(every[brand], now) for now in at} for brand, at in looks.items()}
        cells = []
        for brand, start, end in spans:
            tenth = every[brand].between(start, end)[9].at
            best = min(found for now, found in scores[brand].items() if start < now <= tenth + HOUR)
            outside = {of: _outside(found, of, spans) for of, found in scores.items()}
            cells.append(f"{best:.1e}, {sum(waves(found, best) for found in outside.values()) / months:.0f} a month")
        yield f"  {name:<32} {' | '.join(f'{cell:<24}' for cell in cells)}"


def _looks(series: Series) -> list[datetime]:
    start, end = series.first + LEARNING * HOUR, series.times[-1]
    return [start + step * QUARTER for step in range(1, int((end - start) / QUARTER))]


def _outside(
    scores: dict[datetime, float], brand: str, spans: Sequence[tuple[str, datetime, datetime]]
) -> dict[datetime, float]:
    mine = [(start, end) for of, start, end in spans if of == brand]
    return {at: one for at, one in scores.items() if not any(start < at < end + HOUR for start, end in mine)}


def main() -> None:
    for line in lines():
        print(line, flush=True)


if __name__ == "__main__":
    main()
