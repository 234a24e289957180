"""A week of X: pages above an id, reposts, new ids for edits, late posts, refused tokens, and what all that costs."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import _x_position, _x_posts, x
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import Outcome, run
from tests.week.world import HOUR, OUTAGES, START, Post, World

CEILING = 40
HELD_BACK = timedelta(seconds=30)
FAR_AWAY = timedelta(days=36_500)


def first_id(post: Post) -> int:
    return int(_x_posts.id_at(post.posted_at)) + post.number


@dataclass(frozen=True, slots=True)
class Version:
    """The words of a post from one edit to the next, under their own id."""

    id: int
    text: str
    post: Post
    start: datetime
    end: datetime


class RecentSearch:
    """The world as X shows it: an edited post has a new id, a repost names its original, no more than ``reach`` back.

    ``billed`` are the resources that X bills, each once a day.
    """

    def __init__(self, world: World, reach: timedelta = timedelta(days=7)) -> None:
        self._world = world
        self._reach = reach
        self._versions = sorted((one for post in world.posts for one in _versions(post)), key=lambda one: one.id)
        self._ids = [one.id for one in self._versions]
        self._by_id = {str(one.id): one for one in self._versions}
        self.billed: set[tuple[int, str]] = set()

    def search(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        if self._world.has_expired():
            return Reply(status=401, body={"title": "Unauthorized"})
        query, now = request.query, self._world.now
        oldest = int(_x_posts.id_at(now - self._reach))
        if int(query["since_id"]) < oldest:
            said = f"Please use a 'since_id' that is larger than {oldest}"
            return Reply(status=400, body={"title": "Invalid Request", "errors": [{"message": said}]})
        since, _, below = query.get("next_token", "").partition("-")
        if since not in ("", query["since_id"]) or "start_time" in query or len(query["query"]) > x.LONGEST_QUERY:
            return Reply(status=400, body={"title": "Invalid Request"})
        low, high = bisect_left(self._ids, int(query["since_id"]) + 1), bisect_left(self._ids, int(below or 2**63))
        found = [one for one in self._versions[low:high] if one.start <= now < one.end]
        found = [one for one in reversed(found) if not self._world.is_deleted(one.post)]
        size = int(query["max_results"])
        page = [one.post for one in found[:size]]
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(found) > size:
            meta["next_token"] = f"{query['since_id']}-{found[size - 1].id}"
        originals = {post.repost_of for post in page if post.repost_of is not None}
        tweets = [self._tweet(self._world.by_number[number]) for number in originals]
        users = [{"id": post.author.removeprefix("person"), "username": post.author} for post in page]
        data = [self._tweet(post) for post in page]
        self._bill(*(one["id"] for one in [*data, *tweets]), *(f"u{one['id']}" for one in users))
        return Reply(body={"data": data, "includes": {"tweets": tweets, "users": users}, "meta": meta})

    def look_up(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        data, errors = [], []
        for name in request.query["ids"].split(","):
            version = self._by_id[name]
            if self._world.is_deleted(version.post):
                errors.append({"resource_type": "tweet", "resource_id": name, "title": "Not Found Error"})
            else:
                # An old id shows the old words.
                data.append(self._tweet(version.post) | {"id": name, "text": version.text})
        self._bill(*(str(one["id"]) for one in data))
        return Reply(body={"data": data, "errors": errors})

    def _bill(self, *names: str) -> None:
        self.billed |= {(self._world.now.toordinal(), name) for name in names}

    def _tweet(self, post: Post) -> dict[str, Any]:
        edited = self._world.edited_at(post)
        names = [one.id for one in _versions(post)][: 1 if edited is None else 2]
        tweet: dict[str, Any] = {
            "id": str(names[-1]),
            "text": self._world.text(post),
            "author_id": post.author.removeprefix("person"),
            "created_at": (edited or post.posted_at).isoformat(),
            "edit_history_tweet_ids": [str(name) for name in names],
            "public_metrics": {"retweet_count": self._world.reposts(post), "quote_count": 0},
        }
        if post.repost_of is not None:
            original = self._world.by_number[post.repost_of]
            tweet["text"] = f"RT @{original.author}: {self._world.text(post)[:12]}…"
            tweet["referenced_tweets"] = [{"type": "retweeted", "id": self._tweet(original)["id"]}]
        return tweet


def _versions(post: Post) -> list[Version]:
    """X holds back what is newer than half a minute."""
    parts = [(post.visible_at, first_id(post), post.first_text)]
    parts += [(at, int(_x_posts.id_at(at)) + post.number, text) for at, text in post.edits]
    ends = [*(start + HELD_BACK for start, _, _ in parts[1:]), post.visible_at + FAR_AWAY]
    return [
        Version(name, text, post, start + HELD_BACK, end) for (start, name, text), end in zip(parts, ends, strict=True)
    ]


def a_week(
    world: World, search: RecentSearch, store: SqlStore, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[Outcome, float]:
    """What a week left behind, and what it cost by our own count."""
    monkeypatch.setenv("UMBRAGE_TEST_X", "token")
    with LoopbackServer({"/2/tweets/search/recent": search.search, "/2/tweets": search.look_up}) as server:
        given = {
            "token": {"env": "UMBRAGE_TEST_X"},
            "base_url": server.url,
            "usd_per_month": 100_000,
            "requests_per_minute": CEILING,
        }
        collector = x.create(x.Options.model_validate(given | options))
        every = timedelta(minutes=5)
        outcome = run(
            world,
            store,
            lambda: x.create(x.Options.model_validate(given | options)),
            every=every,
            monkeypatch=monkeypatch,
        )
    print(outcome.line("x"))
    return outcome, store.spent(collector.account, "USD", START)


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    search = RecentSearch(world)
    outcome, spent = a_week(world, search, sqlite_store, monkeypatch, reposts=True)
    assert outcome.lost == []
    assert outcome.gaps == ()
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
    billed = sum(0.010 if name.startswith("u") else 0.005 for _, name in search.billed)
    print(f"x: {spent:.2f} USD counted, {billed:.2f} USD billed")
    assert billed <= spent


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_search_that_reaches_back_for_less_than_an_outage(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = timedelta(hours=2)
    monkeypatch.setattr(x, "SEVEN_DAYS", reach)
    monkeypatch.setattr(x, "ENOUGH", timedelta(minutes=10))
    monkeypatch.setattr(_x_position, "LONGEST_QUIET", timedelta(minutes=35))
    world = World(size=8_000, seed=2)
    outcome, _ = a_week(world, RecentSearch(world, reach), sqlite_store, monkeypatch)
    assert outcome.lost == []
    assert outcome.in_gaps != []
    for gap in (found.gap for found in outcome.gaps):
        print(f"x: unread from {gap.start} to {gap.end}")
        assert any(start - HOUR <= gap.start < gap.end <= end + HOUR for start, end in OUTAGES)
    assert outcome.doubled == []
    assert outcome.most_in_a_minute <= CEILING
