"""Collect: read one source to the end of what is new and store what is about a brand."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited, SourceError, StoreError
from monitor.core.health import Health, rest
from monitor.core.mention import Mention, Page, storable
from monitor.core.watch import Match, Matcher, Watch
from monitor.ports import Collector, Round, Store

log = logging.getLogger(__name__)

SHORTEST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
EVER = datetime(1, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)
NEWS = timedelta(minutes=1)
"""That a source still works is written down at most so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One configured source: a collector under a name, and how far back it looks on its first start."""

    name: str
    collector: Collector
    look_back: timedelta

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
    seen = stored = 0
    skipped: Counter[str] = Counter()
    problem: SourceError | None = None
    try:
        for page in source.collector.pages(asked):
            wanted = list(_wanted(page, matcher, oldest, now, skipped))
            with store.begin() as transaction:
                found = [(mention, match) for mention, matches in wanted for match in matches]
                new = transaction.add_mentions(source.name, found, now)
                if page.cursor is not None:
                    transaction.set_cursor(source.name, page.cursor, now)
            seen += len(page.mentions)
            stored += new
            skipped["already known"] += len(wanted) - new
    except SourceError as error:
        problem = error
    except ConfigError as error:
        problem = AuthFailed(str(error))
    except StoreError:
        raise
    except Exception as error:
        log.exception("source=%s failed unexpectedly", source.name)
        problem = SourceError(f"unexpected {type(error).__name__}; please report it")
    if problem is None and oldest != EVER:
        with store.begin() as transaction:
            transaction.set_oldest(source.name, EVER, now)
    after = _failed(health, problem, now, jitter) if problem else _worked(health, seen, now)
    if problem or health.troubled_since or health.last_ok is None or now - health.last_ok >= NEWS:
        with store.begin() as transaction:
            transaction.set_health(after)
    return Collected(
        seen=seen, stored=stored, skipped=tuple((+skipped).items()), problem=str(problem) if problem else None
    )


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


def _failed(health: Health, problem: SourceError, now: datetime, jitter: float) -> Health:
    streak = health.streak + 1
    if isinstance(problem, PartlyRead):
        return replace(health, last_ok=now, troubled_since=health.troubled_since or now, problem=str(problem))
    until = now + (
        LONGEST_REST if isinstance(problem, AuthFailed) else rest(streak, SHORTEST_REST, LONGEST_REST, jitter)
    )
    if isinstance(problem, RateLimited):
        asked = problem.until or (now + problem.wait if problem.wait else None)
        until = max(asked, now) if asked else until
    log.warning("source=%s problem=%r resting_until=%s", health.name, str(problem), until.isoformat())
    return replace(
        health,
        troubled_since=health.troubled_since or now,
        streak=streak,
        problem=str(problem),
        is_permanent=isinstance(problem, AuthFailed),
        resting_until=until,
    )
