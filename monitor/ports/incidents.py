"""What the jobs need of a store for incidents."""

from collections.abc import Collection
from typing import Protocol

from monitor.core.case import Case, Fact, Move
from monitor.core.incident import Incident
from monitor.core.incident_message import Standing
from monitor.ports.shapes import Quoting


class IncidentWrites(Protocol):
    """The part of a transaction that is about incidents."""

    def incidents(self, causes: Collection[int]) -> dict[int, Incident]:
        """These causes as incidents; ``told_at`` is empty for one that was never told as one."""
        ...

    def incident_facts(self, cause: int) -> list[Fact]: ...

    def move_incident(self, before: Incident, after: Incident, move: Move) -> bool:
        """Keep a step and what became of the incident; ``False`` if it or its facts are not as they were.

        Then nothing must be kept: the caller rolls back.
        """
        ...

    def cases_of_incident(self, cause: int) -> list[Case]:
        """The cases of it that have not ended, oldest first."""
        ...

    def messages_of_incident(self, cause: int) -> list[Quoting]:
        """The messages that stand for it, oldest first."""
        ...

    def posts_of(self, case: int) -> list[int]:
        """The complaints of a case that were not forgotten, by mention."""
        ...

    def groups_of(self, case: int) -> list[Quoting]:
        """The latest message to each target that told a case among others."""
        ...


class IncidentReads(Protocol):
    """The part of a store that is about incidents."""

    def open_incidents(self) -> list[Standing]:
        """Incidents with cases that have not ended; the one whose first customer waits longest comes first."""
        ...
