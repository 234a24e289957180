"""X: every post once, at its whole length, within the budget, through everything that tweepy trips over."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import _x_posts, x
from monitor.core.errors import AuthFailed, OutOfBudget, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "x"
SEARCH, LOOK_UP = "/2/tweets/search/recent", "/2/tweets"
MINUTE = timedelta(minutes=1)
OPENED = "2019-05-01T00:00:00.000Z"
TOKEN = "AAAA-canary-token"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_X", TOKEN)


def name(number: int, at: datetime = NOON - MINUTE) -> str:
    """The id of the post with a number that is made at a moment."""
    return str(int(_x_posts.id_at(at)) + number)


def post(number: int, at: datetime = NOON - MINUTE, **changes: Any) -> dict[str, Any]:
    return {
        "id": name(number, at),
        "text": f"Acme lost parcel {number} &amp; nobody answers",
        "created_at": at.isoformat().replace("+00:00", ".000Z"),
        "author_id": "7",
        "lang": "en",
        "public_metrics": {"retweet_count": 3, "quote_count": 1},
        "edit_history_tweet_ids": [name(number, at)],
    } | changes


ANN = {
    "id": "7",
    "username": "ann",
    "created_at": OPENED,
    "protected": False,
    "public_metrics": {"followers_count": 50},
}


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "x",
        "id": name(number),
        "text": f"Acme lost parcel {number} & nobody answers",
        "posted_at": NOON - MINUTE,
        "url": f"https://x.com/ann/status/{name(number)}",
        "author": "ann",
        "language": "en",
        "followers": 50,
        "reposts": 4,
        "author_since": datetime.fromisoformat(OPENED),
    }
    return Mention(**fields | changes)


def body(*data: Any, users: Any = (ANN,), tweets: Any = (), **changes: Any) -> dict[str, Any]:
    ids = [one["id"] for one in data if isinstance(one, dict) and "id" in one]
    meta = {"result_count": len(data)} | (
        {"newest_id": max(ids, key=int), "oldest_id": min(ids, key=int)} if ids else {}
    )
    return {"data": list(data), "includes": {"users": list(users), "tweets": list(tweets)}, "meta": meta} | changes


class TestContract(HttpCollectorContract):
    plugin = x
    path = SEARCH
    secrets = (TOKEN,)
    answer = json.dumps(body(post(2), post(1))).encode()
    malformed = json.dumps(body(post(2), {"text": "no id"}, "x", post(1), errors=[{"title": "Gone"}])).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "token": {"env": "UMBRAGE_TEST_X"}, "requests_per_minute": 60}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def collector(server: LoopbackServer, **options: Any) -> x.X:
    given: dict[str, Any] = {
        "base_url": server.url,
        "timeout": 0.5,
        "token": {"env": "UMBRAGE_TEST_X"},
        "requests_per_minute": 60,
    }
    return x.create(x.Options(**given | options))


def read(server: LoopbackServer, cursor: str | None = None, now: datetime = NOON, **options: Any) -> list[Page]:
    watches = (Watch(brand="Acme", terms=("Acme",)),)
    asked = Round(watches=watches, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector(server, **options).pages(asked))


def only(server: LoopbackServer, answer: dict[str, Any]) -> Mention:
    server.routes[SEARCH] = lambda _: Reply(body=answer)
    (found,) = mentions(read(server))
    return found


class Recent:
    """Recent search as X does it: newest first, in pages, above an id or after a moment."""

    def __init__(self, server: LoopbackServer, size: int = 10) -> None:
        self.posts: list[dict[str, Any]] = []
        self.size = size
        self.asked: list[Request] = []
        server.routes[SEARCH] = self.search

    def search(self, request: Request) -> Reply:
        self.asked.append(request)
        assert not {"since_id", "start_time"} <= request.query.keys()
        oldest = int(request.query.get("since_id", 0))
        if "start_time" in request.query:
            oldest = int(_x_posts.id_at(datetime.fromisoformat(request.query["start_time"])))
        below = int(request.query.get("next_token", 2**63))
        found = [one for one in self.posts if oldest < int(one["id"]) < below]
        found.sort(key=lambda one: -int(one["id"]))
        page, rest = found[: self.size], found[self.size :]
        answer = body(*page)
        if rest:
            answer["meta"]["next_token"] = page[-1]["id"]
        return Reply(body=answer)


def test_queries_stay_under_512_characters_and_lose_no_word() -> None:
    watches = (Watch(brand="Acme", terms=tuple(f"Acme product {n}" for n in range(60)), handles=("@acme",)),)
    made = x.create(x.Options(token={"env": "X"})).queries(watches)  # type: ignore[arg-type]
    assert all(len(query) <= 512 for query in made)
    assert all(f'"Acme product {n}"' in " ".join(made) for n in range(60))
    assert all(query.endswith(" -is:retweet") for query in made)


def test_a_language_is_asked_for_only_when_all_watches_agree() -> None:
    def queries(*languages: tuple[str, ...]) -> list[str]:
        watches = [Watch(brand=str(n), terms=(f"word{n}",), languages=some) for n, some in enumerate(languages)]
        return x.create(x.Options(token={"env": "X"})).queries(watches)  # type: ignore[arg-type]

    assert "lang:de" in queries(("de",), ("de",))[0]
    assert "lang:" not in queries(("de",), ("en",))[0] + queries(("de", "en"))[0] + queries(())[0]


def test_p1_p2_all_pages_are_read_and_the_next_start_is_the_first_pages_newest(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(n, NOON - 60 * MINUTE + n * MINUTE) for n in range(45)]
    pages = read(server)
    assert len(mentions(pages)) == 45
    assert {request.query["since_id"] for request in recent.asked} == {_x_posts.id_at(NOON - timedelta(days=1))}
    assert not any("start_time" in request.query for request in recent.asked)
    read(server, last_cursor(pages), NOON + MINUTE)
    assert recent.asked[-1].query["since_id"] == str(
        min(int(name(44, NOON - 16 * MINUTE)), int(_x_posts.id_at(NOON - 30 * MINUTE)))
    )


def test_p1_a_crash_in_the_middle_of_the_pages_goes_on_below(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(n, NOON - 60 * MINUTE + n * MINUTE) for n in range(45)]
    pages = read(server)
    recent.posts += [post(100 + n) for n in range(5)]
    rest = read(server, pages[1].cursor)
    assert len(mentions(pages[:2])) + len(mentions(rest)) == 45
    assert len(mentions(read(server, last_cursor(rest)))) == 5


def test_posts_that_are_indexed_late_are_found_and_none_is_given_or_billed_twice(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    first = read(server)
    recent.posts.append(post(2, NOON - 20 * MINUTE))
    again = read(server, last_cursor(first), NOON + MINUTE, price_user=0.0)
    assert [found.id for found in mentions(again)] == [name(2, NOON - 20 * MINUTE)]
    assert [page.spent for page in again] == [(("USD", 0.005),)]


def test_p3_a_start_older_than_seven_days_is_recovered_with_a_gap(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    recent.posts.append(post(2, NOON + timedelta(days=9)))
    (page,) = read(server, cursor, NOON + timedelta(days=10))
    assert len(page.mentions) == 1
    (gap,) = page.gaps
    assert gap.start < NOON < gap.end < NOON + timedelta(days=4)
    (page,) = read(server, page.cursor, NOON + timedelta(days=10, minutes=1))
    assert page.gaps == ()


def test_p3_the_smallest_id_that_x_names_is_used(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    smallest = name(1, NOON + 60 * MINUTE)
    said = f"Please use a 'since_id' that is larger than {smallest}"
    server.fail(SEARCH, Fault.answer(400, {"title": "Invalid Request", "errors": [{"message": said}]}))
    (page,) = read(server, cursor, NOON + 90 * MINUTE)
    assert recent.asked[-1].query["since_id"] == str(int(smallest) + 1)
    (gap,) = page.gaps
    assert gap.start < NOON < gap.end


def test_p3_p4_refusals_without_end_are_an_error_and_no_loop(server: LoopbackServer) -> None:
    said = f"Please use a 'since_id' that is larger than {name(1)}"
    server.routes[SEARCH] = lambda _: Reply(status=400, body={"errors": [{"message": said}]})
    with pytest.raises(Unreadable):
        read(server)
    assert len(server.requests) <= x.MOST_REPAIRS + 1


def test_p3_a_quiet_brand_leaves_no_gap(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    for day in range(1, 20):
        (page,) = read(server, cursor, NOON + timedelta(days=day))
        assert page.gaps == ()
        cursor = page.cursor
    late = NOON + timedelta(days=20)
    recent.posts.append(post(2, late - MINUTE))
    assert len(mentions(read(server, cursor, late))) == 1


def test_a_clock_that_is_fast_skips_nothing(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server, None, NOON + timedelta(hours=9)))
    recent.posts.append(post(2, NOON))
    assert [found.id for found in mentions(read(server, cursor, NOON + timedelta(hours=10)))] == [name(2, NOON)]


def test_p4_tokens_that_never_end_do_not_end_in_a_loop(server: LoopbackServer) -> None:
    count = 0

    def endless(_: Request) -> Reply:
        nonlocal count
        count += 1
        answer = body(post(1))
        answer["meta"]["next_token"] = f"token{count}"
        return Reply(body=answer)

    server.routes[SEARCH] = endless
    assert len(mentions(read(server))) == 1
    assert count == 2


def test_p4_an_expired_token_of_a_page_starts_the_query_anew(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(n) for n in range(25)]
    pages = read(server)
    server.fail(SEARCH, Fault.answer(400, {"title": "Invalid Request", "detail": "bad next_token"}))
    rest = read(server, pages[0].cursor)
    assert {one["id"] for one in recent.posts} == {found.id for found in mentions([pages[0], *rest])}


def test_more_pages_than_a_round_may_read_are_read_in_the_next(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x, "MOST_PAGES", 2)
    recent = Recent(server)
    recent.posts = [post(n) for n in range(45)]
    found: list[Mention] = []
    cursor = None
    for _ in range(3):
        pages = read(server, cursor)
        found += mentions(pages)
        cursor = last_cursor(pages)
    assert len({one.id for one in found}) == len(found) == 45


def test_p4_an_empty_page_in_the_middle_does_not_end_the_reading(server: LoopbackServer) -> None:
    def search(request: Request) -> Reply:
        token = request.query.get("next_token")
        if token == "b":
            return Reply(body=body(post(1)))
        page = body() if token else body(post(2))
        page["meta"]["next_token"] = "b" if token else "a"
        return Reply(body=page)

    server.routes[SEARCH] = search
    assert {found.id for found in mentions(read(server))} == {name(1), name(2)}


def test_p4_empty_pages_without_end_end_the_round_and_the_reading(server: LoopbackServer) -> None:
    def endless(_: Request) -> Reply:
        return Reply(body={"meta": {"result_count": 0, "next_token": str(len(server.requests))}})

    server.routes[SEARCH] = endless
    cursor = last_cursor(read(server))
    assert len(server.requests) == x.MOST_PAGES
    read(server, cursor)
    assert "next_token" not in server.requests[x.MOST_PAGES].query


def test_a_post_that_came_along_with_its_answer_is_still_given_when_it_is_found(server: LoopbackServer) -> None:
    def search(request: Request) -> Reply:
        if "next_token" in request.query:
            return Reply(body=body(post(1)))
        page = body(post(2, referenced_tweets=[{"type": "replied_to", "id": name(1)}]), tweets=[post(1)])
        page["meta"]["next_token"] = "next"
        return Reply(body=page)

    server.routes[SEARCH] = search
    assert [found.id for found in mentions(read(server))] == [name(2), name(1)]


def test_new_words_start_where_the_old_ones_were_left(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    recent.posts.append(post(2, NOON + 5 * MINUTE))
    now = NOON + timedelta(days=3)
    watches = (Watch(brand="Acme", terms=("Acme",)), Watch(brand="Parcel", terms=("parcel",)))
    asked = Round(watches=watches, cursor=cursor, since=now - timedelta(days=1), now=now)
    assert name(2, NOON + 5 * MINUTE) in {found.id for found in mentions(list(collector(server).pages(asked)))}


def many(count: int) -> tuple[Watch, ...]:
    return (Watch(brand="Acme", terms=tuple(f"word{n} {'x' * 200}" for n in range(count))),)


def test_one_query_that_x_does_not_understand_leaves_the_others_alone(server: LoopbackServer) -> None:
    def search(request: Request) -> Reply:
        if "word0" in request.query["query"]:
            return Reply(status=400, body={"detail": "no such operator"})
        return Reply(body=body(post(1)))

    server.routes[SEARCH] = search
    asked = Round(watches=many(6), cursor=None, since=NOON - timedelta(days=1), now=NOON)
    with pytest.raises(PartlyRead):
        list(collector(server).pages(asked))
    asked_for = [request.query["query"] for request in server.requests]
    assert len(set(asked_for)) == len(asked_for) == 3


def test_the_query_that_waited_longest_comes_first(server: LoopbackServer) -> None:
    """A budget may end a round after any page: no query may starve."""
    server.routes[SEARCH] = lambda _: Reply(body=body(post(1)))
    cursor = None
    for minute in range(3):
        asked = Round(watches=many(6), cursor=cursor, since=NOON - timedelta(days=1), now=NOON + minute * MINUTE)
        cursor = next(iter(collector(server).pages(asked))).cursor
    assert len({request.query["query"] for request in server.requests}) == 3


def test_a_word_that_is_too_long_is_counted(server: LoopbackServer) -> None:
    Recent(server)
    watches = (Watch(brand="Acme", terms=("Acme", "x" * 600)),)
    asked = Round(watches=watches, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    assert ("a word too long to search for", 1) in [
        item for page in collector(server).pages(asked) for item in page.skipped
    ]


def test_an_error_in_place_of_posts_is_told(server: LoopbackServer) -> None:
    Recent(server)
    error = {"resource_type": "user", "title": "Not Found Error"}
    server.routes["/2/users/42/mentions"] = lambda _: Reply(body={"errors": [error]})
    with pytest.raises(PartlyRead, match="Not Found Error"):
        read(server, mentions_of=("42",))


def test_p10_more_mentions_than_x_shows_are_a_gap(server: LoopbackServer) -> None:
    Recent(server)

    def timeline(request: Request) -> Reply:
        start = int(request.query.get("pagination_token", 0))
        page = body(*(post(1_000 - n) for n in range(start, start + 100)))
        if start < 700:
            page["meta"]["next_token"] = str(start + 100)
        return Reply(body=page)

    server.routes["/2/users/42/mentions"] = timeline
    gaps = [gap for page in read(server, mentions_of=("42",), usd_per_month=1_000) for gap in page.gaps]
    assert [(gap.start, gap.end) for gap in gaps] == [(NOON - timedelta(days=1), NOON - MINUTE)]


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": []}])
def test_p5_nothing_found_is_no_error(server: LoopbackServer, data: dict[str, Any]) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=data | {"meta": {"result_count": 0}})
    assert mentions(read(server)) == []


def test_p6_p44_reposts_are_folded_into_the_whole_original(server: LoopbackServer) -> None:
    original = post(1, text="Acme lost my parcel, the third one this month, and nobody there answers")
    repost = post(
        2, text="RT @ann: Acme lost my parcel, the…", referenced_tweets=[{"type": "retweeted", "id": name(1)}]
    )
    another = {**repost, "id": name(3), "edit_history_tweet_ids": [name(3)]}
    found = only(server, body(another, repost, tweets=[original]))
    assert (found.id, found.text, found.kind, found.reposts) == (name(1), original["text"], Kind.POST, 4)


def test_p42_a_repost_names_the_author_of_the_original(server: LoopbackServer) -> None:
    original = post(1, author_id="8", referenced_tweets=[{"type": "replied_to", "id": name(0)}])
    repost = post(2, text="RT @bob: Acme…", referenced_tweets=[{"type": "retweeted", "id": name(1)}])
    found = only(server, body(repost, tweets=[original]))
    assert (found.author, found.followers, found.kind, found.reply_to) == ("bob", None, Kind.REPLY, name(0))


def test_p42_a_repost_of_what_is_not_there_is_kept_and_so_is_an_unknown_author(server: LoopbackServer) -> None:
    repost = post(2, text="RT @ann: Acme…", referenced_tweets=[{"type": "retweeted", "id": name(1)}])
    found = only(server, body(repost, users=()))
    assert (found.kind, found.author, found.followers) == (Kind.REPOST, None, None)
    assert found.url == f"https://x.com/i/status/{name(2)}"


def test_a_quote_is_a_mention_if_it_has_words(server: LoopbackServer) -> None:
    reference = [{"type": "quoted", "id": name(1)}]
    quote = post(2, text="Same here, Acme https://t.co/x", referenced_tweets=reference)
    assert only(server, body(quote, tweets=[post(1)])).id == name(2)
    assert only(server, body(quote | {"text": " https://t.co/x "}, tweets=[post(1)])).id == name(1)


def test_a_reply_names_its_parent_and_brings_its_words(server: LoopbackServer) -> None:
    reply = post(2, referenced_tweets=[{"type": "replied_to", "id": name(1)}])
    found = only(server, body(reply, tweets=[post(1)]))
    assert (found.kind, found.reply_to) == (Kind.REPLY, name(1))
    assert found.context == "Acme lost parcel 1 & nobody answers"


def test_p41_what_cannot_be_seen_is_counted_and_stops_nothing(server: LoopbackServer) -> None:
    error = {"resource_type": "tweet", "resource_id": name(9), "title": "Authorization Error"}
    server.routes[SEARCH] = lambda _: Reply(body=body(post(1), errors=[error]))
    (page,) = read(server)
    assert len(page.mentions) == 1
    assert dict(page.skipped) == {"not to be seen (deleted, withheld or suspended)": 1}


def test_p43_an_edit_is_the_same_post_with_newer_words(server: LoopbackServer) -> None:
    edited = post(5, NOON, text="Acme, still nothing", edit_history_tweet_ids=[name(1), name(5, NOON)])
    found = only(server, body(edited, post(1)))
    assert (found.id, found.text, found.edited_at) == (name(1), "Acme, still nothing", NOON)
    assert abs(found.posted_at - (NOON - MINUTE)) < timedelta(seconds=1)


def test_p43_an_edit_that_is_found_later_is_given_again(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    recent.posts = [post(5, NOON, text="Acme, still nothing", edit_history_tweet_ids=[name(1), name(5, NOON)])]
    (found,) = mentions(read(server, cursor, NOON + MINUTE))
    assert (found.id, found.text) == (name(1), "Acme, still nothing")


def test_p45_long_posts_are_whole(server: LoopbackServer) -> None:
    assert only(server, body(post(1, note_tweet={"text": "Acme " + "x" * 5_000}))).text == "Acme " + "x" * 5_000


def test_p46_ids_of_19_digits_survive(server: LoopbackServer) -> None:
    Recent(server).posts = [post(1)]
    (found,) = mentions(read(server))
    assert len(found.id) == 19
    assert found.id == name(1)


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "²", "edit_history_tweet_ids": None},
        {"id": "words", "created_at": None},
        {"id": "9" * 5_000, "edit_history_tweet_ids": [name(1)], "created_at": None},
        {"created_at": "0001-01-01T00:00:00+14:00", "lang": []},
        {"referenced_tweets": 7, "public_metrics": [], "note_tweet": 1, "edit_history_tweet_ids": {}},
    ],
)
def test_p53_p55_odd_fields_stop_nothing(server: LoopbackServer, odd: dict[str, Any]) -> None:
    answer = body(post(1), post(2))
    answer["data"][0] |= odd
    server.routes[SEARCH] = lambda _: Reply(body=answer)
    assert name(2) in {found.id for found in mentions(read(server))}


def test_an_odd_name_makes_no_address(server: LoopbackServer) -> None:
    found = only(server, body(post(1), users=[ANN | {"username": "../../evil?"}]))
    assert found.url == f"https://x.com/i/status/{name(1)}"


def test_p54_hebrew_and_indonesian_have_their_usual_names(server: LoopbackServer) -> None:
    assert only(server, body(post(1, lang="iw"))).language == "he"
    assert (
        "lang:"
        not in x.create(x.Options(token={"env": "X"})).queries(  # type: ignore[arg-type]
            [Watch(brand="Acme", terms=("Acme",), languages=("he",))]
        )[0]
    )


@pytest.mark.parametrize("language", ["und", "qst", "zxx", None, 7])
def test_p54_languages_that_are_none(server: LoopbackServer, language: Any) -> None:
    assert only(server, body(post(1, lang=language))).language is None


def test_p60_protected_accounts_are_left_out(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(post(1), users=[ANN | {"protected": True}]))
    (page,) = read(server)
    assert (page.mentions, dict(page.skipped)) == ((), {"by a protected account": 1})


def error_of(server: LoopbackServer, fault: Fault) -> Exception:
    Recent(server)
    server.fail(SEARCH, fault)
    with pytest.raises(Exception) as caught:
        read(server)
    assert len(server.requests) == 1, "asked again on its own"
    return caught.value


def reset(at: datetime) -> dict[str, str]:
    return {"x_rate_limit_reset": str(int(at.timestamp())), "x_rate_limit_remaining": "0"}


def test_p23_a_window_that_ends_soon_is_waited_for(server: LoopbackServer) -> None:
    error = error_of(server, Fault.answer(429, {"title": "Too Many Requests"}, **reset(NOON + 9 * MINUTE)))
    assert isinstance(error, RateLimited)
    assert error.until == NOON + 9 * MINUTE


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("said", [b"[]", b'"no"', b"17", b'{"errors": "x"}', b'{"errors": [7]}', b'{"detail": 1}'])
def test_p27_errors_of_an_odd_form_are_no_bugs(server: LoopbackServer, status: int, said: bytes) -> None:
    assert isinstance(error_of(server, Fault.answer(status, said)), SourceError)


def test_p27_json_without_end(server: LoopbackServer) -> None:
    assert isinstance(error_of(server, Fault.answer(200, b"[" * 200_000)), Unreadable)


@pytest.mark.parametrize(
    "headers", [{}, reset(NOON - MINUTE), reset(NOON + timedelta(days=99)), {"x_rate_limit_reset": "soon"}]
)
def test_p23_a_reset_that_makes_no_sense_leaves_the_pause_to_us(
    server: LoopbackServer, headers: dict[str, str]
) -> None:
    error = error_of(server, Fault.answer(429, b"<html>", **headers))
    assert isinstance(error, RateLimited | Unreadable)
    assert getattr(error, "until", None) is None


def test_p24_a_used_up_plan_is_no_window(server: LoopbackServer) -> None:
    said = {"title": "UsageCapExceeded", "type": "https://api.x.com/2/problems/usage-capped"}
    error = error_of(server, Fault.answer(429, said, x_rate_limit_remaining="39999"))
    assert isinstance(error, OutOfBudget)


def test_p25_credits_that_are_used_up(server: LoopbackServer) -> None:
    assert isinstance(error_of(server, Fault.answer(402, {"title": "CreditsDepleted"})), OutOfBudget)


def test_p26_refusals_say_what_to_do(server: LoopbackServer) -> None:
    error = error_of(server, Fault.answer(403, {"reason": "client-not-enrolled", "title": "Client Forbidden"}))
    assert isinstance(error, AuthFailed)
    assert "client-not-enrolled" in str(error)


def test_p26_an_unauthorized_token_is_named(server: LoopbackServer) -> None:
    error = error_of(server, Fault.answer(401, {"title": "Unauthorized"}))
    assert isinstance(error, AuthFailed)
    assert "option token" in str(error)


def test_p34_a_page_costs_what_x_bills(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(post(1), post(2)))
    (page,) = read(server)
    assert dict(page.spent)["USD"] == pytest.approx(2 * 0.005 + 0.010)


def test_p34_the_same_account_is_billed_once_a_day(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    first = read(server)
    (again,) = read(server, last_cursor(first), NOON + MINUTE)
    assert (first[0].spent, again.spent) == ((("USD", 0.015),), (("USD", 0.0),))


def test_p34_a_new_day_is_billed_anew(server: LoopbackServer) -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    recent = Recent(server)
    recent.posts = [post(n, midnight - 10 * MINUTE + n * MINUTE) for n in range(2)]
    (first,) = read(server, None, midnight - MINUTE)
    (again,) = read(server, first.cursor, midnight + MINUTE)
    assert again.mentions == ()
    assert again.spent == (("USD", 0.02),)


def test_p34_budgets_hold_the_dearest_page(server: LoopbackServer) -> None:
    month, day = collector(server, usd_per_day=3, page=10).budgets
    assert (month.limit, day.limit) == (10, 3)
    assert day.page == pytest.approx(0.25)


def test_p34_the_first_page_fits_on_the_first_day(server: LoopbackServer) -> None:
    (month,) = collector(server).budgets
    assert month.has_room(0.0, datetime(2026, 11, 1, tzinfo=UTC))
    recent = Recent(server)
    read(server)
    read(server, usd_per_month=100)
    assert [request.query["max_results"] for request in recent.asked] == ["10", "32"]


def test_p34_a_budget_that_holds_no_page_is_refused(server: LoopbackServer) -> None:
    with pytest.raises(ValidationError, match="more than the budget"):
        collector(server, usd_per_day=0.1)


def test_p62_looking_up_costs_no_more_than_a_page(server: LoopbackServer) -> None:
    made = collector(server)
    assert 2 * made.batch * 0.005 <= made.budgets[0].page
    assert collector(server, usd_per_month=1_000).batch == 100


def test_p40_a_missing_token_names_its_place(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.core.errors import ConfigError

    monkeypatch.delenv("UMBRAGE_TEST_X")
    with pytest.raises(ConfigError, match="UMBRAGE_TEST_X"):
        read(server)


def test_mentions_of_accounts_are_read_too(server: LoopbackServer) -> None:
    Recent(server)
    server.routes["/2/users/42/mentions"] = lambda _: Reply(body=body(post(1, text="@acme help")))
    assert [found.text for found in mentions(read(server, mentions_of=("42",)))] == ["@acme help"]


KEYS = ("consumer_key", "consumer_secret", "access_token", "access_secret")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The keys of account 42."""
    for key in KEYS:
        monkeypatch.setenv(
            f"UMBRAGE_TEST_{key.upper()}", f"42-canary-{key}" if key == "access_token" else f"canary-{key}"
        )
    return {key: {"env": f"UMBRAGE_TEST_{key.upper()}"} for key in KEYS}


