"""The service: the lease, a broken classifier, starting and stopping for real."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App, build
from monitor.config import settings_from
from monitor.core.errors import ModelError
from monitor.service import LEASE_LENGTH, Lease, Service, Work
from monitor.testing.fakes import Clock

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
