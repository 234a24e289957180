"""Placing: which case each complaint of a batch belongs to. The store is asked once for all of them."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.duplicates import is_copy, keys, likeness
from monitor.core.mention import reported_id
from monitor.core.text import fingerprint
from monitor.ports import Filed, Person, Split, Threaded, Transaction, Unfiled, Voice

COPIES = timedelta(days=7)
"""The same words within this time are one case; after it somebody may well mean something new."""

SAME_PERSON = timedelta(days=1)
"""Who complains about a brand again so soon goes on about their matter, in whatever topic the model sees it."""

_LOOKED_AT = 20
"""So many of a batch are looked at that share a key or their words with another of it."""

LONGEST_THREAD = 20
"""Answers to answers, up to the post that opened the case."""


class Place(NamedTuple):
    """Where a complaint belongs: a case that is there, or one of those that are to be opened, by their order."""

    is_new: bool
    number: int


class _Told(NamedTuple):
    """A post that a complaint may be a copy of, and where it belongs."""

    post: Unfiled | Filed
    place: Place


def _recent() -> defaultdict[str, deque[tuple[Unfiled, Place]]]:
    return defaultdict(lambda: deque(maxlen=_LOOKED_AT))


@dataclass(slots=True)
class Places:
    """The places of a batch, found in the order in which its complaints are put to :meth:`of`."""

    transaction: Transaction
    complaints: Sequence[Unfiled]
    _keys: dict[int, tuple[str, ...]] = field(init=False)
    _alike: dict[str, list[Filed]] = field(init=False)
    _thread: dict[tuple[str, str, str], Threaded] = field(init=False)
    _reported: dict[tuple[str, str], int] = field(init=False)
    _splits: list[Split] = field(init=False)
    _apart: set[int] = field(init=False)
    _authors: set[str] = field(init=False)
    _voices: dict[Voice, Place] = field(init=False, default_factory=dict)
    _people: dict[Person, tuple[Place, datetime]] = field(init=False)
    _asked: set[int] = field(init=False, default_factory=set)
    _placed: dict[int, Place] = field(init=False, default_factory=dict)
    _here: dict[str, deque[tuple[Unfiled, Place]]] = field(init=False, default_factory=_recent)
    _drafts: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        # With the brand, so that a flood about one brand does not hide the copies of another.
        self._keys = {one.mention: tuple(f"{key} {one.brand}" for key in keys(one.text)) for one in self.complaints}
        found_by = {key for found in self._keys.values() for key in found}
        self._alike = self.transaction.like(found_by, {complaint.fingerprint for complaint in self.complaints})
        self._thread = self.transaction.threads(self.complaints, LONGEST_THREAD)
        self._reported = self.transaction.reported({reported_id(one.url) for one in self.complaints if one.url})

        alike = {filed.mention for found in self._alike.values() for filed in found}
        self._splits = self.transaction.splits({complaint.fingerprint for complaint in self.complaints}, alike)
        self._apart = {split.mention for split in self._splits}

        self._authors = {complaint.author for complaint in self.complaints if complaint.author is not None}
        since = min(complaint.posted_at for complaint in self.complaints) - SAME_PERSON
        last = self.transaction.last_of_people(self._authors, since)
        self._people = {person: (Place(is_new=False, number=one.case), one.at) for person, one in last.items()}

    def know(self, causes: Collection[int]) -> None:
        """Ask for the cases that the authors of the batch have about these causes."""
        fresh = set(causes) - self._asked
        if not fresh:
            return
        for voice, case in self.transaction.cases_of_voices(fresh, self._authors).items():
            self._voices.setdefault(voice, Place(is_new=False, number=case))
        self._asked |= fresh

    def keys(self) -> Iterator[tuple[str, int]]:
        """By which keys each complaint is found when somebody copies it."""
        return ((key, mention) for mention, found in self._keys.items() for key in found)

    def reported(self, complaint: Unfiled) -> int | None:
        """The case of the same post, which somebody reported before a source brought it."""
        return self._reported.get((complaint.brand, reported_id(complaint.url))) if complaint.url else None

    def of(self, complaint: Unfiled, cause: int) -> Place:
        """That of its conversation, of its copies, of the report of it, or of its author; else new.

        What a person has taken out of a case does not join it again.
        """
        self.know([cause])
        voice = Voice(cause, complaint.platform, complaint.author) if complaint.author is not None else None
        place = self._of_conversation(complaint) or self._of_copies(complaint) or self._of_report(complaint)
        if place is None and voice is not None:
            place = self._voices.get(voice) or self._of_person(complaint, voice)
        if place is None:
            place = Place(is_new=True, number=self._drafts)
            self._drafts += 1
        place = self._after_splits(complaint, place)
        self._placed[complaint.mention] = place
        if voice is not None:
            self._voices[voice] = max(self._voices.get(voice, place), place)
            if complaint.has_account:
                person = Person(complaint.brand, voice.platform, voice.author)
                self._people[person] = place, complaint.posted_at
        for name in (*self._keys[complaint.mention], complaint.fingerprint):
            self._here[name].append((complaint, place))
        return place

    def _of_person(self, complaint: Unfiled, voice: Voice) -> Place | None:
        """That in which somebody complained about the same brand within a day, about whatever."""
        place, at = self._people.get(Person(complaint.brand, voice.platform, voice.author), (None, complaint.posted_at))
        return place if complaint.has_account and abs(complaint.posted_at - at) <= SAME_PERSON else None

    def _of_conversation(self, complaint: Unfiled) -> Place | None:
        parent = complaint.reply_to
        for _ in range(LONGEST_THREAD):
            if parent is None:
                return None
            post = self._thread.get((complaint.platform, complaint.brand, parent))
            if post is None:
                return None
            if post.case is not None:
                return Place(is_new=False, number=post.case)
            if post.mention in self._placed:
                return self._placed[post.mention]
            parent = post.reply_to
        return None

    def _after_splits(self, complaint: Unfiled, place: Place) -> Place:
        """Where the same words of the same person went when somebody took them out of this case."""
        if place.is_new or complaint.author is None:
            return place
        said = (complaint.brand, complaint.platform, complaint.author, complaint.fingerprint)
        for split in self._splits:
            if (split.brand, split.platform, split.author, split.fingerprint) == said and split.old == place.number:
                place = Place(is_new=False, number=split.new)
        return place

    def _of_report(self, complaint: Unfiled) -> Place | None:
        case = self.reported(complaint)
        return None if case is None else Place(is_new=False, number=case)

    def _of_copies(self, complaint: Unfiled) -> Place | None:
        """That of what this is a copy of, newest first; of the same few words only if they are the same person's."""
        names = (*self._keys[complaint.mention], complaint.fingerprint)
        here = {one.mention: (one, place) for name in names for one, place in self._here.get(name, ())}
        before = {one.mention: one for name in names for one in self._alike.get(name, ())}
        since = complaint.posted_at - COPIES
        found = [_Told(*one) for one in reversed(here.values())]
        older = [before[number] for number in sorted(before, reverse=True)]
        found += [_Told(filed, Place(is_new=False, number=filed.case)) for filed in older]
        copies = (one for one in found if one.post.posted_at >= since and is_told_again(complaint, one.post))
        if self._apart.isdisjoint(before):
            return next((one.place for one in copies), None)
        # A person has told two of them apart: which of them it is a copy of is what it is most like.
        nearest = sorted(copies, key=lambda one: likeness(complaint.text, one.post.text), reverse=True)
        return nearest[0].place if nearest else None


def is_told_again(complaint: Unfiled, post: Unfiled | Filed) -> bool:
    """Whether a complaint says what a post said before: a copy, or the same few words of the same person."""
    if post.brand != complaint.brand:
        return False
    is_own = complaint.author is not None and post.author == complaint.author
    return (is_own and fingerprint(post.text) == complaint.fingerprint) or is_copy(complaint.text, post.text)
