"""Bluesky's search through atproto: every post once, with or without a login, whatever becomes of cursors."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import _bluesky_posts, bluesky
from monitor.core.errors import AuthFailed, ConfigError, RateLimited, Unavailable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Matcher, Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "bluesky"
SEARCH = "/xrpc/app.bsky.feed.searchPosts"
LOGIN, MENTIONS = "/xrpc/com.atproto.server.createSession", "/xrpc/app.bsky.notification.listNotifications"
ANN = "did:plc:ann"
MINUTE = timedelta(minutes=1)
AT = NOON - 5 * MINUTE
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


def token(**claims: Any) -> str:
    """An unsigned token that is good until 2100."""
    parts = ({"alg": "none"}, {"exp": 4_102_444_800, "sub": "did:plc:us"} | claims, "x")
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def post(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", "Z")
    return {
        "uri": f"at://{ANN}/app.bsky.feed.post/k{number}",
        "cid": "bafy",
        "author": {"did": ANN, "handle": "ann.example", "labels": []},
        "record": {"$type": "app.bsky.feed.post", "text": f"Acme lost parcel {number}", "createdAt": stamp},
        "indexedAt": stamp,
        "repostCount": 3,
        "quoteCount": 1,
    } | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "bluesky",
        "id": f"at://{ANN}/app.bsky.feed.post/k{number}",
        "text": f"Acme lost parcel {number}",
        "posted_at": AT,
        "url": f"https://bsky.app/profile/{ANN}/post/k{number}",
        "author": "ann.example",
        "reposts": 4,
    }
    return Mention(**fields | changes)


class TestContract(HttpCollectorContract):
    plugin = bluesky
    path = SEARCH
    watches = WATCHES
    answer = json.dumps({"posts": [post(2), post(1)]}).encode()
    malformed = json.dumps({"posts": [post(2), "x", {"uri": "at://x"}, post(3, record=None), post(1)]}).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_BLUESKY", "canary-password")


def made(server: LoopbackServer, **options: Any) -> bluesky.Bluesky:
    given: dict[str, Any] = {"base_url": server.url, "timeout": 0.5, "requests_per_minute": 600}
    return bluesky.create(bluesky.Options(**given | options))


def with_login(server: LoopbackServer, **options: Any) -> bluesky.Bluesky:
    session = {
        "did": "did:plc:us",
        "handle": "acme.example",
        "accessJwt": token(),
        "refreshJwt": token(),
        "active": True,
    }
    server.routes[LOGIN] = lambda _: Reply(body=session)
    return made(server, handle="acme.example", app_password={"env": "UMBRAGE_TEST_BLUESKY"}, **options)


def read(collector: bluesky.Bluesky, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector.pages(asked))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Search:
    """The search: newest first, 100 at a time, by cursor for people who are logged in, else by time only."""

    def __init__(self, server: LoopbackServer, *, takes_cursors: bool) -> None:
        self.posts: list[dict[str, Any]] = []
        self.asked: list[Request] = []
        self.takes_cursors = takes_cursors
        server.routes[SEARCH] = self.page

    def page(self, request: Request) -> Reply:
        self.asked.append(request)
        cursor = request.query.get("cursor")
        if cursor and not self.takes_cursors:
            return Reply(status=403, body=b"<html>Forbidden</html>")
        found = sorted(self.posts, key=lambda one: moment(one["indexedAt"]), reverse=True)
        if until := request.query.get("until"):
            found = [one for one in found if moment(one["indexedAt"]) < moment(until)]
        start = int(cursor or 0)
        answer: dict[str, Any] = {"posts": [one for one in found[start : start + 100] if not one.get("filtered")]}
        return Reply(body=answer | ({"cursor": str(start + 100)} if len(found) > start + 100 else {}))


def burst(count: int) -> list[dict[str, Any]]:
    return [post(n, NOON - 10 * MINUTE + n * timedelta(seconds=0.5)) for n in range(count)]


def test_queries_are_phrases(server: LoopbackServer) -> None:
    watches = (Watch(brand="Acme", terms=("Acme", "Zap Phone"), handles=("@acme.example",)),)
    assert made(server).queries(watches) == ['"Acme"', '"Zap Phone"', '"acme.example"']


@pytest.mark.parametrize("takes_cursors", [True, False])
def test_p16_a_burst_is_read_to_its_end_by_cursor_or_by_time(server: LoopbackServer, takes_cursors: bool) -> None:
    search = Search(server, takes_cursors=takes_cursors)
    search.posts = burst(450)
    collector = with_login(server) if takes_cursors else made(server)
    pages = read(collector)
    assert len({found.id for found in mentions(pages)}) == 450
    assert mentions(read(collector, last_cursor(pages), NOON + MINUTE)) == []


@pytest.mark.parametrize("status", [400, 403, 500])
def test_p16_where_a_cursor_is_refused_the_rest_is_asked_for_by_time(server: LoopbackServer, status: int) -> None:
    search = Search(server, takes_cursors=True)
    search.posts = burst(550)
    collector = with_login(server)
    newest = list(reversed(search.posts))[:100]
    server.fail(SEARCH, Fault.answer(200, {"posts": newest, "cursor": "x"}), Fault.answer(status, {"error": "Bad"}))
    assert len({found.id for found in mentions(read(collector))}) == 550
    # A cursor of the search below a moment means another place without that moment.
    assert not any("cursor" in request.query for request in search.asked)


def test_posts_of_the_same_moment_fall_into_no_crack_between_pages(server: LoopbackServer) -> None:
    search = Search(server, takes_cursors=False)
    search.posts = [post(n, NOON - 10 * MINUTE + n // 30 * timedelta(seconds=1)) for n in range(300)]
    assert len({found.id for found in mentions(read(made(server)))}) == 300


def test_pages_that_hold_less_than_was_asked_for_are_not_the_end(server: LoopbackServer) -> None:
    search = Search(server, takes_cursors=False)
    search.posts = [one | {"filtered": n % 10 == 3} for n, one in enumerate(burst(300))]
    assert len({found.id for found in mentions(read(made(server)))}) == 270


def test_what_is_indexed_late_is_found_once(server: LoopbackServer) -> None:
    search = Search(server, takes_cursors=False)
    search.posts = [post(1)]
    collector = made(server)
    cursor = last_cursor(read(collector))
    search.posts.append(post(2, NOON - 20 * MINUTE))
    pages = read(collector, cursor, NOON + MINUTE)
    assert [found.id[-2:] for found in mentions(pages)] == ["k2"]
    assert mentions(read(collector, last_cursor(pages), NOON + MINUTE)) == []


def test_p15_a_post_dated_into_the_future_is_dated_by_the_index(server: LoopbackServer) -> None:
    future = {"text": "Acme", "createdAt": "2099-01-01T00:00:00Z"}
    Search(server, takes_cursors=False).posts = [post(1, record=future)]
    (found,) = mentions(read(made(server)))
    assert found.posted_at == AT


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    Search(server, takes_cursors=False).posts = [post(1), post(2, NOON - timedelta(days=2))]
    assert len(mentions(read(made(server)))) == 1


def test_too_much_at_once_is_a_gap(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky, "MOST_PAGES", 2)
    Search(server, takes_cursors=False).posts = burst(500)
    ((gap,),) = [page.gaps for page in read(made(server)) if page.gaps]
    assert gap.end == NOON - 10 * MINUTE + timedelta(seconds=150.5)


def test_p37_the_session_is_kept_and_an_expired_token_is_renewed(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True).posts = [post(1)]
    collector = with_login(server)
    for _ in range(3):
        read(collector)
    assert [request.path for request in server.requests].count(LOGIN) == 1
    server.fail(SEARCH, Fault.answer(400, {"error": "ExpiredToken", "message": "Token has expired"}))
    assert len(mentions(read(collector))) == 1
    assert [request.path for request in server.requests].count(LOGIN) == 2


def test_p40_a_missing_password_names_its_variable(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    Search(server, takes_cursors=True)
    monkeypatch.delenv("UMBRAGE_TEST_BLUESKY")
    with pytest.raises(ConfigError, match="UMBRAGE_TEST_BLUESKY"):
        read(with_login(server))


def test_a_network_that_is_refused_learns_what_helps(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(status=403, body=b"<html>Forbidden</html>")
    with pytest.raises(AuthFailed, match="bluesky_stream"):
        read(made(server))


@pytest.mark.parametrize("status", [400, 401])
def test_p40_a_refused_login_says_what_to_do(server: LoopbackServer, status: int) -> None:
    Search(server, takes_cursors=True)
    collector = with_login(server)
    server.fail(LOGIN, Fault.answer(status, {"error": "AuthenticationRequired", "message": "Invalid password"}))
    with pytest.raises(AuthFailed, match="app password") as caught:
        read(collector)
    assert "canary" not in str(caught.value)


def test_p23_too_many_logins_are_waited_for(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True)
    collector = with_login(server)
    server.fail(LOGIN, Fault.answer(429, {"error": "RateLimitExceeded"}, retry_after="120"))
    with pytest.raises(RateLimited) as caught:
        read(collector)
    assert caught.value.wait == timedelta(seconds=120)


def test_p32_silence_ends(server: LoopbackServer) -> None:
    with LoopbackServer({}) as gone:
        url = gone.url
    with pytest.raises(Unavailable):
        read(made(server, base_url=url))


def test_notifications_of_the_account(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True)
    notes = [post(1, reason="mention"), post(2, reason="like"), post(3, reason="quote")]
    server.routes[MENTIONS] = lambda _: Reply(body={"notifications": notes})
    found = mentions(read(with_login(server, notifications=True)))
    assert [one.id[-2:] for one in found] == ["k1", "k3"]
    assert server.requests[-1].headers["authorization"].startswith("Bearer ")
    assert [value for name, value in server.requests[-1].pairs if name == "reasons"] == ["mention", "reply", "quote"]


def test_an_answer_to_the_brand_need_not_name_it(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True)
    note = post(1, reason="reply", record={"text": "still no parcel", "createdAt": AT.isoformat()})
    server.routes[MENTIONS] = lambda _: Reply(body={"notifications": [note]})
    watches = (Watch(brand="Acme", terms=("Acme",), handles=("@acme.example",)),)
    asked = Round(watches=watches, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    (found,) = mentions(list(with_login(server, notifications=True).pages(asked)))
    assert found.brand == "Acme"
    assert Matcher(watches).matches(found)


def test_many_likes_do_not_hide_an_older_mention(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True)
    likes = [one | {"reason": "like"} for one in burst(100)]
    pages = {None: {"notifications": likes, "cursor": "2"}, "2": {"notifications": [post(1, reason="mention")]}}
    server.routes[MENTIONS] = lambda request: Reply(body=pages[request.query.get("cursor")])
    assert [one.id[-2:] for one in mentions(read(with_login(server, notifications=True)))] == ["k1"]


def test_p29_a_date_to_wait_for_is_measured_from_the_answer(server: LoopbackServer) -> None:
    Search(server, takes_cursors=True)
    collector = with_login(server)
    read(collector)
    until = format_datetime(localtime() + timedelta(minutes=5))
    server.fail(SEARCH, Fault.answer(429, b"<html>", retry_after=until))
    with pytest.raises(RateLimited) as caught:
        read(collector)
    assert caught.value.wait is not None
    assert timedelta(minutes=4) < caught.value.wait <= timedelta(minutes=5)


def test_a_login_is_whole_or_none() -> None:
    with pytest.raises(ValidationError, match="both handle and app_password"):
        bluesky.Options(handle="acme.example")
    with pytest.raises(ValidationError, match="need handle"):
        bluesky.Options(notifications=True)


def test_people_who_do_not_want_to_be_shown_are_left_out(server: LoopbackServer) -> None:
    hidden = {"did": ANN, "handle": "ann.example", "labels": [{"val": "!no-unauthenticated"}]}
    Search(server, takes_cursors=False).posts = [post(1, author=hidden)]
    (page,) = read(made(server))
    assert dict(page.skipped) == {"not to be shown without a login": 1}


@pytest.mark.parametrize(
    ("labels", "by_bot"),
    [
        ([{"src": ANN, "val": "bot"}], True),
        ([{"src": "did:plc:labeler", "val": "bot"}], False),
        ([{"src": ANN, "val": "porn"}, "bot", None], False),
        ("bot", False),
    ],
)
def test_p52_who_says_of_themselves_that_they_are_automated_is_marked(labels: object, by_bot: bool) -> None:
    found = _bluesky_posts.view(post(1, author={"did": ANN, "handle": "ann.example", "labels": labels}))
    assert isinstance(found, Mention)
    assert found.by_bot is by_bot


def test_replies_name_their_parent() -> None:
    record = {"text": "Acme too", "reply": {"parent": {"uri": "at://x/y/z"}}}
    found = _bluesky_posts.view(post(1, record=record))
    assert isinstance(found, Mention)
    assert (found.kind, found.reply_to) == (Kind.REPLY, "at://x/y/z")


GET_POSTS = "/xrpc/app.bsky.feed.getPosts"


def answer(number: int, parent: int, text: str = "Acme, me too") -> dict[str, Any]:
    stamp = AT.isoformat().replace("+00:00", "Z")
    reply = {"parent": {"uri": mention(parent).id}, "root": {"uri": mention(parent).id}}
    return post(number, record={"text": text, "createdAt": stamp, "reply": reply})


def asked_for(server: LoopbackServer) -> list[list[str]]:
    return [[uri for _, uri in request.pairs] for request in server.requests if request.path == GET_POSTS]


def test_replies_bring_the_words_that_they_answer(server: LoopbackServer) -> None:
    opener = post(7, record={"text": "Who has news of my parcel?", "createdAt": AT.isoformat()})
    server.routes[GET_POSTS] = lambda _: Reply(body={"posts": [opener]})
    Search(server, takes_cursors=False).posts = [post(1), answer(2, 1), answer(3, 7), answer(4, 7), answer(5, 8)]
    collector = made(server)
    found = {one.id[-1]: one.context for one in mentions(read(collector))}
    opener_words = "Who has news of my parcel?"
    assert found == {"1": None, "2": "Acme lost parcel 1", "3": opener_words, "4": opener_words, "5": None}
    read(collector)
    assert asked_for(server) == [[mention(7).id, mention(8).id]], "once, also what is not there"


def test_what_is_answered_is_asked_for_only_for_what_is_about_a_brand(server: LoopbackServer) -> None:
    Search(server, takes_cursors=False).posts = [answer(3, 7, "so sorry")]
    read(made(server))
    assert asked_for(server) == []


def test_what_is_answered_and_cannot_be_read_stops_nothing(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "MOST_PARENTS", 2)
    Search(server, takes_cursors=False).posts = [answer(n, n + 10) for n in range(5)]
    server.routes[GET_POSTS] = lambda _: Reply(status=500)
    (page,) = read(made(server))
    assert [one.context for one in page.mentions] == [None] * 5
    assert dict(page.skipped) == {"which post is answered, not looked up": 5}
    assert [len(uris) for uris in asked_for(server)] == [2]


def test_p59_what_became_of_posts(server: LoopbackServer) -> None:
    server.routes["/xrpc/app.bsky.feed.getPosts"] = lambda _: Reply(body={"posts": [post(1)]})
    looked = made(server).look_up([mention(1).id, mention(2).id], NOON)
    assert looked.found == (mention(1, edited_at=NOON),)
    assert looked.gone == (mention(2).id,)


def test_p60_what_may_not_be_shown_any_more_or_has_no_words_any_more_is_gone(server: LoopbackServer) -> None:
    hidden = {"did": ANN, "handle": "ann.example", "labels": [{"val": "!no-unauthenticated"}]}
    shown = [post(1, author=hidden), post(2, record={"text": ""}), post(3, record=None)]
    server.routes["/xrpc/app.bsky.feed.getPosts"] = lambda _: Reply(body={"posts": shown})
    looked = made(server).look_up([mention(n).id for n in (1, 2, 3)], NOON)
    assert looked.found == ()
    assert looked.gone == (mention(1).id, mention(2).id)


def test_a_server_of_ones_own_is_asked_with_the_session(server: LoopbackServer) -> None:
    server.routes["/xrpc/app.bsky.feed.getPosts"] = lambda _: Reply(body={"posts": [post(1)]})
    looked = with_login(server).look_up([mention(1).id, mention(2).id], NOON)
    assert looked.gone == (mention(2).id,)
    assert server.requests[-1].headers["authorization"].startswith("Bearer ")
    assert [value for _, value in server.requests[-1].pairs] == [mention(1).id, mention(2).id]


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_p55_moments_at_the_ends_of_time_are_none(stamp: str) -> None:
    found = _bluesky_posts.view(post(1, record={"text": "Acme", "createdAt": stamp}))
    assert isinstance(found, Mention)
    assert found.posted_at == AT


@pytest.mark.parametrize(
    "uri", ["at://did:plc:ann/app.bsky.feed.post/a b", f"at://{ANN}/app.bsky.feed.post/{'k' * 300}"]
)
def test_addresses_that_could_not_be_asked_for_again_are_no_posts(uri: str) -> None:
    assert _bluesky_posts.view(post(1, uri=uri)) == "not a post"


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    count = 0
    for path in sorted(FIXTURES.glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            answer = exchange["response"]["body"]
            for one in answer.get("posts", []) if isinstance(answer, dict) else []:
                assert isinstance(_bluesky_posts.view(one), Mention), path
                count += 1
    assert count > 10


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=(Watch(brand="x", terms=("python",)),), cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(bluesky.create(bluesky.Options()).pages(asked)))
