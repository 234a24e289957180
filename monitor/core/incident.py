"""An incident: many customers' cases of one cause that are told in one message and acted on together. Rules only."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.case import Case, Move, NotAllowed, State, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A cause that was told as one.

    ``opened_at`` is when its first customer wrote, ``told_at`` when a target first heard.

    ``version`` counts the changes: a step is taken only if nobody took another one meanwhile. Until ``muted_until``
    nothing more is said of it, except what must be acted on now.
    """

    cause: int
    brand: str
    topic: str
    opened_at: datetime
    told_at: datetime | None = None
    version: int = 0
    owner: str | None = None
    owner_name: str | None = None
    taken_at: datetime | None = None
    muted_until: datetime | None = None
    done_at: datetime | None = None

    @property
    def key(self) -> str:
        """The incident's public name, stable for ever."""
        return f"incident/{self.cause}"

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and now < self.muted_until


def moved(incident: Incident, move: Move) -> Incident:
    """The incident after a step. Raises ``NotAllowed`` with words for the person who tried."""
    step = _STEPS.get(move.step)
    if step is None:
        raise NotAllowed("that can only be done in a single case")
    return replace(step(incident, move), version=incident.version + 1)


def concerns(before: Incident, case: Case, move: Move) -> bool:
    """Whether a step in an incident is one in this case of it, too: what a colleague has, stays with the colleague."""
    if not case.is_open or move.step not in _OF_CASES:
        return False
    if move.step is Step.DONE and case.state is State.DONE_BY_US:
        return False
    return case.owner is None or (case.owner == before.owner and move.step is not Step.TAKE)


def _take(incident: Incident, move: Move) -> Incident:
    if incident.owner is not None and incident.owner != move.by:
        raise NotAllowed(f"{incident.owner_name} has it already; to take it over, choose that under More")
    return _owned(incident, move, move.by, move.name)


def _assign(incident: Incident, move: Move) -> Incident:
    if not move.to:
        raise NotAllowed("say to whom")
    return _owned(incident, move, move.to, move.to_name or move.to)


def _owned(incident: Incident, move: Move, owner: str, name: str) -> Incident:
    if incident.owner == owner:
        raise NotAllowed("you have it already" if owner == move.by else f"{name} has it already")
    return replace(incident, owner=owner, owner_name=name, taken_at=incident.taken_at or move.at)


def _done(incident: Incident, move: Move) -> Incident:
    """Done for everybody in it; as with a single case that is no end, and each customer is asked."""
    if not move.remedy:
        raise NotAllowed("say what was done for the customers")
    taken = incident if incident.owner else _owned(incident, move, move.by, move.name)
    return replace(taken, done_at=move.at)


def _mute(incident: Incident, move: Move) -> Incident:
    if move.until is None or move.until <= move.at:
        raise NotAllowed("say until when, in the future")
    return replace(incident, muted_until=move.until)


_STEPS: dict[Step, Callable[[Incident, Move], Incident]] = {
    Step.TAKE: _take,
    Step.TAKE_OVER: lambda incident, move: _owned(incident, move, move.by, move.name),
    Step.ASSIGN: _assign,
    Step.DONE: _done,
    Step.SNOOZE: _mute,
    Step.NOTE: lambda incident, _: incident,
    Step.ESCALATE: lambda incident, _: incident,
}
_OF_CASES = frozenset((Step.TAKE, Step.TAKE_OVER, Step.ASSIGN, Step.DONE))
