"""X: every post once, at its whole length, within the budget, through everything that tweepy trips over."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import _x_posts, x
from monitor.core.errors import AuthFailed, OutOfBudget, RateLimited, Unreadable
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
    assert "since_id" not in recent.asked[0].query
    assert "start_time" in recent.asked[0].query
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
    assert "start_time" in recent.asked[-1].query
    (page,) = read(server, page.cursor, NOON + timedelta(days=10, minutes=1))
    assert page.gaps == ()


def test_p3_the_smallest_id_that_x_names_is_used(server: LoopbackServer) -> None:
    recent = Recent(server)
    recent.posts = [post(1)]
    cursor = last_cursor(read(server))
    said = f"Please use a 'since_id' that is larger than {name(1)}"
    server.fail(SEARCH, Fault.answer(400, {"title": "Invalid Request", "errors": [{"message": said}]}))
    read(server, cursor)
    assert recent.asked[-1].query["since_id"] == name(1)


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


def test_p34_budgets_hold_the_dearest_page(server: LoopbackServer) -> None:
    month, day = collector(server, usd_per_day=3, page=10).budgets
    assert (month.limit, day.limit) == (10, 3)
    assert day.page == pytest.approx(0.3)


def test_p40_a_missing_token_names_its_place(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.core.errors import ConfigError

    monkeypatch.delenv("UMBRAGE_TEST_X")
    with pytest.raises(ConfigError, match="UMBRAGE_TEST_X"):
        read(server)


def test_mentions_of_accounts_are_read_too(server: LoopbackServer) -> None:
    Recent(server)
    server.routes["/2/users/42/mentions"] = lambda _: Reply(body=body(post(1, text="@acme help")))
    assert [found.text for found in mentions(read(server, mentions_of=("42",)))] == ["@acme help"]


def test_p59_p60_what_became_of_posts(server: LoopbackServer) -> None:
    error = {"resource_type": "tweet", "resource_id": name(2), "title": "Not Found Error"}
    server.routes[LOOK_UP] = lambda _: Reply(body=body(post(1, text="now"), errors=[error]))
    looked = collector(server).look_up([name(1), name(2), name(3)], NOON)
    assert [found.text for found in looked.found] == ["now"]
    assert looked.gone == (name(2),)
    assert looked.spent == (("USD", 0.015),)


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
    pytest.skip("needs a bearer token in UMBRAGE_LIVE_X and spends money; see docs/platforms/x.md")
