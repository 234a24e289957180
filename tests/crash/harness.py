"""What the crash tests share: a Slack with faults, workers that are killed, and the proof that nothing was lost."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy import func
from sqlalchemy import select as query

from monitor.core.case import Step
from monitor.core.message import Message
from monitor.notifiers.slack import _key
from monitor.store.connection import open_engine, reading
from monitor.store.schema import facts, mentions, outbox, told
from monitor.store.sql import SqlStore
from monitor.store.stages import State
from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import HISTORY, HTML, OPEN_PRIVATE, POST, REPLIES, LoopbackSlack, error, limited
from tests.crash import worker
from tests.crash.worker import Plan

TARGETS = ("C0FIRST", "C0SECOND")
LATE = 0.7
"""Seconds after which the loopback Slack commits or answers late: the worker has given up by then."""

PATIENCE = 300.0
"""Seconds that a worker may take on a machine that does a lot besides."""

READ_FAULTS = {
    "429": limited(1),
    "500": Fault(),
    "HTML with 200": HTML,
    "dropped before commit": Fault(kind=Kind.DROP_BEFORE_COMMIT),
}
FAULTS = READ_FAULTS | {
    "502": Fault.answer(502, b"Bad Gateway"),
    "fatal_error": error("fatal_error"),
    "dropped after commit": Fault(kind=Kind.DROP_AFTER_COMMIT),
    "answer cut in half": Fault(kind=Kind.MALFORMED),
    "answered late": Fault(kind=Kind.SLOW, seconds=LATE),
    "committed late": Fault(kind=Kind.SLOW_COMMIT, seconds=LATE),
}


class FaultySlack(LoopbackSlack):
    """Fails one request in every ``1 / rate``, and counts how. Its clock is as far ahead as that of the worker."""

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__(clock=lambda: time.time() + self.ahead)
        self.ahead = 0.0
        self.rate = rate
        self.counts: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._names = {id(fault): name for name, fault in FAULTS.items()}

    def next_fault(self, path: str) -> Fault | None:
        fault = super().next_fault(path)
        if fault is None and self._random.random() < self.rate:
            known = {POST: FAULTS, HISTORY: READ_FAULTS, REPLIES: READ_FAULTS, OPEN_PRIVATE: READ_FAULTS}.get(path)
            fault = self._random.choice(list(known.values())) if known else None
        if fault is not None:
            self.counts[self._names[id(fault)]] += 1
        return fault


@dataclass(slots=True)
class Tally:
    """What happened, for the summary."""

    kills: int = 0
    by_name: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    complaints: int = 0
    messages: int = 0
    threaded: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.kills + other.kills,
            self.by_name + other.by_name,
            self.faults + other.faults,
            self.complaints + other.complaints,
            self.messages + other.messages,
            self.threaded + other.threaded,
            self.lost + other.lost,
            self.doubled + other.doubled,
        )

    def table(self, title: str, seconds: float) -> str:
        rows = {
            "kills (SIGKILL)": f"{self.kills} at {len(self.by_name)} different places",
            "faults": f"{self.faults.total()}: " + ", ".join(f"{n} × {name}" for name, n in self.faults.most_common()),
            "complaints told": f"{self.complaints}",
            "messages in Slack": f"{self.messages}, {self.threaded} of them in threads",
            "lost": f"{len(self.lost)}",
            "doubled": f"{len(self.doubled)}",
            "seconds": f"{seconds:.0f}",
        }
        return "\n".join(["", f"== {title}", *(f"   {name:18} {value}" for name, value in rows.items())])


class Nursery:
    """A process that forks workers, one at a time."""

    def __init__(self, log: IO[bytes], program: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            cwd=Path(__file__).parents[2],
        )
        self.worker = 0
        self._half = b""

    def start(self, plan: Plan) -> None:
        self.start_line(worker.as_line(plan))

    def start_line(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line.encode())
        self.worker = int(self._line(PATIENCE) or b"")

    def wait(self, seconds: float) -> int | None:
        """The worker's exit status as ``waitpid`` gives it; ``None`` while it is at work."""
        line = self._line(seconds)
        return None if line is None else int(line)

    def signal(self, number: int) -> None:
        os.kill(self.worker, number)

    def kill(self) -> bool:
        """Kill the worker; ``False`` when it had ended before."""
        self.signal(signal.SIGKILL)
        return self.finish() == signal.SIGKILL

    def finish(self, seconds: float = PATIENCE) -> int:
        status = self.wait(seconds)
        if status is None:
            self.kill()
            raise AssertionError(f"the worker is not done after {seconds:.0f} s")
        return status

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self, seconds: float) -> bytes | None:
        assert self._process.stdout
        deadline = time.monotonic() + seconds
        while b"\n" not in self._half:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            read = os.read(self._process.stdout.fileno(), 1_000)
            if not read:
                raise AssertionError("the worker's parent has died")
            self._half += read
        line, _, self._half = self._half.partition(b"\n")
        return line


