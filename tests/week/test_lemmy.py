"""A week of Lemmy: a search by pages, posts of other servers that arrive late, and all of them looked up."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors import lemmy
from monitor.core.watch import Watch
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60
OWN = 10
"""Every tenth post was made on the server that is asked; it has a number of its own for those of other servers."""


class Server:
    """The world as posts; comments there are none, and nobody reposts."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._url = url

    def search(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if request.query["type_"] == "Comments":
            return Reply(body={"posts": [], "comments": []})
        size, page = int(request.query["limit"]), int(request.query["page"])
        some = self._world.newest()[(page - 1) * size : page * size]
        return Reply(body={"posts": [self._view(post) for post in some], "comments": []})

    def post(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        post = self._world.by_number[int(request.query["id"])]
        if self._world.is_deleted(post):
            return Reply(status=404, body={"error": "couldnt_find_post"})
        return Reply(body={"post_view": self._view(post)})

    def _view(self, post: Post) -> dict[str, Any]:
        edited = self._world.edited_at(post)
        home = self._url if post.number % OWN == 0 else "https://other.example"
        item = {
            "id": post.number,
            "ap_id": f"{home}/post/{post.number}",
            "name": self._world.text(post),
            "published": post.posted_at.isoformat(),
            "updated": edited.isoformat() if edited else None,
        }
        return {"post": item, "creator": {"name": post.author, "actor_id": f"{home}/u/{post.author}"}}


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with LoopbackServer({}) as loopback:
        server = Server(world, loopback.url)
        loopback.routes |= {"/api/v3/search": server.search, "/api/v3/post": server.post}
        options = lemmy.Options(servers=(loopback.url,), timeout=5, requests_per_minute=CEILING)
        outcome = run(
            world,
            sqlite_store,
            lambda: lemmy.create(options),
            every=timedelta(minutes=10),
            # Each look is a request of its own.
            refresh_every=timedelta(hours=23),
            monkeypatch=monkeypatch,
            watches=(Watch(brand="Acme", terms=("Acme",)),),
        )
    print(outcome.line("lemmy"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
