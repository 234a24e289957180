"""The words for whoever is given a case, or several, by somebody else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.case import Case, Move
from monitor.core.case_message import STATUS, clocks
from monitor.core.clocks import Staffed
from monitor.core.level import Level
from monitor.core.level import named as level_name
from monitor.core.message import Message, Tone
from monitor.core.text import excerpt
from monitor.core.wording import topic_name

NAMED = 20


def write_hand_over(case: Case, move: Move, told: Message, staffed: Staffed, now: datetime) -> Message:
    """For whoever is given a case by somebody else, and nobody besides: which one, and the customer's words."""
    words = tuple(quote for quote in told.quotes if quote.case in (None, case.id))[:1]
    what = f"{case.key} · {level_name(Level(case.level))} · {topic_name(case.topic)} · {case.brand}"
    return Message(
        key=f"{told.key}/to/{move.key}",
        title=f"{excerpt(move.name, 60)} gave you {what}",
        quotes=tuple(replace(quote, case=None, about="", offers=()) for quote in words),
        facts=((STATUS, clocks(case, staffed, now)),),
        tone=Tone.QUIET,
        thread=told.key,
        to=move.to,
    )


def write_many_handed_over(cases: Sequence[Case], move: Move, parent: str) -> Message:
    """For whoever is given several cases of one cause at once, and nobody besides."""
    first = cases[0]
    count = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
    named_here = ", ".join(case.key for case in cases[:NAMED])
    more = f" and {len(cases) - NAMED} more" if len(cases) > NAMED else ""
    return Message(
        key=f"{parent}/to/{move.key}",
        title=f"{excerpt(move.name, 60)} gave you {count} · {topic_name(first.topic)} · {first.brand}",
        facts=(("Cases", f"{named_here}{more}"),),
        tone=Tone.QUIET,
        thread=parent,
        to=move.to,
    )
