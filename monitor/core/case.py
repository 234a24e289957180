"""A case: one customer's matter, from their first words to evidence that they are satisfied. Rules only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.level import MOST_REASONS, Level

SILENCE = timedelta(days=14)
"""After so long without a word of the customer a case that we have answered ends, and nobody knows how."""

RELAPSE = timedelta(days=7)
"""A customer who writes again so soon after the end opens the case again, with its first clock."""


LOWEST = Level.GENTLE
"""As far down as a person may put a case; what is for the digest alone is told to nobody else."""


class State(StrEnum):
    """Where a case stands. ``done_by_us`` is not an end: only the customer can say that it is over."""

    NEW = "new"
    TAKEN = "taken"
    ANSWERED = "answered"
    DONE_BY_US = "done_by_us"
    SATISFIED = "satisfied"
    UNKNOWN_SILENT = "unknown_silent"
    NOT_A_COMPLAINT = "not_a_complaint"
    NOT_ABOUT_US = "not_about_us"
    DUPLICATE = "duplicate"
    NOT_ENGAGED = "not_engaged"


ENDS = frozenset(set(State) - {State.NEW, State.TAKEN, State.ANSWERED, State.DONE_BY_US})
OVERRULED = frozenset((State.NOT_A_COMPLAINT, State.NOT_ABOUT_US))
"""Ends that say that we should not have spoken."""


class Step(StrEnum):
    """What can happen to a case. Each is kept as a fact with who, when and from where."""

    TAKE = "take"
    TAKE_OVER = "take_over"
    ASSIGN = "assign"
    ANSWER = "answer"
    DONE = "done"
    CLOSE = "close"
    NOT_A_COMPLAINT = "not_a_complaint"
    NOT_ABOUT_US = "not_about_us"
    DUPLICATE = "duplicate"
    DO_NOT_ENGAGE = "do_not_engage"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    LOWER = "lower"
    SPREAD = "spread"
    TOPIC = "topic"
    NOTE = "note"
    REOPEN = "reopen"
    WROTE_AGAIN = "wrote_again"
    SPOKE = "spoke"
    CHANGED = "changed"
    ANSWER_SEEN = "answer_seen"
    BEGAN_EARLIER = "began_earlier"
    SPLIT = "split"
    SILENT = "silent"
    NUDGE = "nudge"


class NotAllowed(Exception):
    """A step that this case cannot take; the text is for the person who tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One customer's matter. ``opened_at`` and ``last_at`` are when their first and latest words were posted.

    ``version`` counts the changes: a step is taken only if nobody took another one meanwhile. ``reasons`` say why it
    has its level. ``told_at`` is when the first target was told: the team's clock starts there. ``updated_at`` is when
    somebody last noted how it goes on.
    """

    id: int
    cause: int
    brand: str
    topic: str
    opened_at: datetime
    last_at: datetime
    level: int = 3
    reasons: tuple[str, ...] = ()
    state: State = State.NEW
    version: int = 0
    owner: str | None = None
    owner_name: str | None = None
    told_at: datetime | None = None
    taken_at: datetime | None = None
    answered_at: datetime | None = None
    updated_at: datetime | None = None
    done_at: datetime | None = None
    ended_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def key(self) -> str:
        """The case's public name, unique and stable for ever."""
        return f"case/{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state not in ENDS

    def is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and now < self.snoozed_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Somebody takes a step. ``by`` and ``name`` say who, ``via`` from where, such as slack or the command line.

    ``key`` makes a repeat recognisable: a case takes no step twice under one key. ``remedy`` is what was done for the
    customer, ``note`` are words of the person, ``evidence`` is a link to the customer's own later words, ``to`` and
    ``to_name`` are a colleague, ``until`` is the end of a snooze, or of the time in which nobody answers this person.
    ``level``, ``reasons`` and ``topic`` are the case's new ones.
    """

    step: Step
    by: str
    name: str
    via: str
    at: datetime
    key: str
    remedy: str | None = None
    note: str | None = None
    evidence: str | None = None
    to: str | None = None
    to_name: str | None = None
    until: datetime | None = None
    level: int | None = None
    reasons: tuple[str, ...] = ()
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A step that was taken."""

    step: Step
    by: str
    name: str
    via: str
    at: datetime
    key: str
    remedy: str | None = None
    note: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class FirstWords:
    """The words with which a customer began, and where they stand."""

    text: str
    url: str | None


