"""What the jobs need of a store for the do-not-engage list."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from monitor.core.engagement import Person, Restraint


class EngagementWrites(Protocol):
    """The part of a transaction that is about the do-not-engage list."""

    def opener(self, case: int) -> Person | None:
        """Who wrote first in a case; ``None`` where that is not known."""
        ...

    def restrain(self, entry: Restraint) -> None:
        """Put a person on the list, or change how they stand there."""
        ...

    def release(self, case: int, now: datetime) -> int:
        """End what was decided on a case before its time; returns how many entries ended."""
        ...

    def restraints(self, authors: Collection[str]) -> Mapping[Person, Restraint]:
        """What stands about people of these names, also what is over."""
        ...

    def end(self, entry: Restraint, now: datetime) -> bool:
        """Its time is over, and that is told; ``False`` if somebody did that, or changed it, meanwhile."""
        ...


class EngagementReads(Protocol):
    """The part of a store that is about the do-not-engage list."""

    def opener(self, case: int) -> Person | None: ...

    def restrained(self, now: datetime) -> list[Restraint]:
        """Whom nobody answers now; who comes back first is first."""
        ...

    def over(self, now: datetime) -> list[Restraint]:
        """What is over and was not told to be."""
        ...
