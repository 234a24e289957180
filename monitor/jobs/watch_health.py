"""Watch health: say once that a source or target is in trouble, and once that it works again."""

from collections.abc import Collection
from datetime import datetime, timedelta

from monitor.core.health import is_back, is_worth_telling
from monitor.core.wording import write_recovery, write_trouble
from monitor.ports import Store


def watch_health(
    store: Store, names: Collection[str], targets: tuple[str, ...], patience: timedelta, now: datetime
) -> int:
    """Look at the named sources and targets, and return how many notices were put into the outbox."""
    count = 0
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


def _others(targets: tuple[str, ...], troubled: str) -> tuple[str, ...]:
    """A mute target is told about by the others; if there are none, it learns of it once it works again."""
    return tuple(target for target in targets if f"target/{target}" != troubled) or targets