def test_own_mentions_are_read_in_the_accounts_name_for_less(server: LoopbackServer, account: dict[str, Any]) -> None:
    Recent(server)
    other = post(9, text="Look at this", author_id="8")
    own = body(post(1, text="@acme help"), post(2, text="@acme ?"), tweets=[other])
    server.routes["/2/users/42/mentions"] = lambda _: Reply(body=own)
    pages = read(server, account=account)
    assert [found.text for found in mentions(pages)] == ["@acme help", "@acme ?"]
    search, request = server.requests
    assert search.headers["authorization"] == f"Bearer {TOKEN}"
    signed = request.headers["authorization"]
    assert signed.startswith("OAuth ")
    assert 'oauth_token="42-canary-access_token"' in signed
    assert "secret" not in signed
    # Ann came along with the search already.
    assert dict(pages[-1].spent)["USD"] == pytest.approx(2 * 0.001 + 0.005)


def test_own_mentions_go_on_where_they_were_left(server: LoopbackServer, account: dict[str, Any]) -> None:
    Recent(server)
    server.routes["/2/users/42/mentions"] = lambda _: Reply(body=body(post(1)))
    cursor = last_cursor(read(server, account=account))
    assert mentions(read(server, cursor, NOON + MINUTE, account=account)) == []
    assert server.requests[-1].query["since_id"] > server.requests[1].query["since_id"]


