"""A week of a busy feed: fifty entries at a time, bursts that outrun it, and a server that is down."""

import hashlib
from datetime import timedelta
from html import escape

import pytest

from monitor.collectors import rss
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

ENTRIES = 50


class Feed:
    """The world as a feed. Nobody reposts there, and what has not changed is not sent again."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        items = "".join(map(self._item, self._world.newest()[:ENTRIES]))
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>forum</title>{items}</channel></rss>'.encode()
        tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304)
        return Reply(body=body, headers={"Content-Type": "application/rss+xml", "ETag": tag})

    def _item(self, post: Post) -> str:
        return (
            f"<item><guid>urn:post:{post.number}</guid><author>{post.author}</author>"
            f"<description>{escape(self._world.text(post))}</description>"
            f"<pubDate>{post.posted_at.isoformat()}</pubDate></item>"
        )


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(reposted=0)
    with LoopbackServer({"/feed": Feed(world)}) as server:
        options = rss.Options(urls=(f"{server.url}/feed",))
        every = timedelta(minutes=5)
        outcome = run(world, sqlite_store, lambda: rss.create(options), every=every, monkeypatch=monkeypatch)
    print(outcome.line("rss"))
    unseen = [world.by_number[number] for number in outcome.lost]
    assert [post.number for post in unseen if post.visible_at == post.posted_at] == []
    assert len(unseen) < len(world.posts) * world.late / 10, "late ones that came below fifty newer ones"
    assert len(outcome.in_gaps) < 5 * 1_300
    assert outcome.doubled == []
    edited = {post.number for post in world.posts if post.edits}
    assert set(outcome.outdated) <= edited, "feeds do not say that words were changed"
