"""The service: the lease, a broken classifier, starting and stopping for real."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from monitor.app import DIGEST_HEALTH, TRIAGE_HEALTH, App, build
from monitor.config import settings_from
from monitor.core.errors import ModelError, StoreError
from monitor.core.health import Health
from monitor.core.mention import Page
from monitor.jobs.collect import Source
from monitor.jobs.triage import Triaged
from monitor.ports import Round
from monitor.service import LEASE_LENGTH, Lease, Service, Work
from monitor.slack.connection import Connection
from monitor.testing.fakes import Clock, FakeCollector

POST = '{"id": "1", "text": "Acme lost my parcel, terrible, nobody answers", "created_at": "2026-01-01T00:00:00Z"}\n'


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "posts.jsonl").write_text(POST)
    return build(
        settings_from(
            {
                "store": {"url": f"sqlite:///{tmp_path / 'umbrage.db'}"},
                "brands": [{"name": "Acme", "terms": ["Acme"]}],
                "sources": {"exports": {"use": "file", "path": str(tmp_path / "*.jsonl"), "look_back": "36500d"}},
                "classifier": {"use": "keywords", "digest": 0.0, "alert": 0.0},
                "targets": {"console": {"use": "console"}},
            }
        )
    )


def test_only_one_worker_holds_the_lease(app: App, clock: Clock) -> None:
    app.clock = clock
    first, second = Lease(app), Lease(app)

    assert first.renew()
    assert not second.renew()

    first.release()
    assert second.renew()


def test_a_lease_that_was_not_renewed_is_lost_and_taken_over(app: App, clock: Clock) -> None:
    app.clock = clock
    first, second = Lease(app), Lease(app)
    first.renew()

    clock.move(seconds=LEASE_LENGTH.total_seconds())

    assert not first.is_held()
    assert second.renew()
    assert not first.renew()


def test_a_broken_classifier_stops_only_the_classifying_and_is_tried_again_later(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail() -> None:
        tries.append(clock())
        raise ModelError("model.onnx is cut short; install umbrage again")

    app.clock = clock
    app.collect("exports")
    with monkeypatch.context() as broken:
        broken.setattr(app.classifier, "get", fail)
        Work(app)()
        Work(app)()
        app.watch_health()

    assert len(tries) == 1
    clock.move(minutes=1)

    assert len(app.store.unjudged(10)) == 1
    [notice] = app.store.claim_deliveries("console", app.clock(), timedelta(minutes=1), 10)
    assert "Undecided" in notice.message.title

    Work(app)()
    assert app.store.unjudged(10) == []
    assert app.store.health(app.classifier.health).troubled_since is None


def spoken(app: App) -> list[str]:
    """The titles of the notices that wait, in order."""
    claimed = app.store.claim_deliveries("console", app.clock(), timedelta(minutes=1), 10)
    return [delivery.message.title for delivery in claimed]


class Rounds:
    """Stands in for triage: when it was done, what it says of the next time, what it raises."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: list[datetime] = []
        self.next_at: datetime | None = None
        self.error: Exception | None = None

    def __call__(self, *_: object) -> Triaged:
        self.at.append(self.clock())
        if self.error is not None:
            raise self.error
        return Triaged(next_at=self.next_at)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Rounds:
    found = Rounds(clock)
    monkeypatch.setattr("monitor.app.triage", found)
    return found


def test_triage_is_done_when_something_was_judged_or_due_and_else_once_a_minute(
    app: App, clock: Clock, rounds: Rounds
) -> None:
    app.clock = clock
    work = Work(app)
    start = clock()

    def work_until(second: int) -> list[int]:
        while clock() < start + timedelta(seconds=second):
            work()
            clock.move(seconds=2)
        return [int((moment - start).total_seconds()) for moment in rounds.at]

    assert work_until(120) == [0, 60]
    rounds.next_at = start + timedelta(seconds=130)
    assert work_until(122) == [0, 60, 120]
    rounds.next_at = None
    assert work_until(132) == [0, 60, 120, 130]
    app.collect("exports")
    assert work_until(140) == [0, 60, 120, 130, 132]


def test_what_should_never_happen_in_triage_is_told_once_and_so_is_its_end(
    app: App, clock: Clock, rounds: Rounds
) -> None:
    app.clock = clock
    work = Work(app)
    rounds.error = KeyError("surprise")
    for _ in range(3):
        work()
        app.watch_health()
        clock.move(minutes=1)
    assert app.store.health(TRIAGE_HEALTH).problem == "unexpected KeyError; please report it"
    [told] = spoken(app)
    assert told.startswith("Stuck: step triage")
    rounds.error = None
    for _ in range(2):
        work()
        app.watch_health()
        clock.move(minutes=1)
    assert app.store.health(TRIAGE_HEALTH).troubled_since is None
    assert "Working again: step triage" in spoken(app)


