"""Hears what people do in Slack over Socket Mode: no public address is needed, and every fault ends in a new try.

One thread listens and acknowledges at once; a few others do what was asked. Slack's own clients were measured to stay
deaf for up to a minute after a broken connection, or for ever on one dead ticket (docs/decisions/0014); here a ticket
is never used twice, and a peer that does not answer a ping within two seconds is left.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from monitor.core.errors import ConfigError
from monitor.slack.answers import FORM, WORKERS, Answers
from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.payloads import click_of

log = logging.getLogger(__name__)

PING = 2.0
"""Seconds between pings, and that an answer may take."""

HELLO = 5.0
"""Seconds until the other side has said hello, or it is left."""

SHORTEST, LONGEST = 0.2, 5.0
"""Seconds between tries, doubling."""

_LARGEST = 4 * 2**20
_TOKENS = {
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "not_allowed_token_type"), "is not accepted"),
    "missing_scope": "lacks the scope connections:write",
}
_BROKEN = (OSError, WebSocketException, SlackClientError, ValueError, AttributeError)


class Connection:
    """Listens in the background from ``start`` to ``stop``; both may be called at any time and more than once.

    ``handle`` is called from several threads at once. ``on_health`` hears what a person must mend, in words, and
    ``None`` once clicks arrive; never a token or ticket.
    """

    def __init__(
        self,
        *,
        app_token: Callable[[], str],
        bot_token: Callable[[], str],
        handle: Callable[[Click], Answer],
        on_health: Callable[[str | None], None] = lambda _: None,
        base_url: str = "https://slack.com/api/",
    ) -> None:
        self._app_token = app_token
        self._on_health = on_health
        self._base_url = base_url
        self._stopping = threading.Event()
        self._connected = threading.Event()
        self._thread: threading.Thread | None = None
        self._socket: ClientConnection | None = None
        self._problem: str | None = ""
        # Below INFO the SDK writes every message, and the address with its ticket, into the log.
        self._quiet = logging.getLogger(f"{__name__}.sdk")
        self._quiet.setLevel(logging.CRITICAL)
        self._answers = Answers(bot_token=bot_token, handle=handle, base_url=base_url, quiet=self._quiet)

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    def start(self) -> None:
        """Begin to listen, unless that was done; returns at once, also while Slack is down."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="slack", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop listening; what is being done is finished."""
        self._stopping.set()
        if self._socket is not None:
            with suppress(*_BROKEN):
                self._socket.close()
        if self._thread is not None:
            self._thread.join(timeout=HELLO)

    def _run(self) -> None:
        pause = SHORTEST
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="slack-desk") as workers:
            while not self._stopping.is_set():
                try:
                    self._listen(self._ticket(), workers)
                    pause = SHORTEST
                except ConfigError as error:
                    self._tell(str(error))
                except _BROKEN as error:
                    log.info("slack connection lost error=%s", type(error).__name__)
                if self._connected.is_set():
                    self._connected.clear()
                    pause = SHORTEST
                self._stopping.wait(pause)
                pause = min(LONGEST, 2 * pause)

    def _ticket(self) -> str:
        """An address that can be used once. Raises ``ConfigError`` for what a person must mend."""
        client = WebClient(base_url=self._base_url, timeout=5, retry_handlers=[], logger=self._quiet)
        try:
            answer = client.apps_connections_open(app_token=self._app_token())
        except SlackApiError as error:
            code = str(error.response.get("error", "")) if isinstance(error.response.data, dict) else ""
            if code in _TOKENS:
                cure = "copy it from Basic Information, App-Level Tokens (xapp-…)"
                raise ConfigError([f"Slack says {code}: the app-level token {_TOKENS[code]}; {cure}"]) from None
            raise
        return str(answer["url"])

    def _listen(self, ticket: str, workers: ThreadPoolExecutor) -> None:
        """Hear envelopes until Slack wants us to come back, or the connection breaks, which raises."""
        with connect(
            ticket,
            open_timeout=HELLO,
            close_timeout=1,
            ping_interval=PING,
            ping_timeout=PING,
            max_size=_LARGEST,
            logger=self._quiet,
        ) as socket:
            self._socket = socket
            if json.loads(socket.recv(timeout=HELLO)).get("type") != "hello":
                raise ValueError("no hello")
            self._connected.set()
            self._tell(None)
            for raw in socket:
                message = _decoded(raw)
                if message.get("type") == "disconnect":
                    return
                self._receive(message, socket, workers)

    def _receive(self, message: Mapping[str, Any], socket: ClientConnection, workers: ThreadPoolExecutor) -> None:
        envelope = message.get("envelope_id")
        if not isinstance(envelope, str):
            return
        click = click_of(str(message.get("type")), message.get("payload"), envelope)
        if click is None:
            _acknowledge(socket, envelope)
        elif click.doing is Doing.VIEW:
            # Its answer goes into the acknowledgement, so that what is wrong stands in the form.
            self._submitted(click, socket, envelope, workers)
        else:
            _acknowledge(socket, envelope)
            workers.submit(self._answers.do, click)

    def _submitted(self, click: Click, socket: ClientConnection, envelope: str, workers: ThreadPoolExecutor) -> None:
        acknowledged = threading.Lock()

        def acknowledge(payload: Mapping[str, Any] | None = None) -> None:
            if acknowledged.acquire(blocking=False):
                with suppress(*_BROKEN):
                    _acknowledge(socket, envelope, payload)

        late = threading.Timer(FORM, acknowledge)

        def do() -> None:
            answer = self._answers.ask(click)
            acknowledge({"response_action": "errors", "errors": dict(answer.errors)} if answer.errors else None)
            late.cancel()
            self._answers.give(click, answer)

        late.start()
        workers.submit(do)

    def _tell(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._on_health(problem)


def _acknowledge(socket: ClientConnection, envelope: str, payload: Mapping[str, Any] | None = None) -> None:
    told: dict[str, Any] = {"envelope_id": envelope}
    socket.send(json.dumps(told | {"payload": payload} if payload else told))


def _decoded(raw: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
