"""How long a digest takes over two million mentions, and how much memory. ``python -m tests.benchmarks.digests``.

An SQLite file of 60 days: 2,000,000 mentions of one brand, each judged, one in ten a complaint with a case; filled
straight into the tables, 90 s here; two fifths of the complaints in 2,000 causes, every twentieth other post a
question. Then, in a process of its own each: the digest of the last day, of the last week,
and one look for surges, cold (the baselines of eight weeks) and again.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from monitor.app import LazyClassifier
from monitor.industry import pack
from monitor.jobs.digest import About, make_digest
from monitor.jobs.surges import SurgeRules, SurgeWatch
from monitor.settings import ClassifierSettings
from monitor.store.connection import open_engine, writing
from monitor.store.migrate import upgrade
from monitor.store.schema import cases, causes, mentions, pulses, themes, verdicts
from monitor.store.sql import SqlStore
from monitor.store.stages import Stage

MENTIONS, COMPLAINTS, THEMES, DAYS = 2_000_000, 200_000, 2_000, 60
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=DAYS)
TOPICS = ("delivery", "billing_refund", "product_defect", "account_app", "unreachable", "price", "returns", "other")
PORTION = 20_000


def fill(path: Path) -> None:
    dice = random.Random(1)
    engine = open_engine(f"sqlite:///{path}", durable=False)
    upgrade(engine)
    one_in = MENTIONS // COMPLAINTS
    with writing(engine) as connection:
        base = {"brand": "Acme", "topic": "x", "grouping": "g", "episode": 1, "opened_at": START}
        connection.execute(insert(causes), [base | {"id": 1}])
        connection.execute(insert(themes), [_theme(number) for number in range(1, THEMES + 1)])
        connection.execute(insert(pulses), [{"source": "s", "hour": START, "seen": 1, "skipped": 0}])
    for first in range(0, MENTIONS, PORTION):
        numbers = range(first + 1, first + PORTION + 1)
        with writing(engine) as connection:
            of = [_case(dice, number) for number in numbers if number % one_in == 0]
            connection.execute(insert(cases), of)
            connection.execute(insert(mentions), [_post(dice, number, one_in) for number in numbers])
            connection.execute(insert(verdicts), [_verdict(dice, number, one_in) for number in numbers])
    engine.dispose()


def _theme(number: int) -> dict[str, Any]:
    name = ["late parcel", f"depot {number}"]
    return {"id": number, "brand": "Acme", "space": "s", "size": 40, "name": name, "first_at": START, "last_mention": 1}


def _at(number: int) -> datetime:
    return START + timedelta(seconds=DAYS * 86_400 * number / (MENTIONS + 1))


def _case(dice: random.Random, number: int) -> dict[str, Any]:
    at = _at(number)
    state = dice.choice(["new", "taken", "satisfied", "unknown_silent"])
    ended = at + timedelta(days=2) if state in ("satisfied", "unknown_silent") else None
    fixed = {
        "cause_id": 1,
        "brand": "Acme",
        "topic": dice.choice(TOPICS),
        "level": dice.choice([2, 3, 4]),
        "reasons": [],
    }
    times = {"opened_at": at, "last_at": at, "told_at": at, "ended_at": ended}
    return {"id": number, "state": state, "version": 0, "answered_at": dice.choice([None, at]), **fixed, **times}


def _post(dice: random.Random, number: int, one_in: int) -> dict[str, Any]:
    is_complaint = number % one_in == 0
    who = {
        "native_id": str(number),
        "platform": "x",
        "author": f"a{dice.randrange(300_000)}",
        "brand": "Acme",
        "source": "s",
    }
    text = f"Acme parcel {dice.randrange(10**9)} is late again and nobody answers, third week now"
    when = {"posted_at": _at(number), "collected_at": _at(number)}
    filed: dict[str, Any] = {"cause_id": 1 if is_complaint else None, "case_id": number if is_complaint else None}
    theme = dice.randrange(1, THEMES + 1) if is_complaint and dice.random() < 0.4 else None
    filed |= {"theme_id": theme, "theme_near": theme and dice.random()}
    fixed = {"kind": "post", "is_own": False, "matched": ["acme"], "stage": Stage.DONE, "judged_by": "m", "reposts": 0}
    return {"id": number, "text": text, "fingerprint": f"{dice.getrandbits(64):016x}", **who, **when, **filed, **fixed}


def _verdict(dice: random.Random, number: int, one_in: int) -> dict[str, Any]:
    label = "complaint" if number % one_in == 0 else "other"
    said = {"label": label, "complaint": dice.random(), "topics": [], "is_measured": True, "language": "en"}
    felt = {"sentiment": dice.choice(["positive", None]), "intent": "question" if number % 20 == 1 else None}
    return {"mention_id": number, "model": "m", "at": _at(number), **felt, **said}


def measure(what: str, path: Path) -> dict[str, float]:
    """One measurement in this process: seconds of wall time and of CPU, and megabytes at most."""
    store = SqlStore(open_engine(f"sqlite:///{path}"))
    begun, worked = time.perf_counter(), time.process_time()
    if what == "surges":
        watch = SurgeWatch(SurgeRules(brands={"Acme": ("acme",)}, targets=("team",)))
        watch.look(store, END)
        cold = time.perf_counter()
        watch.look(store, END + timedelta(minutes=1))
        again = time.perf_counter() - cold
        return {"seconds": cold - begun, "again": again, "megabytes": _memory()}
    days = 7 if what == "week" else 1
    about, understood = About(pack=pack("shop")), LazyClassifier(ClassifierSettings()).meaning_if_any
    make_digest(store, "Acme", date(2026, 3, 1) - timedelta(days=days), days, UTC, END, about, understood)
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - worked,
        "megabytes": _memory(),
    }


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def figures(path: Path) -> Iterator[str]:
    for what in ("day", "week", "surges"):
        command = [sys.executable, "-m", "tests.benchmarks.digests", "--measure", what, str(path)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        again = f", again {found['again']:.2f} s" if "again" in found else ""
        cpu = f" ({found['cpu']:.2f} of CPU)" if "cpu" in found else ""
        yield f"{what:<8} {found['seconds']:.2f} s{cpu}{again}, {found['megabytes']:.0f} MB of memory in all"


def main() -> None:
    if "--measure" in sys.argv:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory(prefix="umbrage-") as folder:
        path = Path(folder) / "digests.db"
        begun = time.perf_counter()
        fill(path)
        print(
            f"filled {MENTIONS:,} mentions, {COMPLAINTS:,} complaints in {time.perf_counter() - begun:.0f} s",
            flush=True,
        )
        for line in figures(path):
            print(line, flush=True)


if __name__ == "__main__":
    main()
