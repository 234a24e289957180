"""A day and a half of a platform, read by a process that is killed with SIGKILL again and again: 0 lost, 0 doubled."""

import random
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.crash.harness import Nursery, nursery
from tests.week import test_mastodon, test_x, worker
from tests.week.run import outcome_of
from tests.week.worker import Life
from tests.week.world import HOUR, MINUTE, START, World

pytestmark = pytest.mark.sleeps

END = START + 36 * HOUR
"""Two bursts, one of them in an outage."""

AFTERMATH = timedelta(hours=3)
"""Nobody is killed then, so that everything can come to its end."""

Handler = Callable[[Request], Reply]


class Stage:
    """A world behind a server that counts requests; the worker asks it for the moment of each round."""

    def __init__(self, world: World, every: timedelta) -> None:
        self._world = world
        self._every = every
        self._tick = START
        self._left = 0
        self.rounds = 0
        self.is_reached = threading.Event()

    def expect(self, requests: int) -> None:
        """Say when so many requests have come."""
        self._left = requests
        self.is_reached.clear()

    def routes(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        return {
            path: partial(self._counted, handler) for path, handler in {**handlers, worker.ROUND: self._round}.items()
        }

    def _counted(self, handler: Handler, request: Request) -> Reply:
        self._left -= 1
        if self._left == 0:
            self.is_reached.set()
        return handler(request)

    def _round(self, _: Request) -> Reply:
        if self._world.now >= END + AFTERMATH:
            return Reply(body=b"null")
        self.rounds += 1
        self._world.now = self._tick
        self._tick += self._every
        return Reply(body=f'"{self._world.now.isoformat()}"'.encode())


def mastodon_world(world: World, loopback: LoopbackServer) -> tuple[dict[str, Handler], dict[str, Any]]:
    server = test_mastodon.Server(world, loopback.url)
    statuses = {f"/api/v1/statuses/{post.number}": partial(server.status, post) for post in world.posts}
    lists: dict[str, Handler] = {"/api/v1/timelines/tag/acme": server.tag, "/api/v1/statuses": server.statuses}
    return lists | statuses, {"servers": [loopback.url], "timeout": 60}


def x_world(world: World, loopback: LoopbackServer) -> tuple[dict[str, Handler], dict[str, Any]]:
    search = test_x.RecentSearch(world)
    options = {"token": {"env": "UMBRAGE_TEST_X"}, "base_url": loopback.url, "usd_per_month": 100_000, "timeout": 60}
    return {"/2/tweets/search/recent": search.search, "/2/tweets": search.look_up}, options


def lives(found: Nursery, life: Life, stage: Stage, world: World, longest: int) -> int:
    """One life after the other, each killed a moment after a random request, until one comes to its end."""
    dice, kills = random.Random(7), 0
    while True:
        stage.expect(dice.randrange(1, longest))
        found.start_line(life.as_line())
        status = None
        while status is None and not (stage.is_reached.is_set() and world.now < END):
            status = found.wait(0.01)
        if status is None:
            status = found.wait(dice.uniform(0, 0.05))
        if status is None:
            kills += found.kill()
            continue
        assert status == 0, f"the worker failed with status {status}"
        return kills


@pytest.mark.slow
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize(("use", "make", "longest"), [("mastodon", mastodon_world, 40), ("x", x_world, 12)])
def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    sqlite_store: SqlStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    use: str,
    make: Callable[[World, LoopbackServer], tuple[dict[str, Handler], dict[str, Any]]],
    longest: int,
) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_X", "token")
    world = World(size=12_000)
    stage = Stage(world, every=10 * MINUTE)
    with LoopbackServer({}) as loopback, nursery(tmp_path, "tests.week.worker") as found:
        handlers, options = make(world, loopback)
        loopback.routes |= stage.routes(handlers)
        url = sqlite_store.engine.url.render_as_string(hide_password=False)
        life = Life(use=use, options=options, url=loopback.url, database=url)
        kills = lives(found, life, stage, world, longest)
    outcome = outcome_of(world, sqlite_store, stage.rounds, kills, can_refresh=True, until=END)
    print(outcome.line(f"{use}, killed with SIGKILL"))
    assert outcome.kills >= 20
    assert outcome.lost == []
    assert outcome.gaps == ()
    assert outcome.doubled == []
    assert outcome.not_forgotten == []
