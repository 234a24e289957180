"""A week of Reddit's feeds: 25 entries at a time, no edits, no look-ups; what they cannot hold lies in gaps."""

from datetime import timedelta
from html import escape

import pytest

from monitor.collectors import reddit_feeds
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 4


class Feeds:
    """The world as the feed of a subreddit's newest posts. There, a crosspost is a post of its own: here are none."""

    def __init__(self, world: World) -> None:
        self._world = world

    def new(self, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        return self._feed(self._world.newest(reposts=True)[: reddit_feeds.ENTRIES])

    def comments(self, _: Request) -> Reply:
        return self._world.asked() or self._feed([])

    def _feed(self, posts: list[Post]) -> Reply:
        entries = "".join(map(self._entry, posts))
        body = f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>new</title>{entries}</feed>'
        return Reply(body=body.encode(), headers={"Content-Type": "application/atom+xml"})

    def _entry(self, post: Post) -> str:
        words = escape(
            f"<p>{escape(self._world.text(post))}</p> submitted by <a> /u/{post.author} </a> [link] [comments]"
        )
        return (
            f"<entry><author><name>/u/{post.author}</name></author><id>t3_{post.number}</id><title></title>"
            f'<content type="html">{words}</content><published>{post.posted_at.isoformat()}</published></entry>'
        )


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(size=12_000, reposted=0)
    feeds = Feeds(world)
    with LoopbackServer({"/r/acme/new/.rss": feeds.new, "/r/acme/comments/.rss": feeds.comments}) as server:
        options = reddit_feeds.Options(
            subreddits=("acme",), search=False, base_url=server.url, requests_per_minute=CEILING
        )
        every = timedelta(minutes=5)
        outcome = run(world, sqlite_store, lambda: reddit_feeds.create(options), every=every, monkeypatch=monkeypatch)
    print(outcome.line("reddit_feeds"))
    unseen = [world.by_number[number] for number in outcome.lost]
    assert [post.number for post in unseen if post.visible_at == post.posted_at] == []
    assert len(unseen) < len(world.posts) * world.late / 10, "late ones that came below 25 newer ones"
    assert len(outcome.in_gaps) < 5 * 1_300
    assert outcome.doubled == []
    edited = {post.number for post in world.posts if post.edits}
    assert set(outcome.outdated) <= edited, "feeds do not say that words were changed"
    assert outcome.most_in_a_minute <= CEILING
