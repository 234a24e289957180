"""The meter: nothing is asked for that the budget might not hold, and a crash never hides what was spent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.budget import Budget, Period
from monitor.core.errors import OutOfBudget
from monitor.core.mention import Page
from monitor.jobs.meter import require_room
from monitor.ports import Round
from monitor.testing.fakes import Clock, FakeCollector, a_mention
from tests.jobs.pipeline import Pipeline


class Priced(FakeCollector):
    """Every page costs a quarter and may cost half."""

    account = "social/1"
    budgets: tuple[Budget, ...] = (Budget(unit="USD", limit=1.0, period=Period.DAY, page=0.5),)

    def pages(self, asked: Round) -> Iterator[Page]:
        for page in super().pages(asked):
            yield replace(page, spent=(("USD", 0.25),))


@pytest.fixture
def priced(pipeline: Pipeline) -> Priced:
    pipeline.collector = collector = Priced()
    for number in range(6):
        collector.add(a_mention(f"Acme {number}", str(number)))
    return collector


def spent(pipeline: Pipeline) -> float:
    return pipeline.store.spent("social/1", "USD", pipeline.clock().replace(hour=0, minute=0))


def test_it_stops_before_the_limit_and_goes_on_the_next_day(pipeline: Pipeline, priced: Priced, clock: Clock) -> None:
    collected = pipeline.collect()
    assert (collected.stored, spent(pipeline)) == (3, 0.75)
    assert collected.problem == (
        "0.75 of 1 USD a day are used; it goes on at 2026-11-03 00:00 UTC, or with a higher budget"
    )
    assert pipeline.store.health("source/news").is_permanent
    clock.move(hours=11)
    assert pipeline.collect().stored == 0
    clock.move(hours=1)
    assert pipeline.collect().stored == 3
    assert len(priced.asked) == 2


class Sent(Priced):
    """Is sent what it pays for."""

    def hang_up(self) -> tuple[tuple[str, float], ...]:
        return (("USD", 0.125),)


def test_whoever_is_sent_what_it_pays_for_hangs_up_before_the_limit(pipeline: Pipeline, priced: Priced) -> None:
    pipeline.collector = collector = Sent()
    collector.script = priced.script
    assert "are used" in (pipeline.collect().problem or "")
    assert spent(pipeline) == 0.875


def test_what_a_stream_brings_says_nothing_about_silence(pipeline: Pipeline, priced: Priced) -> None:
    """Another source finds the same posts: half an hour until the budget is used up would look like an alarm."""
    pipeline.collector = priced
    pipeline.collect("search")
    pipeline.collector = stream = Sent()
    stream.script = priced.script
    pipeline.collect("stream")
    assert set(pipeline.store.sources_since()) == {"search"}


def test_a_plan_for_the_month_is_kept(pipeline: Pipeline, clock: Clock) -> None:
    pipeline.collector = collector = Priced()
    collector.budgets = (Budget(unit="USD", limit=30, period=Period.MONTH, page=0.5),)
    for number in range(20):
        collector.add(a_mention(f"Acme {number}", str(number)))
    assert pipeline.collect().stored == 9, "two and a half days' worth at noon of the second"
    health = pipeline.store.health("source/news")
    assert not health.is_permanent
    assert health.resting_until is not None
    clock.now = health.resting_until
    assert pipeline.collect().stored >= 1


def test_an_error_gives_back_what_was_set_aside(pipeline: Pipeline, priced: Priced) -> None:
    priced.script = priced.script[:1]
    priced.error = RuntimeError("bug")
    pipeline.collect()
    assert spent(pipeline) == 0.25


def test_a_crash_while_asking_leaves_the_dearest_page_on_the_bill(pipeline: Pipeline, priced: Priced) -> None:
    pages = priced.pages

    class Killed(BaseException):
        pass

    def dying(asked: Round) -> Iterator[Page]:
        yield from list(pages(asked))[:1]
        # Everything that this process would do afterwards is lost with it.
        pipeline.store.begin = None  # type: ignore[assignment, method-assign]
        raise Killed

    priced.pages = dying  # type: ignore[method-assign]
    with pytest.raises((Killed, TypeError)):
        pipeline.collect()
    assert spent(pipeline) == 0.75


class Mixed(FakeCollector):
    """Pays for what was posted with units and for what was found with tickets; gives each post once."""

    account = "videos/1"
    budgets = (
        Budget(unit="units", limit=3, period=Period.DAY, page=1),
        Budget(unit="tickets", limit=2, period=Period.DAY, page=1, pays_for_looks=False),
    )
    refuses: str | None = None

    def pages(self, asked: Round) -> Iterator[Page]:
        for page in tuple(self.script):
            unit = "tickets" if "found" in page.mentions[0].text else "units"
            if self.refuses == unit:
                raise OutOfBudget(f"the platform has no {unit} left", unit=unit)
            if asked.affords(unit):
                self.script.remove(page)
                yield replace(page, cursor=None, spent=((unit, 1),))


def mixed(pipeline: Pipeline, *words: str) -> Mixed:
    pipeline.collector = collector = Mixed()
    for number, word in enumerate(words):
        collector.add(a_mention(f"Acme {word} {number}", str(number)))
    return collector


def used(pipeline: Pipeline, unit: str) -> float:
    return pipeline.store.spent("videos/1", unit, pipeline.clock().replace(hour=0, minute=0))


@pytest.mark.parametrize(("many", "few"), [("posted", "found"), ("found", "posted")])
def test_a_used_up_unit_stops_only_what_it_pays_for(pipeline: Pipeline, clock: Clock, many: str, few: str) -> None:
    limits = {"posted": 3, "found": 2}
    mixed(pipeline, *[many] * 5, few)
    collected = pipeline.collect()
    assert collected.stored == limits[many] + 1
    unit = "units" if many == "posted" else "tickets"
    assert (used(pipeline, unit), used(pipeline, "tickets" if many == "posted" else "units")) == (limits[many], 1)
    assert collected.problem == (
        f"{limits[many]:.2f} of {limits[many]} {unit} a day are used; it goes on at 2026-11-03 00:00 UTC, or with a "
        "higher budget; what it does not pay for is read on"
    )
    health = pipeline.store.health("source/news")
    assert (health.resting_until, health.is_permanent) == (None, False)
    clock.move(hours=12)
    assert pipeline.collect().stored == 2, "the next day's"


def test_when_every_unit_is_used_up_the_source_rests(pipeline: Pipeline) -> None:
    mixed(pipeline, *["posted"] * 3, *["found"] * 2)
    assert pipeline.collect().stored == 5
    health = pipeline.store.health("source/news")
    assert health.is_permanent
    assert health.resting_until is not None


def test_a_unit_that_the_platform_counts_as_used_up_is_not_asked_for_again_that_day(pipeline: Pipeline) -> None:
    collector = mixed(pipeline, "found", "posted")
    collector.refuses = "units"
    collected = pipeline.collect()
    assert (collected.stored, collected.problem) == (
        1,
        "the platform has no units left; what it does not pay for is read on",
    )
    assert (used(pipeline, "units"), used(pipeline, "tickets")) == (3, 1)
    collector.refuses = None
    collector.add(a_mention("Acme found too", "new"))
    assert pipeline.collect().stored == 1
    assert used(pipeline, "units") == 3
    with pytest.raises(OutOfBudget, match=r"3\.00 of 3 units a day are used"):
        require_room(collector, pipeline.store, pipeline.clock())


def test_looking_up_waits_only_for_the_units_that_it_uses(pipeline: Pipeline) -> None:
    collector = mixed(pipeline, *["found"] * 3)
    pipeline.collect()
    require_room(collector, pipeline.store, pipeline.clock())


def test_p33_sources_of_one_account_share_its_budget(pipeline: Pipeline, priced: Priced) -> None:
    pipeline.collect("one")
    assert pipeline.collect("two").stored == 0
    assert spent(pipeline) == 0.75


def test_what_costs_nothing_is_not_metered(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme"))
    assert pipeline.collect().stored == 1
    assert pipeline.store.spent("social/1", "USD", pipeline.clock() - timedelta(days=1)) == 0
