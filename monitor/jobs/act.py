"""Act: a person takes a step in a case, wherever they click or type."""

from datetime import datetime

from monitor.core.case import OVERRULED, Case, Move, NotAllowed, Step, is_put_off
from monitor.core.hand_over_message import write_hand_over
from monitor.core.verdict import Label
from monitor.jobs.details import follow_with_details
from monitor.jobs.engagement import follow_engagement
from monitor.jobs.splitting import split
from monitor.jobs.steps import CaseRules, Overtaken, places_of, retell_anywhere, take_step
from monitor.ports import Store, Transaction
from monitor.slack.safety import is_user

TRIES = 5


def act(store: Store, rules: CaseRules, number: int, move: Move, now: datetime) -> Case | None:
    """Take a step and tell wherever the case was told; ``None`` if this very step was taken before.

    Raises ``NotAllowed`` with words for the person. Whoever is overtaken by a colleague is judged by what they left.
    """
    for _ in range(TRIES):
        try:
            with store.begin() as transaction:
                case = transaction.cases([number]).get(number)
                if case is None:
                    raise NotAllowed(f"there is no case {number}")
                if any(fact.key == move.key for fact in transaction.facts(number)):
                    return None
                if move.step is Step.SPLIT:
                    return split(transaction, case, move, rules, now)
                if move.step is Step.SNOOZE and not move.note and is_put_off(case, transaction.facts(number)):
                    raise NotAllowed("it was put off before: say why it takes longer")
                after = take_step(transaction, case, move, rules)
                _correct(transaction, after, move, now)
                follow_engagement(transaction, after, move, now)
                retell_anywhere(transaction, after, move, rules, now, rises=after.level < case.level)
                follow_with_details(transaction, rules, after, move, now)
                _hand_over(transaction, after, move, rules, now)
                return after
        except Overtaken:
            continue
    raise NotAllowed("too many people changed this case at once; try again")


def is_given_away(move: Move) -> bool:
    """Whether somebody gives something to somebody else whom a channel can reach."""
    return move.step is Step.ASSIGN and move.to is not None and move.to != move.by and is_user(move.to)


def _hand_over(transaction: Transaction, case: Case, move: Move, rules: CaseRules, now: datetime) -> None:
    """Whoever is given a case by somebody else hears of it, once, wherever it was told first."""
    if not is_given_away(move):
        return
    told = [one for one in places_of(transaction, case.id) if one.target in rules.threaded]
    for one in told[:1]:
        message = write_hand_over(case, move, one.message, rules.staffed, now)
        transaction.enqueue(one.target, message, now, case.id)


def _correct(transaction: Transaction, case: Case, move: Move, now: datetime) -> None:
    """What people say about a post outranks the model and is kept to learn from."""
    if case.state in OVERRULED and move.step in (Step.NOT_A_COMPLAINT, Step.NOT_ABOUT_US):
        why = move.note or str(move.step)
        transaction.correct_case(case.id, Label.OTHER, move.name, why, now)
    elif move.step is Step.TOPIC:
        why = move.note or str(move.step)
        transaction.correct_case(case.id, Label.COMPLAINT, move.name, why, now, case.topic)
    elif move.step is Step.REOPEN:
        transaction.correct_case(case.id, Label.COMPLAINT, move.name, move.note or "opened again", now)
