"""Details: what stands under a case at once, or under the list in which it was told once somebody has it."""

from dataclasses import replace
from datetime import datetime

from monitor.core.case import Case, Move, Step
from monitor.core.case_message import write_details
from monitor.core.cause import Complaint
from monitor.core.message import DETAILS, Message
from monitor.core.playbook import playbook_of
from monitor.core.wording import foremost
from monitor.jobs.steps import CaseRules
from monitor.ports import Transaction

OWNED = frozenset((Step.TAKE, Step.TAKE_OVER, Step.ASSIGN))


def details_of(transaction: Transaction, rules: CaseRules, case: Case, complaint: Complaint, parent: str) -> Message:
    """All that is known about a case and its author, and what might be said."""
    author, similar = transaction.author(complaint), transaction.similar(case)
    playbook, above = playbook_of(rules.playbooks, case), transaction.above(complaint)
    return write_details(case, complaint, author, similar, parent, playbook, above)


def follow_with_details(transaction: Transaction, rules: CaseRules, case: Case, move: Move, now: datetime) -> None:
    """Whoever gets a case that was told among others finds the details of it there, once."""
    if move.step not in OWNED or transaction.parents_of(case.id):
        return
    complaints = transaction.complaints(transaction.posts_of(case.id))
    for told in transaction.groups_of(case.id):
        if told.target in rules.threaded and complaints:
            parent = told.message.key
            message = details_of(transaction, rules, case, foremost(list(complaints.values())), parent)
            key = f"{parent}/{case.key}{DETAILS}"
            transaction.enqueue(told.target, replace(message, key=key), now, case.id)
