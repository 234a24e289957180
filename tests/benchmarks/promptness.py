"""How long an alert takes from its post being stored to Slack having it, while a service reads 50 posts a second."""

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from monitor.testing.loopback_slack import TOKEN, LoopbackSlack

RATE = 50
SECONDS = 60
EVERY = 200
"""Every so many posts there is a complaint, each about a brand of its own. A case begins with two messages, and Slack
takes one a second: much more often, and they would wait for Slack."""

CONFIG = """
[store]
url = "sqlite:///{folder}/umbrage.db"
[classifier]
use = "{classifier}"
[alerts]
per_hour = 1000
per_day = 10000
[sources.exports]
use = "file"
path = "{folder}/*.jsonl"
every = "1s"
[targets.support]
use = "slack"
channel = "C1BENCH"
token = {{ file = "{folder}/token" }}
base_url = "{api}"
"""
BRAND = """
[[brands]]
name = "Brand{number}"
terms = ["Brand{number}"]
"""


def figures() -> Iterator[tuple[str, str, str]]:
    classifiers = (("keywords", "< 2"), ("onnx", "")) if "--full" in sys.argv else (("keywords", "< 2"),)
    for classifier, bar in classifiers:
        waits = _waits(classifier)
        yield f"alerts at {RATE} posts/s, {classifier}", str(len(waits)), f"{RATE * SECONDS // EVERY}"
        yield f"  from stored to sent, median, s, {classifier}", f"{statistics.median(waits):.2f}", ""
        yield f"  p95, s, {classifier}", f"{sorted(waits)[int(0.95 * len(waits))]:.2f}", bar


def _waits(classifier: str) -> list[float]:
    with tempfile.TemporaryDirectory() as name, LoopbackSlack() as slack:
        folder = Path(name)
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        brands = "".join(BRAND.format(number=number) for number in range(RATE * SECONDS // EVERY))
        config = CONFIG.format(folder=folder, classifier=classifier, api=slack.api) + brands
        (folder / "monitor.toml").write_text(config)
        (folder / "posts.jsonl").touch()
        command = [sys.executable, "-m", "monitor", "run", "-c", str(folder / "monitor.toml")]
        with (folder / "log").open("w") as log:
            service = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                time.sleep(5)  # noqa: TID251 - a real process starts
                _post(folder / "posts.jsonl")
                time.sleep(10)  # noqa: TID251 - what was read last goes out
            finally:
                service.send_signal(signal.SIGTERM)
                service.wait(20)
        return _read(folder / "umbrage.db")


def _post(path: Path) -> None:
    begun = time.monotonic()
    for number in range(RATE * SECONDS):
        brand = number // EVERY
        said = "Nice weather for a walk past the shop of"
        if number % EVERY == 0:
            said = "Terrible, my parcel is lost and nobody answers, worst service ever, never again"
        row = {"id": str(number), "text": f"{said} Brand{brand}", "author": f"author{number}"}
        with path.open("a") as file:
            file.write(
                json.dumps(row | {"created_at": datetime.fromtimestamp(time.time(), UTC).isoformat()}) + os.linesep
            )
        time.sleep(max(0.0, begun + (number + 1) / RATE - time.monotonic()))  # noqa: TID251 - people write by the clock


def _read(path: Path) -> list[float]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT o.sent_at, min(m.collected_at) FROM outbox o JOIN mentions m ON m.case_id = o.case_id"
            " WHERE o.thread IS NULL AND o.sent_at IS NOT NULL GROUP BY o.id"
        ).fetchall()
    return [(_moment(sent) - _moment(stored)).total_seconds() for sent, stored in rows]


def _moment(value: str | int) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value / 1e6, UTC)
