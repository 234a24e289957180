"""A Slack on this machine for tests: the few Web API methods Umbrage calls, with faults and a memory to look into.

As a process of its own, ``python -m monitor.testing.loopback_slack --port 0 --state FILE --faults SEED`` prints its
port. What was posted is in FILE, one JSON object per line, written before the answer; :func:`posted` reads it.
"""

import argparse
import json
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor.testing.loopback_files import ASK, COMPLETE, UPLOAD, Files
from monitor.testing.loopback_http import Fault, Handler, Kind, LoopbackServer, Reply, Request

POST = "/api/chat.postMessage"
HISTORY = "/api/conversations.history"
REPLIES = "/api/conversations.replies"
OPEN_PRIVATE = "/api/conversations.open"
TOKEN = "xoxb-loopback"  # noqa: S105 (a token of no workspace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message that the loopback Slack accepted. ``key`` is the one in its metadata, ``files`` are shared with it."""

    channel: str
    ts: str
    text: str
    blocks: Any = None
    metadata: Any = None
    thread_ts: str | None = None
    is_broadcast: bool = False
    files: Any = None

    @property
    def key(self) -> str | None:
        key = (self.metadata or {}).get("event_payload", {}).get("key")
        return None if key is None else str(key)


def posted(state: Path) -> list[Posted]:
    """The messages in a state file; a line that is being written does not count."""
    if not state.exists():
        return []
    lines = state.read_text(encoding="utf-8").split("\n")[:-1]
    return [Posted(**json.loads(line)) for line in lines]


def error(code: str) -> Fault:
    """Slack's answer for a request that it refuses."""
    return Fault.answer(200, {"ok": False, "error": code})


def limited(seconds: int) -> Fault:
    """Slack's answer for a request that comes too soon."""
    return Fault.answer(429, {"ok": False, "error": "ratelimited"}, Retry_After=str(seconds))


HTML = Fault.answer(200, b"<html><body>We are down for maintenance</body></html>", Content_Type="text/html")