def test_trouble_with_the_database_is_no_trouble_of_triage(app: App, clock: Clock, rounds: Rounds) -> None:
    app.clock = clock
    rounds.error = StoreError("the disk is full")
    with pytest.raises(StoreError):
        Work(app)()
    assert app.store.health(TRIAGE_HEALTH).troubled_since is None


def test_a_kept_lease_is_renewed_meanwhile_and_given_back(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.clock = clock
    monkeypatch.setattr("monitor.service.LEASE_RENEWAL", 0.01)
    lease, other = Lease(app), Lease(app)
    assert lease.renew()
    renewed = threading.Event()
    renew = lease.renew

    def watched() -> bool:
        is_kept = renew()
        renewed.set()
        return is_kept

    monkeypatch.setattr(lease, "renew", watched)
    clock.move(seconds=LEASE_LENGTH.total_seconds() - 1)
    with lease.kept():
        assert renewed.wait(30)
        clock.move(seconds=2)
        assert lease.is_held(), "renewed a second before its end"
        assert not other.renew()
    assert not lease.is_held()
    assert other.renew()


def test_a_start_ends_the_rests_that_only_a_person_can_end(app: App, clock: Clock) -> None:
    app.clock = clock
    until = clock() + timedelta(hours=1)
    names = {"source/exports": True, "target/console": False, "source/of another": True}
    with app.store.begin() as transaction:
        for name, is_permanent in names.items():
            transaction.set_health(
                Health(name=name, troubled_since=clock(), is_permanent=is_permanent, resting_until=until)
            )
    app.wake()
    assert {name: app.store.health(name).is_resting(clock()) for name in names} == {
        "source/exports": False,
        "target/console": True,
        "source/of another": True,
    }
    assert app.store.health("source/exports").troubled_since == clock(), "until it works"


def test_it_works_through_a_post_and_stops_when_told(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(app, {"exports": timedelta(seconds=1)})
    told = threading.Event()
    deliver = app.targets["console"].notifier.send

    def send(message, thread):  # type: ignore[no-untyped-def]
        told.set()
        return deliver(message, thread)

    app.targets["console"].notifier.send = send  # type: ignore[method-assign]
    service.start()
    assert told.wait(30)
    service.stop()

    assert "Acme lost my parcel" in capsys.readouterr().out
    assert Lease(app).renew()


class Stuck(FakeCollector):
    """A platform that keeps its thread waiting until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def pages(self, asked: Round) -> Iterator[Page]:
        self.entered.set()
        self.released.wait(60)
        yield from super().pages(asked)


def test_p39_a_platform_that_keeps_us_waiting_delays_no_other(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = Stuck()
    sources = {**app.sources, "stuck": Source(name="stuck", collector=stuck, look_back=timedelta(days=1))}
    app = replace(app, sources=sources)
    (tmp_path / "posts.jsonl").unlink()
    told = threading.Event()
    deliver = app.targets["console"].notifier.send

    def send(message, thread):  # type: ignore[no-untyped-def]
        told.set()
        return deliver(message, thread)

    app.targets["console"].notifier.send = send  # type: ignore[method-assign]
    service = Service(app, {"exports": timedelta(seconds=1), "stuck": timedelta(seconds=1)})
    service.start()
    assert stuck.entered.wait(30)
    (tmp_path / "posts.jsonl").write_text(POST)
    assert told.wait(30), "read, judged and told meanwhile"
    assert not stuck.released.is_set()
    stuck.released.set()
    service.stop()
    assert "Acme lost my parcel" in capsys.readouterr().out


def test_only_the_worker_with_the_lease_hears_clicks(app: App) -> None:
    heard: list[str] = []

    class Clicks:
        def start(self) -> None:
            heard.append("start")

        def stop(self) -> None:
            heard.append("stop")

    service = Service(app, {}, cast(Connection, Clicks()))
    service._hear_clicks()
    assert service._lease.renew()
    service._hear_clicks()
    service._lease.release()
    service._hear_clicks()
    assert heard == ["stop", "start", "stop"]


def test_a_report_that_fails_unexpectedly_is_told_and_tried_again(app: App, clock: Clock) -> None:
    app.clock = clock
    service = Service(app, {"exports": timedelta(minutes=5)})

    def broken() -> int:
        raise KeyError("somebody's post")

    service._noted(DIGEST_HEALTH, broken)
    assert app.store.health(DIGEST_HEALTH).problem == "unexpected KeyError; please report it"
    assert app.watch_health() == 1
    service._noted(DIGEST_HEALTH, app.digest)
    assert app.store.health(DIGEST_HEALTH).problem is None
    assert app.watch_health() == 1
