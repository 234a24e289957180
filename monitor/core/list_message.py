"""Messages about many cases at once: lists of what had no room or was held back, and what comes due for such cases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.alerting import Reason
from monitor.core.case import Case, State, named
from monitor.core.case_message import clocks
from monitor.core.cause import Complaint
from monitor.core.clocks import Staffed
from monitor.core.level import Level
from monitor.core.level import named as level_name
from monitor.core.message import Message, Quote, Tone, duration
from monitor.core.text import excerpt
from monitor.core.timers import Due, Timer
from monitor.core.wording import quote_of, topic_name

QUOTED = 10
"""So many cases of a list are quoted and can be taken with one click; a message of Slack holds no more with ease."""

NAMED = 20
"""So many more have a line each."""


def write_list(entries: Sequence[tuple[Case, Complaint]], reason: Reason, now: datetime) -> Message:
    """Cases in one message, the most urgent first: what a channel has no room for, or what quiet hours held back."""
    ordered = sorted(entries, key=lambda entry: (entry[0].level, entry[0].opened_at, entry[0].id))
    _, first = ordered[0]
    return Message(
        key=f"list/{first.platform}:{first.id}/{now.isoformat()}",
        title=_title(len(ordered), reason),
        quotes=tuple(_quoted(case, complaint, now) for case, complaint in ordered[:QUOTED]),
        facts=tuple(_line(case, complaint, now) for case, complaint in ordered[QUOTED : QUOTED + NAMED]),
        why=(reason,),
        more=max(0, len(ordered) - QUOTED - NAMED),
        tone=Tone.QUIET,
    )


def relisted(message: Message, case: Case, now: datetime) -> Message:
    """The list with a case as it stands now; the same where the case does not stand in it."""
    about, offers = _standing(case, now), _offers(case)
    return replace(
        message,
        quotes=tuple(
            replace(quote, about=about, offers=offers) if quote.case == case.id else quote for quote in message.quotes
        ),
        facts=tuple((name, _unnamed(case, now)) if name == case.key else (name, said) for name, said in message.facts),
    )


def edit_of_list(message: Message, case: Case) -> Message:
    """What takes the place of a list, once for each version of a case in it."""
    return replace(message, key=f"{message.key}/{case.key}/{case.version}", thread=message.key, edits=True)


def write_nudge_of_many(
    case: Case, timer: Timer, parent: str, pings: tuple[str, ...], staffed: Staffed, now: datetime
) -> Message:
    """Something is due in a case that was told among others: said once an hour for all of them."""
    return Message(
        key=f"{parent}/{timer.due}/{now:%Y-%m-%dT%H}/{'+'.join(pings)}",
        title=f"{_DUE[timer.due]}, such as {case.key} · {clocks(case, staffed, now)}",
        tone=Tone.QUIET,
        thread=parent,
        pings=pings,
    )


def _title(count: int, reason: Reason) -> str:
    order = ", the most urgent first" if count > 1 else ""
    return f"And {count} more{order}" if reason is Reason.BUDGET else f"Held back by quiet hours: {count}{order}"


def _quoted(case: Case, complaint: Complaint, now: datetime) -> Quote:
    return replace(quote_of(complaint, now), case=case.id, about=_standing(case, now), offers=_offers(case))


def _line(case: Case, complaint: Complaint, now: datetime) -> tuple[str, str]:
    """A case without its words: those would have to be followed when the customer changes them."""
    waits = f"waiting {duration(now - complaint.posted_at)}"
    return case.key, f"{_unnamed(case, now)} · {complaint.platform} · {waits}"


def _unnamed(case: Case, now: datetime) -> str:
    return _standing(case, now).removeprefix(f"{case.key} · ")


def _standing(case: Case, now: datetime) -> str:
    parts = [case.key, level_name(Level(case.level)), topic_name(case.topic), case.brand]
    if case.state is not State.NEW:
        parts.append(named(case.state))
    if case.owner_name:
        parts.append(f"with {excerpt(case.owner_name, 60)}")
    if case.is_snoozed(now):
        parts.append("snoozed")
    return " · ".join(parts)


def _offers(case: Case) -> tuple[str, ...]:
    return ("take",) if case.is_open and case.owner is None else ()


_DUE = {
    Due.SECOND_PERSON: "Nobody has taken some of these yet",
    Due.LEAD: "Still nobody has taken some of these",
    Due.UPDATE: "Customers of these have not heard from us for a day",
    Due.FOLLOW_UP: "Follow-ups due: are these customers satisfied?",
    Due.SNOOZE_OVER: "A snooze is over",
    Due.SILENCE: "Silent",
}
