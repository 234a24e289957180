"""Talk: what is said in the conversation of a case and is no complaint, our answers and the customer's other words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.core.abuse import mask
from monitor.core.case import OVERRULED, Case, Move, State, Step
from monitor.core.engagement import Person
from monitor.core.message import Quote, moment
from monitor.core.text import excerpt
from monitor.core.wording import QUOTE_CHARS, with_fact
from monitor.jobs.steps import UMBRAGE, CaseRules, retell_anywhere, take_step
from monitor.ports import Talk, Threaded, Transaction

BATCH = 1_000
PATIENCE = timedelta(hours=1)
"""So long a post waits for a verdict on what it answers."""

LONGEST_THREAD = 20
CHANGED = "Changed"
_SHUT = OVERRULED | {State.DUPLICATE}

Thread = Mapping[tuple[str, str, str], Threaded]


def follow_talk(transaction: Transaction, rules: CaseRules, now: datetime) -> None:
    """Look once at each post that answers another and is no complaint, in the order in which they were written."""
    while True:
        waiting = transaction.talk(BATCH)
        if not waiting:
            return
        thread = transaction.threads(waiting, LONGEST_THREAD)
        seen = [one for one in waiting if now - one.collected_at >= PATIENCE or _is_clear(one, thread)]
        for one in seen:
            _look(transaction, one, _conversation(one, thread), rules, now)
        transaction.settle_talk([one.mention for one in seen])
        if len(waiting) < BATCH or not seen:
            return


def _conversation(one: Talk, thread: Thread) -> list[Threaded]:
    """What a post answers, and what that answers, up to the first that is in a case."""
    found: list[Threaded] = []
    parent = one.reply_to
    while parent is not None and len(found) < LONGEST_THREAD and (not found or found[-1].case is None):
        post = thread.get((one.platform, one.brand, parent))
        if post is None:
            break
        found.append(post)
        parent = post.reply_to
    return found


def _is_clear(one: Talk, thread: Thread) -> bool:
    return all(post.is_judged for post in _conversation(one, thread))


def _look(transaction: Transaction, one: Talk, above: Sequence[Threaded], rules: CaseRules, now: datetime) -> None:
    number = one.case if one.case is not None else above[-1].case if above else None
    case = transaction.cases([number]).get(number) if number is not None else None
    if case is None or case.state in _SHUT:
        return
    move = _move(one, case, above, transaction.opener(case.id))
    if move is None or any(fact.key == move.key for fact in transaction.facts(case.id)):
        return
    after = take_step(transaction, case, move, rules)
    if move.step is Step.CHANGED:
        for told in transaction.parents_of(case.id):
            said = f"by the customer, after our answer; seen {moment(now)}"
            transaction.revise(told.id, with_fact(told.message, CHANGED, said))
    retell_anywhere(transaction, after, move, rules, now, _quote(one))


def _move(one: Talk, case: Case, above: Sequence[Threaded], opener: Person | None) -> Move | None:
    """What a post means for a case; ``None`` if it is not between its customer and us."""
    customer = opener.author if opener else None
    step, at = _step(one, case, above, customer), one.edited_at if one.case is not None else one.posted_at
    if step is None or at is None:
        return None
    name = f"@{one.author.removeprefix('@')}" if one.author else UMBRAGE
    key = f"{step}/{one.mention}" if step is not Step.CHANGED else f"{step}/{one.mention}/{at.isoformat()}"
    return Move(step=step, by=UMBRAGE, name=name, via=one.platform, at=at, key=key)


def _step(one: Talk, case: Case, above: Sequence[Threaded], customer: str | None) -> Step | None:
    if one.case is not None:
        is_late = case.answered_at is not None and one.edited_at is not None and one.edited_at > case.answered_at
        return Step.CHANGED if is_late and one.author == customer else None
    if not one.is_own:
        return Step.SPOKE if customer is not None and one.author == customer else None
    addressee = next((post for post in above if not post.is_own), None)
    return Step.ANSWER_SEEN if addressee is not None and customer in (None, addressee.author) else None


def _quote(one: Talk) -> Quote:
    return Quote(
        text=excerpt(mask(one.text), QUOTE_CHARS) or "(no words)",
        where=f"{one.platform} · {moment(one.posted_at)}",
        url=one.url,
        post=f"{one.platform}:{one.name}",
    )
