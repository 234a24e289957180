"""Splitting: a post that joined a case by itself and is about something else gets a case of its own.

Triage tells that case as any new one, since no target has been told of it; its clock begins with its post. What was
told in an incident stands there already, as any case of an incident does.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.case import OVERRULED, Case, Move, NotAllowed, State, Step, named
from monitor.core.case_message import taken_out
from monitor.core.cause import topic_of
from monitor.core.duplicates import likeness
from monitor.core.level import MOST_REASONS, grade
from monitor.core.splitting import post_of, rewound
from monitor.core.spread import in_words, spread
from monitor.core.timers import next_at
from monitor.core.wording import ALTOGETHER, SPREAD, edit_of, with_fact
from monitor.jobs.engagement import Listed
from monitor.jobs.filing import signals_of
from monitor.jobs.placing import LONGEST_THREAD, is_told_again
from monitor.jobs.steps import UMBRAGE, CaseRules, Overtaken, retell_anywhere, take_step
from monitor.jobs.talk import Thread
from monitor.ports import Draft, Member, Talk, Transaction

_SHUT = OVERRULED | {State.DUPLICATE, State.NOT_ENGAGED}
"""Ends that were said of all posts of a case."""


def split(transaction: Transaction, case: Case, move: Move, rules: CaseRules, now: datetime) -> Case | None:
    """Take the post that ``move.to`` names out of a case, with what came with it; ``None`` if they did so before.

    Raises ``NotAllowed`` with words for the person, and ``Overtaken`` to roll back.
    """
    members = transaction.members(case.id)
    post = next((one for one in members if move.to in (one.key, one.name)), None)
    if post is None:
        _refuse_again(transaction, case, move)
        return None
    first = _beginning(transaction, case, members)
    if case.state in _SHUT:
        raise NotAllowed(f"this case has ended as {named(case.state)}; reopen it first")
    if post.is_forgotten:
        raise NotAllowed("its author deleted it")
    if post in first:
        raise NotAllowed("the case stands for this post; what has joined it can be taken out")
    leaving = _leaving(transaction, members, post, first)
    numbers = [one.mention for one in leaving]
    new = _open(transaction, case, post, leaving, move)
    if not transaction.rehome(numbers, case.id, new.id):
        raise Overtaken(f"a post left case {case.id} meanwhile")
    decided = replace(move, key=_key(case.id, post.mention), to=None, note=f"it is case/{new.id} now")
    after = take_step(transaction, _rewound(transaction, case, members, numbers), decided, rules)
    new = take_step(transaction, new, replace(decided, note=f"it was in case/{case.id}"), rules)
    Listed(transaction, rules, now, transaction.restraints({post.author} if post.author else ())).began(new, post)
    transaction.wake_answers(numbers)
    _correct_messages(transaction, case, after, [one for one in members if one not in leaving], leaving)
    retell_anywhere(transaction, after, decided, rules, now)
    _mark(transaction, leaving, new, rules, now)
    if transaction.told_mentions(numbers):
        transaction.set_told_at(now, {new.id: next_at(replace(new, told_at=now), rules.staffed, ())})
    return after


def _key(case: int, mention: int) -> str:
    """That of the decision, in both cases: filing and the next person find it by it."""
    return f"{Step.SPLIT}/{case}/{mention}"


def _refuse_again(transaction: Transaction, case: Case, move: Move) -> None:
    """Whoever clicks twice is told nothing, and a colleague what became of the post."""
    platform, _, name = (move.to or "").partition(":")
    keys = {_key(case.id, number) for number in transaction.numbers_of(platform, name)}
    for fact in transaction.facts(case.id):
        if fact.key in keys:
            if fact.by == move.by:
                return
            raise NotAllowed(f"{fact.name} took this post out already: {fact.note}")
    raise NotAllowed(f"this post is not in case/{case.id}")


def _beginning(transaction: Transaction, case: Case, members: Sequence[Member]) -> list[Member]:
    """The posts that stand for the case: those in its own message, or else the oldest."""
    quoted = {quote.post for told in transaction.parents_of(case.id) for quote in told.message.quotes}
    return [one for one in members if one.key in quoted] or list(members[:1])


def _leaving(
    transaction: Transaction, members: Sequence[Member], post: Member, first: Sequence[Member]
) -> list[Member]:
    """The post, its copies that are more like it than like the beginning of the case, and what answers any of them."""
    thread = transaction.threads(members, LONGEST_THREAD)
    gone = {post.mention}
    for one in members:
        is_its_own = is_told_again(one, post)
        if is_its_own and likeness(one.text, post.text) > max(likeness(one.text, other.text) for other in first):
            gone.add(one.mention)
    gone -= {one.mention for one in first}
    while below := {one.mention for one in members if one not in first and _is_below(one, gone, thread)} - gone:
        gone |= below
    return [one for one in members if one.mention in gone]


def _is_below(one: Member | Talk, gone: Collection[int], thread: Thread) -> bool:
    """Whether a post answers one of those, perhaps through posts that are in no case."""
    parent = one.reply_to
    for _ in range(LONGEST_THREAD):
        above = thread.get((one.platform, one.brand, parent)) if parent is not None else None
        if above is None or above.mention in gone:
            return above is not None
        if above.case is not None:
            return False
        parent = above.reply_to
    return False


def _open(
    transaction: Transaction,
    case: Case,
    post: Member,
    leaving: Sequence[Member],
    move: Move,
) -> Case:
    """A case with its own level and its own first clock."""
    own = [grade(signals_of(one)) for one in leaving if one.author == post.author or one is post]
    graded = min(own, key=lambda each: each.level)
    reasons = (f"taken out of case/{case.id} by {move.name}", *graded.reasons)[:MOST_REASONS]
    opened_at = min(one.posted_at for one in leaving)
    draft = Draft(post.cause, post.brand, topic_of(post.topics), opened_at, graded.level, reasons)
    return transaction.open_cases([draft])[0]


def _rewound(transaction: Transaction, case: Case, members: Sequence[Member], leaving: Collection[int]) -> Case:
    """The case without what the leaving posts, and the answers to them, have changed in it."""
    facts = transaction.facts(case.id)
    about = {fact.key: number for fact in facts if fact.by == UMBRAGE and (number := post_of(fact)) is not None}
    talk = transaction.posts(set(about.values()) - {one.mention for one in members})
    thread = transaction.threads(talk, LONGEST_THREAD)
    gone = {*leaving, *(one.mention for one in talk if _is_below(one, leaving, thread))}
    words = {one.mention: signals_of(one) for one in members}
    over = {key for key, number in about.items() if number in gone}
    began, first = members[0], next(one for one in members if one.mention not in leaving)
    opened_at = case.opened_at if first is began else first.posted_at
    return replace(rewound(case, facts, over, began.mention, first.mention, words), opened_at=opened_at)


def _correct_messages(
    transaction: Transaction, before: Case, after: Case, staying: Sequence[Member], leaving: Sequence[Member]
) -> None:
    """What the case's own messages say of its posts: how many they are, how they spread, and why it has its level."""
    spreads = [(one, spread(one.posted_at, transaction.reach(one.mention))) for one in staying]
    shown = [in_words(found, one.posted_at) for one, found in spreads if found is not None][-1:]
    was_measured = any(transaction.reach(one.mention) for one in leaving)
    for told in transaction.parents_of(after.id):
        message = told.message
        if any(name == ALTOGETHER for name, _ in message.facts):
            message = with_fact(message, ALTOGETHER, f"{len(staying)} posts" if len(staying) > 1 else "")
        if was_measured:
            message = with_fact(message, SPREAD, *(shown or [""]))
        over = set(before.reasons) - set(after.reasons)
        facts, why = (fact for fact in message.facts if fact[1]), (one for one in message.why if one not in over)
        transaction.revise(told.id, replace(message, facts=tuple(facts), why=tuple(why)))


def _mark(transaction: Transaction, leaving: Sequence[Member], new: Case, rules: CaseRules, now: datetime) -> None:
    """Where the posts were told of, it says where they are now, and offers nothing more for them."""
    for told in transaction.untell([one.mention for one in leaving]):
        message = taken_out(told.message, {one.key for one in leaving}, new.id)
        transaction.revise(told.id, message)
        if message != told.message and told.is_out and told.target in rules.threaded:
            edit = replace(edit_of(message, now), key=f"{message.key}/now/{new.key}")
            transaction.enqueue(told.target, edit, now)
