"""Watch health: trouble is told once, so is its end, and a broken classifier is trouble too."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.app import App, LazyClassifier
from monitor.core.errors import AuthFailed, Busy, ModelError, Unavailable
from monitor.core.health import Health
from monitor.core.mention import Gap
from monitor.core.watch import Matcher
from monitor.jobs.collect import Source
from monitor.jobs.deliver import Target
from monitor.jobs.triage import TriageRules
from monitor.jobs.watch_health import watch_health
from monitor.service import Work
from monitor.settings import ClassifierSettings
from monitor.store.report import Report
from monitor.store.sql import SqlStore
from monitor.testing.fakes import (
    NOON,
    Clock,
    FakeClassifier,
    FakeCollector,
    FakeNotifier,
    a_mention,
    a_message,
    a_watch,
)

PATIENCE = timedelta(minutes=30)
NAME = "source/news"


class Classifying(LazyClassifier):
    """A classifier that is there, or not."""

    def __init__(self, classifier: FakeClassifier) -> None:
        super().__init__(ClassifierSettings(use="fake"))
        self.found = classifier

    def get(self):  # type: ignore[no-untyped-def]
        if self.found.error:
            raise self.found.error
        return self.found, self.found.cutoffs


@pytest.fixture
def app(store: SqlStore, clock: Clock) -> App:
    watches = (a_watch(),)
    return App(
        store=store,
        watches=watches,
        matcher=Matcher(watches),
        sources={"news": Source(name="news", collector=FakeCollector(), look_back=timedelta(days=1))},
        classifier=Classifying(FakeClassifier()),
        targets={name: Target(name=name, notifier=FakeNotifier()) for name in ("team", "ops")},
        rules=TriageRules(routes=()),
        health_targets=("ops",),
        clock=clock,
        jitter=lambda: 1.0,
    )


def note(store: SqlStore, health: Health) -> None:
    with store.begin() as transaction:
        transaction.set_health(health)


def told(store: SqlStore, clock: Clock, *targets: str) -> int:
    return watch_health(store, {NAME, "target/team"}, targets or ("team",), PATIENCE, clock())


def test_lasting_trouble_is_told_once_and_its_end_once(store: SqlStore, clock: Clock) -> None:
    note(store, Health(name=NAME, troubled_since=NOON, problem="down"))
    counts = []
    for _ in range(6):
        counts.append(told(store, clock))
        clock.move(minutes=10)
    assert counts == [0, 0, 0, 1, 0, 0]
    note(store, replace(store.health(NAME), troubled_since=None, last_ok=clock()))
    assert [told(store, clock), told(store, clock)] == [1, 0]
    assert store.health(NAME).told_at is None


def test_trouble_that_passes_soon_is_not_told(store: SqlStore, clock: Clock) -> None:
    note(store, Health(name=NAME, troubled_since=NOON, problem="down"))
    told(store, clock)
    clock.move(minutes=20)
    note(store, replace(store.health(NAME), troubled_since=None))
    clock.move(hours=5)
    assert told(store, clock) == 0


def test_trouble_that_returns_is_told_again(store: SqlStore, clock: Clock) -> None:
    total = 0
    for _ in range(3):
        note(store, replace(store.health(NAME), troubled_since=clock(), problem="down"))
        clock.move(hours=1)
        total += told(store, clock)
        note(store, replace(store.health(NAME), troubled_since=None, last_ok=clock()))
        total += told(store, clock)
        clock.move(hours=1)
    assert total == 6


def test_a_job_that_read_health_before_the_notice_does_not_undo_it(store: SqlStore, clock: Clock) -> None:
    note(store, Health(name=NAME, troubled_since=NOON - timedelta(hours=1), problem="down"))
    stale = store.health(NAME)
    assert told(store, clock) == 1
    note(store, replace(stale, streak=2))
    assert told(store, clock) == 0
    note(store, Health(name=NAME, last_ok=clock()))
    assert [told(store, clock), told(store, clock)] == [1, 0]


def test_what_is_no_longer_configured_is_not_told(store: SqlStore, clock: Clock) -> None:
    note(store, Health(name="source/removed", troubled_since=NOON - timedelta(days=1), problem="down"))
    assert told(store, clock) == 0


@pytest.mark.parametrize(
    ("targets", "hearing"),
    [(("ops",), ["ops"]), (("team", "ops"), ["ops"]), (("team",), ["team"])],
    ids=["another", "not itself", "itself when there is no other"],
)
def test_a_mute_target_is_told_about_by_others(
    store: SqlStore, clock: Clock, targets: tuple[str, ...], hearing: list[str]
) -> None:
    note(store, Health(name="target/team", troubled_since=NOON - timedelta(hours=1), problem="down"))
    told(store, clock, *targets)
    due = {name: store.claim_deliveries(name, clock(), timedelta(minutes=1), 10) for name in ("team", "ops")}
    assert [name for name, rows in due.items() if rows] == hearing


def test_refused_credentials_are_told_at_once_and_only_once(app: App, clock: Clock) -> None:
    collector = app.sources["news"].collector
    assert isinstance(collector, FakeCollector)
    collector.error = AuthFailed("the token was revoked; make a new one")
    counts = []
    for _ in range(5):
        app.collect("news")
        counts.append(app.watch_health())
        clock.move(hours=1)
    assert counts == [1, 0, 0, 0, 0]
    collector.error = None
    app.collect("news")
    assert app.watch_health() == 1


def test_a_blind_source_is_told_after_a_while_in_words(app: App, clock: Clock) -> None:
    collector = app.sources["news"].collector
    assert isinstance(collector, FakeCollector)
    collector.error = Unavailable("the platform is down")
    for _ in range(40):
        app.collect("news")
        app.watch_health()
        clock.move(minutes=1)
    app.deliver("ops")
    ops = app.targets["ops"].notifier
    assert isinstance(ops, FakeNotifier)
    assert ops.titles == ["Blind: source news has not worked for 30 min"]
    assert ("Problem", "the platform is down") in ops.wire[0].facts


def test_a_mute_target_is_told_and_its_return_too(app: App, clock: Clock) -> None:
    team, ops = app.targets["team"].notifier, app.targets["ops"].notifier
    assert isinstance(team, FakeNotifier)
    assert isinstance(ops, FakeNotifier)
    team.outcomes = [Busy("down")] * 10
    with app.store.begin() as transaction:
        transaction.enqueue("team", a_message(), clock())
    for _ in range(120):
        for name in app.targets:
            app.deliver(name)
        app.watch_health()
        clock.move(minutes=1)
    assert [title.split(":")[0] for title in ops.titles] == ["Mute", "Working again"]
    assert team.keys == ["acme/1"]


def test_without_its_classifier_mentions_wait_and_people_are_told(app: App, clock: Clock) -> None:
    fake = FakeClassifier(error=ModelError("the model is not in this installation"))
    app.classifier = Classifying(fake)
    collector = app.sources["news"].collector
    assert isinstance(collector, FakeCollector)
    collector.add(a_mention())
    app.collect("news")
    for _ in range(3):
        Work(app)()
        app.watch_health()
        clock.move(seconds=2)
    app.deliver("ops")
    ops = app.targets["ops"].notifier
    assert isinstance(ops, FakeNotifier)
    assert ops.titles == ["Undecided: classifier fake has not worked for under a minute"]
    assert len(app.store.unjudged(10)) == 1
    fake.error = None
    clock.move(minutes=5)
    Work(app)()
    app.watch_health()
    app.deliver("ops")
    assert ops.titles[1:] == ["Working again: classifier fake"]
    assert app.store.unjudged(10) == []


def gap(hours: int) -> Gap:
    return Gap(NOON - timedelta(hours=hours), NOON - timedelta(hours=hours - 1), "more posts than the listing holds")


def gap_titles(app: App) -> list[str]:
    app.watch_health()
    rows = Report(app.store.engine).outbox()
    return [row["message"]["title"] for row in rows if row["message"]["title"].startswith("Not everything")]


def test_gaps_are_told_together_and_at_most_daily(app: App, clock: Clock) -> None:
    with app.store.begin() as transaction:
        transaction.add_gaps("news", [gap(5), gap(3)], NOON)
    assert gap_titles(app) == gap_titles(app) == ["Not everything was seen: source news, 3 h"]
    with app.store.begin() as transaction:
        transaction.add_gaps("news", [gap(1)], NOON)
    assert len(gap_titles(app)) == 1
    clock.move(days=1)
    assert len(gap_titles(app)) == len(gap_titles(app)) == 2


def test_a_gap_that_was_filled_is_not_told(app: App) -> None:
    with app.store.begin() as transaction:
        transaction.add_gaps("news", [gap(5)], NOON)
    with app.store.begin() as transaction:
        transaction.close_gap(app.store.open_gaps()[0].id, NOON)
    assert gap_titles(app) == []


def test_a_source_that_falls_silent_is_told_once_and_once_that_it_is_back(app: App, clock: Clock) -> None:
    def pulse(seen: int) -> None:
        with app.store.begin() as transaction:
            transaction.add_pulse("news", seen, 0, clock())
        app.watch_health()
        clock.move(hours=1)

    for _ in range(24 * 7):
        pulse(10)
    for _ in range(8):
        pulse(0)
    for _ in range(8):
        pulse(10)
    titles = [row["message"]["title"] for row in Report(app.store.engine).outbox()]
    assert [title.split(":")[0] for title in titles] == ["Quiet", "Working again"]
    facts = dict(Report(app.store.engine).outbox()[0]["message"]["facts"])
    assert facts["Problem"] == "0 posts in the last 2 h, where about 20 are usual"
