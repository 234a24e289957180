"""A week of Bluesky's search, with a session that expires and cursors that are refused now and then."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import bluesky
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.collectors.test_bluesky import LOGIN, SEARCH, token
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60
LOOK_UP = "/xrpc/app.bsky.feed.getPosts"
LOGINS_A_DAY = 300
REFUSED = 7
"""Every so many cursors one is refused."""


class Network:
    """The world as an account's own server shows it: newest first by ``sortAt``, by cursor or below a moment.

    A repost is a count and no post, and a page may hold fewer posts than were asked for.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._cursors = 0
        self._by_uri = {self._uri(post): post for post in world.posts if post.repost_of is None}
        self.logins = 0

    def routes(self) -> dict[str, Any]:
        return {LOGIN: self._login, SEARCH: self._search, LOOK_UP: self._look_up}

    def _login(self, _: Request) -> Reply:
        self.logins += 1
        jwts = {"accessJwt": token(), "refreshJwt": token()}
        return self._world.asked() or Reply(body={"did": "did:plc:us", "handle": "acme.example", "active": True} | jwts)

    def _search(self, request: Request) -> Reply:
        if refused := self._refused():
            return refused
        posts = self._world.newest()
        if until := request.query.get("until"):
            posts = [post for post in posts if post.posted_at < datetime.fromisoformat(until)]
        start = int(request.query.get("cursor", 0))
        self._cursors += start > 0
        if start and self._cursors % REFUSED == 0:
            return Reply(status=500, body={"error": "InternalServerError"})
        end = start + int(request.query["limit"])
        shown = {"posts": [self._view(post) for post in posts[start:end]]}
        return Reply(body=shown | ({"cursor": str(end)} if posts[end:] else {}))

    def _look_up(self, request: Request) -> Reply:
        if refused := self._refused():
            return refused
        asked = [self._by_uri[uri] for name, uri in request.pairs if name == "uris"]
        return Reply(body={"posts": [self._view(post) for post in asked if not self._world.is_deleted(post)]})

    def _refused(self) -> Reply | None:
        if self._world.has_expired():
            return Reply(status=400, body={"error": "ExpiredToken", "message": "Token has expired"})
        return self._world.asked()

    def _view(self, post: Post) -> dict[str, Any]:
        return {
            "uri": self._uri(post),
            "author": {"did": f"did:plc:{post.author}", "handle": f"{post.author}.example"},
            "record": {"text": self._world.text(post), "createdAt": post.posted_at.isoformat()},
            "indexedAt": post.visible_at.isoformat(),
            "repostCount": self._world.reposts(post),
        }

    @staticmethod
    def _uri(post: Post) -> str:
        return f"at://did:plc:{post.author}/app.bsky.feed.post/k{post.number}"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_BLUESKY", "secret")
    world = World()
    network = Network(world)
    with LoopbackServer(network.routes()) as server:
        options = bluesky.Options.model_validate(
            {
                "handle": "acme.example",
                "app_password": {"env": "UMBRAGE_TEST_BLUESKY"},
                "base_url": server.url,
                "timeout": 5,
                "requests_per_minute": CEILING,
            }
        )
        outcome = run(
            world,
            sqlite_store,
            lambda: bluesky.create(options),
            every=timedelta(minutes=5),
            monkeypatch=monkeypatch,
            kill_rate=0.003,
        )
    print(outcome.line("bluesky"), f"; {network.logins} logins")
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
    assert network.logins < LOGINS_A_DAY
