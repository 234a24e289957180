"""Whom nobody answers: the do-not-engage list, on which each person stands for a reason and until a day. Rules only."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.case import Move, Step
from monitor.core.message import Message, Tone, moment
from monitor.core.text import excerpt

SPANS = {"30d": timedelta(days=30), "90d": timedelta(days=90), "1y": timedelta(days=365)}
"""For how long, as people choose it; nobody stands on the list for ever."""

LONGEST = max(SPANS.values())
FACT = "Do not engage"


class Person(NamedTuple):
    """Whoever writes about a brand under one name on one platform."""

    brand: str
    platform: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restraint:
    """An entry of the list: ``case`` is the one on which it was decided, by whom, at what moment and why.

    ``ended_at`` is when whoever decided it was told that it is over, or when somebody ended it before its time.
    """

    brand: str
    platform: str
    author: str
    case: int
    until: datetime
    by: str
    name: str
    why: str
    at: datetime
    ended_at: datetime | None = None

    @property
    def person(self) -> Person:
        return Person(self.brand, self.platform, self.author)

    def holds(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.until


def noted(message: Message, move: Move) -> Message:
    """The message of a case after a step, which says so while nobody answers its customer."""
    if move.step not in (Step.DO_NOT_ENGAGE, Step.REOPEN):
        return message
    facts = tuple(fact for fact in message.facts if fact[0] != FACT)
    if move.step is Step.DO_NOT_ENGAGE and move.until is not None:
        said = f"with this person until {moment(move.until)}, says {excerpt(move.name, 60)}"
        facts = (*facts, (FACT, said))
    return replace(message, facts=facts)


def heard_all_the_same(message: Message, restraint: Restraint) -> Message:
    """What must be acted on now is told whoever writes it, and says what was decided about them."""
    said = f"with this person until {moment(restraint.until)}, said {excerpt(restraint.name, 60)}"
    fact = (FACT, f"{said}: “{excerpt(restraint.why, 200)}”. Told all the same: it must be acted on now")
    return replace(message, facts=(*message.facts, fact))


def write_end(restraint: Restraint, parent: str, pings: tuple[str, ...]) -> Message:
    """The time is over: whoever decided it is told, under the case on which they did."""
    return Message(
        key=f"{parent}/engage/{restraint.until.isoformat()}",
        title="The time in which nobody answers this person is over: what they write is told again",
        facts=(("Decided by", excerpt(restraint.name, 60)), ("Why", excerpt(restraint.why, 200))),
        tone=Tone.QUIET,
        thread=parent,
        pings=pings,
    )


def line(restraint: Restraint) -> str:
    """An entry on one line, for lists."""
    who = f"{restraint.author} on {restraint.platform}, about {restraint.brand}"
    return f"case/{restraint.case} · {who} · until {moment(restraint.until)} · {restraint.name}: {restraint.why}"
