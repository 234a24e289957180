"""What only the weekly edition says: its days, who complained again after us, and how many may be silent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekday:
    """One day of the week; ``usual`` is the mean of how many people complained on that day of up to four weeks."""

    day: date
    complaints: int
    people: int
    usual: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWeek:
    """How many people complained about a topic on each day, in order."""

    topic: str
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relapse:
    """Cases about a topic that we called done or closed, and those after which the customer complained again.

    Many of them mean that what we do covers the wound and does not heal it.
    """

    topic: str
    done: int
    again: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiced:
    """What is assumed of a kind of trouble: the least and the largest share of those affected who speak up."""

    kind: str
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """How many were affected, from ``low`` to ``high``, if so many ``people`` spoke up: a range of a guess."""

    assumed: Voiced
    people: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The parts of the weekly edition. ``silent`` is empty unless somebody asked for it."""

    days: tuple[Weekday, ...]
    courses: tuple[TopicWeek, ...]
    relapses: tuple[Relapse, ...]
    silent: tuple[Silent, ...]


MONEY, QUALITY, ALL_ELSE = "money lost", "poor quality or treatment", "all else"
KINDS = {
    "billing_refund": MONEY,
    "delivery": QUALITY,
    "delay_or_outage": QUALITY,
    "product_defect": QUALITY,
    "service_conduct": QUALITY,
    "unreachable": QUALITY,
    "account_app": QUALITY,
}
"""The kind of trouble that a topic is."""

_VOICED = (
    Voiced(kind=MONEY, least=0.5, most=0.75),
    Voiced(kind=QUALITY, least=0.05, most=0.3),
    Voiced(kind=ALL_ELSE, least=1 / 26, most=0.75),
)
"""Old figures, known at second hand: those of John Goodman and TARP, and "one in 26". What is neither kind takes the
outer ends."""


def silent(people: Mapping[str, int]) -> Iterator[Silent]:
    """The ranges, from how many people complained by kind of trouble."""
    for assumed in _VOICED:
        if count := people.get(assumed.kind, 0):
            low, high = round(count / assumed.most), round(count / assumed.least)
            yield Silent(assumed=assumed, people=count, low=low, high=high)
