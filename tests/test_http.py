"""What collectors rely on when they ask a server."""

import gzip
import io
import logging
import ssl
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from monitor import http
from monitor.core.errors import AuthFailed, RateLimited, SourceError, Unavailable, Unreadable
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply, Request

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({"/": lambda _: Reply(body=b"hello")}) as running:
        yield running


def answer_of(respond: Callable[[httpx.Request], httpx.Response], url: str = "https://x.example/key") -> http.Answer:
    with http.client(transport=httpx.MockTransport(respond)) as client:
        return http.fetch(client, url, largest=1_000_000, seconds=30)


def test_says_who_we_are(server: LoopbackServer) -> None:
    with http.client("me@acme.example", headers={"X-Own": "1"}) as client:
        answer = http.fetch(client, server.url)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.date is not None
    assert server.requests[0].headers["user-agent"].startswith("umbrage/")
    assert server.requests[0].headers["user-agent"].endswith(" (+me@acme.example)")
    assert server.requests[0].headers["x-own"] == "1"


def test_whom_to_trust_is_read_once_and_certificates_are_checked() -> None:
    def context() -> ssl.SSLContext:
        with http.client() as client:
            found = client._transport._pool._ssl_context  # type: ignore[attr-defined]
        assert isinstance(found, ssl.SSLContext)
        return found

    assert context() is context()
    assert context().check_hostname
    assert context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("Sun, 22 Nov 2026 10:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", None),
        ("0", None),
        ("-3", None),
        ("nan", None),
        ("inf", 86_400.0),
        ("99999999999", 86_400.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert http.retry_after({"Retry-After": value}, NOW) == expected
    assert http.retry_after({"retry-after": value, "DATE": "Sun, 22 Nov 2026 10:00:00 GMT"}) == expected


def test_a_date_without_a_reference_is_no_wait() -> None:
    assert http.retry_after({"Retry-After": "Sun, 22 Nov 2026 10:01:00 GMT"}) is None
    assert http.retry_after({}) is None


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, AuthFailed),
        (403, {"Retry-After": "5"}, AuthFailed),
        (404, {}, Unreadable),
        (408, {}, Unavailable),
        (429, {}, RateLimited),
        (500, {"Retry-After": "5"}, Unavailable),
        (503, {}, Unavailable),
        (503, {"Retry-After": "5"}, RateLimited),
        (520, {}, Unavailable),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], error: type[SourceError]) -> None:
    with pytest.raises(error, match=rf"x\.example .*{status}"):
        http.check(status, headers, "x.example")


def test_good_statuses_pass() -> None:
    for status in (200, 204, 304):
        http.check(status, {}, "x.example")


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE_COMMIT, Kind.SLOW])
def test_no_answer(server: LoopbackServer, kind: Kind) -> None:
    server.fail("/", Fault(kind=kind))
    with http.client(timeout=0.2) as client, pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        http.fetch(client, server.url)
    server.release()


def test_nobody_there() -> None:
    with http.client() as client, pytest.raises(Unavailable, match="connect error"):
        http.fetch(client, "http://127.0.0.1:1/secret")


class Endless(httpx.SyncByteStream):
    """An answer that never ends; ``size`` bytes at a time."""

    def __init__(self, size: int) -> None:
        self.sent = 0
        self._piece = b"x" * size

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += len(self._piece)
            yield self._piece


def test_a_large_answer_is_refused_early() -> None:
    stream = Endless(10_000)
    with pytest.raises(Unreadable, match=r"x\.example answered more than 1 MB"):
        answer_of(lambda _: httpx.Response(200, stream=stream))
    assert stream.sent < 1_200_000


def test_a_slow_drip_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(1_000))
    monkeypatch.setattr("monitor.http.time.monotonic", lambda: next(seconds))
    stream = Endless(70_000)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    with http.client(transport=transport) as client, pytest.raises(Unavailable, match="in time"):
        http.fetch(client, "https://x.example", largest=10**9, seconds=5)
    assert stream.sent < 1_000_000


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b"hello " * 50_000)
    answer = answer_of(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Once(packed)))
    assert answer.body == b"hello " * 50_000


