"""Which spans of real days are called surges? ``python -m tests.benchmarks.surge_replays``; needs ../shared; minutes.

Each replay with ``events.json`` goes through the whole pipeline with the shipped model in virtual time, surges looked
at every 15 minutes. Each span of the file: what is wanted, and what was found that overlaps it (or begins within an
hour of its end) and when, counted from the span's first complaint. What is found outside is false. Beside that, on the
same complaints by the quarter of an hour: more than twice the mean hour of the last seven days, and at least eight.
"""

import json
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from monitor.app import App, build
from monitor.collectors.replay import Options, brands, create
from monitor.core.surge import FEWEST, Often, Surge
from monitor.fields import FieldMap
from monitor.replay import VirtualClock, replay
from monitor.settings import Brand, Settings, StoreSettings, SurgeSettings, TargetSettings
from monitor.store.schema import mentions

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "replay"
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Wave:
    """Something that was found, by us or by a rule."""

    brand: str
    what: str
    start: datetime
    end: datetime


def replayed(name: str, often: Often, folder: Path) -> App:
    posts = DATA / name / "posts.jsonl"
    watched = tuple(Brand(name=brand, terms=(brand,)) for brand in dict.fromkeys(brands((posts,), FieldMap())))
    settings = Settings(
        store=StoreSettings(url=f"sqlite:///{folder / name}.db"),
        brands=watched,
        targets={"team": TargetSettings(use="console")},
        surges=SurgeSettings(false_ones=often),
    )
    clock = VirtualClock()
    app = build(settings, clock=clock, durable=False)
    # Nothing is delivered: what is decided is what is measured.
    app.targets = {}
    replay(app, create(Options(paths=(posts,))), clock)
    return app


def ours(app: App) -> list[Wave]:
    found: list[Surge] = app.store.surges(datetime.fromisoformat("1970-01-01T00:00:00+00:00"))
    return [Wave(one.brand, str(one.kind), one.found_at, one.ended_at or one.told_at) for one in found]


def complaints(app: App) -> dict[str, list[datetime]]:
    query = select(mentions.c.brand, mentions.c.posted_at).where(mentions.c.case_id.is_not(None))
    found: dict[str, list[datetime]] = {}
    with app.store.engine.connect() as connection:
        for brand, at in connection.execute(query.order_by(mentions.c.posted_at)):
            found.setdefault(brand, []).append(at)
    return found


def by_rule(times: dict[str, list[datetime]]) -> list[Wave]:
    """Twice the mean hour of the last seven days, or of what there is of them after the first day."""
    found = []
    for brand, at in times.items():
        now, began = at[0] + timedelta(days=1), None
        while now < at[-1] + QUARTER:
            last = bisect_left(at, now) - bisect_left(at, now - HOUR)
            start = max(at[0], now - HOUR - WEEK)
            usual = (bisect_left(at, now - HOUR) - bisect_left(at, start)) / ((now - HOUR - start) / HOUR)
            is_high = last >= FEWEST and last > 2 * usual
            if is_high and began is None:
                began = now
            if not is_high and began is not None:
                found.append(Wave(brand, "rule", began, now))
                began = None
            now += QUARTER
    return found


def overlapping(event: dict[str, Any], waves: Sequence[Wave]) -> list[Wave]:
    start, end = datetime.fromisoformat(event["start"]), datetime.fromisoformat(event["end"])
    return [one for one in waves if one.brand == event["brand"] and one.start < end + HOUR and one.end > start]


def lines(name: str, folder: Path) -> Iterator[str]:
    app = replayed(name, Often.MONTHLY, folder)
    times = complaints(app)
    events = json.loads((DATA / name / "events.json").read_text("utf-8"))
    waves = {"ours": ours(app), "twice 7 days": by_rule(times)}
    yield f"\n{name}: {sum(map(len, times.values())):,} complaints of {len(times)} brands"
    for event in events:
        at = times.get(event["brand"], [])
        first = at[min(bisect_left(at, datetime.fromisoformat(event["start"])), len(at) - 1)] if at else None
        cells = []
        for one in waves.values():
            hits = overlapping(event, one)
            delay = f", {(hits[0].start - first) / timedelta(minutes=1):.0f} min" if hits and first else ""
            cells.append(f"{hits[0].what}{delay}" if hits else "nothing")
        span = f"{event['brand']} {event['start'][5:16]} {event['kind']} (wanted: {event['wanted']})"
        yield f"  {span:<86} {' | '.join(f'{cell:<34}' for cell in cells)}"
    for rule, found in waves.items():
        outside = [one for one in found if not any(one in overlapping(event, found) for event in events)]
        weeks = sum((at[-1] - at[0]) / WEEK for at in times.values()) or 1
        yield f"  outside of these spans, {rule}: {len(outside)}, {len(outside) / weeks:.2f} per brand and week"
    app.store.engine.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="umbrage-") as folder:
        for name in sorted(path.parent.name for path in DATA.glob("*/events.json")):
            for line in lines(name, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
