"""A week of Google Play: pages by token, edited reviews on top again, and none to be looked up."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import play
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60
PATH = "/_/PlayStoreUi/data/batchexecute"


class Store:
    """The world as Google Play shows it; there are no reposts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        place = json.loads(json.loads(request.fields()["f.req"])[0][0][1])[1][2]
        shown = [post for post in self._world.visible() if post.repost_of is None]
        shown.sort(key=self._key, reverse=True)
        if len(place) == 3:
            # A token names the review above, whatever has come in since.
            below = tuple(json.loads(place[2]))
            shown = [post for post in shown if self._key(post) < below]
        page, rest = shown[: place[0]], shown[place[0] :]
        token = json.dumps(self._key(page[-1])) if rest else None
        inner = json.dumps([[self._review(post) for post in page], None, [None, token], None])
        return Reply(body=b")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", inner]]).encode())

    def _key(self, post: Post) -> tuple[int, int]:
        moment: datetime = self._world.edited_at(post) or post.posted_at
        return int(moment.timestamp()), post.number

    def _review(self, post: Post) -> list[Any]:
        return [f"gp:{post.number}", [post.author], 1, None, self._world.text(post), [self._key(post)[0], 0]]


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with LoopbackServer({PATH: Store(world).answer}) as server:
        options = play.Options(apps=("com.acme",), base_url=server.url, timeout=5, requests_per_minute=CEILING)
        outcome = run(
            world,
            sqlite_store,
            lambda: play.create(options),
            every=timedelta(hours=2),
            monkeypatch=monkeypatch,
        )
    print(outcome.line("play"))
    assert outcome.lost == []
    assert outcome.gaps == ()
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.most_in_a_minute <= CEILING
