"""What the jobs need of a store for cases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.core.alerting import Told
from monitor.core.case import Case, Fact, FirstWords, Move
from monitor.core.case_message import Above, Author, Similar
from monitor.core.cause import Complaint
from monitor.core.verdict import Label
from monitor.ports.shapes import Draft, Filed, Last, Person, Quoting, Standing, Talk, Threaded, Unfiled, Voice
from monitor.ports.splits import SplitWrites


class CaseWrites(SplitWrites, Protocol):
    """The part of a transaction that is about cases."""

    def threads(self, posts: Collection[Unfiled | Talk], longest: int) -> dict[tuple[str, str, str], Threaded]:
        """What the posts answer, and what that answers, by (platform, brand, id there); ``longest`` steps up."""
        ...

    def reported(self, names: Collection[str]) -> dict[tuple[str, str], int]:
        """The cases of posts that people reported, by (brand, id), of those that are in one."""
        ...

    def like(self, keys: Collection[str], fingerprints: Collection[str]) -> dict[str, list[Filed]]:
        """The newest filed complaints by each of these keys, and of each brand by each of these words."""
        ...

    def add_keys(self, keys: Iterable[tuple[str, int]]) -> None:
        """By these keys a complaint is found when somebody copies it; pairs of a key and a mention."""
        ...

    def cases_of_voices(self, causes: Collection[int], authors: Collection[str]) -> dict[Voice, int]:
        """The newest case of each of these people about each of these causes."""
        ...

    def last_of_people(self, authors: Collection[str], since: datetime) -> dict[Person, Last]:
        """In which open case each of these people complained last, by accounts of theirs, if since a moment."""
        ...

    def writers(self, cases: Collection[int], authors: Collection[str]) -> set[tuple[int, str, str]]:
        """Who of these people has written in which of these cases, as (case, platform, author)."""
        ...

    def open_cases(self, drafts: Sequence[Draft]) -> list[Case]:
        """Open cases, in this order."""
        ...

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

    def correct_case(self, case: int, label: Label, by: str, why: str, now: datetime, topic: str | None = None) -> None:
        """What a person says about every post of a case, and what it is about; the last word on a post counts."""
        ...

    def overruled(self, complaints: Collection[Unfiled]) -> set[int]:
        """The mentions of those of which a person has said, of the same words of their author: it is no complaint."""
        ...

    def dismiss(self, ids: Collection[int]) -> None:
        """These complaints are none, says a person: they are filed nowhere and told to nobody."""
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

    def above(self, complaint: Complaint) -> list[Above]:
        """The posts that a complaint answers, as far as they are kept: the nearest ones, in the order of the talk."""
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
        """How many messages that stand by themselves targets got about complaints lately, lists of the rest aside."""
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

    def first_words(self, cases: Collection[int]) -> dict[int, FirstWords]:
        """With which words each case began; none of those whose authors deleted them."""
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
