"""Socket Mode on this machine for tests: the loopback Slack with a socket through which people click, and its faults.

Between the client and the WebSocket stands a relay of plain bytes, so that a connection can be reset or freeze as on a
real network.
"""

import json
import logging
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as WebRequest
from websockets.http11 import Response
from websockets.sync.server import Server, ServerConnection, serve

from monitor.testing.loopback_http import Reply, Request
from monitor.testing.loopback_slack import LoopbackSlack
from monitor.testing.slack_payloads import pressed

OPEN = "/api/apps.connections.open"
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.CRITICAL)
APP_TOKEN = "xapp-loopback"  # noqa: S105 (a token of no app)


class LoopbackWorkspace(LoopbackSlack):
    """A loopback Slack in which people can click.

    ``given`` keeps what a single person was shown, as (method, fields). ``acks`` are the acknowledgements by envelope:
    how many seconds after it was sent, and the payload.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.given: list[tuple[str, dict[str, Any]]] = []
        self.acks: dict[str, tuple[float, Any]] = {}
        self.opened = 0
        self.app_tokens = {APP_TOKEN}
        self._sent: dict[str, float] = {}
        self._tickets: set[str] = set()
        self._clients: list[ServerConnection] = []
        self._changed = threading.Condition()
        self.routes[OPEN] = self._open
        self.routes["/respond"] = self._shown("respond")
        for method in ("chat.postEphemeral", "views.open", "views.publish"):
            self.routes[f"/api/{method}"] = self._shown(method)
        self._web: Server = serve(
            self._client,
            "127.0.0.1",
            0,
            process_request=self._admit,
            compression=None,
            ping_interval=None,
            logger=_quiet,
        )
        self._relay = Relay(int(self._web.socket.getsockname()[1]))

    def __enter__(self) -> Self:
        threading.Thread(target=self._web.serve_forever, daemon=True).start()
        self._relay.start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        self._relay.stop()
        self._web.shutdown()
        super().__exit__(*error)

    # Faults

    def reset(self) -> None:
        """Cut every connection without a word, as a router that restarts does."""
        self._relay.reset()

    def freeze(self) -> None:
        """Nothing goes through the connections there are any more, but nobody says so."""
        self._relay.freeze()

    def close(self) -> None:
        """Close every connection in good form."""
        for client in list(self._clients):
            client.close()

    def disconnect(self) -> None:
        """Ask every client to come back on a new connection."""
        self._broadcast({"type": "disconnect", "reason": "refresh_requested"})

    def spoil(self) -> None:
        """Tickets that were given out are worth nothing any more."""
        with self._changed:
            self._tickets.clear()

    # People

    def send(self, kind: str, payload: Mapping[str, Any], *, envelope: str | None = None) -> str:
        """Put an envelope on every connection, and return its id."""
        name = envelope or str(uuid.uuid4())
        self._sent[name] = time.monotonic()
        told = {"type": kind, "envelope_id": name, "payload": payload, "accepts_response_payload": True}
        self._broadcast(told)
        return name

    def press(self, action: str, value: str = "1", **changed: Any) -> str:
        """Somebody presses a button."""
        return self.send("interactive", self.pressed(action, value, **changed))

    def pressed(self, action: str, value: str = "1", **changed: Any) -> dict[str, Any]:
        """The payload of a button that somebody presses."""
        return pressed(action, value, self.respond, **changed)

    @property
    def respond(self) -> str:
        """The address for answers to the one who clicked."""
        return f"{self.url}/respond"

    def wait(self, until: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until something has come to pass here; ``False`` if it has not within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(until()), timeout=seconds)

    def wake(self) -> None:
        """Let whoever waits look again: something has come to pass elsewhere."""
        with self._changed:
            self._changed.notify_all()

    # What the client talks to

    def _open(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.app_tokens:
            return Reply(body={"ok": False, "error": "invalid_auth"})
        with self._changed:
            self.opened += 1
            ticket = f"/link/?ticket={uuid.uuid4()}"
            self._tickets.add(ticket)
            self._changed.notify_all()
        return Reply(body={"ok": True, "url": f"ws://127.0.0.1:{self._relay.port}{ticket}"})

    def _admit(self, _: ServerConnection, request: WebRequest) -> Response | None:
        with self._changed:
            if request.path in self._tickets:
                self._tickets.remove(request.path)
                return None
        return Response(HTTPStatus.FORBIDDEN, "no such ticket", Headers())

    def _client(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.send(json.dumps({"type": "hello", "num_connections": 1}))
            with self._changed:
                self._clients.append(connection)
                self._changed.notify_all()
            for raw in connection:
                self._acknowledged(json.loads(raw))
        with suppress(ValueError):
            self._clients.remove(connection)

    def _acknowledged(self, told: Mapping[str, Any]) -> None:
        name = str(told.get("envelope_id"))
        with self._changed:
            self.acks[name] = (time.monotonic() - self._sent.get(name, time.monotonic()), told.get("payload"))
            self._changed.notify_all()

    def _broadcast(self, message: Mapping[str, Any]) -> None:
        for client in list(self._clients):
            with suppress(ConnectionClosed, OSError):
                client.send(json.dumps(message))

    def _shown(self, method: str) -> Callable[[Request], Reply]:
        def handle(request: Request) -> Reply:
            with self._changed:
                self.given.append((method, request.fields()))
                self._changed.notify_all()
            return Reply(body={"ok": True})

        return handle


class Relay:
    """Passes bytes between clients and a port, until told otherwise."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._frozen: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._server.close()
        self.reset()

    def reset(self) -> None:
        """End every connection with a reset."""
        pairs, self._pairs = self._pairs, []
        for near, far in pairs:
            with suppress(OSError):
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for end in (near, far):
                # Whoever waits for bytes of this end holds it open; shutting it down lets them go.
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RD)
                with suppress(OSError):
                    end.close()

    def freeze(self) -> None:
        """Bytes of the connections there are vanish from now on."""
        self._frozen |= {end for pair in self._pairs for end in pair}

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if source not in self._frozen:
                    sink.sendall(data)
            if source not in self._frozen:
                sink.shutdown(socket.SHUT_WR)
