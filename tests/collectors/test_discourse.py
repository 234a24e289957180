"""Discourse: every new post of a forum, or its search, without the words of others and what was taken back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import discourse
from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "discourse"
POSTS, SEARCH = "/posts.json", "/search.json"
AT = NOON - timedelta(minutes=5)
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


def post(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "username": "ann",
        "user_id": 5,
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "version": 1,
        "cooked": f"<p>Parcel {number} is lost &amp; nobody answers</p>",
        "post_number": 1,
        "topic_id": 9,
        "topic_slug": "acme-again",
        "topic_title": "Acme, again",
        "reply_to_post_number": None,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
    } | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "discourse",
        "id": f"127.0.0.1/{number}",
        "text": f"Acme, again\nParcel {number} is lost & nobody answers",
        "posted_at": AT,
        "url": None,
        "author": "ann",
    }
    return Mention(**fields | changes)


class TestContract(HttpCollectorContract):
    plugin = discourse
    path = POSTS
    watches = WATCHES
    answer = json.dumps({"latest_posts": [post(2, topic_id=None), post(1, topic_id=None)]}).encode()
    malformed = json.dumps(
        {"latest_posts": [post(2, topic_id=None), "x", {"id": 3}, post(4, hidden=True), post(1, topic_id=None)]}
    ).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"sites": [place], "timeout": 0.5, "requests_per_minute": 200}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


class Forum:
    """A forum's newest posts, fifty at a time, below an id."""

    def __init__(self, server: LoopbackServer) -> None:
        self.posts: list[dict[str, Any]] = []
        self.asked: list[Request] = []
        server.routes[POSTS] = self.page

    def page(self, request: Request) -> Reply:
        self.asked.append(request)
        below = int(request.query.get("before", 10**9))
        found = sorted((one for one in self.posts if one["id"] < below), key=lambda one: -one["id"])
        return Reply(body={"latest_posts": found[:50]})


def made(*sites: str, **options: Any) -> discourse.Discourse:
    given: dict[str, Any] = {"sites": sites, "timeout": 0.5, "requests_per_minute": 200}
    return discourse.create(discourse.Options(**given | options))


def read(collector: discourse.Discourse, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector.pages(asked))


def only(server: LoopbackServer, one: dict[str, Any]) -> Mention:
    Forum(server).posts = [one]
    (found,) = mentions(read(made(server.url)))
    return found


def test_every_new_post_is_read_once(server: LoopbackServer) -> None:
    forum = Forum(server)
    forum.posts = [post(n, NOON - timedelta(minutes=300 - n)) for n in range(2, 300)]
    collector = made(server.url)
    pages = read(collector)
    assert len({found.id for found in mentions(pages)}) == 298
    forum.posts.append(post(301, NOON))
    again = read(collector, last_cursor(pages), NOON + timedelta(minutes=1))
    assert [found.id for found in mentions(again)] == ["127.0.0.1/301"]


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    forum = Forum(server)
    forum.posts = [post(n, NOON - timedelta(hours=400 - n)) for n in range(2, 400)]
    assert len(mentions(read(made(server.url)))) == 24
    assert len(forum.asked) == 1


def test_more_than_a_round_reads_is_a_gap(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discourse, "MOST_PAGES", 2)
    forum = Forum(server)
    forum.posts = [post(n, NOON - timedelta(minutes=300 - n)) for n in range(2, 300)]
    ((gap,),) = [page.gaps for page in read(made(server.url)) if page.gaps]
    assert gap.end == NOON - timedelta(minutes=100)


def acme(number: int, place: int, **changes: Any) -> dict[str, Any]:
    return post(number, post_number=place, cooked=f"<p>Acme lost parcel {number}</p>", **changes)


def by_number(server: LoopbackServer, *posts: dict[str, Any]) -> None:
    for one in posts:
        server.routes[f"/posts/by_number/{one['topic_id']}/{one['post_number']}.json"] = partial(shown, one)


def shown(one: dict[str, Any], _: Request) -> Reply:
    return Reply(body=one)


def parents(server: LoopbackServer, collector: discourse.Discourse, *posts: dict[str, Any]) -> dict[str, str | None]:
    Forum(server).posts = list(posts)
    return {found.id: found.reply_to for found in mentions(read(collector))}


