"""Orders by day from files and addresses: what is understood, and what a server's faults become."""

from collections.abc import Iterator
from datetime import date

import pytest

from monitor.core.errors import AuthFailed, RateLimited, SourceError, Unavailable, Unreadable
from monitor.orders import MOST_DAYS, Ledger, orders_in
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply

CSV = b"day,orders\n2026-11-23,1180\n2026-11-24,1200\n"
KEY = "Bearer canary-key"
DAYS = [(date(2026, 11, 23), 1180), (date(2026, 11, 24), 1200)]


@pytest.mark.parametrize(
    "body",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        b"shop,day,orders\r\nx,2026-11-23,1180\r\nx, 2026-11-24 , 1200\r\n",
        b'[{"day": "2026-11-23", "orders": 1180}, {"day": "2026-11-24", "orders": "1200"}]',
        b'{"2026-11-23": 1180, "2026-11-24": 1200}',
    ],
    ids=["csv", "with a mark", "more columns", "objects", "days"],
)
def test_csv_and_json_are_understood(body: bytes) -> None:
    assert orders_in(body) == DAYS


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"day,orders\n2026-11-23,many\n", "line 2: needs a day"),
        (b"day,orders\n2026-11-23,5\nyesterday,5\n", "line 3: needs a day"),
        (b"day,orders\n2026-11-23,-1\n", "line 2"),
        (b"day,orders\n2026-11-23\n", "line 2"),
        (b"date,orders\n2026-11-23,5\n", "line 2"),
        (b"<html>log in</html>\n<p>", "line 2"),
        (b'[{"day": "2026-11-23", "orders": 3.5}]', "entry 1"),
        (b'[{"day": "2026-11-23", "orders": true}]', "entry 1"),
        (b'{"2026-11-23": 99999999999}', "entry 1"),
        (b'{"orders": {"2026-11-23": 5}}', "entry 1"),
        (b"[1]", "entry 1"),
        (b"[" * 100_000, "neither CSV nor JSON"),
        (b'{"2026-11-23": 5', "neither CSV nor JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"day,orders\n" + b"2026-11-23,5\n" * (MOST_DAYS + 1), "more than 5,000 days"),
    ],
)
def test_what_is_none_is_refused_with_its_place(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        orders_in(body)


@pytest.fixture
def shop() -> Iterator[LoopbackServer]:
    with LoopbackServer({"/orders": lambda _: Reply(body=CSV)}) as running:
        yield running


def ledger(shop: LoopbackServer, header: str = "Authorization") -> Ledger:
    return Ledger(brand="Acme", url=f"{shop.url}/orders", headers=lambda: {header: KEY}, seconds=0.5)


def test_the_key_is_sent_in_its_header(shop: LoopbackServer) -> None:
    assert ledger(shop, "X-Api-Key").read() == DAYS
    assert shop.requests[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.answer(429, b"", Retry_After="120"), RateLimited),
        (Fault.answer(500, b"oops"), Unavailable),
        (Fault.answer(503, b""), Unavailable),
        (Fault.answer(401, b""), AuthFailed),
        (Fault.answer(404, b""), Unreadable),
        (Fault.answer(302, b"", Location="http://127.0.0.1:9/"), Unreadable),
        (Fault.answer(200, b""), Unreadable),
        (Fault.answer(200, b"<html>Please log in\n<p>"), Unreadable),
        (Fault.answer(200, b"day,orders\n" + b"2026-11-23,5\n" * 100_000), Unreadable),
        (Fault(kind=Kind.DROP_BEFORE_COMMIT), Unavailable),
        (Fault(kind=Kind.MALFORMED), Unreadable),
        (Fault(kind=Kind.SLOW, seconds=5), Unavailable),
    ],
)
@pytest.mark.sleeps
def test_a_server_s_fault_is_told_without_the_address_or_the_key(
    shop: LoopbackServer, fault: Fault, error: type[SourceError]
) -> None:
    shop.fail("/orders", fault)
    with pytest.raises(error) as caught:
        ledger(shop).read()
    assert "/orders" not in str(caught.value)
    assert "canary" not in repr(caught.value)
    shop.release()
    assert ledger(shop).read() == DAYS
