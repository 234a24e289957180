"""What the jobs need of a store to take posts out of a case."""

from collections.abc import Collection
from typing import Protocol

from monitor.ports.shapes import Member, Quoting, Split, Talk


class SplitWrites(Protocol):
    """The part of a transaction that is about posts which joined a case and are about something else."""

    def members(self, case: int) -> list[Member]:
        """The complaints of a case, oldest first."""
        ...

    def posts(self, ids: Collection[int]) -> list[Talk]:
        """Posts by their numbers."""
        ...

    def rehome(self, ids: Collection[int], old: int, new: int) -> bool:
        """Put complaints of one case into another, where they are to be told; ``False`` if one is elsewhere by now.

        Then nothing must be kept: the caller rolls back.
        """
        ...

    def untell(self, ids: Collection[int]) -> list[Quoting]:
        """Targets count as told of these complaints no more, but in incidents; returns the messages that told them."""
        ...

    def splits(self, fingerprints: Collection[str], mentions: Collection[int]) -> list[Split]:
        """What people took out of cases, of these words or of these posts, in the order in which they did."""
        ...
