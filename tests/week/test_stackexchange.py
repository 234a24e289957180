"""A week of Stack Exchange: a search that is paged, posts that are indexed late, and an allowance by the day."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors import stackexchange
from monitor.core.watch import Watch
from monitor.store.sql import SqlStore
from monitor.testing.loopback_http import LoopbackServer, Reply, Request
from tests.week.run import run
from tests.week.world import Post, World

CEILING = 60


class Site:
    """The world as questions. Nobody reposts there."""

    def __init__(self, world: World) -> None:
        self._world = world

    def search(self, request: Request) -> Reply:
        if fault := self._world.asked():
            return fault
        posts = self._world.newest()
        size, page = int(request.query["pagesize"]), int(request.query["page"])
        some = posts[(page - 1) * size : page * size]
        return self._answer([self._item(post) for post in some], has_more=page * size < len(posts))

    def __call__(self, request: Request) -> Reply:
        """Posts by their numbers; those that are deleted are left out."""
        if fault := self._world.asked():
            return fault
        numbers = [int(part) - 1 for part in request.path.rpartition("/")[2].split(";")]
        posts = [self._world.by_number[number] for number in numbers]
        return self._answer([self._item(post) for post in posts if not self._world.is_deleted(post)], has_more=False)

    def _answer(self, items: list[dict[str, Any]], *, has_more: bool) -> Reply:
        return Reply(body={"items": items, "has_more": has_more, "quota_remaining": 9_000})

    def _item(self, post: Post) -> dict[str, Any]:
        edited = self._world.edited_at(post)
        item: dict[str, Any] = {
            "item_type": "question",
            "post_type": "question",
            "post_id": post.number + 1,
            "body": f"<p>{self._world.text(post)}</p>",
            "creation_date": int(post.posted_at.timestamp()),
            "owner": {"display_name": post.author},
        }
        return item | ({"last_edit_date": int(edited.timestamp())} if edited else {})


class AnyPath(dict[str, Any]):
    """Routes by exact path, and one handler for all that begin with ``/2.3/posts/``."""

    def __init__(self, site: Site) -> None:
        super().__init__({"/2.3/search/excerpts": site.search})
        self._site = site

    def get(self, path: str, default: Any = None) -> Any:
        return self._site if path.startswith("/2.3/posts/") else super().get(path, default)


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_a_week(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    with LoopbackServer({}) as server:
        server.routes = AnyPath(Site(world))
        options = stackexchange.Options(
            base_url=server.url, timeout=5, requests_per_minute=CEILING, requests_per_day=10_000
        )
        outcome = run(
            world,
            sqlite_store,
            lambda: stackexchange.create(options),
            every=timedelta(minutes=10),
            monkeypatch=monkeypatch,
            watches=(Watch(brand="Acme", terms=("Acme",)),),
        )
    print(outcome.line("stackexchange"))
    assert outcome.lost == []
    assert outcome.in_gaps == []
    assert outcome.doubled == []
    assert outcome.outdated == []
    assert outcome.not_forgotten == []
    assert outcome.most_in_a_minute <= CEILING
