"""X's search and stream in a service that is killed again and again with SIGKILL: each post is there once."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from monitor.store.schema import mentions
from monitor.testing.loopback_http import LoopbackServer
from tests.collectors.test_x import TOKEN, Recent, post
from tests.collectors.x_app import XApp, line

KILLS = 3
"""After each, the next worker waits half a minute for the lease."""
CONFIG = """
[store]
url = "sqlite:///{folder}/umbrage.db"
[classifier]
use = "keywords"
[[brands]]
name = "Acme"
terms = ["Acme"]
[targets.console]
use = "console"
[sources.search]
use = "x"
every = "10s"
token = {{ env = "UMBRAGE_TEST_X" }}
usd_per_month = 10_000
base_url = "{url}"
[sources.stream]
use = "x_stream"
every = "1s"
token = {{ env = "UMBRAGE_TEST_X" }}
usd_per_month = 9_000
base_url = "{url}"
"""


def sources_of(path: Path) -> Counter[str]:
    """How many posts each source brought first."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(mentions.c.source, mentions.c.native_id)).all()
    finally:
        engine.dispose()
    assert len({row.native_id for row in rows}) == len(rows), "doubled"
    return Counter(row.source for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_service_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    config, out = tmp_path / "monitor.toml", tmp_path / "out"
    with LoopbackServer({}) as server, out.open("w") as log:
        app, recent = XApp(server), Recent(server, 100)
        app.beat = 0.2
        config.write_text(CONFIG.format(folder=tmp_path, url=server.url))

        def start() -> subprocess.Popen[bytes]:
            environment = {**os.environ, "UMBRAGE_TEST_X": TOKEN}
            asked = [sys.executable, "-m", "monitor", "run", "-c", str(config)]
            return subprocess.Popen(asked, env=environment, stdout=log, stderr=subprocess.STDOUT)

        def write() -> None:
            number = len(recent.posts)
            found = post(number, datetime.now(UTC), text=f"Acme lost parcel {number}, the worst")  # noqa: TID251
            recent.posts.append(found)
            app.post(line(found))

        for _ in range(KILLS):
            service = start()
            try:
                opened, end = app.opened, time.monotonic() + 90
                while app.opened == opened and time.monotonic() < end:
                    time.sleep(0.1)  # noqa: TID251
                until = time.monotonic() + chance.uniform(2, 6)
                while time.monotonic() < until:
                    write()
                    time.sleep(0.05)  # noqa: TID251
            finally:
                service.kill()
                service.wait()
            write()
            assert app.wait_until_left()
        service, end = start(), time.monotonic() + 90
        try:
            while sum(sources_of(tmp_path / "umbrage.db").values()) < len(recent.posts) and time.monotonic() < end:
                time.sleep(0.5)  # noqa: TID251
        finally:
            service.terminate()
            service.wait()
    found = sources_of(tmp_path / "umbrage.db")
    print(f"{len(recent.posts)} posts, {KILLS} kills: {dict(found)}; {app.opened} connections")
    assert sum(found.values()) == len(recent.posts)
    assert found["stream"] > found["search"] / 10
    assert found["search"] > 0
    assert TOKEN not in out.read_text()
