"""Steps: whatever happens to a case is one fact, one change, and one edit and one line wherever it was told."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.case import Case, Move, moved
from monitor.core.case_message import edit_of_case, restated, write_line
from monitor.core.clocks import Staffed
from monitor.core.engagement import noted
from monitor.core.list_message import edit_of_list, relisted
from monitor.core.message import Message, Quote
from monitor.core.playbook import Playbook
from monitor.core.timers import next_at
from monitor.ports import Quoting, Transaction

UMBRAGE = "umbrage"
"""Who does what nobody did: the name of our own steps in the history of a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """When the team is there, whom to call when nobody has taken a case, and where messages stand under others.

    ``second`` and ``lead`` are ids of people in the channels, ``threaded`` are targets; of ``playbooks`` the first one
    counts that fits.
    """

    staffed: Staffed = field(default_factory=Staffed)
    second: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    threaded: frozenset[str] = frozenset()
    playbooks: tuple[Playbook, ...] = ()


class Overtaken(Exception):
    """Somebody changed the case meanwhile, or this step was taken before; nothing was kept."""


def take_step(transaction: Transaction, case: Case, move: Move, rules: CaseRules) -> Case:
    """Take a step and return the case after it. Raises ``NotAllowed``, and ``Overtaken`` to roll back."""
    after = moved(case, move)
    done = {fact.key for fact in transaction.facts(case.id)} | {move.key}
    if not transaction.move(case, after, move, next_at(after, rules.staffed, done)):
        raise Overtaken(f"case {case.id} was changed meanwhile")
    return after


def retell(
    transaction: Transaction,
    case: Case,
    move: Move,
    rules: CaseRules,
    now: datetime,
    quote: Quote | None = None,
    *,
    rises: bool = False,
) -> None:
    """Where the case was told, its message shows how it stands now, and the thread gets a line; ``quote`` is in it.

    A line about a case that ``rises``, to a more urgent level, is shown in the channel as well and calls the lead.
    """
    relist(transaction, case, rules, now)
    for told in transaction.parents_of(case.id):
        message = noted(told.message, move)
        transaction.revise(told.id, restated(message, case, rules.staffed, now, is_kept=True))
        if told.target in rules.threaded:
            shown = restated(message, case, rules.staffed, now, is_kept=False)
            transaction.enqueue(told.target, edit_of_case(shown, case), now, case.id)
            line = _line(case, move, told, rules, now, quote, rises=rises)
            transaction.enqueue(told.target, line, now, case.id)


def retell_anywhere(
    transaction: Transaction,
    case: Case,
    move: Move,
    rules: CaseRules,
    now: datetime,
    quote: Quote | None = None,
    *,
    rises: bool = False,
) -> None:
    """The same, and where a case was only told among others, the line stands there and names the case."""
    retell(transaction, case, move, rules, now, quote, rises=rises)
    if transaction.parents_of(case.id):
        return
    for told in transaction.groups_of(case.id):
        if told.target in rules.threaded:
            line = _line(case, move, told, rules, now, quote, is_named=True, rises=rises)
            transaction.enqueue(told.target, line, now)


def places_of(transaction: Transaction, case: int) -> list[Quoting]:
    """The messages that stand for a case; where it has none of its own, those that told it among others."""
    return transaction.parents_of(case) or transaction.groups_of(case)


def relist(transaction: Transaction, case: Case, rules: CaseRules, now: datetime) -> None:
    """Lists that name the case show how it stands now."""
    for told in transaction.groups_of(case.id):
        message = relisted(told.message, case, now)
        if message == told.message:
            continue
        transaction.revise(told.id, message)
        if told.target in rules.threaded:
            transaction.enqueue(told.target, edit_of_list(message, case), now)


def _line(
    case: Case,
    move: Move,
    told: Quoting,
    rules: CaseRules,
    now: datetime,
    quote: Quote | None = None,
    *,
    is_named: bool = False,
    rises: bool = False,
) -> Message:
    """What has become more urgent calls the lead, besides whom the line calls."""
    line = write_line(case, move, told.message.key, rules.staffed, now, quote=quote, is_named=is_named)
    if not rises:
        return line
    pings = tuple(dict.fromkeys(line.pings + (rules.lead or rules.second)))
    return replace(line, pings=pings, surfaces=True)
