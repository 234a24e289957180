"""Meter: what costs something is asked for only while the budget is sure to hold it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from monitor.core.budget import Budget
from monitor.core.errors import OutOfBudget, RateLimited
from monitor.core.mention import Page
from monitor.core.message import moment
from monitor.ports import Collector, Metered, Round, Store


def metered_pages(collector: Collector, asked: Round, store: Store) -> Iterator[Page]:
    """The pages of a round. Raises ``OutOfBudget``, or ``RateLimited`` when the plan for the month wants a pause.

    The dearest page there can be is set aside before it is asked for and settled afterwards, so that a crash in between
    leaves too much on the bill and never too little.
    """
    pages = collector.pages(asked)
    if not isinstance(collector, Metered):
        yield from pages
        return
    while True:
        require_room(collector, store, asked.now)
        reserve = [(budget.unit, budget.page) for budget in _one_each(collector.budgets)]
        _spend(collector, store, reserve, asked.now)
        try:
            page = next(pages, None)
        except BaseException:
            _spend(collector, store, [(unit, -amount) for unit, amount in reserve], asked.now)
            raise
        spent = [*((unit, -amount) for unit, amount in reserve), *(page.spent if page else ())]
        _spend(collector, store, spent, asked.now)
        if page is None:
            return
        yield page


def require_room(collector: Metered, store: Store, now: datetime) -> None:
    """Raise unless every budget is sure to hold one more page."""
    for budget in collector.budgets:
        used = store.spent(collector.account, budget.unit, budget.start(now))
        if budget.has_room(used, now):
            continue
        until = budget.opens(used, now)
        what = f"{used:.2f} of {budget.limit:g} {budget.unit} a {budget.period} are used"
        if budget.is_used_up(used):
            raise OutOfBudget(f"{what}; it goes on at {moment(until)}, or with a higher budget", until=until)
        raise RateLimited(f"{what}, spread over the month; it goes on at {moment(until)}", until=until)


def _one_each(budgets: Iterable[Budget]) -> list[Budget]:
    """A budget by day and one by month count the same spending once."""
    return list({budget.unit: budget for budget in budgets}.values())


def _spend(collector: Metered, store: Store, amounts: list[tuple[str, float]], now: datetime) -> None:
    with store.begin() as transaction:
        transaction.spend(collector.account, amounts, now)
