"""The digest: what customers said in one local day or week, what became of it, and how far that can be trusted.

One object carries everything that is shown; every rendering shows its numbers and none of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from math import exp
from statistics import mean, median
from typing import Any

from monitor.core.case import State
from monitor.core.days import Window
from monitor.core.journey import UNKNOWN, Pack, Stage
from monitor.core.surge import Surge
from monitor.core.week import Week

SCHEMA = "https://umbrage.example/schemas/digest-1.json"
WEEKS = 4
"""Usual is the mean of the same days of so many weeks before."""

FEW = 10
"""Below so many no share is stated in percent."""

MOST_PROBLEMS = 5
MOST_GENTLE = 3
MOST_PRAISE = 3
EVIDENCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A customer's own words with where they stand; ``post`` is the key of the post, ``case`` that of its case."""

    text: str
    author: str | None
    platform: str
    posted_at: datetime
    url: str | None
    post: str
    case: str | None = None
    mention: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How much was complained about in a span: posts, and people by the platform and name they write under."""

    complaints: int
    people: int


NO_TALK = Talk(complaints=0, people=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count beside those it is compared with; ``None`` where nothing was kept yet.

    ``before`` is the day or week before, ``week_before`` the same days a week before, ``usual`` the mean of the same
    days of up to four weeks before.
    """

    now: int
    before: int | None = None
    week_before: int | None = None
    usual: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Cases that began in a span: all of them, and those with a public answer, and those open, by now."""

    cases: int
    answered: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A case that ended: how, and when the customer had first written and was first answered."""

    state: State
    opened_at: datetime
    answered_at: datetime | None
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Basics:
    """What can never be left out. ``open_unanswered`` and ``oldest`` are about all open cases at ``now``.

    ``oldest_wait`` is the customer's clock of the case named ``oldest``.
    """

    complaints: Count
    people: Count
    new_cases: Count
    answered: int
    unanswered: int
    open_unanswered: int
    oldest_wait: timedelta | None
    oldest: Words | None
    reminders: int
    reminders_done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of the story with the posts that show it; without them it is not told."""

    text: str
    evidence: tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What different people ask in nearly the same words, in the week that ends with the span.

    ``answer`` is what the FAQ says about it; empty where the FAQ has a gap, ``None`` where no FAQ is known.
    """

    people: int
    terms: tuple[str, ...]
    examples: tuple[Words, ...]
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What people complained about, with one of them in their own words.

    ``rate`` is complaints per 1,000 orders; ``terms`` are words that set the span apart from the week before.
    """

    topic: str
    complaints: Count
    people: Count
    trend: str
    quote: Words
    owner: str | None
    open: int
    rate: float | None = None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Complaints that say the same, whoever files them under what; ``number`` stays from day to day, as ``since`` does.

    ``lately`` are the people of the seven days before the span, ``None`` where those are not known; ``topic`` is what
    most of them are filed under. The quote is the complaint that says it most plainly.
    """

    number: int
    name: tuple[str, ...]
    complaints: int
    people: int
    lately: int | None
    trend: str
    since: datetime
    topic: str
    quote: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How cases ended in the span. Times are the customer's; speed never stands without how much is unsolved.

    ``first_answer`` is the median from the first post to our public answer, ``to_satisfied`` that to the evidence that
    the customer is satisfied, ``worst`` the longest of these, each over the satisfied; ``unsolved`` counts every case
    of the brand that is open now, and ``unsolved_share`` is the share of those opened in the last 30 days that are.
    """

    satisfied: int
    unknown_silent: int
    other: int
    first_answer: timedelta | None
    to_satisfied: timedelta | None
    worst: timedelta | None
    unsolved: int
    unsolved_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """A span in which a source was not read, or a source that does not work now: what the digest cannot know."""

    source: str
    start: datetime
    end: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """What the digest does not know, and how often alerts were wrong.

    ``late`` posts were written before the span and seen in it; ``not_told`` complaints of the span went to nobody yet;
    ``unmeasured`` are languages nobody has measured the classifier in, with their posts; ``alerted`` cases of the last
    30 days were told, and of ``overruled`` of them a person said that they are no complaint, or not about us.
    """

    blind: tuple[Silenced, ...]
    late: int
    unjudged: int
    not_judgeable: int
    deleted: int
    not_told: int
    unmeasured: tuple[tuple[str, int], ...]
    alerted: int
    overruled: int
    overruled_low: float
    overruled_high: float
    orders: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Complaints and praise of one stage at one touchpoint; ``unknown`` is a stage and a touchpoint like others."""

    stage: Stage
    touchpoint: str
    complaints: int
    praise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """How a rival is spoken of, and people who say that they leave us for it or come to us from it.

    ``since`` is from when on its posts are known, if that is within the span; ``topic`` is its first problem.
    """

    name: str
    people: int
    since: datetime | None
    topic: str | None
    complained: int
    quote: Words | None
    leaving: int
    coming: int
    examples: tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart."""

    label: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything a digest says. Counts are of posts whose author is not one of our own accounts.

    A complaint counts on the local day it was posted. What a person called no complaint, or not about us, counts as
    ``overruled`` and as nothing else. ``posts`` are all posts about the brand. ``days`` is 1 or 7; only with 7 there is
    a ``week``. ``spoke`` counts the people who spoke of the brand, where there are ``rivals`` to compare it with.
    """

    brand: str
    first_day: date
    days: int
    zone: str
    window: Window
    made_at: datetime
    is_late: bool
    posts: int
    overruled: int
    basics: Basics
    story: tuple[Sentence, ...]
    surges: tuple[Surge, ...]
    problems: tuple[Problem, ...]
    causes: tuple[Theme, ...]
    questions: tuple[Question, ...]
    gentle: tuple[Words, ...]
    praised: int
    praise: tuple[Words, ...]
    journey: tuple[Cell, ...]
    outcomes: Outcomes
    honesty: Honesty
    chart: tuple[Bar, ...]
    last_post: datetime | None
    week: Week | None = None
    spoke: int = 0
    rivals: tuple[Rival, ...] = ()
    schema: str = SCHEMA

    @property
    def is_quiet(self) -> bool:
        """Nobody complained, and nobody who did before waits for an answer."""
        return self.basics.complaints.now == 0 and self.basics.open_unanswered == 0

    @property
    def is_healthy(self) -> bool:
        return not self.honesty.blind and not self.honesty.unjudged

    def to_json(self) -> dict[str, Any]:
        """Plain values: moments and days in ISO 8601, spans in seconds."""
        found: dict[str, Any] = _plain(asdict(self))
        return found


