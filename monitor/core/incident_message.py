"""The words about an incident: how its message shows who has it, and what is said under it of every step."""

from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.case import Case, Move, Step
from monitor.core.case_message import STATUS
from monitor.core.clocks import Staffed
from monitor.core.incident import Incident
from monitor.core.message import Message, Tone, duration, moment
from monitor.core.text import excerpt
from monitor.core.wording import LONGEST, topic_name, without_wait

OFFERS = ("take", "assign", "mute", "more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An incident for a list of incidents: how many of its cases are open."""

    incident: Incident
    open_cases: int


def restated(message: Message, incident: Incident, staffed: Staffed, now: datetime) -> Message:
    """The message of an incident as it stands now."""
    facts = tuple(fact for fact in message.facts if fact[0] != STATUS)
    message = replace(message, facts=facts, incident=incident.cause, offers=OFFERS[1:] if incident.owner else OFFERS)
    status = status_of(incident, staffed, now)
    if not status:
        return message
    facts = tuple(fact for fact in facts if fact[0] != LONGEST)
    quotes = tuple(map(without_wait, message.quotes))
    return replace(message, facts=((STATUS, status), *facts), quotes=quotes)


def status_of(incident: Incident, staffed: Staffed, now: datetime) -> str:
    """Who has it, with both clocks; empty before anybody did anything."""
    parts = [f"with {excerpt(incident.owner_name, 60)}"] if incident.owner_name else []
    if incident.done_at:
        parts.append("done by us, not confirmed")
    if incident.is_muted(now) and incident.muted_until:
        parts.append(f"muted until {moment(incident.muted_until)}")
    return " · ".join((*parts, clocks(incident, staffed, now))) if parts else ""


def clocks(incident: Incident, staffed: Staffed, now: datetime) -> str:
    """Both waits in words: of the team until somebody took it, and of the customer who wrote first."""
    waits = f"the first customer waits {duration(now - incident.opened_at)}"
    if incident.told_at is None:
        return waits
    team = staffed.worked(incident.told_at, incident.taken_at or now)
    return f"team wait {duration(team)} · {waits}"


def edit_of_incident(message: Message, incident: Incident) -> Message:
    """What takes the place of an incident's message, once for each version of the incident."""
    key = f"{message.key}/version/{incident.version}"
    return replace(message, key=key, thread=message.key, edits=True, pings=())


def write_incident_line(
    incident: Incident, move: Move, cases: int, parent: str, staffed: Staffed, now: datetime
) -> Message:
    """One line for a step in an incident; ``cases`` is in how many of its cases it was one, too."""
    facts = [("Note", move.note)] if move.note else []
    facts += [("Done", move.remedy)] if move.remedy else []
    return Message(
        key=f"{parent}/step/{move.key}",
        title=f"{_said(move)}{_with(cases)} · {clocks(incident, staffed, now)}",
        facts=tuple((name, excerpt(value, 400)) for name, value in facts),
        tone=Tone.QUIET,
        thread=parent,
    )


def write_incident_hand_over(
    incident: Incident, move: Move, cases: int, parent: str, staffed: Staffed, now: datetime
) -> Message:
    """For whoever is given an incident by somebody else, and nobody besides."""
    what = f"{incident.key}{_with(cases)} · {topic_name(incident.topic)} · {incident.brand}"
    return Message(
        key=f"{parent}/to/{move.key}",
        title=f"{excerpt(move.name, 60)} gave you {what}",
        facts=((STATUS, clocks(incident, staffed, now)),),
        tone=Tone.QUIET,
        thread=parent,
        to=move.to,
    )


def line(standing: Standing, now: datetime) -> str:
    """An incident on one line, for lists."""
    incident = standing.incident
    who = f"with {excerpt(incident.owner_name, 60)}" if incident.owner_name else "nobody has it"
    open_cases = f"{standing.open_cases} open case{'' if standing.open_cases == 1 else 's'}"
    waits = f"waits {duration(now - incident.opened_at)}"
    return f"{incident.key} · {topic_name(incident.topic)} · {incident.brand} · {open_cases} · {waits} · {who}"


def joining(case: Case, incident: Incident, now: datetime) -> Move:
    """Whoever has an incident has what is added to it, unless somebody has that already."""
    owner, name = incident.owner or "", incident.owner_name or ""
    return Move(step=Step.TAKE, by=owner, name=name, via=incident.key, at=now, key=f"{incident.key}/{case.id}")


def _said(move: Move) -> str:
    who = excerpt(move.name, 60)
    if move.step is Step.ASSIGN:
        return f"{who} gave it to {excerpt(move.to_name or move.to or '', 60)}"
    if move.step is Step.SNOOZE and move.until:
        return f"{who} muted it until {moment(move.until)}; what must be acted on now is still told"
    return _SAID[move.step].format(who=who)


def _with(cases: int) -> str:
    return f", in {cases} case{'' if cases == 1 else 's'}" if cases else ""


_SAID = {
    Step.TAKE: "{who} took it",
    Step.TAKE_OVER: "{who} took it over",
    Step.DONE: "Done by us, said {who}; not over before the customers say so",
    Step.NOTE: "{who} noted",
    Step.ESCALATE: "{who} escalated it",
}
