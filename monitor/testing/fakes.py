"""Stand-ins for the outside world: a collector, a classifier and a notifier that do as they are told, and a clock.

They are for tests of plugins and of whatever is built on :mod:`monitor.ports`. None of them sleeps, reads the clock or
opens a connection, and each keeps a record of what it was asked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.cause import GROUPING, Cause, Complaint
from monitor.core.mention import Mention, Page
from monitor.core.message import Message
from monitor.core.text import fingerprint
from monitor.core.verdict import Score, Thresholds, Word
from monitor.core.watch import Watch
from monitor.ports import Receipt, Round

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""A Monday; what the builders take for now unless told otherwise."""


class Clock:
    """A clock that stands still until it is moved: ``clock()`` is what an application calls."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> datetime:
        """Move on by a span, such as ``minutes=5``, and return the new moment."""
        self.now += timedelta(**span)
        return self.now


class FakeCollector:
    """Gives the scripted pages, then raises ``error`` if there is one.

    Like a real source it starts after the page whose cursor it is handed. ``add`` appends what is posted later; set
    ``error`` to ``None`` to heal it.
    """

    def __init__(self, *pages: Page, error: BaseException | None = None) -> None:
        self.script = list(pages)
        self.error = error
        self.asked: list[Round] = []

    def add(self, *mentions: Mention, skipped: tuple[tuple[str, int], ...] = ()) -> None:
        """One more page, with the next number as its cursor."""
        self.script.append(Page(mentions=mentions, cursor=str(len(self.script) + 1), skipped=skipped))

    def pages(self, asked: Round) -> Iterator[Page]:
        self.asked.append(asked)
        cursors = [page.cursor for page in self.script]
        start = cursors.index(asked.cursor) + 1 if asked.cursor is not None and asked.cursor in cursors else 0
        yield from self.script[start:]
        if self.error is not None:
            raise self.error


def is_loud(text: str) -> float:
    """The rule of a :class:`FakeClassifier` that was given none: ``!!`` makes a complaint."""
    return 0.9 if "!!" in text else 0.1


class FakeClassifier:
    """Scores by a rule, text → probability; topics are the given words that occur in the text, in that order.

    Set ``error`` to break it, and ``intent`` to have every text mean that.
    """

    def __init__(
        self,
        rule: Callable[[str], float] = is_loud,
        topics: Sequence[str] = (),
        *,
        model: str = "fake@1",
        thresholds: Thresholds | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.rule = rule
        self.topics = tuple(topics)
        self.error = error
        self.intent: str | None = None
        self.seen: list[str] = []
        self._model = model
        self._thresholds = thresholds or Thresholds(digest=0.5, alert=0.8)

    @property
    def model(self) -> str:
        return self._model

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs.everywhere(self._thresholds)

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return {}

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        """The loudest words, as those that carried it."""
        return tuple(Word(word, 0.1) for word in text.split() if word.isupper())[:most]

    def score(self, texts: Sequence[str]) -> list[Score]:
        if self.error is not None:
            raise self.error
        self.seen += texts
        return [Score(complaint=self.rule(text), topics=self._topics_of(text), intent=self.intent) for text in texts]

    def _topics_of(self, text: str) -> tuple[tuple[str, float], ...]:
        return tuple((topic, 1.0) for topic in self.topics if topic in text)


@dataclass(slots=True)
class FakeNotifier:
    """Keeps what it is sent on its ``wire``: what people at the other end have before them, repeats included.

    ``outcomes`` are errors for the next sends, ``None`` for a send that works. A ``Doubtful`` loses the message on its
    way there; put it into ``lost_answers`` instead to have it arrive although its answer is lost. ``attempts`` counts
    every send, ``lookups`` lists the keys it was asked to find.
    """

    outcomes: list[BaseException | None] = field(default_factory=list)
    lost_answers: list[BaseException] = field(default_factory=list)
    find_error: BaseException | None = None
    pace: timedelta = timedelta(0)
    has_threads: bool = False
    wire: list[Message] = field(default_factory=list)
    threads: list[Receipt | None] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)
    attempts: int = 0

    @property
    def keys(self) -> list[str]:
        """The keys on the wire, in order."""
        return [message.key for message in self.wire]

    @property
    def titles(self) -> list[str]:
        """The titles on the wire, in order."""
        return [message.title for message in self.wire]

    def send(self, message: Message, thread: Receipt | None) -> Receipt:
        self.attempts += 1
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.wire.append(message)
        self.threads.append(thread)
        if self.lost_answers:
            raise self.lost_answers.pop(0)
        return Receipt(reference=message.key)

    def edit(self, message: Message, receipt: Receipt) -> None:
        self.attempts += 1
        if self.outcomes and (outcome := self.outcomes.pop(0)) is not None:
            raise outcome
        self.wire[self.keys.index(receipt.reference or "")] = replace(message, key=receipt.reference or "")

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:  # noqa: ARG002
        self.lookups.append(message.key)
        if self.find_error is not None:
            raise self.find_error
        return Receipt(reference=message.key) if message.key in self.keys else None


def a_mention(text: str = "Acme lost my parcel!!", id: str = "1", **changed: Any) -> Mention:  # noqa: A002 (its name)
    """A public post about Acme by @ann on ``social``, a minute before noon."""
    fields: dict[str, Any] = {
        "platform": "social",
        "author": "ann",
        "url": f"https://social.example/{id}",
        "posted_at": NOON - timedelta(minutes=1),
    }
    return Mention(**(fields | changed | {"id": id, "text": text}))


def a_page(*mentions: Mention, cursor: str | None = "1", skipped: tuple[tuple[str, int], ...] = ()) -> Page:
    """A page with these mentions."""
    return Page(mentions=mentions, cursor=cursor, skipped=skipped)


def a_watch(brand: str = "Acme", **changed: Any) -> Watch:
    """A watch for a brand by its name."""
    return Watch(**({"terms": (brand,)} | changed | {"brand": brand}))


def a_cause(**changed: Any) -> Cause:
    """The first episode of delivery complaints about Acme, opened an hour before noon."""
    fields: dict[str, Any] = {
        "id": 1,
        "brand": "Acme",
        "topic": "delivery",
        "grouping": GROUPING,
        "episode": 1,
        "opened_at": NOON - timedelta(hours=1),
        "last_at": NOON,
    }
    return Cause(**(fields | changed))


def a_complaint(text: str = "Acme lost my parcel!!", mention: int = 1, **changed: Any) -> Complaint:
    """A complaint by @ann on ``social``, a minute before noon."""
    fields: dict[str, Any] = {
        "id": str(mention),
        "platform": "social",
        "author": "ann",
        "url": f"https://social.example/{mention}",
        "posted_at": NOON - timedelta(minutes=1),
        "fingerprint": fingerprint(text),
        "score": 0.9,
        "matched": ("Acme",),
    }
    return Complaint(**(fields | changed | {"text": text, "mention": mention}))


def a_message(key: str = "acme/1", **changed: Any) -> Message:
    """A message with a key and a title."""
    return Message(**({"title": "Complaint · delivery · Acme"} | changed | {"key": key}))


def crowd(
    count: int, text: str = "Acme lost parcel number {}!!", *, first: int = 1, **changed: Any
) -> Iterable[Mention]:
    """So many posts by as many people, each in their own words."""
    return [
        a_mention(text.format(_words(number)), id=str(number), author=f"person{number}", **changed)
        for number in range(first, first + count)
    ]


def _words(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
