"""What X's stream may cost: bursts over a real socket, with the real meter, and what arrives beyond the limit."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from monitor.collectors import x_stream
from monitor.core.watch import Matcher, Watch
from monitor.jobs.collect import Collected, Source, collect
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock
from tests.collectors.test_x import TOKEN, post
from tests.collectors.test_x_stream import settings
from tests.collectors.x_app import RULES

pytestmark = pytest.mark.sleeps
"""A burst lasts for seconds."""

WATCHES = (Watch(brand="Acme", terms=("Acme",)),)
EACH = 0.015
"""What X bills for a post by somebody new."""


class Burst(ThreadingHTTPServer):
    """Sends a post every ``pause`` seconds, of different people; 0 is as fast as the socket takes them.

    ``delivered`` is how many the other side's system has taken in, read or not.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, pause: float, most: int) -> None:
        super().__init__(("127.0.0.1", 0), _Burst)
        self.pause, self.most = pause, most
        self.delivered = self.handed_over = 0
        self.left, self.stopped = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client hangs up: that is what is measured."""


class _Burst(BaseHTTPRequestHandler):
    server: Burst
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith(RULES):
            self._answer({"meta": {}})
        else:
            self._burst()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer({"data": [], "meta": {}})

    def _answer(self, body: Any) -> None:
        said = json.dumps(body).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))

    def _burst(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        ends, size, start = [], 0, self._written()
        due = time.monotonic()
        try:
            for number in range(self.server.most):
                line = told_by_somebody(number)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                size += len(line) + len(b"%x" % len(line)) + 4
                ends.append(size)
                due += self.server.pause
                self.server.stopped.wait(max(0.0, due - time.monotonic()))
        finally:
            self.server.handed_over += len(ends)
            arrived = self._acknowledged() - start
            self.server.delivered += sum(end <= arrived for end in ends)
            self.server.left.set()

    def _written(self) -> int:
        """Bytes that were sent before the burst."""
        deadline = time.monotonic() + 1
        while (before := self._acknowledged()) == 0 and time.monotonic() < deadline:
            self.server.stopped.wait(0.01)
        return before

    def _acknowledged(self) -> int:
        """Linux: the bytes that the other side has acknowledged."""
        found = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 128)
        return int(struct.unpack_from("Q", found, 120)[0])


def told_by_somebody(number: int) -> bytes:
    user = {"id": str(10_000 + number), "username": f"u{number}", "public_metrics": {"followers_count": 5}}
    found = {"data": post(number, author_id=user["id"]), "includes": {"users": [user]}, "matching_rules": []}
    return json.dumps(found).encode() + b"\r\n"


def listen(burst: Burst, store: SqlStore, clock: Clock, **options: Any) -> tuple[Collected, float, float]:
    """Rounds until the budget is used up; what was billed for all that arrived, and what we count."""
    stream = x_stream.create(x_stream.Options(**settings(burst.url, timeout=5, longest=1, **options)))
    source = Source(name="x_stream", collector=stream, look_back=timedelta(hours=24))
    for _ in range(100):
        done = collect(source, WATCHES, Matcher(WATCHES), store, clock(), 1.0)
        if done.problem:
            break
    assert burst.left.wait(10)
    counted = store.spent(stream.account, "USD", clock() - timedelta(hours=1))
    return done, burst.delivered * EACH, counted


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_X", TOKEN)


@pytest.fixture(params=[0.05, 0.0], ids=["1200 a minute", "as fast as it goes"])
def burst(request: pytest.FixtureRequest) -> Iterator[Burst]:
    with Burst(request.param, 20_000) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("usd_per_day", [2.0, 6.0])
def test_p34_no_burst_is_billed_beyond_the_limit(
    burst: Burst, sqlite_store: SqlStore, clock: Clock, usd_per_day: float
) -> None:
    done, billed, counted = listen(burst, sqlite_store, clock, usd_per_month=600, usd_per_day=usd_per_day)
    read = len(sqlite_store.unjudged(9_999))
    print(
        f"limit {usd_per_day}: {billed:.2f} USD billed, {counted:.2f} counted; {read} read, {burst.delivered} arrived"
    )
    print(f"{burst.handed_over} had been handed to the sender's own system, which kept the rest")
    assert burst.delivered - read <= x_stream.UNDER_WAY
    assert "are used; it goes on at 2026-11-03 00:00 UTC" in (done.problem or "")
    assert billed <= usd_per_day
