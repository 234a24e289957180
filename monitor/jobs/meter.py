"""Meter: what costs something is asked for only while the budget is sure to hold it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from monitor.core.budget import Budget, Period
from monitor.core.errors import OutOfBudget, PartlyRead, RateLimited
from monitor.core.mention import Page
from monitor.core.message import moment
from monitor.ports import Collector, Metered, Round, Store, Streaming


def metered_pages(collector: Collector, asked: Round, store: Store) -> Iterator[Page]:
    """The pages of a round. Raises ``OutOfBudget``, or ``RateLimited`` when the plan for the month wants a pause.

    The dearest page there can be is set aside before it is asked for and settled afterwards, so that a crash in between
    leaves too much on the bill and never too little. Where one of several units is used up, what the others pay for is
    read, and then ``PartlyRead`` is raised. Whoever is sent what it pays for hangs up first.
    """
    if not isinstance(collector, Metered):
        yield from collector.pages(asked)
        return
    closed: dict[str, RateLimited] = {}
    pages = collector.pages(replace(asked, affords=lambda unit: unit not in closed))
    while True:
        closed.clear()
        closed |= _closed(collector, collector.budgets, store, asked.now)
        reserve = [(one.unit, one.page) for one in _one_each(collector.budgets) if one.unit not in closed]
        if not reserve:
            if isinstance(collector, Streaming):
                _spend(collector, store, list(collector.hang_up()), asked.now)
            raise next(iter(closed.values()))
        _spend(collector, store, reserve, asked.now)
        try:
            page = next(pages, None)
        except BaseException as error:
            _spend(collector, store, [(unit, -amount) for unit, amount in reserve], asked.now)
            if isinstance(error, OutOfBudget) and error.unit and any(unit != error.unit for unit, _ in reserve):
                if error.unit not in closed:
                    _use_up(collector, store, error.unit, asked.now)
                raise _others_go_on(closed.get(error.unit, error)) from None
            raise
        spent = [*((unit, -amount) for unit, amount in reserve), *(page.spent if page else ())]
        _spend(collector, store, spent, asked.now)
        if page is not None:
            yield page
        elif closed:
            raise _others_go_on(next(iter(closed.values())))
        else:
            return


def require_room(collector: Metered, store: Store, now: datetime) -> None:
    """Raise unless every budget that pays for looking posts up is sure to hold one more page."""
    budgets = [budget for budget in collector.budgets if budget.pays_for_looks]
    for error in _closed(collector, budgets, store, now).values():
        raise error


def _closed(collector: Metered, budgets: Iterable[Budget], store: Store, now: datetime) -> dict[str, RateLimited]:
    """The units of which a budget has no room for one more page, each with what there is to say about it."""
    closed: dict[str, RateLimited] = {}
    for budget in budgets:
        used = store.spent(collector.account, budget.unit, budget.start(now))
        if budget.has_room(used, now) or budget.unit in closed:
            continue
        until = budget.opens(used, now)
        what = f"{used:.2f} of {budget.limit:g} {budget.unit} a {budget.period} are used"
        closed[budget.unit] = (
            OutOfBudget(f"{what}; it goes on at {moment(until)}, or with a higher budget", until=until)
            if budget.is_used_up(used)
            else RateLimited(f"{what}, spread over the month; it goes on at {moment(until)}", until=until)
        )
    return closed


def _use_up(collector: Metered, store: Store, unit: str, now: datetime) -> None:
    """The platform says that a day's units are used up. Its count is what matters: others may have used some."""
    for budget in collector.budgets:
        used = store.spent(collector.account, unit, budget.start(now))
        if budget.unit == unit and budget.period is Period.DAY and used < budget.limit:
            _spend(collector, store, [(unit, budget.limit - used)], now)


def _others_go_on(error: RateLimited) -> PartlyRead:
    return PartlyRead(f"{error}; what it does not pay for is read on")


def _one_each(budgets: Iterable[Budget]) -> list[Budget]:
    """A budget by day and one by month count the same spending once."""
    return list({budget.unit: budget for budget in budgets}.values())


def _spend(collector: Metered, store: Store, amounts: list[tuple[str, float]], now: datetime) -> None:
    with store.begin() as transaction:
        transaction.spend(collector.account, amounts, now)
