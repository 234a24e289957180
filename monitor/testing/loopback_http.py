"""A small HTTP server on this machine that answers as told, fails as told and remembers every request."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


class Kind(StrEnum):
    """What goes wrong. *Commit* is the moment at which the server does what it was asked."""

    ANSWER = "answer"
    """Not committed; the fault's own answer."""
    DROP_BEFORE_COMMIT = "drop_before_commit"
    DROP_AFTER_COMMIT = "drop_after_commit"
    SLOW = "slow"
    """Committed at once, answered late."""
    SLOW_COMMIT = "slow_commit"
    """Committed late: after the client has given up."""
    MALFORMED = "malformed"
    """Committed; the answer breaks off in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: status, headers and body; a body that is not bytes is sent as JSON.

    An iterator of bytes is sent piece by piece as they come, in chunks, until it or the connection ends.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong once. ``seconds`` is how long a slow fault waits unless it is released earlier."""

    kind: Kind = Kind.ANSWER
    reply: Reply = Reply(status=500, body=b"Internal Server Error")
    seconds: float = 30.0

    @classmethod
    def answer(cls, status: int, body: Any = b"", **headers: str) -> "Fault":
        """An answer in place of the work; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(reply=Reply(status=status, headers=named, body=body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrived. Header names are in lower case; the value of ``authorization`` is left out of logs.

    ``pairs`` is the query with parameters that come more than once.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()

    def json(self) -> Any:
        return json.loads(self.body)

    def fields(self) -> dict[str, Any]:
        """What was asked, whether it came in the query, as a form or as JSON (an empty body is fine)."""
        found: dict[str, Any] = dict(self.query)
        if self.body.strip():
            if self.headers.get("content-type", "").startswith("application/json"):
                found |= self.json()
            else:
                found |= dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        return found


Handler = Callable[[Request], Reply]


class LoopbackServer:
    """Serves ``routes`` (path to handler) on a free port of 127.0.0.1 while used as a context.

    ``fail`` queues faults for a path; each is used once, in order, before the handler gets its turn again.
    """

    def __init__(self, routes: Mapping[str, Handler], *, port: int = 0, log: Path | None = None) -> None:
        self.routes = dict(routes)
        self.requests: list[Request] = []
        self._log = log
        self._lock = threading.Lock()
        self._faults: dict[str, deque[Fault]] = {}
        self._released = threading.Event()
        self._busy = 0
        self._idle = threading.Condition(self._lock)
        self._http = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fail(self, path: str, *faults: Fault) -> None:
        with self._lock:
            self._faults.setdefault(path, deque()).extend(faults)

    def mend(self) -> None:
        """Forget the faults that have not been used."""
        with self._lock:
            self._faults.clear()

    def release(self) -> None:
        """Let slow faults go on now, and wait until every request has been dealt with."""
        self._released.set()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, timeout=30)
        self._released.clear()

    def next_fault(self, path: str) -> Fault | None:
        with self._lock:
            queue = self._faults.get(path)
            return queue.popleft() if queue else None

    def serve(self, request: Request) -> Reply | None:
        """The answer to a request; ``None`` means that the connection is dropped without one."""
        with self._lock:
            self._busy += 1
            self.requests.append(request)
            self._write_log(request)
        try:
            return self._serve(request, self.next_fault(request.path))
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _serve(self, request: Request, fault: Fault | None) -> Reply | None:
        handler: Handler = self.routes.get(request.path, _not_found)
        if fault is None:
            return handler(request)
        if fault.kind is Kind.ANSWER:
            return fault.reply
        if fault.kind is Kind.DROP_BEFORE_COMMIT:
            return None
        if fault.kind is Kind.SLOW_COMMIT:
            self._released.wait(fault.seconds)
        reply = handler(request)
        if fault.kind is Kind.SLOW:
            self._released.wait(fault.seconds)
        if fault.kind is Kind.MALFORMED:
            return Reply(status=reply.status, headers=reply.headers, body=_encoded(reply)[: len(_encoded(reply)) // 2])
        return None if fault.kind is Kind.DROP_AFTER_COMMIT else reply

    def _write_log(self, request: Request) -> None:
        if self._log is not None:
            shown = {name: value for name, value in request.headers.items() if name != "authorization"}
            line = {"method": request.method, "path": request.path, "query": dict(request.query), "headers": shown}
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"body": request.body.decode("utf-8", "replace")}) + "\n")


class _Server(ThreadingHTTPServer):
    # Threads wait in slow faults; the server must end without them.
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], owner: LoopbackServer) -> None:
        super().__init__(address, _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what this server is for; it is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(pairs),
            pairs=tuple(pairs),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        reply = self.server.owner.serve(request)
        self.close_connection = True
        if reply is None:
            return
        if isinstance(reply.body, Iterator):
            self._stream(reply, reply.body)
            return
        body = _encoded(reply)
        self.send_response(reply.status)
        kind = "application/octet-stream" if isinstance(reply.body, bytes) else "application/json"
        for name, value in ({"Content-Type": kind, "Connection": "close"} | dict(reply.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply, pieces: Iterator[bytes]) -> None:
        self.send_response(reply.status)
        for name, value in ({"Content-Type": "application/json"} | dict(reply.headers)).items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815 (the names that http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name that http.server uses)
        """Requests are remembered by the server; nothing is printed."""


def _not_found(_: Request) -> Reply:
    return Reply(status=404)


def _encoded(reply: Reply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
