"""Replay: recorded posts through the whole pipeline, the same every time, with nobody forgotten at the end."""

import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import build
from monitor.collectors.replay import Options, create
from monitor.config import settings_from
from monitor.core.errors import ModelError
from monitor.replay import Replayed, VirtualClock, replay, write_json
from monitor.store.report import Report
from monitor.testing.fakes import NOON, FakeNotifier

Row = dict[str, Any]

CONFIG: dict[str, Any] = {
    "brands": [{"name": "Acme", "terms": ["Acme"], "own_accounts": ["acmehelp"]}],
    "classifier": {"use": "keywords"},
    "targets": {"team": {"use": "console"}, "ops": {"use": "console"}},
    "routes": [
        {
            "name": "night",
            "targets": ["team"],
            "quiet": {"start": "22:00", "end": "07:00", "zone": "Europe/Berlin"},
            "stop": False,
        },
        {"name": "all", "targets": ["ops"]},
    ],
}

ANGRY = (
    "{0} Acme is terrible and useless, worst parcel delivery ever: kettle{0} curtain{0} window{0} street{0} garden{0}"
)


def row(number: int, text: str = ANGRY, *, at: datetime = NOON, minutes: float = 0, author: str | None = None) -> Row:
    return {
        "id": f"p{number}",
        "text": text.format(chr(97 + number % 26) * (1 + number // 26)),
        "created_at": (at + timedelta(minutes=minutes)).isoformat(),
        "author": author or f"person{number}",
        "platform": "social",
    }


def played(tmp_path: Path, rows: Sequence[Row | str], **config: Any) -> tuple[dict[str, Any], dict[str, FakeNotifier]]:
    """The report of a replay, and what the targets got."""
    folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    posts = folder / "posts.jsonl"
    posts.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in rows), "utf-8")
    clock = VirtualClock()
    settings = settings_from(CONFIG | {"store": {"url": f"sqlite:///{folder / 'replay.db'}"}} | config)
    app = build(settings, clock=clock, durable=False)
    notifiers = {name: FakeNotifier() for name in app.targets}
    for name, target in app.targets.items():
        object.__setattr__(target, "notifier", notifiers[name])
    done = replay(app, create(Options(paths=(posts,))), clock)
    out = io.StringIO()
    write_json(done, app, Report(app.store.engine), out)
    app.store.engine.dispose()
    return json.loads(out.getvalue()), notifiers


def test_the_report_has_the_promised_shape(tmp_path: Path) -> None:
    report, _ = played(tmp_path, [row(1), row(2, "Acme is great, thank you"), row(3, "nothing about anybody")])
    assert set(report) == {
        "posts",
        "stored",
        "skipped",
        "skipped_reasons",
        "verdicts",
        "cases",
        "surges",
        "alerts",
        "seconds",
    }
    assert (report["posts"], report["stored"], report["skipped"]) == (3, 2, 1)
    assert report["skipped_reasons"] == {"about no watched brand": 1}
    assert set(report["verdicts"]) == {"p1", "p2"}
    assert set(report["verdicts"]["p1"]) == {"complaint", "label", "topics"}
    (case,) = report["cases"]
    assert set(case) == {"key", "brand", "topic", "opened_at", "mentions"}
    assert (case["brand"], case["mentions"], case["opened_at"]) == ("Acme", ["p1"], "2026-11-02T12:00:00Z")
    for alert in report["alerts"]:
        assert set(alert) >= {"at", "brand", "case", "reason", "channel", "mentions", "text"}
        assert (alert["brand"], alert["case"], alert["mentions"]) == ("Acme", case["key"], ["p1"])
        assert alert["at"] == "2026-11-02T12:00:00Z"
        assert "worst parcel" in alert["text"]
    assert {alert["channel"] for alert in report["alerts"]} == {"team", "ops"}
    assert set(report["seconds"]) == {"read", "collect", "classify", "triage", "digest", "deliver"}


def busy_days(count: int = 60) -> list[Row]:
    texts = [
        ANGRY,
        "{} Acme is great, thank you",
        "{} Acme charged me twice, I want a refund, fraud",
        "{} no brand here",
    ]
    return [row(n, texts[n % 4], minutes=47 * n, author=f"person{n % 9}") for n in range(count)]


def test_every_complaint_is_in_exactly_one_alert_per_target(tmp_path: Path) -> None:
    report, notifiers = played(tmp_path, busy_days())
    complaints = sorted(post for post, verdict in report["verdicts"].items() if verdict["label"] == "complaint")
    assert complaints
    for target, notifier in notifiers.items():
        alerts = [alert for alert in report["alerts"] if alert["channel"] == target]
        assert sorted(post for alert in alerts for post in alert["mentions"]) == complaints
        assert len(alerts) == len(notifier.wire), "everything decided was sent"
    assert sorted(post for case in report["cases"] for post in case["mentions"]) == complaints


