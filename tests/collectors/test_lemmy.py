"""Lemmy: posts and comments once, from several servers, and without what was taken back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import lemmy
from monitor.core.errors import ConfigError, PartlyRead
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import LoopbackServer, Reply, Request

SEARCH = "/api/v3/search"
AT = NOON - timedelta(minutes=5)
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)
ANN = {
    "name": "ann",
    "actor_id": "https://lemmy.example/u/ann",
    "bot_account": False,
    "published": "2023-06-01T00:00:00Z",
}


def post(number: int, at: datetime = AT, creator: Any = ANN, **changes: Any) -> dict[str, Any]:
    item = {
        "id": number,
        "ap_id": f"https://lemmy.example/post/{number}",
        "name": "Acme lost my parcel",
        "body": "and nobody answers",
        "published": at.isoformat(),
        "updated": None,
        "deleted": False,
        "removed": False,
    }
    return {"post": item | changes, "creator": creator}


def comment(number: int, **changes: Any) -> dict[str, Any]:
    item = {"id": number, "ap_id": f"https://lemmy.example/comment/{number}", "content": "Acme did it to me too"}
    return post(7) | {"comment": item | {"published": AT.isoformat()} | changes}


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "lemmy",
        "id": f"https://lemmy.example/post/{number}",
        "text": "Acme lost my parcel\nand nobody answers",
        "posted_at": AT,
        "url": f"https://lemmy.example/post/{number}",
        "author": "ann@lemmy.example",
        "author_since": datetime(2023, 6, 1, tzinfo=UTC),
        "seen_as": f"127.0.0.1 post {number}",
    }
    return Mention(**fields | changes)


class TestContract(HttpCollectorContract):
    plugin = lemmy
    path = SEARCH
    watches = WATCHES
    answer = json.dumps({"posts": [post(2), post(1)], "comments": []}).encode()
    malformed = json.dumps({"posts": [post(2), "x", {}, post(3, removed=True), post(1)], "comments": []}).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"servers": [place], "timeout": 0.5, "requests_per_minute": 60}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def made(*servers: str) -> lemmy.Lemmy:
    return lemmy.create(lemmy.Options(servers=servers, timeout=0.5, requests_per_minute=60))


def read(collector: lemmy.Lemmy, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector.pages(asked))


def offer(server: LoopbackServer, *posts: Any, comments: Any = ()) -> None:
    server.routes[SEARCH] = lambda _: Reply(body={"posts": list(posts), "comments": list(comments)})


def test_comments_carry_their_post(server: LoopbackServer) -> None:
    offer(server, comments=[comment(5, updated=NOON.isoformat())])
    (found,) = mentions(read(made(server.url)))
    assert (found.id, found.kind) == ("https://lemmy.example/comment/5", Kind.REPLY)
    assert (found.reply_to, found.context) == ("https://lemmy.example/post/7", "Acme lost my parcel")
    assert found.edited_at == NOON


def test_pages_are_read_to_their_end(server: LoopbackServer) -> None:
    items = [post(n, NOON - timedelta(minutes=n)) for n in range(120)]

    def page(request: Request) -> Reply:
        start = (int(request.query["page"]) - 1) * 50
        return Reply(body={"posts": items[start : start + 50], "comments": []})

    server.routes[SEARCH] = page
    collector = made(server.url)
    pages = read(collector)
    assert len({found.id for found in mentions(pages)}) == 120
    assert mentions(read(collector, last_cursor(pages), NOON)) == []


def test_copies_on_two_servers_are_one_post(server: LoopbackServer) -> None:
    offer(server, post(1))
    with LoopbackServer({}) as other:
        offer(other, post(1, id=900))
        found = mentions(read(made(server.url, other.url.replace("127.0.0.1", "localhost"))))
    assert {one.id for one in found} == {"https://lemmy.example/post/1"}


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (post(1, deleted=True), "deleted or removed"),
        (post(1, published="soon"), "no id, or no time"),
        (post(1, name="", body=None), "no text"),
    ],
)
def test_p53_p55_what_is_left_out_is_counted(server: LoopbackServer, view: Any, reason: str) -> None:
    offer(server, view)
    assert dict(read(made(server.url))[0].skipped) == {reason: 1}


def test_p52_what_an_automated_account_wrote_is_kept_and_marked(server: LoopbackServer) -> None:
    offer(server, post(1, creator=ANN | {"bot_account": True}), post(2))
    (page,) = [page for page in read(made(server.url)) if page.mentions]
    assert {found.id[-1]: found.by_bot for found in page.mentions} == {"1": True, "2": False}
    assert page.skipped == ()


def test_one_server_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    offer(server, post(1))
    pages: list[Page] = []
    with pytest.raises(PartlyRead):
        for page in made(server.url, "http://localhost:9").pages(
            Round(watches=WATCHES, cursor=None, since=AT, now=NOON)
        ):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert len(mentions(pages)) == 1


def test_p59_what_became_of_posts(server: LoopbackServer) -> None:
    here = server.url
    server.routes["/api/v3/post"] = lambda request: (
        Reply(body={"post_view": post(1, ap_id=f"{here}/post/1")})
        if request.query["id"] == "1"
        else Reply(status=404, body={"error": "couldnt_find_post"})
    )
    server.routes["/api/v3/comment"] = lambda _: Reply(body={"comment_view": comment(3, deleted=True)})
    names = [f"{here}/post/1", f"{here}/post/2", f"{here}/comment/3", "https://other.example/post/4"]
    looked = made(server.url).look_up(names, NOON)
    assert [found.id for found in looked.found] == [names[0]]
    assert looked.gone == (names[1], names[2])


def test_p59_posts_of_other_servers_are_looked_up_where_they_were_seen(server: LoopbackServer) -> None:
    own = post(3, ap_id=f"{server.url}/post/3")
    offer(server, post(1), own, comments=[comment(5)])
    collector = made(server.url)
    seen = {found.id: found.seen_as for found in mentions(read(collector))}
    assert seen == {
        "https://lemmy.example/post/1": "127.0.0.1 post 1",
        "https://lemmy.example/comment/5": "127.0.0.1 comment 5",
        f"{server.url}/post/3": None,
    }
    server.routes["/api/v3/post"] = lambda _: Reply(body={"post_view": post(1, name="now", updated=NOON.isoformat())})
    server.routes["/api/v3/comment"] = lambda _: Reply(body={"comment_view": comment(5, removed=True)})
    names = ["127.0.0.1 post 1", "127.0.0.1 comment 5", "other.example post 2", "127.0.0.1 person 3"]
    looked = collector.look_up(names, NOON)
    assert [(found.id, found.text) for found in looked.found] == [
        ("https://lemmy.example/post/1", "now\nand nobody answers")
    ]
    assert looked.gone == (names[1],)


def test_addresses_are_checked() -> None:
    with pytest.raises(ConfigError, match="no address"):
        made("lemmy.world")


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    watches = (Watch(brand="x", terms=("linux",)),)
    asked = Round(watches=watches, cursor=None, since=now - timedelta(days=2), now=now)
    assert mentions(list(lemmy.create(lemmy.Options()).pages(asked)))
