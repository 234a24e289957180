"""What the jobs need of a store for cases."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.core.alerting import Told
from monitor.core.case import Case, Fact, Move
from monitor.core.case_message import Author, Similar
from monitor.core.cause import Complaint
from monitor.core.verdict import Label
from monitor.ports.shapes import Filed, Quoting, Standing, Unfiled


class CaseWrites(Protocol):
    """The part of a transaction that is about cases."""

    def conversation(self, complaint: Unfiled) -> int | None:
        """The case of the conversation that a complaint belongs to, by what it answers, step by step."""
        ...

    def like(self, complaint: Unfiled, keys: Collection[str], since: datetime) -> list[Filed]:
        """Filed complaints about the brand that may be copies, by their keys or words, newest first."""
        ...

    def add_keys(self, complaint: Unfiled, keys: Collection[str]) -> None:
        """By these keys a complaint is found when somebody copies it."""
        ...

    def case_of_voice(self, complaint: Unfiled, cause: int) -> int | None:
        """The newest case of the same person about this cause."""
        ...

    def is_voice_of(self, case: int, complaint: Unfiled) -> bool:
        """Has the author of a complaint written in this case before?"""
        ...

    def open_case(self, cause: int, complaint: Unfiled, topic: str, level: int, reasons: Sequence[str]) -> Case: ...

    def cases(self, ids: Collection[int]) -> dict[int, Case]: ...

    def move(self, before: Case, after: Case, move: Move, due_at: datetime | None) -> bool:
        """Keep a step and what became of the case; ``False`` if the case or its facts are not as they were.

        Then nothing must be kept: the caller rolls back.
        """
        ...

    def facts(self, case: int) -> list[Fact]: ...

    def set_told_at(self, now: datetime, due_at: Mapping[int, datetime | None]) -> None:
        """These cases were told to somebody now, and when something is due; the first time the team's clock starts."""
        ...

    def set_due(self, case: int, due_at: datetime | None) -> None:
        """When the case has to be looked at next."""
        ...

    def correct_case(self, case: int, label: Label, by: str, why: str, now: datetime) -> None:
        """What a person says about every post of a case; the last word on a post counts."""
        ...

    def is_overruled(self, complaint: Unfiled) -> bool:
        """Has a person said of the same words of the same author that they are no complaint?"""
        ...

    def dismiss(self, mention: int) -> None:
        """This complaint is none, says a person: it is filed nowhere and told to nobody."""
        ...

    def promote(self, mention: int) -> bool:
        """This post is a complaint, says a person: it is filed and told; ``False`` if it was before."""
        ...

    def numbers_of(self, platform: str, name: str) -> list[int]:
        """The numbers of a post, one for each brand."""
        ...

    def author(self, complaint: Complaint) -> Author | None:
        """What we have seen of the author of a complaint; ``None`` when we do not know who it is."""
        ...

    def similar(self, case: Case) -> list[Similar]:
        """The latest satisfied cases about the same thing, with what was done."""
        ...

    def parents_of(self, case: int) -> list[Quoting]:
        """The messages that stand for a case, one for each target that was told of it by itself."""
        ...

    def message(self, target: str, key: str) -> Quoting | None:
        """The message of a target that has a key."""
        ...

    def parents_since(self, causes: Collection[int], since: datetime) -> dict[tuple[int, str], int]:
        """How many messages of their own single cases got since a moment, by (cause, target)."""
        ...

    def last_listed(self, targets: Collection[str]) -> dict[str, datetime]:
        """When a target last got a list of what it had no room for, of those that did."""
        ...

    def standing(self, targets: Collection[str], now: datetime) -> dict[str, Standing]:
        """How many messages that stand by themselves targets got about complaints lately."""
        ...

    def told_of_cases(self, of: Collection[int]) -> dict[tuple[int, str], Told]:
        """What has been said about single cases, by (case, target): messages, when, and the key of the parent."""
        ...


class CaseReads(Protocol):
    """The part of a store that is about cases."""

    def case(self, number: int) -> Case | None: ...

    def facts(self, case: int) -> list[Fact]:
        """Every step of a case, oldest first."""
        ...

    def name_of(self, user: str) -> str | None:
        """What somebody who took a step before is called."""
        ...

    def due_cases(self, now: datetime, limit: int) -> list[Case]:
        """Cases in which something is due, longest due first."""
        ...

    def open_cases_of(self, owner: str | None = None, limit: int = 50) -> list[Case]:
        """Cases that have not ended, of one owner or of all; the customer who waits longest comes first."""
        ...
