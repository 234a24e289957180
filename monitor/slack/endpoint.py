"""Hears what people do in Slack over HTTP, for workspaces without Socket Mode: a public address leads here.

Every request is signed by Slack; one without a right signature of the last five minutes is refused unread. Put a server
that speaks TLS in front: this one speaks plain HTTP, by default on this computer only.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from slack_sdk.signature import Clock, SignatureVerifier

from monitor.slack.answers import FORM, WORKERS, Answers
from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.payloads import click_of

log = logging.getLogger(__name__)

LARGEST = 4 * 2**20
PATIENCE = 10.0
"""Seconds for the next piece of a request."""


class Endpoint:
    """Listens in the background from ``start`` to ``stop``, as a :class:`monitor.slack.connection.Connection` does.

    ``now`` gives the seconds by which the age of a signature is judged.
    """

    def __init__(
        self,
        *,
        address: tuple[str, int],
        signing_secret: Callable[[], str],
        bot_token: Callable[[], str],
        handle: Callable[[Click], Answer],
        now: Callable[[], float],
        on_health: Callable[[str | None], None] = lambda _: None,
        base_url: str = "https://slack.com/api/",
    ) -> None:
        self._address = address
        self._signing_secret = signing_secret
        self._now = now
        self._on_health = on_health
        quiet = logging.getLogger(f"{__name__}.sdk")
        quiet.setLevel(logging.CRITICAL)
        self._answers = Answers(bot_token=bot_token, handle=handle, base_url=base_url, quiet=quiet)
        self._server: ThreadingHTTPServer | None = None
        self._workers: ThreadPoolExecutor | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 while it does not."""
        return int(self._server.server_address[1]) if self._server else 0

    @property
    def is_connected(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        """Begin to listen, unless that was done; a port that is taken is told, and tried again at the next call."""
        if self._server is not None:
            return
        try:
            self._server = ThreadingHTTPServer(self._address, _handler(self))
        except OSError as error:
            host, port = self._address
            self._on_health(f"cannot listen at {host}:{port} ({error.strerror}); change slack.listen")
            return
        self._server.daemon_threads = True
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="slack-desk")
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="slack", daemon=True).start()
        self._on_health(None)

    def stop(self) -> None:
        """Stop listening; what is being done is finished."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        if self._workers is not None:
            self._workers.shutdown()
            self._workers = None

    def is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Did Slack sign this within the last five minutes?"""
        verifier = SignatureVerifier(self._signing_secret(), _Now(self._now))
        given = {name.lower(): value for name, value in headers.items()}
        try:
            return verifier.is_valid_request(body, given)
        except (ValueError, UnicodeError):
            return False

    def hear(self, body: bytes, kind: str) -> bytes:
        """What Slack gets for a request that it has signed; the click is done meanwhile, or after that."""
        payload, sort = _read(body, kind)
        if payload.get("type") == "url_verification":
            return json.dumps({"challenge": str(payload.get("challenge", ""))}).encode()
        click = click_of(sort, payload, str(payload.get("event_id") or payload.get("trigger_id") or ""))
        workers = self._workers
        if click is None or workers is None:
            return b""
        if click.doing is Doing.VIEW:
            return self._submitted(click, workers.submit(self._answers.ask, click), workers)
        workers.submit(self._answers.do, click)
        return b""

    def _submitted(self, click: Click, asked: "Future[Answer]", workers: ThreadPoolExecutor) -> bytes:
        """What is wrong with a form stands in the form, if that is known in time."""
        with suppress(TimeoutError):
            answer = asked.result(FORM)
            workers.submit(self._answers.give, click, answer)
            told = {"response_action": "errors", "errors": dict(answer.errors)}
            return json.dumps(told).encode() if answer.errors else b""
        asked.add_done_callback(lambda late: self._answers.give(click, late.result()))
        return b""


class _Now(Clock):
    """The SDK's clock, as a function."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version, sys_version = "umbrage", ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST:
                return self._say(413)
            body = self.rfile.read(int(length))
            if not endpoint.is_signed(body, dict(self.headers)):
                log.warning("refused a request that Slack has not signed")
                return self._say(401)
            return self._say(200, endpoint.hear(body, self.headers.get("Content-Type", "")))

        def _say(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
            """Nothing: addresses and words of requests have no place in a log."""

    return Handler


def _read(body: bytes, kind: str) -> tuple[Mapping[str, Any], str]:
    """The payload of a request and the sort of it, named as Socket Mode does; empty for what cannot be read."""
    text = body.decode(errors="replace")
    if kind.startswith("application/json"):
        return _json(text), "events_api"
    fields = dict(parse_qsl(text))
    return (_json(fields["payload"]), "interactive") if "payload" in fields else (fields, "slash_commands")


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
