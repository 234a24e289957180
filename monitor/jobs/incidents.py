"""Act on an incident: one step for what many customers have in common, and for each case of it that it concerns."""

from dataclasses import replace
from datetime import datetime

from monitor.core.case import Case, Move, NotAllowed, Step
from monitor.core.incident import Incident, concerns, moved
from monitor.core.incident_message import edit_of_incident, restated, write_incident_hand_over, write_incident_line
from monitor.jobs.act import TRIES, is_given_away
from monitor.jobs.steps import CaseRules, Overtaken, retell, take_step
from monitor.ports import Store, Transaction


def act_on_incident(store: Store, rules: CaseRules, number: int, move: Move, now: datetime) -> Incident | None:
    """Take a step and tell wherever the incident was told; ``None`` if this very step was taken before.

    Raises ``NotAllowed`` with words for the person. Whoever is overtaken by a colleague is judged by what they left.
    """
    for _ in range(TRIES):
        try:
            with store.begin() as transaction:
                incident = transaction.incidents([number]).get(number)
                if incident is None or incident.told_at is None:
                    raise NotAllowed(f"there is no incident {number}")
                if any(fact.key == move.key for fact in transaction.incident_facts(number)):
                    return None
                after = moved(incident, move)
                if not transaction.move_incident(incident, after, move):
                    raise Overtaken
                stepped = _in_cases(transaction, incident, move, rules)
                _retell(transaction, after, move, stepped, rules, now)
                return after
        except Overtaken:
            continue
    raise NotAllowed("too many people changed this incident at once; try again")


def _in_cases(transaction: Transaction, incident: Incident, move: Move, rules: CaseRules) -> list[tuple[Case, Move]]:
    """The same step in the cases of the incident; returns those in which it was taken."""
    own = replace(move, via=f"{move.via}, {incident.key}", key=f"{incident.key}/{move.key}")
    members = [case for case in transaction.cases_of_incident(incident.cause) if concerns(incident, case, move)]
    return [(take_step(transaction, case, own, rules), own) for case in members]


def _retell(
    transaction: Transaction,
    incident: Incident,
    move: Move,
    stepped: list[tuple[Case, Move]],
    rules: CaseRules,
    now: datetime,
) -> None:
    """The messages of the incident show how it stands, the newest gets a line, and so do cases with their own."""
    latest: dict[str, str] = {}
    for told in transaction.messages_of_incident(incident.cause):
        message = restated(told.message, incident, rules.staffed, now)
        transaction.revise(told.id, message)
        if told.target in rules.threaded:
            transaction.enqueue(told.target, edit_of_incident(message, incident), now)
            latest[told.target] = message.key
    for target, parent in latest.items():
        line = write_incident_line(incident, move, len(stepped), parent, rules.staffed, now)
        if move.step is Step.ESCALATE:
            line = replace(line, pings=rules.lead or rules.second)
        transaction.enqueue(target, line, now)
    if is_given_away(move):
        for target, parent in sorted(latest.items())[:1]:
            private = write_incident_hand_over(incident, move, len(stepped), parent, rules.staffed, now)
            transaction.enqueue(target, private, now)
    for case, own in stepped:
        retell(transaction, case, own, rules, now)
