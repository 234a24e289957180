"""A week of a Discourse forum: every new post, fifty at a time below an id, and posts that wait for approval."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from monitor.collectors import discourse
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 200


class Forum:
    """The world as a forum. Nobody reposts there."""

    def __init__(self, world: World) -> None:
        self._world = world

    def newest(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        below = int(request.query.get("before", 10**9))
        found = [post for post in self._world.newest() if post.number + 2 < below]
        return Reply(body={"latest_posts": [self._post(post) for post in found[:50]]})

    def post(self, post: Post, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.is_deleted(post):
            return Reply(status=404, body={"errors": ["not found"], "error_type": "not_found"})
        return Reply(body=self._post(post))

    def _post(self, post: Post) -> dict[str, Any]:
        edited = self._world.edited_at(post)
        return {
            "id": post.number + 2,
            "username": post.author,
            "user_id": 5,
            "created_at": post.posted_at.isoformat(),
            "updated_at": (edited or post.posted_at).isoformat(),
            "version": 2 if edited else 1,
            "cooked": f"<p>{self._world.text(post)}</p>",
            "post_number": 2,
            "topic_id": 1,
        }


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    forum = Forum(world)
    with LoopbackServer({"/posts.json": forum.newest}) as server:
        for post in world.posts:
            server.routes[f"/posts/{post.number + 2}.json"] = partial(forum.post, post)
        options = discourse.Options(sites=(server.url,), timeout=5, requests_per_minute=CEILING)
        outcome = run(
            world,
            sqlite_store,
            lambda: discourse.create(options),
            every=timedelta(minutes=10),
            # Each look is a request of its own.
            refresh_every=timedelta(hours=23),
            monkeypatch=monkeypatch,
        )
    print(outcome.line("discourse"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
