"""A week of X: pages above an id, reposts, new ids for edits, late posts, refused tokens, and a stop of eight days."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import _x_posts, x
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 40


def first_id(post: Post) -> str:
    return str(int(_x_posts.id_at(post.posted_at)) + post.number)


class RecentSearch:
    """The world as X shows it: an edited post has a new id, a repost names its original."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id = {first_id(post): post for post in world.posts}

    def search(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.has_expired():
            return Reply(status=401, body={"title": "Unauthorized"})
        query = request.query
        above = int(query.get("since_id", 0))
        if "start_time" in query:
            above = int(_x_posts.id_at(datetime.fromisoformat(query["start_time"])))
        below = int(query.get("next_token", 2**63))
        found = [(int(self._current_id(post)), post) for post in self._world.visible()]
        found = sorted(((name, post) for name, post in found if above < name < below), reverse=True, key=lambda p: p[0])
        size = int(query["max_results"])
        page = [post for _, post in found[:size]]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta["newest_id"] = self._current_id(page[0])
        if len(found) > size:
            meta["next_token"] = str(found[size - 1][0])
        originals = {post.repost_of for post in page if post.repost_of is not None}
        tweets = [self._tweet(self._world.by_number[number]) for number in originals]
        return Reply(body={"data": [self._tweet(post) for post in page], "includes": {"tweets": tweets}, "meta": meta})

    def look_up(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        data, errors = [], []
        for name in request.query["ids"].split(","):
            post = self._by_id[name]
            if self._world.is_deleted(post):
                errors.append({"resource_type": "tweet", "resource_id": name, "title": "Not Found Error"})
            else:
                # An old id shows the old words.
                data.append(self._tweet(post) | {"id": name, "text": post.first_text})
        return Reply(body={"data": data, "errors": errors})

    def _current_id(self, post: Post) -> str:
        edited = self._world.edited_at(post)
        return first_id(post) if edited is None else str(int(_x_posts.id_at(edited)) + post.number)

    def _tweet(self, post: Post) -> dict[str, Any]:
        names = list(dict.fromkeys((first_id(post), self._current_id(post))))
        written = self._world.edited_at(post) or post.posted_at
        tweet: dict[str, Any] = {
            "id": names[-1],
            "text": self._world.text(post),
            "created_at": written.isoformat(),
            "edit_history_tweet_ids": names,
            "public_metrics": {"retweet_count": self._world.reposts(post), "quote_count": 0},
        }
        if post.repost_of is not None:
            original = self._world.by_number[post.repost_of]
            tweet["text"] = f"RT @x: {self._world.text(post)[:12]}…"
            tweet["referenced_tweets"] = [{"type": "retweeted", "id": self._current_id(original)}]
        return tweet


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_X", "token")
    world = World()
    search = RecentSearch(world)
    with LoopbackServer({"/2/tweets/search/recent": search.search, "/2/tweets": search.look_up}) as server:
        options = x.Options.model_validate(
            {
                "token": {"env": "UMBRAGE_TEST_X"},
                "base_url": server.url,
                "usd_per_month": 100_000,
                "reposts": True,
                "requests_per_minute": CEILING,
            }
        )
        every = timedelta(minutes=5)
        outcome = run(world, sqlite_store, lambda: x.create(options), every=every, monkeypatch=monkeypatch)
    print(outcome.line("x"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
