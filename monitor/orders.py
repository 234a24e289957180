"""How many orders there were each day, as a shop's own system tells it: CSV or JSON, from a file or an address."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any

from monitor import http
from monitor.core.errors import Unreadable

LARGEST_ANSWER = 1_000_000
MOST_DAYS = 5_000
MOST_ORDERS = 2_000_000_000
SECONDS = 30.0

Row = tuple[date, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """An address that tells the orders of a brand; ``headers`` are asked for at each look, so that keys can change."""

    brand: str
    url: str
    headers: Callable[[], dict[str, str]]
    seconds: float = SECONDS

    def read(self) -> list[Row]:
        """What the address tells. Raises what a refusal stands for, and ``Unreadable`` for what tells no orders."""
        with http.client(headers=self.headers(), timeout=min(10, self.seconds)) as client:
            answer = http.fetch(client, self.url, largest=LARGEST_ANSWER, seconds=self.seconds, redirects=0)
        where = http.host(self.url)
        http.check(answer.status, answer.headers, where)
        try:
            rows = orders_in(answer.body)
        except ValueError as error:
            raise Unreadable(f"{where}: {error}") from None
        if not rows:
            raise Unreadable(f"{where} tells no day at all")
        return rows


def orders_in(body: bytes) -> list[Row]:
    """The days in a CSV with the columns ``day`` and ``orders``, or in JSON: a list of such objects, or one of days.

    Raises ``ValueError`` naming the place. What is written there is not repeated.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    found = list(_json(text) if text.lstrip()[:1] in ("[", "{") else _csv(text))
    if len(found) > MOST_DAYS:
        raise ValueError(f"more than {MOST_DAYS:,} days")
    return found


def _csv(text: str) -> Iterator[Row]:
    try:
        yield from _rows(csv.DictReader(StringIO(text, newline="")), "line", 2)
    except csv.Error:
        raise ValueError("neither CSV nor JSON") from None


def _json(text: str) -> Iterator[Row]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("neither CSV nor JSON") from None
    if isinstance(data, dict):
        data = [{"day": day, "orders": amount} for day, amount in data.items()]
    yield from _rows(data, "entry", 1)


def _rows(rows: Iterable[Any], what: str, first: int) -> Iterator[Row]:
    for number, row in enumerate(rows, first):
        try:
            yield _row(row)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise ValueError(f"{what} {number}: needs a day like 2026-11-24 and a number of orders") from None


def _row(row: Any) -> Row:
    day, amount = date.fromisoformat(row["day"].strip()), row["orders"]
    number = int(amount) if isinstance(amount, str) else amount
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST_ORDERS:
        raise ValueError
    return day, number