@pytest.mark.parametrize("status", [401, 403])
def test_p26_refused_keys_of_the_account_leave_the_searches(
    server: LoopbackServer, account: dict[str, Any], status: int
) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    server.fail("/2/users/42/mentions", Fault.answer(status, {"title": "Unauthorized"}))
    pages: list[Page] = []
    asked = Round(
        watches=(Watch(brand="Acme", terms=("Acme",)),), cursor=None, since=NOON - timedelta(days=1), now=NOON
    )
    with pytest.raises(PartlyRead, match="1 of 2 queries and accounts: X refuses") as caught:
        for page in collector(server, account=account).pages(asked):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert [found.id for found in mentions(pages)] == [name(1)]
    assert "canary" not in str(caught.value)
    if status == 401:
        assert "option account" in str(caught.value)


def test_p40_a_token_that_names_no_account_says_so(
    server: LoopbackServer, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Recent(server)
    monkeypatch.setenv("UMBRAGE_TEST_ACCESS_TOKEN", "canary")
    with pytest.raises(AuthFailed, match="begins with the account's id and a dash"):
        read(server, account=account)


def test_p59_p60_what_became_of_posts(server: LoopbackServer) -> None:
    error = {"resource_type": "tweet", "resource_id": name(2), "title": "Not Found Error"}
    server.routes[LOOK_UP] = lambda _: Reply(body=body(post(1, text="now"), errors=[error]))
    looked = collector(server).look_up([name(1), name(2), name(3)], NOON)
    assert [found.text for found in looked.found] == ["now"]
    assert looked.gone == (name(2),)
    assert looked.spent == (("USD", 0.005),)


def test_p43_p59_newer_words_have_an_id_of_their_own(server: LoopbackServer) -> None:
    history = [name(1), name(5, NOON)]

    def look_up(request: Request) -> Reply:
        if request.query["ids"] == name(1):
            return Reply(body=body(post(1, edit_history_tweet_ids=history)))
        return Reply(body=body(post(5, NOON, text="nothing to see", edit_history_tweet_ids=history)))

    server.routes[LOOK_UP] = look_up
    looked = collector(server).look_up([name(1)], NOON)
    assert (looked.found[-1].id, looked.found[-1].text) == (name(1), "nothing to see")
    assert looked.spent == (("USD", 0.01),)


def test_p61_trouble_with_a_post_is_not_its_end(server: LoopbackServer) -> None:
    error = {"resource_type": "tweet", "resource_id": name(2), "title": "Service Unavailable"}
    server.routes[LOOK_UP] = lambda _: Reply(body={"errors": [error]})
    assert collector(server).look_up([name(2)], NOON).gone == ()


def test_p62_all_are_gone(server: LoopbackServer) -> None:
    error = {"resource_type": "tweet", "resource_id": name(2), "title": "Not Found Error"}
    server.routes[LOOK_UP] = lambda _: Reply(body={"errors": [error]})
    assert collector(server).look_up([name(2)], NOON).gone == (name(2),)


def test_what_a_query_would_cost(server: LoopbackServer) -> None:
    server.routes["/2/tweets/counts/recent"] = lambda _: Reply(body={"data": [], "meta": {"total_tweet_count": 1000}})
    (found,) = collector(server).estimates((Watch(brand="Acme", terms=("Acme",)),))
    assert (found.posts, found.cost, found.unit) == (1000, 15.0, "USD")


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    from collections import Counter

    count = 0
    for path in sorted(FIXTURES.glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            answer = exchange["response"]["body"]
            if exchange["response"]["status"] == 200 and '"text"' in json.dumps(answer):
                skipped: Counter[str] = Counter()
                found = _x_posts.read(answer, skipped)
                count += len(found)
                assert skipped["no id"] == 0, path
    assert count > 100


@pytest.mark.live
def test_live() -> None:
    if "UMBRAGE_LIVE_X" not in os.environ:
        pytest.skip("set UMBRAGE_LIVE_X to a bearer token; it spends up to 0.25 USD")
    options = x.Options.model_validate({"token": {"env": "UMBRAGE_LIVE_X"}, "page": 10})
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=(Watch(brand="x", terms=("iphone",)),), cursor=None, since=now - timedelta(hours=1), now=now)
    page = next(iter(x.create(options).pages(asked)))
    assert page.mentions
