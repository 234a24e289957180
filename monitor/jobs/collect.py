"""Collect: read one source to the end of what is new and store what is about a brand."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.core.errors import SourceError, StoreError
from monitor.core.health import Health
from monitor.core.mention import Mention, Page, storable
from monitor.core.watch import Match, Matcher, Watch
from monitor.jobs.forget import forget, rewrite
from monitor.jobs.meter import metered_pages
from monitor.jobs.trouble import as_source_error, failed
from monitor.ports import Collector, Round, Store, Streaming

log = logging.getLogger(__name__)

EVER = datetime(1, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)
NEWS = timedelta(minutes=1)
"""That a source still works is written down at most so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One configured source: a collector under a name, how far back it looks on its first start, and how often posts
    are looked up again to see whether they were edited or deleted.
    """

    name: str
    collector: Collector
    look_back: timedelta
    refresh: timedelta = timedelta(hours=12)

    @property
    def health(self) -> str:
        """The name of this source's health record."""
        return f"source/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one round read: posts seen, mentions that were new, and what was skipped for which reason."""

    seen: int = 0
    stored: int = 0
    skipped: tuple[tuple[str, int], ...] = ()
    problem: str | None = None


def collect(
    source: Source, watches: Sequence[Watch], matcher: Matcher, store: Store, now: datetime, jitter: float
) -> Collected:
    """Read a source once. Whatever it raises is noted in its health and rests it; only ``StoreError`` escapes.

    Each page is stored together with the cursor it carries, so a crash repeats a page and never skips one.
    """
    health = store.health(source.health)
    if health.is_resting(now):
        return Collected(problem=health.problem)
    cursor, oldest = store.cursor(source.name), _boundary(source, store, now)
    since = now - source.look_back if oldest == EVER else oldest
    asked = Round(watches=tuple(watches), cursor=cursor, since=since, now=now)
    seen = stored = unread = 0
    skipped: Counter[str] = Counter()
    problem: SourceError | None = None
    try:
        for page in metered_pages(source.collector, asked, store):
            wanted = list(_wanted(page, matcher, oldest, now, skipped))
            new = _store(source, page, wanted, store, now)
            seen += len(page.mentions)
            unread += sum(count for _, count in page.skipped)
            stored += new
            skipped["already known"] += len(wanted) - new
    except StoreError:
        raise
    except Exception as error:
        problem = as_source_error(source.health, error)
    if problem is None and oldest != EVER:
        with store.begin() as transaction:
            transaction.set_oldest(source.name, EVER, now)
    after = failed(health, problem, now, jitter) if problem else _worked(health, seen, now)
    if problem or health.troubled_since or health.last_ok is None or now - health.last_ok >= NEWS:
        with store.begin() as transaction:
            transaction.set_health(after)
    if (problem is None or seen or unread) and not isinstance(source.collector, Streaming):
        with store.begin() as transaction:
            transaction.add_pulse(source.name, seen, unread, now)
    return Collected(
        seen=seen, stored=stored, skipped=tuple((+skipped).items()), problem=str(problem) if problem else None
    )


def _store(
    source: Source, page: Page, wanted: Sequence[tuple[Mention, list[Match]]], store: Store, now: datetime
) -> int:
    """Everything that a page says, together with its cursor; how many of its posts were new."""
    found = [(mention, match) for mention, matches in wanted for match in matches]
    with store.begin() as transaction:
        new = transaction.add_mentions(source.name, found, now)
        rewrite(transaction, transaction.amend(map(storable, page.mentions), now), now)
        forget(transaction, page.gone, now)
        transaction.add_gaps(source.name, page.gaps, now)
        if page.cursor is not None:
            transaction.set_cursor(source.name, page.cursor, now)
    return new


def _boundary(source: Source, store: Store, now: datetime) -> datetime:
    """Before which moment posts are too old.

    The boundary of the first reading stands until that reading came to its end, however often it is cut short. After
    it nothing is too old: what arrives late is welcome.
    """
    known = store.oldest(source.name)
    if known is not None:
        return known
    oldest = now - source.look_back
    with store.begin() as transaction:
        transaction.set_oldest(source.name, oldest, now)
    return oldest


def _wanted(
    page: Page, matcher: Matcher, oldest: datetime, now: datetime, skipped: Counter[str]
) -> Iterator[tuple[Mention, list[Match]]]:
    skipped.update(dict(page.skipped))
    for mention in map(storable, page.mentions):
        if not mention.text.strip():
            skipped["no text"] += 1
            continue
        if mention.posted_at < oldest:
            skipped["older than the first look-back"] += 1
            continue
        if mention.posted_at > now + CLOCKS_DIFFER:
            skipped["from the future"] += 1
            continue
        matches = matcher.matches(mention)
        if matches:
            yield mention, matches
        else:
            skipped["about no watched brand"] += 1


def _worked(health: Health, seen: int, now: datetime) -> Health:
    return replace(
        health,
        last_ok=now,
        last_item=now if seen else health.last_item,
        troubled_since=None,
        streak=0,
        problem=None,
        is_permanent=False,
        resting_until=None,
    )
