"""Reddit through praw: complete listings, tokens that run out, and all that praw trips over, without ever sleeping."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import reddit
from monitor.core.errors import AuthFailed, ConfigError, PartlyRead, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "reddit"
TOKEN, NEW, COMMENTS, SEARCH, INFO = (
    "/api/v1/access_token",
    "/r/acme/new",
    "/r/acme/comments",
    "/r/all/search",
    "/api/info",
)
AT = NOON - timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
WATCHES = (Watch(brand="Acme", terms=("Acme",), handles=("acme",)),)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_ID", "canary-id")
    monkeypatch.setenv("UMBRAGE_TEST_SECRET", "canary-secret")
    monkeypatch.chdir(tmp_path)


def submission(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "name": f"t3_{number}",
        "author": "ann",
        "title": f"Acme lost parcel {number}",
        "selftext": "and nobody answers",
        "permalink": f"/r/acme/comments/{number}/x/",
        "subreddit": "acme",
        "created_utc": at.timestamp(),
        "edited": False,
        "num_crossposts": 2,
        "removed_by_category": None,
        "score": 5,
    } | changes


def comment(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "name": f"t1_{number}",
        "author": "bob",
        "body": "Acme did the same to me",
        "permalink": f"/r/acme/comments/7/x/{number}/",
        "link_title": "Acme lost parcel 7",
        "parent_id": "t3_7",
        "created_utc": at.timestamp(),
        "edited": False,
    } | changes


def listing(*items: Any, after: str | None = None) -> dict[str, Any]:
    children = [
        {"kind": str(one.get("name", "t3"))[:2], "data": one} if isinstance(one, dict) else one for one in items
    ]
    return {"kind": "Listing", "data": {"after": after, "dist": len(children), "children": children}}


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "reddit",
        "id": f"t3_{number}",
        "text": f"Acme lost parcel {number}\nand nobody answers",
        "posted_at": AT,
        "url": f"https://www.reddit.com/r/acme/comments/{number}/x/",
        "author": "ann",
        "reposts": 2,
    }
    return Mention(**fields | changes)


def token(_: Request) -> Reply:
    return Reply(body={"access_token": "canary-token", "token_type": "bearer", "expires_in": 86_400, "scope": "*"})


def settings(place: str, **changes: Any) -> dict[str, Any]:
    return {
        "base_url": place,
        "timeout": 0.5,
        "client_id": {"env": "UMBRAGE_TEST_ID"},
        "client_secret": {"env": "UMBRAGE_TEST_SECRET"},
        "by": "acme_ops",
        "search": False,
        "requests_per_minute": 100,
    } | changes


class TestContract(HttpCollectorContract):
    plugin = reddit
    path = SEARCH
    watches = WATCHES
    secrets = ("canary-id", "canary-secret", "canary-token")
    answer = json.dumps(listing(submission(2), submission(1))).encode()
    malformed = json.dumps(
        listing(submission(2), "x", {"name": "t3_9"}, submission(3, author=None), submission(1))
    ).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return settings(place, search=True)

    @pytest.fixture
    def server(self) -> Iterator[LoopbackServer]:
        with LoopbackServer({TOKEN: token}) as running:
            yield running

    def failure(self, collector: Any) -> SourceError:
        """A token that is refused twice in a row is no accident; praw asks for a new one in between."""
        return super().failure(collector)

    @pytest.mark.parametrize("status", [401, 403])
    def test_refused_credentials(self, serve: Any, server: LoopbackServer, status: int) -> None:
        server.fail(self.path, *[Fault.answer(status, b"<html>no</html>")] * 2)
        assert isinstance(self.failure(serve(self.answer)), AuthFailed)

    @pytest.mark.parametrize("status", [200, 301, 401, 404, 429, 500])
    def test_secrets_are_never_shown(
        self, serve: Any, server: LoopbackServer, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        super().test_secrets_are_never_shown(serve, server, caplog, status)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({TOKEN: token}) as running:
        for path in (NEW, COMMENTS, SEARCH):
            running.routes[path] = lambda _: Reply(body=listing())
        yield running


def collector(server: LoopbackServer, **changes: Any) -> reddit.Reddit:
    return reddit.create(reddit.Options(**settings(server.url, **{"subreddits": ["acme"]} | changes)))


def read(made: reddit.Reddit, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    return list(made.pages(Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)))


class Listing:
    """A listing as Reddit gives it out: newest first, a hundred at a time, a thousand at most."""

    def __init__(self, server: LoopbackServer, path: str = NEW) -> None:
        self.items: list[dict[str, Any]] = []
        self.asked: list[Request] = []
        server.routes[path] = self.page

    def page(self, request: Request) -> Reply:
        self.asked.append(request)
        items = sorted(self.items, key=lambda item: -item["created_utc"])[: reddit.LONGEST_LISTING]
        names = [item["name"] for item in items]
        start = names.index(request.query["after"]) + 1 if request.query.get("after") in names else 0
        page = items[start : start + int(request.query["limit"])]
        return Reply(body=listing(*page, after=page[-1]["name"] if start + 100 < len(items) else None))


def only(server: LoopbackServer, item: dict[str, Any]) -> Mention:
    server.routes[NEW] = lambda _: Reply(body=listing(item))
    (found,) = mentions(read(collector(server)))
    return found


def test_queries_are_of_words_and_not_of_handles(server: LoopbackServer) -> None:
    watches = (Watch(brand="Acme", terms=("Acme", "Zap Phone"), handles=("@acme",)),)
    assert collector(server, search=True).queries(watches) == ['Acme OR "Zap Phone"']
    assert collector(server).queries(watches) == []


def test_mentions_of_the_account_are_read_where_its_messages_are(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_REFRESH", "canary-refresh")
    place = {"context": "/r/tea/comments/7/x/9/?context=3", "was_comment": True, "subject": "username mention"}
    message = {name: value for name, value in comment(9).items() if name not in ("permalink", "edited")}
    server.routes["/message/mentions"] = lambda _: Reply(body=listing(message | place | {"body": "u/acme_ops, Acme?"}))
    found = collector(server, subreddits=[], mentions=True, refresh_token={"env": "UMBRAGE_TEST_REFRESH"})
    (one,) = mentions(read(found))
    assert (one.id, one.text, one.author) == ("t1_9", "u/acme_ops, Acme?", "bob")
    assert (one.reply_to, one.url) == ("t3_7", "https://www.reddit.com/r/tea/comments/7/x/9/")


def test_posts_and_comments_of_subreddits_are_read(server: LoopbackServer) -> None:
    server.routes[COMMENTS] = lambda _: Reply(body=listing(comment(5, edited=AT.timestamp() + 60)))
    server.routes[NEW] = lambda _: Reply(body=listing(submission(1)))
    post, answer = mentions(read(collector(server)))
    assert post == mention(1)
    assert (answer.id, answer.kind, answer.reply_to, answer.context) == (
        "t1_5",
        Kind.REPLY,
        "t3_7",
        "Acme lost parcel 7",
    )
    assert answer.edited_at == AT + MINUTE
    assert answer.reposts is None


def test_p8_a_deleted_anchor_costs_and_doubles_nothing(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(n, AT + n * MINUTE / 10) for n in range(5)]
    made = collector(server)
    first = read(made)
    new.items = [item for item in new.items if item["name"] != "t3_4"] + [submission(9, NOON)]
    again = read(made, last_cursor(first), NOON + MINUTE)
    assert [found.id for found in mentions(again)] == ["t3_9"]
    assert [gap for page in again for gap in page.gaps] == []


def test_p7_a_listing_that_ends_early_is_read_again_before_anything_is_lost(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(1, NOON - timedelta(hours=3))]
    made = collector(server)
    cursor = last_cursor(read(made))
    everything = [*new.items, *(submission(n, NOON + n * MINUTE) for n in range(2, 100))]
    later = NOON + timedelta(hours=3)
    new.items = everything[-10:]
    early = read(made, cursor, later)
    assert (len(mentions(early)), [gap for page in early for gap in page.gaps]) == (10, [])
    new.items = everything
    late = read(made, last_cursor(early), later + MINUTE)
    assert (len(mentions(late)), [gap for page in late for gap in page.gaps]) == (88, [])


@pytest.mark.parametrize("left", [0, 10])
def test_p8_a_listing_that_ends_early_twice_is_a_gap(server: LoopbackServer, left: int) -> None:
    new = Listing(server)
    new.items = [submission(1, NOON - timedelta(hours=3))]
    made = collector(server)
    cursor, later = last_cursor(read(made)), NOON + timedelta(hours=3)
    new.items = [submission(n, later - n * MINUTE) for n in range(left)]
    cursor = last_cursor(read(made, cursor, later))
    pages = read(made, cursor, later + MINUTE)
    ((gap,),) = [page.gaps for page in pages if page.gaps]
    assert gap.start <= NOON
    assert gap.end == (later - 9 * MINUTE if left else later + MINUTE)
    assert [page.gaps for page in read(made, last_cursor(pages), later + 2 * MINUTE) if page.gaps] == []


def test_p7_a_listing_that_never_held_anything_older_is_just_young(server: LoopbackServer) -> None:
    new = Listing(server)
    made = collector(server)
    cursor = last_cursor(read(made))
    for number in range(30):
        now = NOON + number * 5 * MINUTE
        new.items.append(submission(number, now))
        pages = read(made, cursor, now + MINUTE)
        assert [found.id for found in mentions(pages)] == [f"t3_{number}"]
        assert [gap for page in pages for gap in page.gaps] == []
        cursor = last_cursor(pages)


def test_p10_a_search_ends_earlier(server: LoopbackServer) -> None:
    search = Listing(server, SEARCH)
    search.items = [submission(n, NOON - n * timedelta(seconds=10)) for n in range(230)]
    pages = read(collector(server, search=True, subreddits=[]))
    ((gap,),) = [page.gaps for page in pages if page.gaps]
    assert (gap.start, gap.end) == (NOON - timedelta(days=1), NOON - timedelta(seconds=2_290))


def test_p9_more_than_a_hundred_new_items_are_all_read(server: LoopbackServer) -> None:
    new = Listing(server)
    made = collector(server)
    cursor = last_cursor(read(made))
    new.items = [submission(n, NOON + n * timedelta(seconds=0.1)) for n in range(640)]
    pages = read(made, cursor, NOON + 5 * MINUTE)
    assert {found.id for found in mentions(pages)} == {item["name"] for item in new.items}
    assert [gap for page in pages for gap in page.gaps] == []


def test_p10_what_lies_below_a_thousand_items_is_a_gap(server: LoopbackServer) -> None:
    new = Listing(server)
    made = collector(server)
    cursor = last_cursor(read(made))
    new.items = [submission(n, NOON + n * timedelta(seconds=1)) for n in range(1_200)]
    pages = read(made, cursor, NOON + 30 * MINUTE)
    assert len(mentions(pages)) == 1_000
    ((gap,),) = [page.gaps for page in pages if page.gaps]
    assert gap.start <= NOON
    assert gap.end == NOON + timedelta(seconds=200)


def test_p11_items_that_stand_out_of_order_end_nothing(server: LoopbackServer) -> None:
    old = submission(1, NOON - timedelta(hours=20))
    page = [submission(n, AT) for n in range(2, 100)]
    server.routes[NEW] = lambda request: Reply(
        body=listing(submission(200, AT)) if request.query.get("after") else listing(old, *page, after="t3_99")
    )
    assert "t3_200" in {found.id for found in mentions(read(collector(server)))}


def test_p7_p12_a_quiet_listing_costs_one_request_a_round(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(n, NOON - timedelta(hours=n)) for n in range(1, 10)]
    made = collector(server)
    cursor = last_cursor(read(made))
    new.asked.clear()
    for number in range(3):
        assert mentions(read(made, cursor, NOON + number * MINUTE)) == []
    assert len(new.asked) == 3


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(n, NOON - timedelta(hours=n)) for n in range(400)]
    read(collector(server))
    assert len(new.asked) == 1


def test_a_filtered_post_that_appears_late_is_found(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(1)]
    made = collector(server)
    cursor = last_cursor(read(made))
    new.items.append(submission(2, NOON - 20 * MINUTE))
    assert [found.id for found in mentions(read(made, cursor, NOON + MINUTE))] == ["t3_2"]


def test_p23_an_allowance_that_is_used_up_is_waited_for_without_sleeping(server: LoopbackServer) -> None:
    headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-used": "600", "x-ratelimit-reset": "259"}
    server.routes[NEW] = lambda _: Reply(body=listing(submission(1)), headers=headers)
    made = collector(server)
    pages: list[Page] = []
    with pytest.raises(RateLimited) as caught:
        for page in made.pages(Round(watches=WATCHES, cursor=None, since=NOON - MINUTE * 60, now=NOON)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert caught.value.until == NOON + timedelta(seconds=259)
    assert len(mentions(pages)) == 1
    count = len(server.requests)
    with pytest.raises(RateLimited):
        made.look_up(["t3_1"], NOON + MINUTE)
    assert len(server.requests) == count
    server.routes[NEW] = lambda _: Reply(body=listing())
    assert read(made, now=NOON + 5 * MINUTE), "after the wait it goes on"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "77"}, timedelta(seconds=77)),
        ({"x-ratelimit-reset": "77", "Retry-After": "30"}, timedelta(seconds=30)),
        ({"x-ratelimit-reset": "-5", "x-ratelimit-remaining": "0"}, None),
        ({}, None),
    ],
)
def test_p23_a_refusal_says_how_long_it_lasts(
    server: LoopbackServer, headers: dict[str, str], wait: timedelta | None
) -> None:
    server.routes[NEW] = lambda _: Reply(status=429, headers=headers, body=b"<html>")
    with pytest.raises(RateLimited) as caught:
        read(collector(server))
    assert caught.value.wait == wait


@pytest.mark.parametrize("status", [500, 502, 503, 520, 522])
def test_p28_trouble_is_not_retried_while_a_thread_sleeps(server: LoopbackServer, status: int) -> None:
    server.fail(NEW, Fault.answer(status, b"<html>"))
    with pytest.raises((Unavailable, PartlyRead)):
        read(collector(server))
    assert [request.path for request in server.requests].count(NEW) == 1


def test_one_listing_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    server.fail(NEW, Fault.answer(404, {"reason": "banned"}))
    server.routes[COMMENTS] = lambda _: Reply(body=listing(comment(5)))
    pages: list[Page] = []
    with pytest.raises(PartlyRead):
        for page in collector(server).pages(Round(watches=WATCHES, cursor=None, since=AT, now=NOON)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert [found.id for found in mentions(pages)] == ["t1_5"]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-remaining": "9.0", "x-ratelimit-used": "3.0", "x-ratelimit-reset": "9"},
        {"x-ratelimit-remaining": "many"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5"},
    ],
)
def test_p30_headers_that_praw_cannot_read_are_no_trouble(server: LoopbackServer, headers: dict[str, str]) -> None:
    server.routes[NEW] = lambda _: Reply(body=listing(submission(1)), headers=headers)
    assert len(mentions(read(collector(server)))) == 1


def test_p30_a_401_without_its_usual_header_is_a_token_that_has_run_out(server: LoopbackServer) -> None:
    server.fail(NEW, Fault.answer(401, b""))
    server.routes[NEW] = lambda _: Reply(body=listing(submission(1)))
    assert len(mentions(read(collector(server)))) == 1
    assert [request.path for request in server.requests].count(TOKEN) == 2


def test_the_token_is_kept_between_rounds(server: LoopbackServer) -> None:
    made = collector(server)
    for _ in range(3):
        read(made)
    assert [request.path for request in server.requests].count(TOKEN) == 1


def test_a_subreddit_that_is_closed_is_no_trouble_with_credentials(server: LoopbackServer) -> None:
    server.fail(NEW, Fault.answer(403, {"reason": "private", "message": "Forbidden", "error": 403}))
    with pytest.raises(PartlyRead, match=r"private.*option subreddits"):
        read(collector(server))
    server.fail(NEW, Fault.answer(403, {"message": "Forbidden", "error": 403}))
    with pytest.raises(AuthFailed, match="client_id"):
        read(collector(server))
    server.fail(NEW, Fault(reply=Reply(status=302, headers={"Location": "/subreddits/search"})))
    with pytest.raises(PartlyRead, match="no such place"):
        read(collector(server))


def test_a_source_with_nothing_to_read_is_refused() -> None:
    for changes in ({}, {"mentions": True}, {"subreddits": ["r/acme"]}):
        with pytest.raises(ValidationError):
            reddit.Options(**settings("http://127.0.0.1:1", **changes))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.answer(429, b"slow", retry_after="30"), RateLimited),
        (Fault.answer(503, b"<html>"), Unavailable),
        (Fault.answer(401, {"error": 401}), AuthFailed),
        (Fault.answer(400, {"error": "invalid_grant"}), AuthFailed),
        (Fault.answer(200, {"error": "unsupported_grant_type"}), Unreadable),
        (Fault.answer(200, b"<html>"), Unreadable),
        (Fault.answer(200, [1]), Unreadable),
        (Fault.answer(200, {"access_token": "canary", "expires_in": "soon", "scope": 5}), Unreadable),
        (Fault.answer(200, b"[" * 100_000), Unreadable),
    ],
)
def test_p31_trouble_while_fetching_the_token(server: LoopbackServer, fault: Fault, error: type[SourceError]) -> None:
    server.fail(TOKEN, *[fault] * 3)
    with pytest.raises(error):
        read(collector(server))


def test_renewed_credentials_are_used_without_a_restart(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fail(TOKEN, Fault.answer(401, {"error": 401}))
    made = collector(server)
    with pytest.raises(AuthFailed):
        read(made)
    monkeypatch.setenv("UMBRAGE_TEST_SECRET", "canary-renewed")
    read(made)
    sent = [request.headers["authorization"] for request in server.requests if request.path == TOKEN]
    assert [b64decode(header.removeprefix("Basic ")) for header in sent] == [
        b"canary-id:canary-secret",
        b"canary-id:canary-renewed",
    ]


def test_p40_missing_credentials_name_their_place(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UMBRAGE_TEST_SECRET")
    with pytest.raises(ConfigError, match="UMBRAGE_TEST_SECRET"):
        read(collector(server))


@pytest.mark.parametrize(
    "changes",
    [
        {"author": None},
        {"author": "[deleted]"},
        {"selftext": "[removed]"},
        {"selftext": "[ Removed by Reddit ]"},
        {"removed_by_category": "moderator"},
    ],
)
def test_p47_what_was_deleted_or_removed_is_not_judged(server: LoopbackServer, changes: dict[str, Any]) -> None:
    server.routes[NEW] = lambda _: Reply(body=listing(submission(1, **changes)))
    page = read(collector(server))[0]
    assert (page.mentions, dict(page.skipped)) == ((), {"deleted or removed": 1})


@pytest.mark.parametrize(("edited", "at"), [(False, None), (True, None), (AT.timestamp(), AT)])
def test_p47_edited_is_false_or_a_number(server: LoopbackServer, edited: Any, at: datetime | None) -> None:
    assert only(server, submission(1, edited=edited)).edited_at == at


def test_p48_a_crosspost_is_its_original(server: LoopbackServer) -> None:
    crosspost = submission(2, crosspost_parent_list=[submission(1)], selftext="")
    assert only(server, crosspost) == mention(1)


def test_p48_an_old_story_that_is_crossposted_now_is_found_and_given_once(server: LoopbackServer) -> None:
    new = Listing(server)
    new.items = [submission(5, NOON - timedelta(hours=3))]
    made = collector(server)
    cursor = last_cursor(read(made))
    story = submission(1, NOON - timedelta(hours=20))
    new.items.append(submission(6, NOON + MINUTE, crosspost_parent_list=[story]))
    pages = read(made, cursor, NOON + 2 * MINUTE)
    assert [(found.id, found.posted_at) for found in mentions(pages)] == [("t3_1", NOON - timedelta(hours=20))]
    assert mentions(read(made, last_cursor(pages), NOON + 4 * MINUTE)) == []


def test_p52_what_automoderator_wrote_is_kept_and_marked(server: LoopbackServer) -> None:
    server.routes[NEW] = lambda _: Reply(body=listing(submission(2), submission(1, author="AutoModerator")))
    page = read(collector(server))[0]
    assert [(found.author, found.by_bot) for found in page.mentions] == [("ann", False), ("AutoModerator", True)]
    assert page.skipped == ()


def test_p52_a_crosspost_by_automoderator_is_its_original_and_by_a_person(server: LoopbackServer) -> None:
    found = only(server, submission(6, author="AutoModerator", crosspost_parent_list=[submission(1)]))
    assert (found.id, found.author, found.by_bot) == ("t3_1", "ann", False)


def test_p56_karma_is_no_followers(server: LoopbackServer) -> None:
    assert only(server, submission(1, score=9_000)).followers is None


def test_p59_p60_what_became_of_posts(server: LoopbackServer) -> None:
    items = [
        submission(1, selftext="now", edited=AT.timestamp()),
        submission(2, author="[deleted]", selftext="[deleted]"),
    ]
    server.routes[INFO] = lambda _: Reply(body=listing(*items))
    looked = collector(server).look_up(["t3_1", "t3_2", "t1_3"], NOON)
    assert [(found.id, found.edited_at) for found in looked.found] == [("t3_1", AT)]
    assert looked.gone == ("t3_2", "t1_3")
    assert server.requests[-1].query["id"] == "t3_1,t3_2,t1_3"


def test_p59_only_what_reddit_says_is_gone(server: LoopbackServer) -> None:
    items = [submission(1, created_utc="soon"), submission(2, crosspost_parent_list=[submission(9)])]
    server.routes[INFO] = lambda _: Reply(body=listing(*items, "x", {"name": ["t3_3"]}))
    looked = collector(server).look_up(["t3_1", "t3_2", "t3_3"], NOON)
    assert looked.gone == ("t3_3",), "one cannot be read; the other came through the feeds, which know no crossposts"


def test_p65_the_user_agent_is_what_reddit_asks_for(server: LoopbackServer) -> None:
    read(collector(server, contact="ops@acme.example"))
    for request in server.requests:
        assert "(python:umbrage:v" in request.headers["user-agent"]
        assert "(by /u/acme_ops); +ops@acme.example)" in request.headers["user-agent"]


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_listings_are_read() -> None:
    from collections import Counter

    count = 0
    for path in sorted(FIXTURES.glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            answer = exchange["response"]["body"]
            data = answer.get("data") if isinstance(answer, dict) else None
            if exchange["response"]["status"] == 200 and isinstance(data, dict) and "children" in data:
                skipped: Counter[str] = Counter()
                count += len(reddit._mentions(data["children"], skipped)[0])
    assert count > 1_000


@pytest.mark.live
def test_live() -> None:
    names = ("UMBRAGE_LIVE_REDDIT_ID", "UMBRAGE_LIVE_REDDIT_SECRET", "UMBRAGE_LIVE_REDDIT_NAME")
    if not all(os.environ.get(name) for name in names):
        pytest.skip(f"needs an approved app in {', '.join(names)}; see docs/platforms/reddit.md")
    secrets = {"client_id": {"env": names[0]}, "client_secret": {"env": names[1]}, "by": os.environ[names[2]]}
    options = reddit.Options.model_validate(secrets | {"subreddits": ["help"], "search": False})
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=WATCHES, cursor=None, since=now - timedelta(days=1), now=now)
    assert mentions(list(reddit.create(options).pages(asked)))


def test_a_moment_is_none_for_what_is_no_time() -> None:
    assert reddit._moment(True) is None
    assert reddit._moment(1e20) is None
    assert reddit._moment(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
