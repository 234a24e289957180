"""Trouble with a source: what an error means for its health, and how long it is left alone."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.errors import AuthFailed, ConfigError, OutOfBudget, PartlyRead, RateLimited, SourceError
from monitor.core.health import Health, rest

log = logging.getLogger(__name__)

SHORTEST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)


def as_source_error(name: str, error: Exception) -> SourceError:
    """The error as one of a source; a missing secret is refused access, anything unforeseen is a bug."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, ConfigError):
        return AuthFailed(str(error))
    log.error("%s failed unexpectedly", name, exc_info=error)
    return SourceError(f"unexpected {type(error).__name__}; please report it")


def failed(health: Health, problem: SourceError, now: datetime, jitter: float) -> Health:
    """The health after a failure: it rests for as long as the platform asks, else longer with every failure."""
    streak = health.streak + 1
    if isinstance(problem, PartlyRead):
        return replace(health, last_ok=now, troubled_since=health.troubled_since or now, problem=str(problem))
    needs_person = isinstance(problem, AuthFailed | OutOfBudget)
    until = now + (LONGEST_REST if needs_person else rest(streak, SHORTEST_REST, LONGEST_REST, jitter))
    if isinstance(problem, RateLimited):
        asked = problem.until or (now + problem.wait if problem.wait else None)
        until = max(asked, now) if asked else until
    log.warning("source=%s problem=%r resting_until=%s", health.name, str(problem), until.isoformat())
    return replace(
        health,
        troubled_since=health.troubled_since or now,
        streak=streak,
        problem=str(problem),
        is_permanent=needs_person,
        resting_until=until,
    )