def moved(case: Case, move: Move) -> Case:
    """The case after a step. Raises ``NotAllowed`` with words for the person who tried."""
    if move.step in (Step.NUDGE, Step.SPLIT):
        return replace(case, version=case.version + 1)
    if move.step is Step.NOTE:
        return replace(case, updated_at=move.at, version=case.version + 1)
    if move.step is Step.WROTE_AGAIN:
        return _wrote_again(case, move)
    if move.step in (Step.SPOKE, Step.CHANGED):
        return replace(case, last_at=max(case.last_at, move.at), version=case.version + 1)
    if move.step is Step.ANSWER_SEEN:
        return _answer_seen(case, move)
    if move.step is Step.BEGAN_EARLIER:
        return replace(case, opened_at=min(case.opened_at, move.at), version=case.version + 1)
    if move.step is Step.REOPEN:
        return _reopened(case)
    if not case.is_open:
        raise NotAllowed(f"this case has ended as {named(case.state)}; reopen it first")
    return replace(_STEPS[move.step](case, move), version=case.version + 1)


def named(state: State) -> str:
    """A state in words."""
    return _NAMES[state]


def _take(case: Case, move: Move) -> Case:
    """The first one gets it; nobody takes it from a colleague unnoticed."""
    if case.owner == move.by:
        raise NotAllowed("you have it already")
    if case.owner is not None:
        raise NotAllowed(f"{case.owner_name} has it already; to take it over, choose that under More")
    return _owned(case, move, move.by, move.name)


def _take_over(case: Case, move: Move) -> Case:
    if case.owner == move.by:
        raise NotAllowed("you have it already")
    return _owned(case, move, move.by, move.name)


def _assign(case: Case, move: Move) -> Case:
    if not move.to:
        raise NotAllowed("say to whom")
    return _owned(case, move, move.to, move.to_name or move.to)


def _owned(case: Case, move: Move, owner: str, name: str) -> Case:
    state = State.TAKEN if case.state is State.NEW else case.state
    taken_at = case.taken_at or move.at
    return replace(case, state=state, owner=owner, owner_name=name, taken_at=taken_at, snoozed_until=None)


def _answer(case: Case, move: Move) -> Case:
    if case.state is State.DONE_BY_US:
        raise NotAllowed("it is done by us already")
    answered_at = case.answered_at or move.at
    return replace(_started(case, move), state=State.ANSWERED, answered_at=answered_at, updated_at=move.at)


def _answer_seen(case: Case, move: Move) -> Case:
    """What we wrote in public was read where it stands: nobody needs to press a button for it, and nobody owns it."""
    waits = case.state in (State.NEW, State.TAKEN)
    return replace(
        case,
        state=State.ANSWERED if waits else case.state,
        taken_at=case.taken_at or move.at,
        answered_at=min(case.answered_at or move.at, move.at),
        updated_at=max(case.updated_at or move.at, move.at),
        version=case.version + 1,
    )


def _done(case: Case, move: Move) -> Case:
    if case.state is State.DONE_BY_US:
        raise NotAllowed("it is done by us already")
    if not move.remedy:
        raise NotAllowed("say what was done for the customer")
    return replace(_started(case, move), state=State.DONE_BY_US, done_at=move.at)


def _close(case: Case, move: Move) -> Case:
    """Satisfied only with evidence: a link to the customer's own words, or a person's note. Else nobody knows."""
    state = State.SATISFIED if move.evidence or move.note else State.UNKNOWN_SILENT
    return _ended(_started(case, move), move, state)


def _silent(case: Case, move: Move) -> Case:
    if not is_silent(case, move.at):
        raise NotAllowed("the customer may still write")
    return _ended(case, move, State.UNKNOWN_SILENT)


def _do_not_engage(case: Case, move: Move) -> Case:
    """Somebody decided, for a reason, that nobody answers. That is an end of ours and no success."""
    if not move.note:
        raise NotAllowed("say why nobody is to answer")
    if move.until is not None and move.until <= move.at:
        raise NotAllowed("say until when, in the future")
    return _ended(case, move, State.NOT_ENGAGED)


def _snooze(case: Case, move: Move) -> Case:
    if case.level <= 1:
        raise NotAllowed("a case of this level cannot be snoozed")
    if move.until is None or move.until <= move.at:
        raise NotAllowed("say until when, in the future")
    return replace(case, snoozed_until=move.until)


def _escalate(case: Case, move: Move) -> Case:
    """A person knows better than our rules how urgent it is."""
    if case.level <= 1:
        raise NotAllowed("it has the highest level already")
    reasons = (f"escalated by {move.name}", *case.reasons)[:MOST_REASONS]
    return replace(case, level=case.level - 1, reasons=reasons, snoozed_until=None)


