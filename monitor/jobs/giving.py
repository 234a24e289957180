"""Giving: all of one cause goes to one person, who hears of it in one private message."""

from datetime import datetime

from monitor.core.case import Case, Move, NotAllowed
from monitor.core.hand_over_message import write_many_handed_over
from monitor.core.incident import concerns
from monitor.jobs.act import TRIES, is_given_away
from monitor.jobs.incidents import act_on_incident
from monitor.jobs.steps import CaseRules, Overtaken, places_of, retell_anywhere, take_step
from monitor.ports import Store, Transaction


def give(store: Store, rules: CaseRules, number: int, move: Move, now: datetime) -> int:
    """Assign the open cases of the cause of a case that nobody has; returns how many that were.

    Where the cause was told as an incident, the incident is assigned with them. Raises ``NotAllowed`` with words for
    the person.
    """
    case = store.case(number)
    if case is None:
        raise NotAllowed(f"there is no case {number}")
    for _ in range(TRIES):
        try:
            with store.begin() as transaction:
                incident = transaction.incidents([case.cause])[case.cause]
                found = transaction.cases_of_incident(case.cause)
                members = [one for one in found if concerns(incident, one, move)]
                if incident.told_at is None:
                    _assign(transaction, members, move, rules, now)
                    return len(members)
        except Overtaken:
            continue
        act_on_incident(store, rules, case.cause, move, now)
        return len(members)
    raise NotAllowed("too many people changed these cases at once; try again")


def _assign(transaction: Transaction, members: list[Case], move: Move, rules: CaseRules, now: datetime) -> None:
    if not members:
        raise NotAllowed("somebody has all of it, or it is over")
    for case in members:
        after = take_step(transaction, case, move, rules)
        retell_anywhere(transaction, after, move, rules, now)
    if not is_given_away(move):
        return
    told = [one for case in members for one in places_of(transaction, case.id) if one.target in rules.threaded]
    for one in told[:1]:
        transaction.enqueue(one.target, write_many_handed_over(members, move, one.message.key), now)