def looked_up(server: LoopbackServer) -> list[str]:
    return [request.path for request in server.requests if "by_number" in request.path]


def test_answers_carry_their_topic(server: LoopbackServer) -> None:
    found = only(server, post(1, post_number=3, reply_to_post_number=2))
    assert (found.kind, found.reply_to, found.context) == (Kind.REPLY, None, "Acme, again")
    assert found.url == f"{server.url}/t/acme-again/9/3"
    assert found.text == "Parcel 1 is lost & nobody answers"
    assert looked_up(server) == [], "it is about no brand"


def test_answers_of_a_page_know_each_other_without_a_question(server: LoopbackServer) -> None:
    posts = [acme(11, 1), acme(12, 2), acme(13, 3, reply_to_post_number=2)]
    found = parents(server, made(server.url), *posts)
    assert found == {"127.0.0.1/11": None, "127.0.0.1/12": "127.0.0.1/11", "127.0.0.1/13": "127.0.0.1/12"}
    assert looked_up(server) == []


def test_what_is_answered_is_looked_up_once_by_its_place(server: LoopbackServer) -> None:
    by_number(server, post(3), acme(5, 4))
    collector = made(server.url)
    posts = [acme(21, 6), acme(22, 7), acme(23, 8, reply_to_post_number=4), acme(24, 9, reply_to_post_number=4)]
    found = parents(server, collector, *posts)
    assert found == {f"127.0.0.1/{n}": f"127.0.0.1/{parent}" for n, parent in ((21, 3), (22, 3), (23, 5), (24, 5))}
    assert sorted(looked_up(server)) == [f"/posts/by_number/9/{place}.json" for place in (1, 4)]


def test_an_answer_to_what_is_about_no_brand_joins_the_opener(server: LoopbackServer) -> None:
    by_number(server, post(3), post(5, post_number=4, cooked="<p>Same here</p>", topic_title=""))
    assert parents(server, made(server.url), acme(21, 6, reply_to_post_number=4)) == {"127.0.0.1/21": "127.0.0.1/3"}


@pytest.mark.parametrize("status", [403, 404])
def test_an_answer_to_what_was_deleted_joins_the_opener(server: LoopbackServer, status: int) -> None:
    by_number(server, post(3))
    server.routes["/posts/by_number/9/4.json"] = lambda _: Reply(status=status, body={})
    assert parents(server, made(server.url), acme(21, 6, reply_to_post_number=4)) == {"127.0.0.1/21": "127.0.0.1/3"}


def test_a_place_that_cannot_be_asked_for_stops_nothing_and_is_counted(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discourse, "MOST_PARENTS", 1)
    Forum(server).posts = [acme(21, 6), acme(22, 7, topic_id=10)]
    server.routes["/posts/by_number/10/1.json"] = lambda _: Reply(status=500, body={})
    page, *_ = read(made(server.url))
    assert [found.reply_to for found in page.mentions] == [None, None]
    assert dict(page.skipped) == {"which post is answered, not looked up": 2}
    assert len(looked_up(server)) == 1


def test_p39_a_wait_asked_for_there_is_kept_and_the_page_read_again(server: LoopbackServer) -> None:
    Forum(server).posts = [acme(21, 6)]
    by_number(server, post(3))
    server.fail("/posts/by_number/9/1.json", Fault.answer(429, {}, retry_after="30"))
    collector = made(server.url)
    with pytest.raises(RateLimited):
        read(collector)
    assert [found.reply_to for found in mentions(read(collector))] == ["127.0.0.1/3"]


def test_the_words_of_others_are_not_the_authors(server: LoopbackServer) -> None:
    quote = (
        '<aside class="quote" data-username="bob"><blockquote><p>Acme is great</p></blockquote></aside><p>It is not</p>'
    )
    assert only(server, post(1, post_number=2, cooked=quote)).text == "It is not"


