"""Real services: two on one database, the leader killed, and a stop at any moment."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.store.connection import open_engine, reading
from monitor.store.schema import leases
from monitor.store.sql import SqlStore
from tests.crash import worker
from tests.crash.harness import PATIENCE, TARGETS, FaultySlack, Nursery, Tally, count, more, nursery
from tests.crash.worker import Plan

pytestmark = pytest.mark.sleeps

ROOT = Path(__file__).parents[2]
STOP_WITHIN = 10

CONFIG = """
[store]
url = "sqlite:///umbrage.db"
[[brands]]
name = "Acme"
terms = ["Acme"]
[sources.exports]
use = "file"
path = "posts.jsonl"
every = "1s"
look_back = "9000d"
[classifier]
use = "keywords"
alert = 0.5
[targets.screen]
use = "console"
[alerts]
first_gap = "1s"
longest_gap = "1s"
"""


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not after {seconds} s"
        pause(0.05)


def pause(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251 - other processes are at work meanwhile


class Pair:
    """Two services on one database; the one that holds the lease can be told by its process id."""

    def __init__(self, plan: Plan, nurseries: tuple[Nursery, Nursery]) -> None:
        self._engine = open_engine(plan.database)
        self._store = SqlStore(self._engine)
        self.plan = plan
        self.nurseries = nurseries

    def leader(self) -> Nursery | None:
        with reading(self._engine) as connection:
            holder = connection.execute(select(leases.c.holder)).scalar()
        pid = holder.split(":")[1] if holder else None
        return next((found for found in self.nurseries if str(found.worker) == pid), None)

    def is_done(self) -> bool:
        return worker.is_done(self._store, self.plan)

    def close(self) -> None:
        self._engine.dispose()


LONG = (pytest.mark.slow, pytest.mark.timeout(600))


@pytest.mark.parametrize(
    ("kind", "kills"), [("sqlite", 1), pytest.param("sqlite", 6, marks=LONG), pytest.param("postgres", 6, marks=LONG)]
)
def test_of_two_services_one_works_and_the_other_takes_over_when_it_is_killed(
    kind: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    database_url = request.getfixturevalue(f"{kind}_url")
    posts = 6
    started = time.monotonic()
    tally, waits = Tally(), []
    with nursery(tmp_path) as one, nursery(tmp_path) as two, FaultySlack(0.05, kills) as slack:
        plan = Plan(database=database_url, slack=slack.api, targets=TARGETS, posts=posts, as_service=True)
        pair = Pair(plan, (one, two))
        for service in pair.nurseries:
            service.start(plan)
        for _ in range(kills):
            wait_until(lambda: pair.leader() is not None)
            leader = pair.leader()
            assert leader is not None
            other = two if leader is one else one
            assert leader.kill()
            killed = time.monotonic()
            wait_until(lambda: pair.leader() is other)  # noqa: B023 - waited for here
            waits.append(time.monotonic() - killed)
            tally.kills += 1
            tally.by_name["leader"] += 1
            pair.plan = more(pair.plan, posts)
            leader.start(pair.plan)
            # Posts are given by number: the one that leads must know the new ones too.
            stop(other)
            other.start(pair.plan)
        wait_until(pair.is_done)
        for service in pair.nurseries:
            stop(service)
        pair.close()
        slack.release()
        count(pair.plan, slack, tally)
        tally.faults += slack.counts
    with capsys.disabled():
        print(tally.table(f"two services, {database_url.split(':')[0]}", time.monotonic() - started))
        print(f"   take-over after    {max(waits):.1f} s at most, with a lease of {worker.LEASE} s")
    assert (tally.lost, tally.doubled) == ([], [])


def stop(service: Nursery) -> None:
    service.signal(signal.SIGTERM)
    assert service.finish(STOP_WITHIN) == 0, "the service did not stop with exit code 0"


class Running:
    """``umbrage run`` as its users start it, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as err, (folder / "screen").open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run", "-c", "monitor.toml"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
                stdout=out,
                stderr=err,
            )

    def is_started(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        return b"started sources=" in self.log.read_bytes()

    def stop(self) -> tuple[int, float]:
        """The exit code after SIGTERM, and how long it took."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            # With the fault handler on, every thread says where it is.
            self._process.send_signal(signal.SIGABRT)
            self._process.wait()
            raise AssertionError(f"it does not stop within {STOP_WITHIN} s:\n{self.log.read_text()}") from None
        return code, time.monotonic() - started


def write(folder: Path, number: int) -> None:
    post = {
        "id": str(number),
        "text": f"Acme is the worst, parcel q{number}q is lost",
        "created_at": f"2026-11-22T10:{number % 60:02}:00Z",
        "author": f"author{number}",
    }
    with (folder / "posts.jsonl").open("a") as file:
        file.write(json.dumps(post) + "\n")


@pytest.mark.parametrize(("stops", "least"), [(2, 10), pytest.param(16, 50, marks=LONG)])
def test_a_running_service_stops_at_any_moment_and_starts_again_cleanly(
    tmp_path: Path, stops: int, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lanes = 4
    with ThreadPoolExecutor(lanes) as pool:
        stopped = [
            found
            for lane in pool.map(lambda n: stop_often(tmp_path / str(n), stops, n), range(lanes))
            for found in lane
        ]
    codes = Counter("before it had started" if code else "exit code 0" for code, _ in stopped)
    with capsys.disabled():
        print(f"\n== SIGTERM {len(stopped)} times: {dict(codes)}, at most {max(t for _, t in stopped):.1f} s")
    assert codes["exit code 0"] >= least


def stop_often(folder: Path, stops: int, seed: int) -> list[tuple[int, float]]:
    """Start and stop a service in one folder; the exit codes, and how long each stop took."""
    folder.mkdir()
    (folder / "monitor.toml").write_text(CONFIG)
    chance, stopped = random.Random(seed), []
    for number in range(stops):
        write(folder, number)
        service = Running(folder)
        if number % 4 < 3:
            wait_until(service.is_started)
        pause(chance.uniform(0, 1.5))
        was_started = service.is_started()
        code, seconds = service.stop()
        assert code == 0 or (not was_started and code == -signal.SIGTERM), service.log.read_text()
        assert "Traceback" not in service.log.read_text()
        stopped.append((code, seconds))
    service = Running(folder)
    wait_until(lambda: service.is_started() and told(folder) == stops)
    stopped.append(service.stop())
    screen = (folder / "screen").read_text()
    assert all(screen.count(f"q{number}q") <= 1 for number in range(stops)), "told twice"
    assert stopped[-1][0] == 0
    return stopped


def told(folder: Path) -> int:
    """How many complaints were told in messages that were sent."""
    path = folder / "umbrage.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(path)
    try:
        asked = "SELECT count(*) FROM told JOIN outbox ON outbox.id = told.outbox_id WHERE outbox.state = 'sent'"
        return int(connection.execute(asked).fetchone()[0])
    finally:
        connection.close()