def compared(windows: Sequence[int | None]) -> Count:
    """Counts of the span itself, of the one before, and of the same days one to four weeks before."""
    now, before, *weeks = windows
    known = [count for count in weeks if count is not None]
    return Count(now=now or 0, before=before, week_before=weeks[0], usual=mean(known) if known else None)


def trend(people: Count, lately: int | None) -> str:
    """How a topic goes, in a word, by how many people it moves; ``lately`` are those of the week before the span.

    Empty where that cannot be said. The limits are those of chance: a count is called growing when fewer than one in
    twenty days would bring so many by itself.
    """
    if people.usual is None or lately is None:
        return ""
    if people.usual == 0 and lately == 0:
        return "new"
    if lately == 0:
        return "came back"
    expected = max(people.usual, 0.25)
    if people.now > expected and tail(people.now, expected) < CHANCE:
        return "growing"
    if people.now < expected and tail(people.now + 1, expected) > 1 - CHANCE:
        return "fading"
    return "as usual"


CHANCE = 0.05


def tail(count: int, expected: float) -> float:
    """The chance of at least ``count`` where so many are expected (Poisson)."""
    below, term = 0.0, exp(-expected)
    for number in range(count):
        below += term
        term *= expected / (number + 1)
    return max(0.0, 1.0 - below)


def outcomes(ended: Sequence[Ended], unsolved: int, month: Opened) -> Outcomes:
    """How cases ended, with the customer's clock."""
    satisfied = [case for case in ended if case.state is State.SATISFIED]
    answers = [case.answered_at - case.opened_at for case in satisfied if case.answered_at]
    waits = [case.ended_at - case.opened_at for case in satisfied]
    silent = sum(case.state is State.UNKNOWN_SILENT for case in ended)
    return Outcomes(
        satisfied=len(satisfied),
        unknown_silent=silent,
        other=len(ended) - len(satisfied) - silent,
        first_answer=_middle(answers),
        to_satisfied=_middle(waits),
        worst=max(waits, default=None),
        unsolved=unsolved,
        unsolved_share=month.open / month.cases if month.cases >= FEW else None,
    )


def _middle(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def journey(pack: Pack, complaints: Iterable[tuple[str, str]], praise: Iterable[str]) -> tuple[Cell, ...]:
    """The grid of stages and touchpoints; complaints come with their topic, and whatever has no words is unknown."""
    complained = Counter(pack.place(text, topic) for text, topic in complaints)
    praised = Counter(pack.place(text, "") for text in praise)
    stages = list(Stage)
    places = [*pack.touchpoints, UNKNOWN]
    cells = sorted({*complained, *praised}, key=lambda cell: (stages.index(cell[0]), places.index(cell[1])))
    return tuple(
        Cell(stage=stage, touchpoint=place, complaints=complained[stage, place], praise=praised[stage, place])
        for stage, place in cells
    )


def foremost(topics: Mapping[str, Talk]) -> list[str]:
    """The topics that move most people, those of more posts first among equals."""
    order = sorted(topics, key=lambda topic: (-topics[topic].people, -topics[topic].complaints, topic))
    return order[:MOST_PROBLEMS]


def share(part: int, whole: int) -> str:
    """A part of a whole in words; in percent only where there are enough to say so."""
    return f"{part} of {whole} ({part / whole:.0%})" if whole >= FEW else f"{part} of {whole}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
