"""An app at X on this machine: its rules, and a stream that plays what it has and then what is posted."""

import json
import threading
from collections.abc import Iterator
from typing import Any

from monitor.testing.loopback_http import LoopbackServer, Reply, Request

RULES, STREAM = "/2/tweets/search/stream/rules", "/2/tweets/search/stream"
BEAT = b"\r\n"
TOO_MANY = {
    "title": "ConnectionException",
    "detail": "This stream is currently at the maximum allowed connection limit.",
    "connection_issue": "TooManyConnections",
    "type": "https://api.twitter.com/2/problems/streaming-connection",
}


class XApp:
    """``script`` is played to each connection, then what is ``post``-ed; a beat every ``beat`` seconds keeps it alive.

    ``stays`` is whether it stays open after the script. ``sent`` are the posts that were handed to the network.
    """

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.rules: list[dict[str, str]] = []
        self.changes: list[tuple[str, list[str]]] = []
        self.refused: set[str] = set()
        self.script: list[bytes] = []
        self.beat = 0.1
        self.stays = True
        self.sent: list[bytes] = []
        self.opened = self.open = 0
        self._posted: list[bytes] = []
        self._changed = threading.Condition()
        self._ends = False
        server.routes |= {RULES: self._rules, STREAM: self._stream}

    def post(self, *lines: bytes) -> None:
        """Send to whoever listens now; what nobody hears is lost, as at X."""
        with self._changed:
            if self.open:
                self._posted += lines
            self._changed.notify_all()

    def end(self) -> None:
        """Close the stream from X's side."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self.open, timeout=5)
            self._ends = False

    def wait_until_left(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self.open, timeout=5)

    def _rules(self, request: Request) -> Reply:
        if request.method == "GET":
            meta = {"sent": "2026-11-02T12:00:00.000Z", "result_count": len(self.rules)}
            return Reply(body={"meta": meta} | ({"data": list(self.rules)} if self.rules else {}))
        asked = request.json()
        if "delete" in asked:
            gone = asked["delete"]["ids"]
            self.changes.append(("delete", [rule["value"] for rule in self.rules if rule["id"] in gone]))
            self.rules = [rule for rule in self.rules if rule["id"] not in gone]
            return Reply(body={"meta": {"summary": {"deleted": len(gone), "not_deleted": 0}}})
        values = [rule["value"] for rule in asked["add"]]
        if self.refused & set(values):
            return Reply(status=400, body={"title": "Invalid Request", "errors": [{"title": "UnprocessableEntity"}]})
        known = {rule["value"] for rule in self.rules}
        errors = [{"title": "DuplicateRule", "value": value} for value in values if value in known]
        new = [rule | {"id": str(1_000 + len(self.changes) * 100 + n)} for n, rule in enumerate(asked["add"])]
        self.rules += [rule for rule in new if rule["value"] not in known]
        self.changes.append(("add", values))
        return Reply(status=201, body={"data": new, "meta": {}} | ({"errors": errors} if errors else {}))

    def _stream(self, _: Request) -> Reply:
        with self._changed:
            if self.open:
                return Reply(status=429, body=TOO_MANY, headers={"x-rate-limit-remaining": "48"})
            self.open += 1
            self.opened += 1
        return Reply(body=self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        try:
            for line in self.script:
                yield line
                self.sent.append(line)
            while self.stays and not self._ends:
                with self._changed:
                    self._changed.wait_for(lambda: self._posted or self._ends, timeout=self.beat)
                    waiting, self._posted = self._posted, []
                for line in waiting:
                    yield line
                    self.sent.append(line)
                if not waiting:
                    yield BEAT
        finally:
            with self._changed:
                self.open -= 1
                self._changed.notify_all()


def line(post: Any, **changes: Any) -> bytes:
    """A post as it comes in the stream, with its author."""
    user = {"id": post["author_id"], "username": "ann", "public_metrics": {"followers_count": 50}}
    found = {"data": post, "includes": {"users": [user]}, "matching_rules": [{"id": "1", "tag": "umbrage"}]}
    return json.dumps(found | changes).encode() + b"\r\n"
