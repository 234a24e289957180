"""Orders: the number of each day is read from where a shop keeps it, once a day when all goes well."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from monitor.core.errors import StoreError, Unavailable
from monitor.core.health import Health
from monitor.jobs.trouble import as_source_error, failed
from monitor.ports import Store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STALE = 3
"""Days: numbers that end so long ago are trouble, since no rate can be stated without them."""


class Orders(Protocol):
    """Where the orders of a brand are kept."""

    @property
    def brand(self) -> str:
        """Whose orders they are."""
        ...

    def read(self) -> Sequence[tuple[date, int]]:
        """The orders of days. Raises a ``SourceError``."""
        ...


def orders_health(brand: str) -> str:
    """The name of the health record of a brand's orders."""
    return f"orders/{brand}"


def read_orders(orders: Orders, store: Store, now: datetime, jitter: float) -> int:
    """Read what is due, and return how many days that were; only ``StoreError`` escapes.

    Once yesterday's number is there, the next look is after the next midnight (UTC); until then it is one an hour.
    """
    health = store.health(orders_health(orders.brand))
    if health.is_resting(now):
        return 0
    today = now.astimezone(UTC).date()
    try:
        days = [(day, amount) for day, amount in orders.read() if day <= today]
        store.add_orders([(orders.brand, day, amount) for day, amount in days])
        newest = max((day for day, _ in days), default=None)
        if newest is None or newest < today - STALE * DAY:
            raise Unavailable(f"the newest day told is {newest or 'none'}: what tells the orders has stopped")
    except StoreError:
        raise
    except Exception as error:
        after = failed(health, as_source_error(health.name, error), now, jitter)
    else:
        midnight = datetime.combine(today + DAY, datetime.min.time(), UTC)
        is_complete = newest >= today - DAY
        until = midnight + HOUR * jitter if is_complete else now + HOUR
        after = Health(name=health.name, last_ok=now, resting_until=until)
    with store.begin() as transaction:
        transaction.set_health(after)
    return 0 if after.troubled_since else len(days)
