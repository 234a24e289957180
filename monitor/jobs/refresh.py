"""Refresh: look posts up again, so that edits are followed and what was deleted is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.errors import RateLimited, StoreError
from monitor.core.health import Health
from monitor.core.mention import storable
from monitor.core.message import moment
from monitor.jobs.collect import Source
from monitor.jobs.forget import forget, rewrite
from monitor.jobs.meter import require_room
from monitor.jobs.trouble import as_source_error, failed
from monitor.ports import Looked, Metered, Refreshing, Store

SECOND_LOOK = timedelta(minutes=10)
"""A post that is missing is looked for once more after this long: one odd answer deletes nothing."""

MOST_BATCHES = 10
SHARE = 0.3
"""Of a budget; the rest is for listening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What one round looked up: how many posts, and how many of them were gone for good."""

    looked: int = 0
    forgotten: int = 0


def refresh_health(source: Source) -> str:
    """The name of the health record of looking up a source's posts."""
    return f"refresh/{source.name}"


def refresh(source: Source, store: Store, now: datetime, jitter: float) -> Refreshed:
    """Look up posts of the source's platform that are due, a few batches at a time; only ``StoreError`` escapes."""
    collector = source.collector
    name = refresh_health(source)
    health = store.health(name)
    if not isinstance(collector, Refreshing) or health.is_resting(now):
        return Refreshed()
    done = Refreshed()
    try:
        for _ in range(MOST_BATCHES):
            due = store.due_looks(collector.platform, now - source.refresh, now - SECOND_LOOK, collector.batch)
            if not due:
                break
            if isinstance(collector, Metered):
                require_room(collector, store, now)
                require_share(collector, store, now)
            forgotten = _apply(collector, due, collector.look_up(list(due.values()), now), store, now)
            done = Refreshed(looked=done.looked + len(due), forgotten=done.forgotten + forgotten)
    except StoreError:
        raise
    except Exception as error:
        with store.begin() as transaction:
            transaction.set_health(failed(health, as_source_error(name, error), now, jitter))
        return done
    if health.troubled_since is not None:
        with store.begin() as transaction:
            transaction.set_health(Health(name=name, last_ok=now))
    return done


def looking_account(collector: Metered) -> str:
    """Under which name it is counted what looking up alone has cost."""
    return f"{collector.account}/refresh"


def require_share(collector: Metered, store: Store, now: datetime) -> None:
    """Raise when looking up has had its share of a budget: it must not leave the source deaf."""
    for budget in (budget for budget in collector.budgets if budget.pays_for_looks):
        used = store.spent(looking_account(collector), budget.unit, budget.start(now))
        if used >= budget.limit * SHARE:
            what = f"looking posts up has used its {SHARE:.0%} of {budget.limit:g} {budget.unit} a {budget.period}"
            raise RateLimited(f"{what}; it goes on at {moment(budget.end(now))}", until=budget.end(now))


def _apply(collector: Refreshing, due: Mapping[str, str], looked: Looked, store: Store, now: datetime) -> int:
    """Keep what was learnt; returns how many posts were forgotten. Gone is who is missing for the second time."""
    platform = collector.platform
    gone = {name for name, asked_as in due.items() if asked_as in looked.gone}
    before = store.first_missed(platform, gone)
    sure = [name for name in gone if name in before and before[name] <= now - SECOND_LOOK]
    with store.begin() as transaction:
        rewrite(transaction, transaction.amend(map(storable, looked.found), now), now)
        transaction.set_counts(looked.found, now)
        transaction.looked(platform, list(due), gone, now)
        forget(transaction, [(platform, name) for name in sure], now)
        if looked.spent and isinstance(collector, Metered):
            transaction.spend(collector.account, looked.spent, now)
            transaction.spend(looking_account(collector), looked.spent, now)
    return len(sure)
