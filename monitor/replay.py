"""Replay: recorded posts through the whole pipeline in virtual time."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from monitor.app import App
from monitor.core.mention import Page
from monitor.core.message import plain_text
from monitor.jobs.collect import Source
from monitor.ports import Collector, Round
from monitor.store.report import Report

SOURCE = "replay"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAGES = ("read", "collect", "classify", "triage", "digest", "deliver")
LOOK = timedelta(minutes=15)
"""How often surges and digests are looked at."""

AFTERMATH = timedelta(days=2)
"""How long after the last post we wait for what is still held back, such as by quiet hours."""


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back; it starts in 1970.

    ``wait`` is called with the span of every move but the first, for those who want to watch time pass.
    """

    def __init__(self, wait: Callable[[timedelta], object] = lambda _: None) -> None:
        self._now = _EPOCH
        self._wait = wait

    def __call__(self) -> datetime:
        return self._now

    def move(self, moment: datetime) -> None:
        if moment > self._now:
            if self._now != _EPOCH:
                self._wait(moment - self._now)
            self._now = moment


@dataclass(slots=True)
class Replayed:
    """What a replay did. ``seconds`` is CPU time by stage."""

    posts: int = 0
    stored: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    looked: datetime | None = None
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_STAGES, 0.0))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the CPU time of the block to a stage."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - start


class _OnePage:
    """A collector that hands over one page at a time, so that the clock can move between pages."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def pages(self, asked: Round) -> Iterator[Page]:  # noqa: ARG002
        yield self._page


def replay(
    app: App,
    collector: Collector,
    clock: VirtualClock,
    on_progress: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Push every page through all stages at the moment of its last post; between pages, what waits gets its turn.

    The classifier's errors end the replay; everything else is counted.
    """
    done = Replayed()
    wake: datetime | None = None
    pages = iter(collector.pages(Round(watches=app.watches, cursor=None, since=clock(), now=clock())))
    while (page := _next_page(pages, done)) is not None:
        if page.mentions:
            moment = max(mention.posted_at for mention in page.mentions)
            _catch_up(app, clock, wake, moment, done)
            clock.move(moment)
            done.first = done.first or min(mention.posted_at for mention in page.mentions)
            done.last = clock()
        _collect(app, page, done)
        wake = _round(app, done)
        on_progress(done)
    if done.last is not None:
        _catch_up(app, clock, wake, done.last + AFTERMATH, done)
    return done


def write_json(done: Replayed, app: App, report: Report, out: IO[str]) -> None:
    """The report as one JSON object, written as it is read, so that a million verdicts need no memory."""
    head: dict[str, Any] = {
        "posts": done.posts,
        "stored": done.stored,
        "skipped": sum(done.skipped.values()),
        "skipped_reasons": dict(done.skipped),
        "seconds": {stage: round(spent, 3) for stage, spent in done.seconds.items()},
        "cases": [
            {
                "key": cause.key,
                "brand": cause.brand,
                "topic": cause.topic,
                "opened_at": _iso(cause.opened_at),
                "mentions": ids,
            }
            for cause, ids in report.all_causes()
        ],
        "surges": [
            {
                "brand": surge.brand,
                "topic": surge.topic,
                "kind": surge.kind,
                "found_at": _iso(surge.found_at),
                "ended_at": _iso(surge.ended_at) if surge.ended_at else None,
                "people": surge.people,
            }
            for surge in app.store.surges(_EPOCH)
        ],
        "alerts": [
            {
                "at": _iso(row["created_at"]),
                "brand": report.cause_of(row).brand,
                "case": report.cause_of(row).key,
                "reason": row["reason"],
                "channel": row["target"],
                "in_thread": row["thread"] is not None,
                "mentions": ids,
                "text": plain_text(message),
            }
            for row, message, ids in report.all_alerts()
        ],
    }
    out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "verdicts": {')
    separator = ""
    for row in report.all_verdicts():
        verdict = {"complaint": round(row["complaint"], 4), "label": row["label"], "topics": row["topics"]}
        out.write(f"{separator}{json.dumps(row['native_id'])}: {json.dumps(verdict)}")
        separator = ", "
    out.write("}}\n")


def _next_page(pages: Iterator[Page], done: Replayed) -> Page | None:
    with done.timed("read"):
        page = next(pages, None)
    if page is not None:
        done.posts += len(page.mentions) + sum(count for _, count in page.skipped)
    return page


def _collect(app: App, page: Page, done: Replayed) -> None:
    app.sources[SOURCE] = Source(name=SOURCE, collector=_OnePage(page), look_back=timedelta(days=36_500))
    with done.timed("collect"):
        collected = app.collect(SOURCE)
    if collected.problem:
        raise RuntimeError(collected.problem)
    done.stored += collected.stored
    done.skipped.update(dict(collected.skipped))


def _round(app: App, done: Replayed) -> datetime | None:
    """Classify, triage and deliver everything at this moment; returns when triage wants to be asked again."""
    with done.timed("classify"):
        while app.classify():
            pass
    with done.timed("triage"):
        triaged = app.triage()
    told = triaged.alerts
    if done.looked is None or app.clock() - done.looked >= LOOK:
        done.looked = app.clock()
        with done.timed("digest"):
            while app.gather():
                pass
            told += app.watch_surges() + app.digest()
    if told:
        with done.timed("deliver"):
            for name in app.targets:
                while app.deliver(name):
                    pass
    return triaged.next_at


def _catch_up(app: App, clock: VirtualClock, wake: datetime | None, until: datetime, done: Replayed) -> None:
    """Give what waits its turn, and look at surges and digests, up to a moment."""
    while True:
        next_look = done.looked + LOOK if done.looked else until
        turn = min(next_look, wake or until)
        if turn >= until:
            return
        clock.move(turn)
        wake = _round(app, done)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
