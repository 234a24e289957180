"""A week of Hacker News: by words and by time, a thousand hits at most, and items that are indexed late."""

import re
from datetime import timedelta
from functools import partial

import pytest

from monitor.collectors import hackernews
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60


class Algolia:
    """The world as Algolia shows it. There are no reposts there, and words are never cut."""

    def __init__(self, world: World) -> None:
        self._world = world

    def search(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        low, high = map(int, re.findall(r"\d+", request.query["numericFilters"]))
        found = [post for post in self._world.newest() if low < post.posted_at.timestamp() <= high]
        return Reply(body={"hits": [self._hit(post) for post in found[: hackernews.MOST_HITS]]})

    def item(self, post: Post, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.is_deleted(post):
            return Reply(status=404, body=b"<html>")
        hit = self._hit(post)
        return Reply(body=hit | {"type": "comment", "text": hit["comment_text"]})

    def _hit(self, post: Post) -> dict[str, object]:
        return {
            "objectID": str(post.number),
            "created_at_i": int(post.posted_at.timestamp()),
            "author": post.author,
            "comment_text": self._world.text(post),
            "parent_id": 1,
        }


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    algolia = Algolia(world)
    with LoopbackServer({"/api/v1/search_by_date": algolia.search}) as server:
        for post in world.posts:
            server.routes[f"/api/v1/items/{post.number}"] = partial(algolia.item, post)
        options = hackernews.Options(base_url=server.url, timeout=5, requests_per_minute=CEILING)
        outcome = run(
            world,
            sqlite_store,
            lambda: hackernews.create(options),
            every=timedelta(minutes=5),
            refresh_every=timedelta(hours=23),
            monkeypatch=monkeypatch,
        )
    print(outcome.line("hackernews"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