class LoopbackSlack(LoopbackServer):
    """Slack's Web API under ``url``/api/. Channels are what looks like one; tokens are ``xoxb-…`` unless revoked."""

    def __init__(
        self,
        *,
        port: int = 0,
        state: Path | None = None,
        log: Path | None = None,
        clock: Callable[[], float] = time.time,
        faults: Callable[[], Fault | None] = lambda: None,
    ) -> None:
        self.files = Files(lambda: self.url, self._shared)
        routes: dict[str, Handler] = {
            "/api/auth.test": self._called(self._auth_test),
            POST: self._called(self._post),
            "/api/chat.update": self._called(self._update),
            HISTORY: self._called(self._history),
            OPEN_PRIVATE: self._called(self._private),
            REPLIES: self._called(self._replies),
            ASK: self._called(self.files.ask),
            UPLOAD: self.files.take,
            COMPLETE: self._called(self.files.complete),
            "/messages": lambda _: Reply(body=[asdict(message) for message in self.messages()]),
        }
        super().__init__(routes, port=port, log=log)
        self.revoked: set[str] = set()
        self._state = state
        self._clock = clock
        self._random_fault = faults
        self._messages = posted(state) if state else []
        self._writing = threading.RLock()

    @property
    def api(self) -> str:
        return f"{self.url}/api/"

    def messages(self, channel: str | None = None) -> list[Posted]:
        with self._writing:
            return [message for message in self._messages if channel in (None, message.channel)]

    def post(self, **fields: Any) -> None:
        """A message by somebody else."""
        with self._writing:
            self._post(fields)

    def forget(self) -> None:
        """Delete all messages, as people do."""
        with self._writing:
            self._messages.clear()

    def next_fault(self, path: str) -> Fault | None:
        fault = super().next_fault(path)
        return self._random_fault() if fault is None and path == POST else fault

    def _called(self, method: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
        def handle(request: Request) -> Reply:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not token:
                return Reply(body={"ok": False, "error": "not_authed"})
            if not token.startswith("xoxb-") or token in self.revoked:
                return Reply(body={"ok": False, "error": "token_revoked" if token in self.revoked else "invalid_auth"})
            fields = request.fields()
            if "channel" in fields and not _is_channel(fields["channel"]):
                return Reply(body={"ok": False, "error": "channel_not_found"})
            with self._writing:
                return Reply(body=method(fields))

        return handle

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "team": "Loopback", "team_id": "T0", "user": "umbrage", "user_id": "U0", "bot_id": "B0"}

    def _post(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not fields.get("text") and not fields.get("blocks") and not fields.get("files"):
            return {"ok": False, "error": "no_text"}
        now, last = f"{self._clock():.6f}", self._messages[-1].ts if self._messages else ""
        message = Posted(
            channel=re.sub("^U", "D", fields["channel"]),
            ts=now if float(now) > float(last or 0) else f"{float(last) + 0.000_002:.6f}",
            text=fields.get("text", ""),
            blocks=fields.get("blocks"),
            metadata=fields.get("metadata"),
            thread_ts=fields.get("thread_ts"),
            is_broadcast=bool(fields.get("reply_broadcast")),
            files=fields.get("files"),
        )
        self._messages.append(message)
        if self._state is not None:
            with self._state.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(message)) + "\n")
        return {"ok": True, "channel": message.channel, "ts": message.ts, "message": {"text": message.text}}

    def _shared(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A message with files, by whoever has uploaded them."""
        return self._post(fields) if _is_channel(fields["channel"]) else {"ok": False, "error": "channel_not_found"}

    def _update(self, fields: dict[str, Any]) -> dict[str, Any]:
        for index, message in enumerate(self._messages):
            if (message.channel, message.ts) == (fields["channel"], fields["ts"]):
                # Slack keeps the metadata that an update leaves out, but not the blocks.
                changed = {"text": fields.get("text", ""), "blocks": fields.get("blocks")}
                changed["metadata"] = fields.get("metadata", message.metadata)
                self._messages[index] = Posted(**(asdict(message) | changed))
                return {"ok": True, "channel": message.channel, "ts": message.ts}
        return {"ok": False, "error": "message_not_found"}

    def _private(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not re.fullmatch(r"U[A-Z0-9]+", str(fields.get("users", ""))):
            return {"ok": False, "error": "user_not_found"}
        return {"ok": True, "channel": {"id": re.sub("^U", "D", fields["users"])}}

    def _history(self, fields: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self.messages(fields["channel"]) if m.thread_ts is None]
        return self._page(list(reversed(found)), fields)

    def _replies(self, fields: dict[str, Any]) -> dict[str, Any]:
        ts = fields["ts"]
        found = [m for m in self.messages(fields["channel"]) if ts in (m.ts, m.thread_ts)]
        return self._page(found, fields) if found else {"ok": False, "error": "thread_not_found"}

    def _page(self, found: Sequence[Posted], fields: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in found if float(m.ts) > float(fields.get("oldest") or 0)]
        start, limit = int(fields.get("cursor") or 0), int(fields.get("limit") or 100)
        has_more = len(found) > start + limit
        with_metadata = str(fields.get("include_all_metadata", "")).lower() in ("1", "true")
        return {
            "ok": True,
            "messages": [_shown(message, with_metadata) for message in found[start : start + limit]],
            "has_more": has_more,
            "response_metadata": {"next_cursor": str(start + limit) if has_more else ""},
        }


def _is_channel(name: Any) -> bool:
    return re.fullmatch(r"[CGDU][A-Z0-9]+", str(name)) is not None


def _shown(message: Posted, with_metadata: bool) -> dict[str, Any]:
    shown = {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks}
    if message.thread_ts is not None:
        shown["thread_ts"] = message.thread_ts
    if message.files is not None:
        shown["files"] = message.files
    if with_metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def seeded_faults(seed: int, rate: float, seconds: float) -> Callable[[], Fault | None]:
    """One fault in every ``1 / rate`` requests on average, the same ones for the same seed."""
    source = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    kinds: Sequence[Fault] = (
        limited(1),
        Fault(),
        Fault.answer(502, b"Bad Gateway"),
        HTML,
        error("fatal_error"),
        *(Fault(kind=kind, seconds=seconds) for kind in Kind if kind is not Kind.ANSWER),
    )
    return lambda: source.choice(kinds) if source.random() < rate else None


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.testing.loopback_slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one, which is printed")
    parser.add_argument("--state", type=Path, required=True, help="file of the posted messages, kept over restarts")
    parser.add_argument("--log", type=Path, help="file of all requests, without tokens")
    parser.add_argument("--faults", type=int, metavar="SEED", help="fail at random, repeatably")
    parser.add_argument("--rate", type=float, default=0.3, help="how many posts of one fail")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds that a slow fault takes")
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    faults = (lambda: None) if options.faults is None else seeded_faults(options.faults, options.rate, options.slow)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with LoopbackSlack(port=options.port, state=options.state, log=options.log, faults=faults) as slack:
        sys.stdout.write(f"{slack.port}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