@contextmanager
def nursery(folder: Path, program: str = "tests.crash.worker") -> Iterator[Nursery]:
    path = folder / "worker.log"
    with path.open("ab") as log:
        found = Nursery(log, program)
        try:
            yield found
        except AssertionError as error:
            raise AssertionError(f"{error}\n{path.read_text(errors='replace')[-4_000:]}") from None
        finally:
            found.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A database, a Slack and somebody to work; ``next_plan`` brings more posts each time."""

    nursery: Nursery
    slack: FaultySlack
    plan: Plan
    tally: Tally

    def die_at(self, plan: Plan) -> bool:
        """Let a worker run until it kills itself; ``False`` when it got everything done without coming there."""
        self._start(plan)
        status = self.nursery.finish()
        assert status in (0, signal.SIGKILL), f"the worker failed with status {status}"
        if status:
            self.tally.kills += 1
            self.tally.by_name[plan.point or f"point {plan.nth}"] += 1
        return status != 0

    def die_after(self, plan: Plan, seconds: float) -> bool:
        """Kill a worker after a while; ``False`` when it had got everything done before."""
        self._start(plan)
        status = self.nursery.wait(seconds)
        if status is None and self.nursery.kill():
            self.tally.kills += 1
            self.tally.by_name["any moment"] += 1
            return True
        return False

    def finish(self, plan: Plan) -> None:
        """Let a worker get everything done, and prove that nothing was lost or doubled."""
        self._start(plan)
        status = self.nursery.finish()
        assert status == 0, f"the worker failed with status {status}"
        self.count(plan)

    def _start(self, plan: Plan) -> None:
        if plan.ahead > self.slack.ahead:
            # The clock jumps, past the pause before a doubtful message is looked for: what Slack was about to commit
            # late has long been committed by then.
            self.slack.release()
        self.slack.ahead = plan.ahead
        self.nursery.start(plan)

    def count(self, plan: Plan) -> None:
        # A late commit may still be on its way, and would be the double that we look for.
        self.slack.release()
        count(plan, self.slack, self.tally)
        self.tally.faults += self.slack.counts
        self.slack.counts.clear()


@contextmanager
def scene(found: Nursery, database: str, *, rate: float, seed: int) -> Iterator[Scene]:
    with FaultySlack(rate, seed) as slack:
        plan = Plan(database=database, slack=slack.api, targets=TARGETS, posts=0)
        yield Scene(nursery=found, slack=slack, plan=plan, tally=Tally())


def count(plan: Plan, slack: LoopbackSlack, tally: Tally) -> None:
    """Compare what must have been told with what the store says and with what is in Slack."""
    expected = worker.complaints(plan.posts)
    engine = open_engine(plan.database)
    assert worker.is_done(SqlStore(engine), plan)
    with reading(engine) as connection:
        rows = connection.execute(query(outbox).order_by(outbox.c.id)).all()
        found = query(told.c.target, mentions.c.native_id, mentions.c.brand, told.c.outbox_id)
        said = connection.execute(found.join(mentions, mentions.c.id == told.c.mention_id)).all()
        reading_us = query(func.count(), func.count(facts.c.case_id.distinct()))
        answered, cases = connection.execute(reading_us.where(facts.c.step == Step.ANSWER_SEEN)).one()
    engine.dispose()
    tally.lost += ["an answer of ours was not seen"] * (worker.answers(plan.posts) - cases)
    tally.doubled += ["an answer of ours was seen twice"] * (answered - cases)
    for target in plan.targets:
        mine = {row.id: row for row in rows if row.target == target}
        private = [key for row in mine.values() if row.message.get("to") for key in _keys_in_private(slack, row)]
        keys = Counter([*(posted.key for posted in slack.messages(target)), *private])
        # What changes a message is not posted; that it was handed over is checked like everything else.
        posted = [row for row in mine.values() if not row.message["edits"]]
        wanted = {_key(Message.from_json(row.message)): row for row in posted}
        told_here = Counter((row.native_id, row.brand) for row in said if row.target == target)
        tally.lost += [f"{target}: {row.key} was never posted" for key, row in wanted.items() if not keys[key]]
        tally.lost += [f"{target}: {row.key} is {row.state}" for row in mine.values() if row.state != State.SENT]
        tally.lost += [f"{target}: post {c} was never told" for c in expected - told_here.keys()]
        tally.doubled += [f"{target}: {key} was posted {n} times" for key, n in keys.items() if n > 1]
        tally.doubled += [f"{target}: post {c} was told {n} times" for c, n in told_here.items() if n > 1]
        tally.doubled += [f"{target}: {key} is in Slack and not in the outbox" for key in keys.keys() - wanted.keys()]
        # Independent of what the store says: the words of the posts, as people see them.
        seen = Counter(quote.text for row in wanted.values() for quote in Message.from_json(row.message).quotes)
        shown = "\n".join(posted.text for posted in slack.messages(target))
        tally.lost += [f"{target}: {text!r} is not shown" for text in seen if text not in shown]
        tally.complaints += len(told_here)
        tally.messages += keys.total()
        tally.threaded += sum(1 for posted in slack.messages(target) if posted.thread_ts)
        _check_threads(target, slack, rows)


def _keys_in_private(slack: LoopbackSlack, row: Any) -> list[str]:
    """The key of a message to one person, as often as it stands where only they see it."""
    key = _key(Message.from_json(row.message))
    return [key for posted in slack.messages(worker.PRIVATE) if posted.key == key]


def _check_threads(target: str, slack: LoopbackSlack, rows: Iterable[object]) -> None:
    """Every follow-up hangs under a message of the same cause, and under the one it was meant for."""
    tops = {posted.ts: posted.key for posted in slack.messages(target) if posted.thread_ts is None}
    meant = {
        _key(message): message.thread
        for row in rows
        if row.target == target  # type: ignore[attr-defined]
        for message in [Message.from_json(row.message)]  # type: ignore[attr-defined]
    }
    named = {_key(Message(key=thread, title="")): thread for thread in meant.values() if thread}
    for posted in slack.messages(target):
        thread = meant.get(posted.key or "")
        above = named.get(tops.get(posted.thread_ts or "") or "")
        assert thread == above, f"{target}: a message that belongs under {thread} is under {above}"


def more(plan: Plan, posts: int) -> Plan:
    return replace(plan, posts=plan.posts + posts)


def in_lanes(lanes: int, lane: Callable[[int], Tally]) -> Tally:
    """Run lives side by side, for they mostly wait."""
    with ThreadPoolExecutor(lanes) as pool:
        return sum(pool.map(lane, range(lanes)), Tally())


def judge(tally: Tally, title: str, started: float, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(tally.table(title, time.monotonic() - started))
    assert tally.lost == []
    assert tally.doubled == []
