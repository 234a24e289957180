"""A week of Reddit: listings that end at a thousand items, so that a burst of 1,200 leaves a gap, and says so."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors import reddit
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60


class Subreddit:
    """The world as a subreddit: a repost is a crosspost, a deleted post loses its author and words."""

    def __init__(self, world: World) -> None:
        self._world = world

    def token(self, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        return Reply(body={"access_token": "t", "token_type": "bearer", "expires_in": 86_400, "scope": "*"})

    def new(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.has_expired():
            return Reply(status=401, body=b"")
        posts = self._world.newest(reposts=True)[: reddit.LONGEST_LISTING]
        names = [f"t3_{post.number}" for post in posts]
        after = request.query.get("after")
        start = names.index(after) + 1 if after in names else 0
        page = posts[start : start + 100]
        following = names[start + 99] if start + 100 < len(posts) else None
        return self._listing([self._item(post) for post in page], following)

    def nothing(self, _: Request) -> Reply:
        return self._world.asked() or self._listing([], None)

    def info(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        numbers = [int(name.removeprefix("t3_")) for name in request.query["id"].split(",")]
        posts = [self._world.by_number[number] for number in numbers]
        gone = {"author": "[deleted]", "selftext": "[deleted]"}
        items = [self._item(post) | (gone if self._world.is_deleted(post) else {}) for post in posts]
        return self._listing(items, None)

    def _listing(self, items: list[dict[str, Any]], after: str | None) -> Reply:
        children = [{"kind": "t3", "data": item} for item in items]
        return Reply(body={"kind": "Listing", "data": {"after": after, "children": children}})

    def _item(self, post: Post) -> dict[str, Any]:
        edited = self._world.edited_at(post)
        item: dict[str, Any] = {
            "name": f"t3_{post.number}",
            "author": post.author,
            "title": "",
            "selftext": self._world.text(post),
            "created_utc": post.posted_at.timestamp(),
            "edited": edited.timestamp() if edited else False,
            "num_crossposts": self._world.reposts(post),
        }
        if post.repost_of is not None:
            item["crosspost_parent_list"] = [self._item(self._world.by_number[post.repost_of])]
        return item


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_REDDIT", "secret")
    world = World()
    subreddit = Subreddit(world)
    routes = {
        "/api/v1/access_token": subreddit.token,
        "/r/acme/new": subreddit.new,
        "/r/acme/comments": subreddit.nothing,
        "/api/info": subreddit.info,
    }
    secret = {"env": "UMBRAGE_TEST_REDDIT"}
    with LoopbackServer(routes) as server:
        options = reddit.Options.model_validate(
            {
                "client_id": secret,
                "client_secret": secret,
                "by": "acme_ops",
                "subreddits": ["acme"],
                "search": False,
                "base_url": server.url,
                "requests_per_minute": CEILING,
            }
        )
        every = timedelta(minutes=5)
        outcome = run(world, sqlite_store, lambda: reddit.create(options), every=every, monkeypatch=monkeypatch)
    print(outcome.line("reddit"))
    assert outcome.lost == [], "outside the gaps that were recorded"
    assert len(outcome.in_gaps) < 5 * 600
    assert 0 < len(outcome.gaps) <= 10
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
