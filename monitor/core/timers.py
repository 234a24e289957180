"""What is due in a case, and when: acknowledgement, next update, follow-ups, end of a snooze, silence."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.case import SILENCE, Case, State
from monitor.core.clocks import Staffed
from monitor.core.level import Level

SECOND_PERSON = timedelta(minutes=5)
LEAD = timedelta(minutes=15)
UPDATE = timedelta(hours=24)
FOLLOW_UPS = (timedelta(days=1), timedelta(days=7))


class Due(StrEnum):
    """Sorts of things that come due."""

    SECOND_PERSON = "second person"
    LEAD = "lead"
    UPDATE = "update"
    FOLLOW_UP = "follow-up"
    SNOOZE_OVER = "snooze over"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that comes due at a moment, once: under its key it is kept as done."""

    due: Due
    at: datetime
    key: str


def timers(case: Case, staffed: Staffed) -> list[Timer]:
    """Everything that will come due in a case as it stands, earliest first, whether done already or not."""
    if not case.is_open:
        return []
    return sorted((*_ladder(case, staffed), *_updates(case), *_after(case)), key=lambda timer: timer.at)


def due(case: Case, staffed: Staffed, done: Collection[str], now: datetime) -> list[Timer]:
    """What is due and not done, earliest first."""
    return [timer for timer in timers(case, staffed) if timer.at <= now and timer.key not in done]


def next_at(case: Case, staffed: Staffed, done: Collection[str]) -> datetime | None:
    """When the case has to be looked at next, if nothing happens before."""
    return min((timer.at for timer in timers(case, staffed) if timer.key not in done), default=None)


def _ladder(case: Case, staffed: Staffed) -> Iterator[Timer]:
    """Nobody has taken it: five minutes, fifteen minutes; in staffed hours, or at any hour for what cannot wait.

    Gentle signals and what is for the digest ring nobody up.
    """
    if case.state is not State.NEW or case.owner or case.told_at is None or case.level >= Level.GENTLE:
        return
    for due_after, what in ((SECOND_PERSON, Due.SECOND_PERSON), (LEAD, Due.LEAD)):
        is_urgent = case.level == Level.ACT_NOW
        at = case.told_at + due_after if is_urgent else staffed.after(case.told_at, due_after)
        at = max(at, case.snoozed_until) if case.snoozed_until else at
        yield Timer(due=what, at=at, key=f"{what}/{case.told_at.isoformat()}")


def _updates(case: Case) -> Iterator[Timer]:
    """The customer hears from us once a day, if only that it takes longer; new words of theirs start the day anew."""
    ours = [at for at in (case.taken_at, case.answered_at, case.updated_at) if at]
    if not ours or case.state not in (State.TAKEN, State.ANSWERED):
        return
    since = max(*ours, case.last_at)
    at = max(since + UPDATE, case.snoozed_until) if case.snoozed_until else since + UPDATE
    yield Timer(due=Due.UPDATE, at=at, key=f"{Due.UPDATE}/{since.isoformat()}")


def _after(case: Case) -> Iterator[Timer]:
    if case.state is State.DONE_BY_US and case.done_at:
        for span in FOLLOW_UPS:
            key = f"{Due.FOLLOW_UP}/{span.days}/{case.done_at.isoformat()}"
            yield Timer(due=Due.FOLLOW_UP, at=case.done_at + span, key=key)
    if case.snoozed_until:
        at = case.snoozed_until
        yield Timer(due=Due.SNOOZE_OVER, at=at, key=f"{Due.SNOOZE_OVER}/{at.isoformat()}")
    ours = max((at for at in (case.answered_at, case.done_at) if at), default=None)
    if ours is not None:
        last = max(ours, case.last_at)
        yield Timer(due=Due.SILENCE, at=last + SILENCE, key=f"{Due.SILENCE}/{last.isoformat()}")
