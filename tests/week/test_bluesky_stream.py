"""A week of Bluesky's stream: everything as events, deletions too, with breaks and refused connections."""

import json
import threading
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from monitor.collectors import bluesky_stream
from monitor.store.sql import SqlStore
from tests.week.run import run
from tests.week.world import Post, World

LIKES = 3
"""Other people's posts between two of ours, which match nothing."""


class Jetstream:
    """The world as a stream of numbered events; each connection plays what there is by now, and closes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = sorted(self._all(), key=lambda event: event[0])
        for number, (_, event) in enumerate(self._events, 1):
            event["seq"] = number * 10
        self._server = serve(
            self._play, "127.0.0.1", 0, subprotocols=[Subprotocol("xrpc.v1.json")], process_request=self._check
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/xrpc"

    def __enter__(self) -> "Jetstream":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _all(self) -> list[tuple[datetime, dict[str, Any]]]:
        found = []
        for post in self._world.posts:
            if post.repost_of is not None:
                continue
            found.append((post.visible_at, self._event(post, post.visible_at, "create", post.first_text)))
            found += [(at, self._event(post, at, "update", text)) for at, text in post.edits]
            if post.deleted_at is not None:
                found.append((post.deleted_at, self._event(post, post.deleted_at, "delete", "")))
            found += [
                (
                    post.visible_at,
                    self._event(post, post.visible_at, "create", "good morning", key=f"n{post.number}x{n}"),
                )
                for n in range(LIKES)
            ]
        return found

    def _event(self, post: Post, at: datetime, operation: str, text: str, key: str = "") -> dict[str, Any]:
        return {
            "$type": "network.bsky.jetstream.subscribeEvents#commit",
            "witnessedAt": at.isoformat(),
            "did": f"did:plc:{post.author}",
            "collection": "app.bsky.feed.post",
            "operation": operation,
            "rkey": key or f"k{post.number}",
            "record": {"text": text, "createdAt": post.posted_at.isoformat()} if text else None,
        }

    def _check(self, _: ServerConnection, request: Handshake) -> Response | None:
        fault = self._world.asked()
        if fault is not None:
            return Response(fault.status, "no", Headers(fault.headers), b"")
        return None

    def _play(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        cursor = int(parse_qs(urlsplit(connection.request.path).query)["cursor"][0])
        try:
            for at, event in self._events:
                if at > self._world.now:
                    break
                if (event["seq"] if cursor < bluesky_stream.FIRST_MOMENT else at.timestamp() * 1e6) >= cursor:
                    connection.send(json.dumps({"$type": "message", "payload": event}))
        except ConnectionClosed:
            return


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with Jetstream(world) as stream:
        options = bluesky_stream.Options(url=stream.url, profiles=False, timeout=5)
        every = timedelta(minutes=5)
        outcome = run(
            world,
            sqlite_store,
            lambda: bluesky_stream.create(options),
            every=every,
            monkeypatch=monkeypatch,
            refresh_every=timedelta(days=30),
        )
    print(outcome.line("bluesky_stream"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