class Once(httpx.SyncByteStream):
    """A body as it came over the wire."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._body.read(1_000), b"")

    def left(self) -> int:
        """Bytes that nobody read."""
        return len(self._body.getbuffer()) - self._body.tell()


def test_a_packed_bomb_is_refused_in_little_memory() -> None:
    bomb = gzip.compress(bytes(200_000_000))
    tracemalloc.start()
    with pytest.raises(Unreadable, match="more than 1 MB"):
        answer_of(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Once(bomb)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", b"no gzip", Unreadable),
        ("br", b"x", Unreadable),
        ("gzip", gzip.compress(b"hello" * 1_000, mtime=0)[:-20], Unavailable),
    ],
)
def test_packing_that_cannot_be_undone(encoding: str, body: bytes, error: type[SourceError]) -> None:
    with pytest.raises(error):
        answer_of(lambda _: httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Once(body)))


def test_only_lasting_moves_are_reported(server: LoopbackServer) -> None:
    def to(status: int, path: str) -> Callable[[Request], Reply]:
        return lambda _: Reply(status=status, headers={"Location": path})

    server.routes |= {"/a": to(301, "/b"), "/b": to(308, "/"), "/c": to(302, "/a"), "/d": to(301, "/c")}
    with http.client() as client:
        moved = [http.fetch(client, server.url + path).moved_to for path in ("/", "/a", "/c", "/d")]
    assert moved == [None, f"{server.url}/", None, f"{server.url}/c"]


@pytest.mark.parametrize("location", ["/", "ftp://x.example/", "http://[", "file:///etc/passwd"])
def test_redirects_that_lead_nowhere(server: LoopbackServer, location: str) -> None:
    server.routes["/"] = lambda _: Reply(status=301, headers={"Location": location})
    with http.client() as client, pytest.raises(SourceError, match=r"127\.0\.0\.1"):
        http.fetch(client, server.url)


def test_redirects_have_an_end(server: LoopbackServer) -> None:
    for n in range(1, 7):
        reply = Reply(status=302, headers={"Location": f"/{n - 1}"})
        server.fail(f"/{n}", *[Fault(reply=reply)] * 2)
    server.routes["/0"] = lambda _: Reply(body=b"here")
    with http.client() as client:
        assert http.fetch(client, f"{server.url}/5").body == b"here"
        with pytest.raises(Unreadable, match=r"127\.0\.0\.1: too many redirects"):
            http.fetch(client, f"{server.url}/6")


@pytest.mark.parametrize("location", ["ftp://x.example/", "file:///etc/passwd", "file:/etc/passwd", "javascript:x"])
def test_redirects_lead_to_the_web_only(location: str) -> None:
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(302, headers={"Location": location})

    with pytest.raises(Unreadable, match=r"x\.example: (unsupported protocol|invalid url)"):
        answer_of(respond)
    assert len(asked) == 1


def test_the_body_of_a_redirect_is_never_read() -> None:
    endless = Endless(10_000)
    bomb = Once(gzip.compress(bytes(50_000_000)))
    answers = iter(
        (
            httpx.Response(302, headers={"Location": "/b", "Content-Encoding": "gzip"}, stream=bomb),
            httpx.Response(301, headers={"Location": "/c"}, stream=endless),
            httpx.Response(200, stream=Once(b"here")),
        )
    )
    tracemalloc.start()
    assert answer_of(lambda _: next(answers)).body == b"here"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert endless.sent == 0
    assert bomb.left() > 0


def test_a_redirect_without_an_address_is_read_like_any_answer() -> None:
    with pytest.raises(Unreadable, match="more than 1 MB"):
        answer_of(lambda _: httpx.Response(302, stream=Endless(10_000)))


def test_redirects_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1_000, 10))
    monkeypatch.setattr("monitor.http.time.monotonic", lambda: next(seconds))
    with pytest.raises(Unavailable, match="in time"):
        answer_of(lambda _: httpx.Response(302, headers={"Location": "/"}))


def test_credentials_do_not_follow_to_another_host() -> None:
    seen: list[tuple[str, bool]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, "authorization" in request.headers))
        to = {1: "/b", 2: "https://y.example/"}.get(len(seen))
        return httpx.Response(302, headers={"Location": to}) if to else httpx.Response(200, stream=Once(b""))

    answer_of(respond, "https://user:pass@x.example/a")
    assert seen == [("x.example", True), ("x.example", True), ("y.example", False)]


def test_addresses_stay_out_of_logs_and_errors(server: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with http.client() as client:
        http.fetch(client, f"{server.url}/?key=s3cret")
        server.fail("/", Fault(kind=Kind.DROP_BEFORE_COMMIT))
        with pytest.raises(Unavailable) as caught:
            http.fetch(client, f"{server.url}/?key=s3cret")
    assert "s3cret" not in caplog.text + str(caught.value)


def test_host() -> None:
    assert http.host("https://u:p@x.example:8/k?y#z") == "x.example"
    assert http.host("http://\x00") == "?"
    assert http.host("nothing") == "?"
