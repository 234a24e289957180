"""Reach: complaints of open cases are measured again after 15 minutes, 1, 6 and 24 hours, where the platform tells."""

from collections.abc import Collection
from datetime import datetime

from monitor.core.case import Case, Move, Step
from monitor.core.errors import StoreError
from monitor.core.level import Level
from monitor.core.spread import Spread, in_words, spread
from monitor.core.wording import SPREAD, edit_of, with_fact
from monitor.jobs.collect import Source
from monitor.jobs.meter import require_room
from monitor.jobs.refresh import looking_account, refresh_health, require_share
from monitor.jobs.steps import UMBRAGE, CaseRules, retell_anywhere, take_step
from monitor.jobs.trouble import as_source_error, failed
from monitor.ports import Looked, Measured, Metered, Refreshing, Store, Transaction


def measure_reach(
    source: Source, brands: Collection[str], store: Store, rules: CaseRules, now: datetime, jitter: float
) -> int:
    """Measure what is due on the source's platform, a batch at a time, and return how many posts that were.

    Trouble is that of looking posts up; only ``StoreError`` escapes.
    """
    collector = source.collector
    health = store.health(refresh_health(source))
    if not isinstance(collector, Refreshing) or health.is_resting(now):
        return 0
    due = store.due_reach(collector.platform, brands, now, collector.batch)
    if not due:
        return 0
    try:
        if isinstance(collector, Metered):
            require_room(collector, store, now)
            require_share(collector, store, now)
        looked = collector.look_up(sorted({one.name for one in due}), now)
    except StoreError:
        raise
    except Exception as error:
        with store.begin() as transaction:
            transaction.set_health(failed(health, as_source_error(health.name, error), now, jitter))
        return 0
    _keep(collector, looked, due, store, rules, now)
    return len(due)


def _keep(
    collector: Refreshing, looked: Looked, due: Collection[Measured], store: Store, rules: CaseRules, now: datetime
) -> None:
    """Every post that was looked for counts as measured, found or not: it is not asked for again at once."""
    reposts = {mention.id: mention.reposts for mention in looked.found}
    with store.begin() as transaction:
        transaction.set_counts(looked.found, now)
        transaction.add_reach([(one.mention, reposts.get(one.native_id)) for one in due], now)
        if looked.spent and isinstance(collector, Metered):
            transaction.spend(collector.account, looked.spent, now)
            transaction.spend(looking_account(collector), looked.spent, now)
        cases = transaction.cases({one.case for one in due})
        for one in due:
            found = spread(one.posted_at, transaction.reach(one.mention))
            if found is not None and one.case in cases:
                cases[one.case] = _told(transaction, cases[one.case], one, found, rules, now)


def _told(transaction: Transaction, case: Case, one: Measured, found: Spread, rules: CaseRules, now: datetime) -> Case:
    """The case's message shows the spread; what spreads fast is to be acted on now, and that is said."""
    for told in transaction.parents_of(case.id):
        message = with_fact(told.message, SPREAD, in_words(found, one.posted_at))
        transaction.revise(told.id, message)
        if told.target in rules.threaded and told.is_out:
            transaction.enqueue(told.target, edit_of(message, now), now, case.id)
    if not found.is_fast or not case.is_open or case.level <= Level.ACT_NOW:
        return case
    reasons = (f"spreading fast: {found.reposts} reposts, {found.per_hour:.0f} an hour", *case.reasons)
    key = f"spread/{one.mention}"
    move = Move(
        step=Step.SPREAD, by=UMBRAGE, name=UMBRAGE, via=UMBRAGE, at=now, key=key, level=Level.ACT_NOW, reasons=reasons
    )
    if any(fact.key == key for fact in transaction.facts(case.id)):
        return case
    after = take_step(transaction, case, move, rules)
    retell_anywhere(transaction, after, move, rules, now, rises=True)
    return after
