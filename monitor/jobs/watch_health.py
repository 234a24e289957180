"""Watch health: say once that a source or target is in trouble or too quiet, and once that it is well again."""

from collections.abc import Collection
from datetime import datetime, timedelta

from monitor.core.health import Health, is_back, is_worth_telling
from monitor.core.silence import HISTORY, quiet
from monitor.core.wording import write_gaps, write_recovery, write_trouble
from monitor.ports import OpenGap, Store

GAPS_EVERY = timedelta(days=1)


def watch_health(
    store: Store, names: Collection[str], targets: tuple[str, ...], patience: timedelta, now: datetime
) -> int:
    """Look at the named sources and targets, and return how many notices were put into the outbox."""
    count = _tell_gaps(store, targets, now)
    for health in store.all_health():
        if health.name not in names:
            continue
        if is_worth_telling(health, now, patience):
            message, told_at = write_trouble(health, now), now
        elif is_back(health) and health.told_at is not None:
            message, told_at = write_recovery(health, health.told_at, now), None
        else:
            continue
        with store.begin() as transaction:
            if transaction.set_told(health.name, told_at):
                count += sum(transaction.enqueue(target, message, now) for target in _others(targets, health.name))
    return count


def note_quiet(store: Store, sources: Collection[str], now: datetime) -> None:
    """Keep in a health record of its own whether a source that answers is quieter than it should be."""
    for source in sources:
        name = f"quiet/{source}"
        before = store.health(name)
        problem = quiet(store.pulses(source, now - HISTORY), now)
        if store.health(f"source/{source}").troubled_since is not None or problem == before.problem:
            continue
        since = (before.troubled_since or now) if problem else None
        last_ok = before.last_ok if problem else now
        after = Health(name=name, last_ok=last_ok, troubled_since=since, problem=problem, is_permanent=bool(problem))
        with store.begin() as transaction:
            transaction.set_health(after)


def _tell_gaps(store: Store, targets: tuple[str, ...], now: datetime) -> int:
    """Each gap is told once, all those of a source together, and no source is spoken of twice within a day."""
    by_source: dict[str, list[OpenGap]] = {}
    for gap in store.open_gaps():
        by_source.setdefault(gap.source, []).append(gap)
    count = 0
    for source, gaps in by_source.items():
        fresh = [gap for gap in gaps if gap.told_at is None]
        if not fresh or any(gap.told_at is not None and now - gap.told_at < GAPS_EVERY for gap in gaps):
            continue
        message = write_gaps(source, [gap.gap for gap in fresh], now)
        with store.begin() as transaction:
            transaction.set_gaps_told([gap.id for gap in fresh], now)
            count += sum(transaction.enqueue(target, message, now) for target in targets)
    return count


def _others(targets: tuple[str, ...], troubled: str) -> tuple[str, ...]:
    """A mute target is told about by the others; if there are none, it learns of it once it works again."""
    return tuple(target for target in targets if f"target/{target}" != troubled) or targets
