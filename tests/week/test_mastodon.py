"""A week of a Mastodon hashtag: posts of other servers that arrive late, boosts, edits, and a server that is down."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from monitor.collectors import mastodon
from monitor.core.watch import Watch
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60
OWN = 10
"""Every tenth post was made on the server that is asked; it has a number of its own for those of other servers."""


class Server:
    """The world as a server's hashtag timeline: 40 posts at a time, newest first, by when they were posted."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._url = url

    def tag(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        posts, below = self._world.newest(reposts=True), request.query.get("max_id")
        start = next((n + 1 for n, post in enumerate(posts) if str(post.number) == below), 0)
        return Reply(body=[self._status(post) for post in posts[start : start + int(request.query["limit"])]])

    def statuses(self, request: Request) -> Reply:
        """Twenty at most, in any order; what is not there is left out."""
        if fault := self._world.asked():
            return fault
        asked = [self._world.by_number[int(number)] for name, number in request.pairs if name == "id[]"]
        if len(asked) > 20:
            return Reply(status=422, body={"error": "Validation failed"})
        return Reply(body=[self._status(post) for post in reversed(asked) if not self._world.is_deleted(post)])

    def status(self, post: Post, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.is_deleted(post):
            return Reply(status=404, body={"error": "Record not found"})
        return Reply(body=self._status(post))

    def _status(self, post: Post) -> dict[str, Any]:
        home = self._url if post.number % OWN == 0 else "https://other.example"
        edited = self._world.edited_at(post)
        status: dict[str, Any] = {
            "id": str(post.number),
            "uri": f"{home}/users/{post.author}/statuses/{post.number}",
            "created_at": post.posted_at.isoformat(),
            "edited_at": edited.isoformat() if edited else None,
            "content": f"<p>{self._world.text(post)}</p>",
            "visibility": "public",
            "reblogs_count": self._world.reposts(post),
            "account": {"acct": post.author, "bot": False},
        }
        if post.repost_of is not None:
            status["reblog"] = self._status(self._world.by_number[post.repost_of])
        return status


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with LoopbackServer({}) as loopback:
        server = Server(world, loopback.url)
        loopback.routes |= {"/api/v1/timelines/tag/acme": server.tag, "/api/v1/statuses": server.statuses}
        for post in world.posts:
            loopback.routes[f"/api/v1/statuses/{post.number}"] = partial(server.status, post)
        options = mastodon.Options(servers=(loopback.url,), timeout=5, requests_per_minute=CEILING)
        every = timedelta(minutes=10)
        outcome = run(
            world,
            sqlite_store,
            lambda: mastodon.create(options),
            every=every,
            monkeypatch=monkeypatch,
            watches=(Watch(brand="Acme", terms=("Acme",)),),
        )
    print(outcome.line("mastodon"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
