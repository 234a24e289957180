"""A week of the App Store: the newest 500 reviews of each country, edited ones on top, and none to be looked up."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from monitor.collectors import appstore
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60
COUNTRIES = ("us", "gb", "de", "fr", "es", "it", "pl", "se")
APP = 7


class Store:
    """The world as Apple shows it; there are no reposts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reviews: dict[str, list[Post]] = {country: [] for country in COUNTRIES}
        for post in world.posts:
            if post.repost_of is None:
                self._reviews[COUNTRIES[post.number % len(COUNTRIES)]].append(post)

    def routes(self) -> dict[str, Any]:
        return {
            f"/{country}/rss/customerreviews/page={page}/id={APP}/sortby=mostrecent/json": partial(
                self._page, country, page
            )
            for country in COUNTRIES
            for page in range(1, appstore.PAGES + 1)
        }

    def _page(self, country: str, page: int, _: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        now = self._world.now
        shown = [p for p in self._reviews[country] if p.visible_at <= now and not self._world.is_deleted(p)]
        shown.sort(key=lambda post: (self._updated(post), post.number), reverse=True)
        reviews = [self._review(post) for post in shown[(page - 1) * appstore.PAGE : page * appstore.PAGE]]
        entry: Any = reviews[0] if len(reviews) == 1 else reviews
        return Reply(body={"feed": {"entry": entry} if reviews else {}})

    def _updated(self, post: Post) -> datetime:
        return self._world.edited_at(post) or post.posted_at

    def _review(self, post: Post) -> dict[str, Any]:
        fields = {
            "id": str(post.number),
            "updated": self._updated(post).isoformat(),
            "im:rating": "1",
            "title": "",
            "content": self._world.text(post),
        }
        return {name: {"label": label} for name, label in fields.items()} | {"author": {"name": {"label": post.author}}}


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with LoopbackServer(Store(world).routes()) as server:
        options = appstore.Options(
            apps=(APP,), countries=COUNTRIES, base_url=server.url, timeout=5, requests_per_minute=CEILING
        )
        outcome = run(
            world,
            sqlite_store,
            lambda: appstore.create(options),
            every=timedelta(hours=2),
            monkeypatch=monkeypatch,
        )
    print(outcome.line("appstore"))
    assert outcome.lost == []
    assert outcome.gaps == ()
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.most_in_a_minute <= CEILING
