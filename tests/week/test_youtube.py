"""A week of YouTube: comments on videos that are found and on the own channel, within the day's allowance."""

from collections import Counter, deque
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import youtube
from monitor.collectors._youtube_api import PACIFIC
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import HOUR, START, Post, World

CEILING = 60
VIDEOS = 20
INCLUDED = 2
"""Replies that come along with a comment."""

CHANNEL = "UC" + "c" * 22
API = "/youtube/v3"


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def refusal(status: int, reason: str) -> Reply:
    return Reply(status=status, body={"error": {"code": status, "errors": [{"reason": reason}]}})


class Site:
    """The world as YouTube shows it: there are no reposts, and every fourth post answers a recent one.

    A third stands below the own channel's videos. Of the other videos some have no replies, some a single comment with
    hundreds.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.units = Counter[str]()
        self.searches = Counter[str]()
        self._threads: dict[str, list[Post]] = {name: [] for name in (*self._videos(), CHANNEL)}
        self._replies: dict[int, list[Post]] = {}
        self._places: dict[str, Post] = {}
        self._parents: dict[int, Post] = {}
        self._settle()

    def routes(self) -> dict[str, Any]:
        answers = {
            "search": self._search,
            "commentThreads": self._list,
            "comments": self._comments,
            "videos": self._look_up,
        }
        return {f"{API}/{name}": self._metered(name, answer) for name, answer in answers.items()}

    def _settle(self) -> None:
        """Which video each post stands below, and which comment it answers."""
        recent: dict[str, deque[Post]] = {where: deque(maxlen=40) for where in self._threads}
        for post in sorted(self._world.posts, key=lambda post: post.number):
            if post.repost_of is not None:
                continue
            where = CHANNEL if post.number % 3 == 0 else f"v{post.number % VIDEOS:010}"
            self._places[self._name(post)] = post
            lasting = [p for p in recent[where] if p.deleted_at is None and p.visible_at <= post.posted_at]
            if post.number % 4 == 3 and lasting:
                parent = lasting[post.number % len(lasting)]
                self._parents[post.number] = parent
                self._replies.setdefault(parent.number, []).append(post)
            else:
                self._threads[where].append(post)
                recent[where].append(post)
        for posts in (*self._threads.values(), *self._replies.values()):
            posts.sort(key=lambda post: (post.posted_at, post.number), reverse=True)

    def _metered(self, name: str, answer: Any) -> Any:
        def serve(request: Request) -> Reply:
            if fault := self._world.asked():
                return fault
            if self._world.has_expired():
                return refusal(400, "keyInvalid")
            day = f"{self._world.now.astimezone(PACIFIC):%Y-%m-%d}"
            purse = self.searches if name == "search" else self.units
            purse[day] += 1
            return Reply(body={"kind": f"youtube#{name}"} | answer(request.query))

        return serve

    def _videos(self) -> dict[str, dict[str, str]]:
        return {
            f"v{number:010}": {
                "publishedAt": stamp(START - number * HOUR),
                "title": "Acme, unpacked",
                "channelId": "UCx",
            }
            for number in range(VIDEOS)
        }

    def _search(self, query: Any) -> dict[str, Any]:
        found = [
            (name, about) for name, about in self._videos().items() if about["publishedAt"] >= query["publishedAfter"]
        ]
        return {"items": [{"id": {"videoId": name}, "snippet": about} for name, about in found]}

    def _look_up(self, query: Any) -> dict[str, Any]:
        known = self._videos()
        return {"items": [{"id": name, "snippet": known[name]} for name in query["id"].split(",") if name in known]}

    def _list(self, query: Any) -> dict[str, Any]:
        posts = self._threads[query.get("videoId") or query["allThreadsRelatedToChannelId"]]
        shown, below = self._page(posts, query)
        return {"items": [self._thread(post) for post in shown], **below}

    def _thread(self, post: Post) -> dict[str, Any]:
        replies = [reply for reply in self._replies.get(post.number, []) if self._is_there(reply)]
        thread: dict[str, Any] = {
            "id": self._name(post),
            "snippet": {"topLevelComment": self._comment(post), "totalReplyCount": len(replies)},
        }
        return thread | {"replies": {"comments": [self._comment(reply) for reply in replies[-INCLUDED:]]}}

    def _comments(self, query: Any) -> dict[str, Any]:
        if "id" in query:
            asked = [self._places.get(name) for name in query["id"].split(",")]
            return {"items": [self._comment(post) for post in asked if post and self._is_there(post)]}
        posts = self._replies.get(self._places[query["parentId"]].number, [])
        shown, below = self._page(posts, query)
        return {"items": [self._comment(post) for post in shown], **below}

    def _page(self, posts: list[Post], query: Any) -> tuple[list[Post], dict[str, str]]:
        """What lies below the post that a token names; it may be deleted by now."""
        there = [post for post in posts if self._is_there(post)]
        if token := query.get("pageToken"):
            last = self._places[token]
            there = [p for p in there if (p.posted_at, p.number) < (last.posted_at, last.number)]
        most = int(query["maxResults"])
        return there[:most], ({"nextPageToken": self._name(there[most - 1])} if len(there) > most else {})

    def _comment(self, post: Post) -> dict[str, Any]:
        parent = self._parents.get(post.number)
        snippet = {
            "textDisplay": self._world.text(post),
            "authorDisplayName": f"@{post.author}",
            "publishedAt": stamp(post.posted_at),
            "updatedAt": stamp(self._world.edited_at(post) or post.posted_at),
        }
        return {"id": self._name(post), "snippet": snippet | ({"parentId": self._name(parent)} if parent else {})}

    def _is_there(self, post: Post) -> bool:
        now = self._world.now
        return post.visible_at <= now and (post.deleted_at is None or post.deleted_at > now)

    def _name(self, post: Post) -> str:
        return f"Ug{post.number:05}xxxxxxxxAaABAg"


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_YOUTUBE", "AIza")
    world = World()
    site = Site(world)
    with LoopbackServer(site.routes()) as server:
        options = youtube.Options.model_validate(
            {
                "key": {"env": "UMBRAGE_TEST_YOUTUBE"},
                "channel": CHANNEL,
                "base_url": server.url,
                "timeout": 5,
                "requests_per_minute": CEILING,
            }
        )
        outcome = run(
            world,
            sqlite_store,
            lambda: youtube.create(options),
            every=timedelta(minutes=10),
            monkeypatch=monkeypatch,
            kill_rate=0.003,
        )
    print(outcome.line("youtube"), f"; {max(site.units.values())} units, {max(site.searches.values())} searches a day")
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
    assert max(site.units.values()) <= options.units_per_day
    # Whoever is killed before the answer is stored asks again.
    assert max(site.searches.values()) <= youtube.MOST_SEARCHES
