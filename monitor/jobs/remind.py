"""Remind: what is due in cases is said to those who are to do it, once each, whatever happens meanwhile."""

from collections.abc import Sequence
from datetime import datetime

from monitor.core.case import Case, Move, Step
from monitor.core.case_message import write_nudge
from monitor.core.level import Level
from monitor.core.list_message import write_nudge_of_many
from monitor.core.timers import Due, Timer, due, next_at
from monitor.jobs.engagement import tell_ends
from monitor.jobs.steps import UMBRAGE, CaseRules, retell, take_step
from monitor.ports import Store, Transaction

BATCH = 200
LADDER = (Due.SECOND_PERSON, Due.LEAD)


def remind(store: Store, rules: CaseRules, now: datetime) -> int:
    """Look at every case in which something is due, and return how many reminders were put into the outbox."""
    reminders = sum(_remind(store, rules, case.id, now) for case in store.due_cases(now, BATCH))
    return reminders + tell_ends(store, rules, now)


def _remind(store: Store, rules: CaseRules, number: int, now: datetime) -> int:
    with store.begin() as transaction:
        case = transaction.cases([number])[number]
        done = {fact.key for fact in transaction.facts(number)}
        found = due(case, rules.staffed, done, now)
        if not found:
            transaction.set_due(number, next_at(case, rules.staffed, done))
        count = 0
        for timer in found:
            step = Step.SILENT if timer.due is Due.SILENCE else Step.NUDGE
            move = Move(step=step, by=UMBRAGE, name=UMBRAGE, via=UMBRAGE, at=now, key=timer.key, note=_note(timer))
            case = take_step(transaction, case, move, rules)
            if step is Step.SILENT:
                retell(transaction, case, move, rules, now)
            elif not _is_outdone(timer, found):
                count += _say(transaction, case, timer, rules, now)
        return count


def _note(timer: Timer) -> str | None:
    return None if timer.due is Due.SILENCE else str(timer.due)


def _is_outdone(timer: Timer, found: Sequence[Timer]) -> bool:
    """After a long stop several rungs of the ladder are due at once: only the highest is called."""
    return timer.due is Due.SECOND_PERSON and any(other.due is Due.LEAD for other in found)


def _say(transaction: Transaction, case: Case, timer: Timer, rules: CaseRules, now: datetime) -> int:
    """Under the case's own message; a case that was told among others has none, and is named under theirs.

    An incident mutes the ladders of its cases: nobody is called for each of them, once it was told.
    """
    parents = transaction.parents_of(case.id)
    is_muted = bool(parents) and timer.due in LADDER and case.level > Level.ACT_NOW
    above = {told.target: told for told in transaction.messages_of_incident(case.cause)} if is_muted else {}
    pings = _whom(case, timer, rules)
    count = 0
    for own in parents or transaction.groups_of(case.id):
        told = above.get(own.target, own)
        is_alone = bool(parents) and told is own
        write, number = (write_nudge, case.id) if is_alone else (write_nudge_of_many, None)
        if told.target in rules.threaded:
            message = write(case, timer, told.message.key, pings, rules.staffed, now)
            count += transaction.enqueue(told.target, message, now, number)
    return count


def _whom(case: Case, timer: Timer, rules: CaseRules) -> tuple[str, ...]:
    if timer.due is Due.SECOND_PERSON:
        return rules.second
    if timer.due is Due.LEAD:
        return rules.lead
    return (case.owner,) if case.owner else ()
