"""Mastodon through Mastodon.py: every public post once, from several servers, whatever their ids look like."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import _mastodon_posts, mastodon
from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited, Unavailable, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "mastodon"
TAG = "/api/v1/timelines/tag/acme"
AT = NOON - timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)
SEARCH = "/api/v2/search"
INSTANCE = "/api/v2/instance/"
TOKEN = {"env": "UMBRAGE_TEST_TOKEN"}


def status(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{number:018}",
        "created_at": at.isoformat().replace("+00:00", "Z"),
        "uri": f"https://m.example/users/ann/statuses/{number}",
        "url": f"https://m.example/@ann/{number}",
        "content": f"<p>Acme lost parcel {number} &amp; nobody<br>answers</p>",
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "reblogs_count": 4,
        "edited_at": None,
        "in_reply_to_id": None,
        "reblog": None,
        "account": {
            "acct": "ann",
            "bot": False,
            "followers_count": 50,
            "created_at": "2019-05-01T00:00:00.000Z",
        },
    } | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "mastodon",
        "id": f"https://m.example/users/ann/statuses/{number}",
        "text": f"Acme lost parcel {number} & nobody\nanswers",
        "posted_at": AT,
        "url": f"https://m.example/@ann/{number}",
        "author": "ann@127.0.0.1",
        "language": "en",
        "followers": 50,
        "reposts": 4,
        "author_since": datetime(2019, 5, 1, tzinfo=UTC),
        "seen_as": f"127.0.0.1 {number:018}",
    }
    return Mention(**fields | changes)


class Timeline:
    """A timeline as Mastodon gives it: newest first, 40 at a time, below ``max_id``."""

    def __init__(self, server: LoopbackServer, path: str = TAG) -> None:
        self.posts: list[dict[str, Any]] = []
        self.asked: list[Request] = []
        server.routes[path] = self.page

    def page(self, request: Request) -> Reply:
        self.asked.append(request)
        posts = sorted(self.posts, key=lambda post: post["created_at"], reverse=True)
        ids = [post["id"] for post in posts]
        start = ids.index(request.query["max_id"]) + 1 if request.query.get("max_id") in ids else 0
        return Reply(body=posts[start : start + int(request.query["limit"])])


class Found(Timeline):
    """What a search finds: newest first, ``limit`` at a time, without the first ``offset``."""

    def __init__(self, server: LoopbackServer) -> None:
        super().__init__(server, SEARCH)

    def page(self, request: Request) -> Reply:
        self.asked.append(request)
        posts = sorted(self.posts, key=lambda post: post["created_at"], reverse=True)
        start = int(request.query.get("offset", 0))
        found = posts[start : start + int(request.query["limit"])]
        return Reply(body={"accounts": [], "hashtags": [], "statuses": found})


class TestContract(HttpCollectorContract):
    plugin = mastodon
    path = TAG
    watches = WATCHES
    answer = json.dumps([status(2), status(1)]).encode()
    malformed = json.dumps([status(2), "x", {}, status(3, visibility="private"), status(1)]).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"servers": [place], "timeout": 0.5, "requests_per_minute": 60}

    @pytest.fixture
    def serve(self, server: LoopbackServer) -> Any:
        def offer(payload: bytes) -> Any:
            def page(request: Request) -> Reply:
                body = b"[]" if "max_id" in request.query else payload
                return Reply(headers={"Content-Type": "application/json"}, body=body)

            server.routes[self.path] = page
            return self.collector(server.url)

        return offer


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def made(*servers: str, **options: Any) -> mastodon.Mastodon:
    given: dict[str, Any] = {"servers": servers, "timeout": 0.5, "requests_per_minute": 60}
    return mastodon.create(mastodon.Options(**given | options))


def read(collector: mastodon.Mastodon, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector.pages(asked))


def read_partly(
    collector: mastodon.Mastodon, cursor: str | None = None, now: datetime = NOON, watches: tuple[Watch, ...] = WATCHES
) -> tuple[list[Page], str]:
    """What a round reads that ends with ``PartlyRead``, and what that says."""
    pages: list[Page] = []
    with pytest.raises(PartlyRead) as caught:
        for page in collector.pages(Round(watches=watches, cursor=cursor, since=NOON - timedelta(days=1), now=now)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    return pages, str(caught.value)


def shows_hashtags_to(server: LoopbackServer, local: str, remote: str) -> None:
    access = {
        "live_feeds": {"local": "public", "remote": "public"},
        "hashtag_feeds": {"local": local, "remote": remote},
    }
    body = {"domain": "m.example", "configuration": {"timelines_access": access}}
    server.routes[INSTANCE] = lambda _: Reply(body=body)


@pytest.fixture
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", "canary")


def only(server: LoopbackServer, post: dict[str, Any]) -> Mention:
    Timeline(server).posts = [post]
    (found,) = mentions(read(made(server.url)))
    return found


def test_tags_are_made_of_words_handles_and_misspellings() -> None:
    watches = (Watch(brand="Acme", terms=("Acme", "Zap Phone", "zap.example"), handles=("@acme_care",)),)
    collector = mastodon.create(mastodon.Options(tags=("AcmeFail",)))
    assert collector.queries(watches) == ["#acme", "#zapphone", "#zapexample", "#acmecare", "#acmefail"]


def test_p13_a_burst_is_read_to_its_end_and_nothing_is_given_twice(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    collector = made(server.url)
    cursor = last_cursor(read(collector))
    timeline.posts = [status(n, NOON + n * timedelta(seconds=0.1)) for n in range(300)]
    pages = read(collector, cursor, NOON + MINUTE)
    assert len({found.id for found in mentions(pages)}) == 300
    assert [gap for page in pages for gap in page.gaps] == []
    assert mentions(read(collector, last_cursor(pages), NOON + 2 * MINUTE)) == []


def test_p13_what_another_server_delivers_late_is_found(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    timeline.posts = [status(5)]
    collector = made(server.url)
    cursor = last_cursor(read(collector))
    timeline.posts.append(status(3, NOON - 40 * MINUTE))
    assert [found.id[-1] for found in mentions(read(collector, cursor, NOON + MINUTE))] == ["3"]


def test_a_burst_that_is_too_large_leaves_a_gap(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mastodon, "MOST_PAGES", 2)
    timeline = Timeline(server)
    timeline.posts = [status(n, AT + n * timedelta(seconds=1)) for n in range(100)]
    ((gap,),) = [page.gaps for page in read(made(server.url)) if page.gaps]
    assert gap.end == AT + timedelta(seconds=20)


def test_a_server_that_gives_the_same_page_again_leaves_a_gap(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    timeline.posts = [status(n, AT + n * timedelta(seconds=1)) for n in range(100)]
    server.routes[TAG] = lambda request: timeline.page(replace(request, query={"limit": request.query["limit"]}))
    pages = read(made(server.url))
    assert len(mentions(pages)) == 40
    assert len(timeline.asked) == 2
    ((gap,),) = [page.gaps for page in pages if page.gaps]
    assert (gap.start, gap.end) == (NOON - timedelta(days=1), AT + timedelta(seconds=60))
    assert "the same page again" in gap.why


def test_a_last_page_with_nothing_but_the_post_that_was_named_is_the_end(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    timeline.posts = [status(n, AT + n * timedelta(seconds=1)) for n in range(60)]

    def from_the_named_one_on(request: Request) -> Reply:
        ids = [post["id"] for post in reversed(timeline.posts)]
        start = ids.index(request.query["max_id"]) if "max_id" in request.query else 0
        return Reply(body=timeline.posts[::-1][start : start + 40])

    server.routes[TAG] = from_the_named_one_on
    pages = read(made(server.url))
    assert len(mentions(pages)) == 60
    assert [gap for page in pages for gap in page.gaps] == []


def test_no_page_costs_a_second_request(server: LoopbackServer) -> None:
    Timeline(server).posts = [status(n, NOON - n * MINUTE) for n in range(100)]
    read(made(server.url))
    assert {request.path for request in server.requests} == {TAG}


def test_p14_ids_that_are_no_numbers(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    timeline.posts = [status(n, AT - n * MINUTE, id=f"{n * 7919:042x}") for n in range(100)]
    assert len(mentions(read(made(server.url)))) == 100


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    timeline.posts = [status(n, NOON - timedelta(hours=n)) for n in range(200)]
    found = mentions(read(made(server.url)))
    assert len(found) == 25
    assert len(timeline.asked) <= 2


def test_p23_a_reset_in_the_past_leaves_the_pause_to_us(server: LoopbackServer) -> None:
    Timeline(server)
    past = (NOON - 14 * MINUTE).isoformat()
    server.fail(TAG, Fault.answer(429, {"error": "slow"}, x_ratelimit_reset=past))
    with pytest.raises(RateLimited) as caught:
        read(made(server.url))
    assert (caught.value.until, caught.value.wait) == (None, None)


def test_p23_a_reset_is_measured_by_the_servers_own_clock(server: LoopbackServer) -> None:
    Timeline(server)
    there = datetime.now(UTC)  # noqa: TID251 - the loopback server's clock, which is not ours
    server.fail(TAG, Fault.answer(429, {"error": "slow"}, x_ratelimit_reset=(there + 5 * MINUTE).isoformat()))
    with pytest.raises(RateLimited) as caught:
        read(made(server.url))
    assert caught.value.until is not None
    assert NOON + 4 * MINUTE < caught.value.until < NOON + 6 * MINUTE


def test_a_server_is_left_alone_for_as_long_as_it_asks(server: LoopbackServer) -> None:
    with LoopbackServer({}) as other:
        Timeline(other).posts = [status(1)]
        timeline = Timeline(server)
        timeline.posts = [status(2)]
        server.fail(TAG, Fault.answer(429, {"error": "slow"}, retry_after="600"))
        collector = made(server.url, other.url)
        pages, why = read_partly(collector)
        assert ([found.id[-1] for found in mentions(pages)], why) == (["1"], "127.0.0.1 asks us to wait (HTTP 429)")
        cursor = last_cursor(pages)
        _, why = read_partly(collector, cursor, NOON + 9 * MINUTE)
        assert why == "127.0.0.1 still asks us to wait"
        with pytest.raises(RateLimited):
            collector.look_up([f"{server.url}/@ann/3"], NOON + 9 * MINUTE)
        assert len(server.requests) == 1
        assert [found.id[-1] for found in mentions(read(collector, cursor, NOON + 10 * MINUTE))] == ["2"]


def test_a_server_that_does_not_say_how_long_is_left_alone_for_five_minutes(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    server.fail(TAG, Fault.answer(429, {"error": "slow"}))
    collector = made(server.url)
    for now in (NOON, NOON + 4 * MINUTE):
        with pytest.raises(RateLimited):
            read(collector, None, now)
    assert len(server.requests) == 1
    read(collector, None, NOON + 5 * MINUTE)
    assert len(timeline.asked) == 1


def test_when_nothing_can_be_read_the_shortest_wait_counts(server: LoopbackServer) -> None:
    with LoopbackServer({}) as other, LoopbackServer({}) as third:
        server.fail(TAG, Fault.answer(401, {"error": "no"}))
        other.fail(TAG, Fault.answer(429, {"error": "slow"}, retry_after="3600"))
        third.fail(TAG, Fault.answer(429, {"error": "slow"}, retry_after="60"))
        with pytest.raises(RateLimited) as caught:
            read(made(server.url, other.url, third.url))
    assert caught.value.wait == MINUTE


def test_one_server_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    with LoopbackServer({}) as other:
        Timeline(other).posts = [status(1)]
        Timeline(server)
        server.fail(TAG, Fault.answer(500))
        pages: list[Page] = []
        with pytest.raises(PartlyRead):
            for page in made(server.url, other.url).pages(Round(watches=WATCHES, cursor=None, since=AT, now=NOON)):
                pages.append(page)  # noqa: PERF402 (pages before an error count)
        assert len(mentions(pages)) == 1


def test_a_server_that_is_closed_says_what_to_do(server: LoopbackServer) -> None:
    Timeline(server)
    server.fail(TAG, Fault.answer(422, {"error": "This method requires an authenticated user"}))
    with pytest.raises(AuthFailed, match="take it out of servers, or give a token"):
        read(made(server.url))


@pytest.mark.usefixtures("_token")
@pytest.mark.parametrize(
    ("local", "remote", "has_token", "why"),
    [
        ("authenticated", "authenticated", False, "only to people who log in; .* or give a token of an account there"),
        ("disabled", "authenticated", False, "only to people who log in"),
        ("disabled", "disabled", False, "to nobody but its staff; take it out of servers"),
        ("disabled", "disabled", True, "to nobody but its staff; take it out of servers"),
        ("authenticated", "authenticated", True, None),
        ("public", "disabled", False, None),
        ("public", "public", False, None),
    ],
)
def test_a_server_that_shows_nothing_under_hashtags_says_so(
    server: LoopbackServer, local: str, remote: str, has_token: bool, why: str | None
) -> None:
    Timeline(server)
    shows_hashtags_to(server, local, remote)
    collector = made(server.url, token=TOKEN if has_token else None)
    if why is None:
        assert mentions(read(collector)) == []
    else:
        with pytest.raises(AuthFailed, match=why):
            read(collector)


def test_who_may_see_hashtags_is_asked_once_an_hour_and_only_where_nothing_is_found(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    shows_hashtags_to(server, "disabled", "disabled")
    collector = made(server.url)
    timeline.posts = [status(1)]
    assert len(mentions(read(collector))) == 1
    timeline.posts = []
    for minutes in (0, 59, 60):
        with pytest.raises(AuthFailed):
            read(collector, None, NOON + minutes * MINUTE)
    assert [request.path for request in server.requests].count(INSTANCE) == 2


@pytest.mark.parametrize(
    "body", [[], {"configuration": []}, {"configuration": {"timelines_access": {"hashtag_feeds": {}}}}, b"<html>"]
)
def test_a_server_that_does_not_say_who_may_see_hashtags_is_believed(server: LoopbackServer, body: Any) -> None:
    Timeline(server)
    server.routes[INSTANCE] = lambda _: Reply(body=body)
    assert mentions(read(made(server.url))) == []


def test_what_is_no_mastodon_says_so(server: LoopbackServer) -> None:
    with pytest.raises(Unreadable, match="speaks like Mastodon"):
        read(made(server.url))


def test_p40_a_search_needs_a_token() -> None:
    with pytest.raises(ConfigError, match="need a token"):
        made("https://m.example", search=True)
    with pytest.raises(ConfigError, match="no address"):
        made("mastodon.social")


def test_search_and_mentions_with_a_token(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", "canary")
    Timeline(server)
    server.routes["/api/v2/search"] = lambda request: Reply(
        body={"accounts": [], "hashtags": [], "statuses": [] if "max_id" in request.query else [status(1)]}
    )
    server.routes["/api/v1/notifications"] = lambda request: Reply(
        body=[] if "max_id" in request.query else [{"id": "9", "type": "mention", "status": status(2)}]
    )
    collector = made(server.url, token={"env": "UMBRAGE_TEST_TOKEN"}, search=True, notifications=True)
    assert {found.id[-1] for found in mentions(read(collector))} == {"1", "2"}
    assert all(request.headers["authorization"] == "Bearer canary" for request in server.requests)


@pytest.mark.usefixtures("_token")
def test_a_search_is_read_down_to_where_the_last_round_began(server: LoopbackServer) -> None:
    Timeline(server)
    found = Found(server)
    collector = made(server.url, token=TOKEN, search=True)
    cursor = last_cursor(read(collector))
    found.posts = [status(n, NOON + n * timedelta(seconds=0.1)) for n in range(100)]
    found.posts += [status(n, NOON - timedelta(days=1, minutes=n)) for n in range(100, 200)]
    found.asked.clear()
    pages = read(collector, cursor, NOON + MINUTE)
    assert len({one.id for one in mentions(pages)}) == 100
    assert [gap for page in pages for gap in page.gaps] == []
    assert [request.query.get("offset") for request in found.asked] == [None, "40", "80", "120"]
    assert {request.path for request in server.requests} == {TAG, SEARCH, INSTANCE}
    assert mentions(read(collector, last_cursor(pages), NOON + 2 * MINUTE)) == []


@pytest.mark.usefixtures("_token")
def test_a_search_that_finds_too_much_leaves_a_gap(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mastodon, "SEARCH_PAGES", 2)
    Timeline(server)
    Found(server).posts = [status(n, AT + n * timedelta(seconds=1)) for n in range(100)]
    ((gap,),) = [page.gaps for page in read(made(server.url, token=TOKEN, search=True)) if page.gaps]
    assert gap.end == AT + timedelta(seconds=20)


@pytest.mark.usefixtures("_token")
def test_a_search_that_leaves_out_hidden_posts_is_read_on(server: LoopbackServer) -> None:
    Timeline(server)
    found = Found(server)
    found.posts = [status(n, AT + n * timedelta(seconds=1)) for n in range(100)]
    whole = found.page
    hidden = f"{70:018}"

    def page(request: Request) -> Reply:
        body = whole(request).body
        return Reply(body=body | {"statuses": [post for post in body["statuses"] if post["id"] != hidden]})

    server.routes[SEARCH] = page
    assert len({one.id for one in mentions(read(made(server.url, token=TOKEN, search=True)))}) == 99


@pytest.mark.usefixtures("_token")
def test_a_token_that_may_not_search_reads_everything_else(server: LoopbackServer) -> None:
    words = (Watch(brand="Acme", terms=("Acme", "Zap")),)
    Timeline(server).posts = [status(1)]
    Timeline(server, "/api/v1/timelines/tag/zap")
    Timeline(server, "/api/v1/notifications").posts = [
        {"id": "9", "type": "mention", "created_at": AT.isoformat(), "status": status(2)}
    ]
    server.routes[SEARCH] = lambda _: Reply(status=403, body={"error": "This action is outside the authorized scopes"})
    collector = made(server.url, token=TOKEN, search=True, notifications=True)
    pages, why = read_partly(collector, watches=words)
    assert {found.id[-1] for found in mentions(pages)} == {"1", "2"}
    assert "HTTP 403" in why
    assert "make a token that has the scope read:search" in why
    assert [request.path for request in server.requests].count(SEARCH) == 1


@pytest.mark.usefixtures("_token")
@pytest.mark.parametrize("answer", [Reply(status=503), Reply(body=b"<html>"), Reply(body=[]), Reply(status=404)])
def test_a_search_in_trouble_hides_no_notifications(server: LoopbackServer, answer: Reply) -> None:
    Timeline(server)
    Timeline(server, "/api/v1/notifications").posts = [{"id": "9", "created_at": AT.isoformat(), "status": status(2)}]
    server.routes[SEARCH] = lambda _: answer
    collector = made(server.url, token=TOKEN, search=True, notifications=True)
    pages = read(collector) if answer.body == [] else read_partly(collector)[0]
    assert [found.id[-1] for found in mentions(pages)] == ["2"]


def test_every_problem_is_told_once_and_a_tag_that_makes_no_sense_stops_no_other(server: LoopbackServer) -> None:
    words = (Watch(brand="Acme", terms=("Acme", "Zap")),)
    with LoopbackServer({}) as other:
        for one in (server, other):
            Timeline(one).posts = [status(1)]
            Timeline(one, "/api/v1/timelines/tag/zap").posts = [status(2)]
        server.fail(TAG, Fault.answer(200, b"<html>"))
        other.fail(TAG, Fault.answer(500))
        pages, why = read_partly(made(server.url, other.url), watches=words)
    assert [found.id[-1] for found in mentions(pages)] == ["2"]
    assert why == "127.0.0.1 answered something that is no JSON; 127.0.0.1 has trouble (HTTP 500)"


def test_p49_html_content_warnings_and_hidden_link_parts(server: LoopbackServer) -> None:
    link = '<a href="https://acme.example/x"><span class="invisible">https://</span>acme.example/x</a>'
    found = only(server, status(1, content=f"<p>Where? :sad: {link}</p>", spoiler_text="Acme rant"))
    assert found.text == "Acme rant\nWhere? :sad: https://acme.example/x"


def test_p49_boosts_are_their_original_and_copies_from_two_servers_are_one(server: LoopbackServer) -> None:
    with LoopbackServer({}) as other:
        Timeline(other).posts = [status(1, id="9")]
        Timeline(server).posts = [status(7, reblog=status(1))]
        found = mentions(read(made(server.url, other.url)))
    assert {one.id for one in found} == {"https://m.example/users/ann/statuses/1"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"visibility": "unlisted"}, "not public"),
        ({"content": "<p></p>"}, "no text"),
        ({"created_at": "soon"}, "no id, or no time"),
    ],
)
def test_p53_p55_what_is_left_out_is_counted(server: LoopbackServer, changes: dict[str, Any], reason: str) -> None:
    Timeline(server).posts = [status(1, **changes)]
    skipped = Counter[str]()
    for page in read(made(server.url)):
        skipped.update(dict(page.skipped))
    assert skipped[reason] == 1


def test_p52_what_an_automated_account_wrote_is_kept_and_marked(server: LoopbackServer) -> None:
    robot = {"acct": "robot", "bot": True}
    Timeline(server).posts = [status(1, account=robot), status(2), status(3, account=robot | {"bot": None})]
    page, *_ = read(made(server.url))
    assert [(found.id[-1], found.by_bot) for found in page.mentions] == [("1", True), ("2", False), ("3", False)]
    assert (page.mentions[0].author, page.skipped) == ("robot@127.0.0.1", ())


def test_p52_a_boost_by_an_automated_account_is_its_original_and_by_a_person(server: LoopbackServer) -> None:
    robot = {"acct": "robot", "bot": True}
    found = only(server, status(7, account=robot, reblog=status(1)))
    assert (found.id[-1], found.by_bot) == ("1", False)


def test_p59_what_an_automated_account_wrote_is_looked_up_too(server: LoopbackServer) -> None:
    name = f"{server.url}/users/robot/statuses/{1:018}"
    shown(server, 1, uri=name, account={"acct": "robot", "bot": True})
    looked = made(server.url).look_up([name], NOON)
    assert ([(found.id, found.by_bot) for found in looked.found], looked.gone) == ([(name, True)], ())


def test_replies_edits_and_remote_authors(server: LoopbackServer) -> None:
    account = {"acct": "bob@other.example", "followers_count": None}
    changes: dict[str, Any] = {
        "in_reply_to_id": "77",
        "edited_at": NOON.isoformat(),
        "account": account,
        "language": None,
    }
    found = only(server, status(1, **changes))
    assert (found.kind, found.reply_to, found.edited_at) == (Kind.REPLY, None, NOON)
    assert (found.author, found.followers, found.language) == ("bob@other.example", None, None)


def test_p59_p61_posts_of_the_asked_servers_can_be_looked_up(server: LoopbackServer) -> None:
    here = f"{server.url}/users/ann/statuses"
    missing = Reply(status=404, body={"error": "Record not found"})
    for number in (2, 3):
        server.routes[f"/api/v1/statuses/{number}"] = lambda _: missing
    server.routes["/api/v1/statuses/1"] = lambda _: Reply(body=status(1, uri=f"{here}/1", content="<p>now</p>"))
    names = [f"{here}/1", f"{here}/2", f"{server.url}/@ann/3", "https://other.example/users/x/statuses/4"]
    looked = made(server.url).look_up(names, NOON)
    assert [(found.id, found.text) for found in looked.found] == [(f"{here}/1", "now")]
    assert looked.gone == (f"{here}/2", f"{server.url}/@ann/3")


def shown(server: LoopbackServer, number: int, **changes: Any) -> None:
    server.routes[f"/api/v1/statuses/{number:018}"] = lambda _: Reply(body=status(number, **changes))


def reply(number: int, parent: int) -> dict[str, Any]:
    return status(number, in_reply_to_id=f"{parent:018}")


def lookups(server: LoopbackServer) -> list[str]:
    return [request.path for request in server.requests if "/statuses/" in request.path]


def test_a_reply_names_what_it_answers_by_its_global_address_and_brings_its_words(server: LoopbackServer) -> None:
    Timeline(server).posts = [status(1), reply(2, 1), reply(3, 7), reply(4, 7)]
    shown(server, 7, content="<p>Who has news of Acme?</p>")
    collector = made(server.url)
    found = {one.id[-1]: (one.reply_to, one.context) for one in mentions(read(collector))}
    address = "https://m.example/users/ann/statuses/"
    assert found["2"] == (f"{address}1", "Acme lost parcel 1 & nobody\nanswers")
    assert found["3"] == found["4"] == (f"{address}7", "Who has news of Acme?")
    assert lookups(server) == [f"/api/v1/statuses/{7:018}"]
    read(collector, None, NOON + MINUTE)
    assert len(lookups(server)) == 1, "it is remembered"


def test_what_is_answered_is_looked_up_only_for_what_is_about_a_brand(server: LoopbackServer) -> None:
    Timeline(server).posts = [status(1, in_reply_to_id="7", content="<p>So long</p>"), status(2, in_reply_to_id="../7")]
    read(made(server.url))
    assert lookups(server) == []


@pytest.mark.parametrize("answer", [Reply(status=404, body={"error": "Record not found"}), Reply(status=500, body={})])
def test_what_is_answered_and_cannot_be_read_stops_nothing(server: LoopbackServer, answer: Reply) -> None:
    Timeline(server).posts = [reply(2, 7)]
    server.routes[f"/api/v1/statuses/{7:018}"] = lambda _: answer
    page, *_ = read(made(server.url))
    assert [one.reply_to for one in page.mentions] == [None]
    assert dict(page.skipped) == ({} if answer.status == 404 else {"which post is answered, not looked up": 1})


def test_no_more_are_looked_up_in_a_round_than_others_leave_time_for(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mastodon, "MOST_PARENTS", 2)
    Timeline(server).posts = [reply(n, n + 10) for n in range(5)]
    for number in range(10, 15):
        shown(server, number)
    page, *_ = read(made(server.url))
    assert sum(one.reply_to is not None for one in page.mentions) == 2
    assert dict(page.skipped) == {"which post is answered, not looked up": 3}


def test_p59_posts_of_other_servers_are_looked_up_where_they_were_seen(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    boost = status(9, NOON, reblog=status(3))
    timeline.posts = [status(1), status(2), boost, status(4, uri=f"{server.url}/users/bob/statuses/4")]
    collector = made(server.url)
    seen = {found.id[-1]: found.seen_as for found in mentions(read(collector))}
    assert seen == {str(n): f"127.0.0.1 {n:018}" for n in (1, 2, 3)} | {"4": None}
    edited = status(1, content="<p>now</p>", edited_at=NOON.isoformat())
    server.routes[f"/api/v1/statuses/{1:018}"] = lambda _: Reply(body=edited)
    server.routes[f"/api/v1/statuses/{2:018}"] = lambda _: Reply(status=404, body={"error": "Record not found"})
    names = [str(seen["1"]), str(seen["2"]), "other.example 7", "127.0.0.1 ../1", "127.0.0.1 "]
    looked = collector.look_up(names, NOON)
    assert [(found.id, found.text) for found in looked.found] == [("https://m.example/users/ann/statuses/1", "now")]
    assert looked.gone == (names[1],)


class Statuses:
    """Posts by their numbers, alone and, since Mastodon 4.3, twenty at once; what is not there is left out."""

    def __init__(self, server: LoopbackServer, *posts: dict[str, Any]) -> None:
        self._posts = {post["id"]: post for post in posts}
        self.many: Reply | None = None
        server.routes["/api/v1/statuses"] = self._many
        for number in range(30):
            server.routes[f"/api/v1/statuses/{number:018}"] = self._alone

    def _many(self, request: Request) -> Reply:
        asked = [number for name, number in request.pairs if name == "id[]"]
        if len(asked) > 20:
            return Reply(status=422, body={"error": "Validation failed"})
        return self.many or Reply(body=[self._posts[number] for number in reversed(asked) if number in self._posts])

    def _alone(self, request: Request) -> Reply:
        post = self._posts.get(request.path.rpartition("/")[2])
        return Reply(body=post) if post else Reply(status=404, body={"error": "Record not found"})


def numbers(count: int) -> list[str]:
    return [f"127.0.0.1 {n:018}" for n in range(count)]


def test_p59_many_posts_are_looked_up_at_once_and_what_is_missing_alone(server: LoopbackServer) -> None:
    Statuses(server, *(status(n) for n in range(20) if n != 7))
    collector = made(server.url)
    looked = collector.look_up(numbers(collector.batch), NOON)
    assert len(looked.found) == 19
    assert looked.gone == (numbers(8)[7],)
    assert [request.path for request in server.requests] == ["/api/v1/statuses", f"/api/v1/statuses/{7:018}"]


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=404, body={"error": "Not found"}),
        Reply(status=405, body=b"<html>"),
        Reply(status=401, body={"error": "This method requires an authenticated user"}),
        Reply(body={"posts": []}),
        Reply(body=b"<html>"),
    ],
)
def test_p59_a_server_that_cannot_be_asked_for_many_is_asked_one_by_one_for_a_day(
    server: LoopbackServer, answer: Reply
) -> None:
    statuses = Statuses(server, *(status(n) for n in range(3)))
    statuses.many = answer
    collector = made(server.url)
    for now in (NOON, NOON + timedelta(hours=23), NOON + timedelta(hours=24)):
        assert len(collector.look_up(numbers(3), now).found) == 3
    assert [request.path for request in server.requests].count("/api/v1/statuses") == 2


@pytest.mark.parametrize("others", [[], [status(28), "x", {"id": None}]])
def test_p61_a_list_of_something_else_deletes_nothing(server: LoopbackServer, others: list[Any]) -> None:
    Statuses(server, *(status(n) for n in range(3))).many = Reply(body=others)
    looked = made(server.url).look_up(numbers(3), NOON)
    assert (len(looked.found), looked.gone) == (3, ())


def test_p28_trouble_with_many_at_once_is_not_taken_for_a_missing_question(server: LoopbackServer) -> None:
    Statuses(server, *(status(n) for n in range(3)))
    server.fail("/api/v1/statuses", Fault.answer(500))
    with pytest.raises(Unavailable):
        made(server.url).look_up(numbers(3), NOON)
    assert len(server.requests) == 1


def test_p61_a_page_that_is_not_the_servers_own_deletes_nothing(server: LoopbackServer) -> None:
    with LoopbackServer({}) as other:
        here, there = f"{server.url}/users/ann/statuses/1", f"{other.url}/users/ann/statuses/2"
        server.routes["/api/v1/statuses/1"] = lambda _: Reply(status=404, body=b"<html>nginx</html>")
        other.routes["/api/v1/statuses/2"] = lambda _: Reply(body=status(2, uri=there))
        collector = made(server.url, other.url)
        looked = collector.look_up([here, there], NOON)
        assert ([found.id for found in looked.found], looked.gone) == ([there], ())
        with pytest.raises(Unreadable):
            collector.look_up([here], NOON)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_p55_a_moment_beyond_the_calendar_stops_nothing(server: LoopbackServer, value: str) -> None:
    account = {"acct": "ann", "created_at": value}
    Timeline(server).posts = [status(1, edited_at=value, account=account), status(2, created_at=value)]
    assert [found.id[-1] for found in mentions(read(made(server.url)))] == ["1"]


def test_a_tag_full_of_bots_is_read_no_deeper_than_needed(server: LoopbackServer) -> None:
    timeline = Timeline(server)
    bot = {"acct": "robot", "bot": True}
    timeline.posts = [status(n, NOON - n * MINUTE, account=bot) for n in range(400)]
    collector = made(server.url)
    cursor = last_cursor(read(collector))
    timeline.asked.clear()
    assert [gap for page in read(collector, cursor, NOON + MINUTE) for gap in page.gaps] == []
    assert len(timeline.asked) <= 3


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    count = 0
    for path in sorted(FIXTURES.glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            answer = exchange["response"]["body"]
            if isinstance(answer, list) and exchange["response"]["status"] == 200:
                items = [one for one in answer if isinstance(one, dict) and ("content" in one or "status" in one)]
                count += len(_mastodon_posts.mentions(items, "m.example", Counter()))
    assert count > 10


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=(Watch(brand="x", terms=("python",)),), cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(mastodon.create(mastodon.Options()).pages(asked)))
