"""Orders are read once a day, again within the hour when yesterday is missing, and trouble is told."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.core.errors import AuthFailed, RateLimited, Unavailable
from monitor.core.health import Health
from monitor.jobs.orders import orders_health, read_orders
from monitor.jobs.watch_health import watch_health
from monitor.store.sql import SqlStore

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
TODAY = NOW.date()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Shop:
    """What tells orders: the days up to ``newest``, or an error."""

    brand = "Acme"

    def __init__(self, newest: date) -> None:
        self.newest = newest
        self.error: Exception | None = None
        self.asked = 0

    def read(self) -> Sequence[tuple[date, int]]:
        self.asked += 1
        if self.error:
            raise self.error
        return [(self.newest - back * DAY, 100) for back in range(10)]


@pytest.fixture
def shop() -> Shop:
    return Shop(TODAY - DAY)


def health(store: SqlStore) -> Health:
    return store.health(orders_health("Acme"))


def test_they_are_read_once_a_day(sql_store: SqlStore, shop: Shop) -> None:
    assert read_orders(shop, sql_store, NOW, 0.5) == 10
    assert sql_store.orders_of("Acme", TODAY - 7 * DAY, TODAY - DAY) == 700
    for hour in range(16):
        assert read_orders(shop, sql_store, NOW + hour * HOUR, 0.5) == 0
    assert shop.asked == 1
    shop.newest = TODAY
    assert read_orders(shop, sql_store, NOW + 17 * HOUR, 0.5) == 10


def test_while_yesterday_is_missing_they_are_read_every_hour(sql_store: SqlStore, shop: Shop) -> None:
    shop.newest = TODAY - 2 * DAY
    read_orders(shop, sql_store, NOW, 0.5)
    assert health(sql_store).problem is None
    read_orders(shop, sql_store, NOW + HOUR / 2, 0.5)
    assert shop.asked == 1
    shop.newest = TODAY - DAY
    read_orders(shop, sql_store, NOW + HOUR, 0.5)
    read_orders(shop, sql_store, NOW + 3 * HOUR, 0.5)
    assert shop.asked == 2


def test_days_to_come_are_left_out(sql_store: SqlStore, shop: Shop) -> None:
    shop.newest = TODAY + 3 * DAY
    assert read_orders(shop, sql_store, NOW, 0.5) == 7
    assert sql_store.orders_of("Acme", TODAY + DAY, TODAY + DAY) is None


@pytest.mark.parametrize(
    ("error", "said", "rest"),
    [
        (RateLimited("shop.example asks us to wait (HTTP 429)", wait=2 * HOUR), "asks us to wait", 2 * HOUR),
        (Unavailable("shop.example has trouble (HTTP 500)"), "has trouble", timedelta(minutes=1)),
        (AuthFailed("shop.example refused access (HTTP 401)"), "refused access", HOUR),
        (KeyError("a bug of ours"), "unexpected KeyError", timedelta(minutes=1)),
    ],
)
def test_trouble_is_kept_and_tried_again_after_its_rest(
    sql_store: SqlStore, shop: Shop, error: Exception, said: str, rest: timedelta
) -> None:
    shop.error = error
    assert read_orders(shop, sql_store, NOW, 1.0) == 0
    assert said in (health(sql_store).problem or "")
    shop.error = None
    assert read_orders(shop, sql_store, NOW + rest - timedelta(seconds=1), 1.0) == 0
    assert read_orders(shop, sql_store, NOW + rest, 1.0) == 10
    assert health(sql_store).problem is None


def test_numbers_that_stopped_are_trouble_told_to_the_operators_once(sql_store: SqlStore, shop: Shop) -> None:
    shop.newest = TODAY - 4 * DAY
    now = NOW
    for _ in range(8):
        read_orders(shop, sql_store, now, 1.0)
        watch_health(sql_store, {orders_health("Acme")}, ("team",), timedelta(minutes=30), now)
        now += HOUR
    assert sql_store.orders_of("Acme", TODAY - 5 * DAY, TODAY - 4 * DAY) == 200
    (delivery,) = sql_store.claim_deliveries("team", now, HOUR, 5)
    assert delivery.message.title.startswith("Uncounted: orders Acme has not worked for ")
    assert "the newest day told is 2026-11-20" in dict(delivery.message.facts)["Problem"]