def test_edits_raise_the_version(server: LoopbackServer) -> None:
    later = AT + timedelta(minutes=2)
    assert only(server, post(1, updated_at=later.isoformat())).edited_at is None
    assert only(server, post(1, updated_at=later.isoformat(), version=2)).edited_at == later


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user_deleted": True}, "deleted or hidden"),
        ({"deleted_at": AT.isoformat()}, "deleted or hidden"),
        ({"hidden": True}, "deleted or hidden"),
        ({"cooked": "", "topic_title": ""}, "no text"),
    ],
)
def test_p53_what_is_left_out_is_counted(server: LoopbackServer, changes: dict[str, Any], reason: str) -> None:
    Forum(server).posts = [post(1, **changes)]
    (page,) = read(made(server.url))
    assert (page.mentions, dict(page.skipped)) == ((), {reason: 1})


@pytest.mark.parametrize(
    ("user", "by_bot"), [(-2, True), (-1, True), (0, True), (1, False), (None, False), ("-1", False)]
)
def test_p52_what_the_forum_itself_wrote_is_kept_and_marked(server: LoopbackServer, user: object, by_bot: bool) -> None:
    Forum(server).posts = [post(1, user_id=user)]
    (page,) = read(made(server.url))
    assert ([found.by_bot for found in page.mentions], page.skipped) == ([by_bot], ())


def test_a_search_where_that_is_wanted(server: LoopbackServer) -> None:
    hit = {
        "id": 4,
        "username": "ann",
        "created_at": AT.isoformat(),
        "blurb": "Acme lost it",
        "post_number": 2,
        "topic_id": 9,
    }
    server.routes[SEARCH] = lambda _: Reply(
        body={"posts": [hit], "topics": [{"id": 9, "title": "Parcels"}], "grouped_search_result": {}}
    )
    (found,) = mentions(read(made(server.url, search=True)))
    assert (found.text, found.context) == ("Acme lost it", "Parcels")
    assert server.requests[0].query["q"] == '"Acme" order:latest'


def test_p39_the_wait_is_said_in_the_body(server: LoopbackServer) -> None:
    Forum(server)
    server.fail(POSTS, Fault.answer(429, {"errors": ["slow"], "extras": {"wait_seconds": 17}}))
    with pytest.raises(RateLimited) as caught:
        read(made(server.url))
    assert caught.value.wait == timedelta(seconds=17)


def test_one_forum_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    Forum(server).posts = [post(1)]
    collector = made(server.url, "http://localhost:9")
    pages: list[Page] = []
    with pytest.raises(PartlyRead):
        for page in collector.pages(Round(watches=WATCHES, cursor=None, since=AT, now=NOON)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert len(mentions(pages)) == 1


def test_a_key_belongs_to_one_forum(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_KEY", "canary")
    Forum(server)
    read(made(server.url, api_key={"env": "UMBRAGE_TEST_KEY"}))
    assert server.requests[0].headers["api-key"] == "canary"
    with pytest.raises(ConfigError, match="one site"):
        made(server.url, "https://b.example", api_key={"env": "UMBRAGE_TEST_KEY"})


def test_p59_what_became_of_posts(server: LoopbackServer) -> None:
    server.routes["/posts/1.json"] = lambda _: Reply(body=post(1))
    server.routes["/posts/2.json"] = lambda _: Reply(body=post(2, user_deleted=True))
    looked = made(server.url).look_up([f"127.0.0.1/{n}" for n in (1, 2, 3)] + ["other.example/4"], NOON)
    assert [found.id for found in looked.found] == ["127.0.0.1/1"]
    assert looked.gone == ("127.0.0.1/2", "127.0.0.1/3")


def test_a_post_made_private_is_gone_and_a_forum_that_refuses_us_is_not(server: LoopbackServer) -> None:
    Forum(server)
    server.routes["/posts/1.json"] = lambda _: Reply(status=403, body={"errors": ["not permitted"]})
    assert made(server.url).look_up(["127.0.0.1/1"], NOON).gone == ("127.0.0.1/1",)
    server.routes[POSTS] = lambda _: Reply(status=403, body={})
    with pytest.raises(AuthFailed):
        made(server.url).look_up(["127.0.0.1/1"], NOON)


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_posts_are_read() -> None:
    body = json.loads((FIXTURES / "posts_latest.json").read_text("utf-8"))["exchanges"][0]["response"]["body"]
    found = [discourse._mention(one, "forum.example", "https://forum.example") for one in body["latest_posts"]]
    assert any(isinstance(one, Mention) for one in found)


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=WATCHES, cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(made("https://meta.discourse.org").pages(asked)))
