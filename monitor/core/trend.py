"""Trend: is what happens now more than usual? A plain rule for messages about a cause; surges have a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How many distinct authors complained in the last hour, and per hour before that."""

    now: int
    per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """Complaints about a topic of a brand: in the last 24 hours, by how many authors, and per day in the week before.

    ``per_day`` is ``None`` while there is less than a day of history before the last one.
    """

    day: int
    authors: int
    per_day: float | None


ALIKE = 3
"""So many different people must have complained for their complaints to be called similar."""


def similar(lately: Lately) -> str:
    """How often others complain about the same; empty where they are too few.

    For example ``5 complaints in 24 h by 4 people, usual 2 a day``.
    """
    if lately.authors < ALIKE:
        return ""
    said = f"{lately.day} complaints in 24 h by {lately.authors} people"
    if lately.per_day is None:
        return said
    return f"{said}, usual {'under 1' if lately.per_day < 1 else round(lately.per_day)} a day"


AT_LEAST = 8
"""Fewer people than this are never unusual, however quiet it was before."""

RATIO = 4.0


def is_unusual(usual: Usual) -> bool:
    """Enough different people, and several times as many as usual. Without history nothing is unusual."""
    return usual.per_hour > 0 and usual.now >= AT_LEAST and usual.now >= RATIO * usual.per_hour