def test_two_replays_are_equal_but_for_the_time_they_took(tmp_path: Path) -> None:
    reports = [played(tmp_path, busy_days())[0] for _ in range(2)]
    for report in reports:
        del report["seconds"]
    assert reports[0] == reports[1]


def test_a_quiet_night_is_told_in_the_morning_also_at_the_end(tmp_path: Path) -> None:
    evening = datetime.fromisoformat("2026-11-02T22:00Z")
    report, notifiers = played(tmp_path, [row(n, at=evening, minutes=2 * n) for n in range(5)])
    assert notifiers["team"].titles == ["Incident: 5 people at once · delivery · Acme"]
    (at,) = {alert["at"] for alert in report["alerts"] if alert["channel"] == "team"}
    assert at == "2026-11-03T06:00:00Z"
    assert next(a["at"] for a in report["alerts"] if a["channel"] == "ops") == "2026-11-02T22:00:00Z"


def test_what_waits_is_told_when_it_is_due_and_not_at_the_next_post(tmp_path: Path) -> None:
    report, _ = played(tmp_path, [row(1), row(2, minutes=3, author="person1"), row(3, minutes=600)], routes=[])
    times = [alert["at"][11:16] for alert in report["alerts"] if alert["channel"] == "ops"]
    assert times == ["12:00", "12:10", "22:00"]


def test_posts_out_of_order_are_taken_as_they_come(tmp_path: Path) -> None:
    rows = [row(1, minutes=300), row(2, minutes=0), row(3, minutes=200), row(4, minutes=301)]
    report, _ = played(tmp_path, rows)
    told = [post for alert in report["alerts"] if alert["channel"] == "ops" for post in alert["mentions"]]
    assert sorted(told) == ["p1", "p2", "p3", "p4"]
    times = [alert["at"] for alert in report["alerts"]]
    assert times == sorted(times), "the clock never goes back"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "x", "text": "Acme', "not JSON, or only half of it"),
        ("[1, 2]", "not a JSON object"),
        ('{"id": "x", "text": "Acme", "created_at": "tomorrow"}', "no time, or an impossible one"),
        ('{"id": "x", "text": "", "created_at": "2026-11-02T12:00:00Z"}', "no text"),
        (json.dumps(row(1)), "already known"),
        (json.dumps(row(5) | {"text": "x" * 2_000_000}), "a line longer than 1 MB"),
    ],
)
def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(tmp_path: Path, line: str, reason: str) -> None:
    report, _ = played(tmp_path, [row(1), line, row(2)])
    assert report["skipped_reasons"] == {reason: 1}
    assert (report["posts"], report["stored"]) == (3, 2)
    assert set(report["verdicts"]) == {"p1", "p2"}


@pytest.mark.parametrize(
    "text", ["{} Acme terrible \0 useless", "{} Acme \ud800 terrible useless", "{} Acme 😡 awful worst"]
)
def test_hostile_text_reaches_the_report(tmp_path: Path, text: str) -> None:
    report, _ = played(tmp_path, [row(1, text)])
    assert report["verdicts"]["p1"]["label"] == "complaint"


def test_nothing_to_read_is_a_report_of_nothing(tmp_path: Path) -> None:
    report, _ = played(tmp_path, [])
    assert (report["posts"], report["verdicts"], report["alerts"], report["cases"]) == (0, {}, [], [])


def test_the_brands_own_words_are_stored_and_not_judged(tmp_path: Path) -> None:
    report, _ = played(tmp_path, [row(1, author="acmehelp")])
    assert (report["stored"], report["verdicts"], report["alerts"]) == (1, {}, [])


def test_a_broken_classifier_ends_the_replay(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        played(tmp_path, [row(1)], classifier={"use": "onnx", "folder": str(tmp_path / "nowhere")})


def test_the_clock_never_goes_back() -> None:
    clock = VirtualClock()
    clock.move(NOON)
    clock.move(NOON - timedelta(hours=1))
    assert clock() == NOON


def test_time_passes_for_every_move_but_the_first() -> None:
    waited: list[timedelta] = []
    clock = VirtualClock(waited.append)
    for minutes in (0, 2, 1, 2, 5):
        clock.move(NOON + timedelta(minutes=minutes))
    assert waited == [timedelta(minutes=2), timedelta(minutes=3)]


def test_time_spent_is_added_up_by_stage() -> None:
    done = Replayed()
    with done.timed("read"):
        sum(range(10_000))
    with pytest.raises(ValueError, match="x"), done.timed("read"):
        raise ValueError("x")
    assert done.seconds["read"] > 0
    assert done.seconds["deliver"] == 0
