"""The health of a source or target: a quiet source is never mistaken for peace."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What we know of one source or target. ``troubled_since`` is set from the first failure to the next success.

    ``told_at`` is written by whoever tells people, and by nobody else: all other fields belong to the job.
    """

    name: str
    last_ok: datetime | None = None
    last_item: datetime | None = None
    troubled_since: datetime | None = None
    streak: int = 0
    problem: str | None = None
    is_permanent: bool = False
    resting_until: datetime | None = None
    told_at: datetime | None = None

    def is_resting(self, now: datetime) -> bool:
        return self.resting_until is not None and now < self.resting_until


def rest(streak: int, shortest: timedelta, longest: timedelta, jitter: float) -> timedelta:
    """The pause after the ``streak``-th failure in a row: doubling, capped, and spread by ``jitter`` (0 to 1).

    The pause lies between half and all of the doubled value, so that many clients do not return at once.
    """
    doubled = min(longest, shortest * int(2 ** min(streak - 1, 30)))
    return doubled / 2 + doubled / 2 * jitter


def is_worth_telling(health: Health, now: datetime, patience: timedelta) -> bool:
    """Trouble is told once: at once when only a person can end it, else when it has lasted for ``patience``."""
    if health.troubled_since is None or health.told_at is not None:
        return False
    return health.is_permanent or now - health.troubled_since >= patience


def is_back(health: Health) -> bool:
    """Trouble was told and is over; that is told once too."""
    return health.troubled_since is None and health.told_at is not None