def _lower(case: Case, move: Move) -> Case:
    if case.level >= LOWEST:
        raise NotAllowed("it can wait already")
    reasons = (f"can wait, says {move.name}", *case.reasons)[:MOST_REASONS]
    return replace(case, level=case.level + 1, reasons=reasons)


def _spread(case: Case, move: Move) -> Case:
    """What spreads fast is not put off by a snooze."""
    level = case.level if move.level is None else min(case.level, move.level)
    return replace(case, level=level, reasons=move.reasons[:MOST_REASONS], snoozed_until=None)


def _relabel(case: Case, move: Move) -> Case:
    """A person knows better than the model what it is about."""
    if not move.topic:
        raise NotAllowed("say what it is about")
    if move.topic == case.topic:
        raise NotAllowed("it is filed under that already")
    return replace(case, topic=move.topic)


def _started(case: Case, move: Move) -> Case:
    """Whoever does something for a case that nobody has taken has taken it."""
    if case.owner is not None:
        return case
    return replace(case, owner=move.by, owner_name=move.name, taken_at=case.taken_at or move.at, snoozed_until=None)


def _ended(case: Case, move: Move, state: State) -> Case:
    return replace(case, state=state, ended_at=move.at, snoozed_until=None)


def _reopened(case: Case) -> Case:
    if case.is_open:
        raise NotAllowed("this case is open")
    state = State.TAKEN if case.owner else State.NEW
    return replace(case, state=state, ended_at=None, done_at=None, version=case.version + 1)


def _wrote_again(case: Case, move: Move) -> Case:
    """The customer has written again; after an end of ours, that may mean that it was none."""
    came_back = _comes_back(case, move)
    case = replace(case, last_at=max(case.last_at, move.at), snoozed_until=None, version=case.version + 1)
    if move.level is not None:
        case = replace(case, level=move.level, reasons=move.reasons)
    if came_back:
        state = State.TAKEN if case.owner else State.NEW
        return replace(case, state=state, ended_at=None, done_at=None)
    return replace(case, state=State.TAKEN, done_at=None) if case.state is State.DONE_BY_US else case


def _comes_back(case: Case, move: Move) -> bool:
    """Soon after an end; where we do not engage, only if it has become something that must be acted on now."""
    if case.ended_at is None or case.state in OVERRULED or move.at - case.ended_at > RELAPSE:
        return False
    return case.state is not State.NOT_ENGAGED or move.level == 1 < case.level


def is_silent(case: Case, now: datetime) -> bool:
    """We have answered, and the customer has not said a word for two weeks."""
    ours = max((at for at in (case.answered_at, case.done_at) if at), default=None)
    return ours is not None and case.is_open and now - max(ours, case.last_at) >= SILENCE


def is_put_off(case: Case, facts: Sequence[Fact]) -> bool:
    """Whether whoever has a case has put it off once already: a second time takes a reason."""
    is_owed = case.owner is not None and case.state in (State.TAKEN, State.ANSWERED)
    return is_owed and any(fact.step is Step.SNOOZE for fact in facts)


_STEPS: dict[Step, Callable[[Case, Move], Case]] = {
    Step.TAKE: _take,
    Step.TAKE_OVER: _take_over,
    Step.ASSIGN: _assign,
    Step.ANSWER: _answer,
    Step.DONE: _done,
    Step.CLOSE: _close,
    Step.SILENT: _silent,
    Step.SNOOZE: _snooze,
    Step.ESCALATE: _escalate,
    Step.LOWER: _lower,
    Step.SPREAD: _spread,
    Step.TOPIC: _relabel,
    Step.NOT_A_COMPLAINT: lambda case, move: _ended(case, move, State.NOT_A_COMPLAINT),
    Step.NOT_ABOUT_US: lambda case, move: _ended(case, move, State.NOT_ABOUT_US),
    Step.DO_NOT_ENGAGE: _do_not_engage,
    Step.DUPLICATE: lambda case, move: _ended(case, move, State.DUPLICATE),
}

_NAMES = {
    State.NEW: "new",
    State.TAKEN: "taken",
    State.ANSWERED: "answered",
    State.DONE_BY_US: "done by us, not confirmed",
    State.SATISFIED: "satisfied",
    State.UNKNOWN_SILENT: "unknown, the customer is silent",
    State.NOT_A_COMPLAINT: "not a complaint",
    State.NOT_ABOUT_US: "not about us",
    State.DUPLICATE: "duplicate",
    State.NOT_ENGAGED: "not engaged with, on purpose",
}
