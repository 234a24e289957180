"""Stack Exchange: questions and answers once, within its allowance, with the pauses that it asks for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import pace as pace_of
from monitor.collectors import stackexchange
from monitor.core.errors import AuthFailed, OutOfBudget, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "stackexchange"
PACE = pace_of.Pace
SEARCH = "/2.3/search/excerpts"
AT = NOON - timedelta(minutes=5)
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


def question(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "item_type": "question",
        "question_id": number,
        "title": "Acme&#39;s phone is dead",
        "body": "<p>It does not <b>start</b> &amp; nobody answers</p>",
        "creation_date": int(at.timestamp()),
        "owner": {"display_name": "Ann &amp; Bob"},
    } | changes


def answer(number: int, **changes: Any) -> dict[str, Any]:
    return question(7) | {"item_type": "answer", "answer_id": number, "body": "Same with my Acme"} | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "stackexchange",
        "id": f"stackoverflow/{number}",
        "text": "Acme's phone is dead\nIt does not start & nobody answers",
        "posted_at": AT,
        "url": f"https://stackoverflow.com/q/{number}",
        "author": "Ann & Bob",
    }
    return Mention(**fields | changes)


def body(*items: Any, **changes: Any) -> dict[str, Any]:
    return {"items": list(items), "has_more": False, "quota_max": 300, "quota_remaining": 200} | changes


class TestContract(HttpCollectorContract):
    plugin = stackexchange
    path = SEARCH
    watches = WATCHES
    answer = json.dumps(body(question(2), question(1))).encode()
    malformed = json.dumps(body(question(2), "x", {"title": "?"}, question(1))).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "requests_per_minute": 600}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def made(server: LoopbackServer, **options: Any) -> stackexchange.StackExchange:
    given: dict[str, Any] = {"base_url": server.url, "timeout": 0.5, "requests_per_minute": 600}
    return stackexchange.create(stackexchange.Options(**given | options))


def read(collector: stackexchange.StackExchange, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    return list(collector.pages(asked))


def test_questions_and_answers(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(question(2, last_edit_date=int(NOON.timestamp())), answer(9)))
    first, second = mentions(read(made(server)))
    assert first == mention(2, edited_at=NOON)
    assert (second.id, second.kind, second.reply_to) == ("stackoverflow/9", Kind.REPLY, "stackoverflow/7")
    assert (second.context, second.url) == ("Acme's phone is dead", "https://stackoverflow.com/a/9")


POSTS = "/2.3/posts/2;9"


def hits() -> list[dict[str, Any]]:
    """What a search gives: excerpts, with neither authors nor edits."""
    found = (question(2), answer(9))
    return [
        {k: v for k, v in one.items() if k not in ("body", "owner")} | {"excerpt": "It does &hellip;"} for one in found
    ]


def test_the_whole_words_and_the_author_come_at_once_and_only_once(server: LoopbackServer) -> None:
    whole = [
        {"post_id": 2, "post_type": "question", "body": "<p>It does not start</p>", "owner": {"display_name": "Ann"}},
        {"post_id": 9, "post_type": "answer", "body": "<p>Nor mine</p>", "last_edit_date": int(NOON.timestamp())},
    ]
    server.routes[SEARCH] = lambda _: Reply(body=body(*hits()))
    server.routes[POSTS] = lambda _: Reply(body=body(*whole))
    collector = made(server)
    pages = read(collector)
    first, second = mentions(pages)
    assert (first.text, first.author) == ("Acme's phone is dead\nIt does not start", "Ann")
    assert (second.text, second.edited_at, second.reply_to) == ("Nor mine", NOON, "stackoverflow/7")
    assert pages[0].spent == (("requests", 2.0),)
    assert server.requests[1].query["filter"] == "withbody"
    again = read(collector, last_cursor(pages), NOON + timedelta(minutes=5))
    assert (mentions(again), again[0].spent) == ([], (("requests", 1.0),))
    assert len(server.requests) == 3


def test_what_cannot_be_read_whole_is_taken_as_it_was_found(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(*hits()))
    server.routes[POSTS] = lambda _: Reply(status=500, body={})
    (page,) = read(made(server))
    assert [found.text for found in page.mentions] == ["Acme's phone is dead\nIt does …", "It does …"]
    assert dict(page.skipped) == {"only an excerpt could be read": 2}
    server.routes[POSTS] = lambda _: Reply(body=body())
    (page,) = read(made(server))
    assert (len(page.mentions), page.skipped) == (2, ())


def test_p36_a_pause_asked_for_there_is_kept_too(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(*hits()))
    server.routes[POSTS] = lambda _: Reply(status=400, body={"error_id": 502, "error_name": "throttle_violation"})
    with pytest.raises(RateLimited):
        read(made(server))


def test_pages_are_read_to_where_the_last_round_began(server: LoopbackServer) -> None:
    items = [question(n, NOON - timedelta(minutes=n)) for n in range(250)]

    def page(request: Request) -> Reply:
        start = (int(request.query["page"]) - 1) * 100
        return Reply(body=body(*items[start : start + 100], has_more=start + 100 < len(items)))

    server.routes[SEARCH] = page
    collector = made(server)
    pages = read(collector)
    assert len({found.id for found in mentions(pages)}) == 250
    server.requests.clear()
    assert mentions(read(collector, last_cursor(pages), NOON)) == []
    assert len(server.requests) == 2


def test_p36_nothing_left_for_today_stops_until_midnight(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(question(1), quota_remaining=0))
    collector = made(server)
    assert len(mentions(read(collector))) == 1
    with pytest.raises(OutOfBudget) as caught:
        read(collector)
    assert caught.value.until == datetime(2026, 11, 3, tzinfo=UTC)
    assert len(server.requests) == 1
    assert read(collector, now=datetime(2026, 11, 3, tzinfo=UTC))


def test_p36_a_long_backoff_in_a_good_answer_is_obeyed(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(question(1), backoff=120))
    collector = made(server)
    assert len(mentions(read(collector))) == 1
    with pytest.raises(RateLimited) as caught:
        read(collector)
    assert caught.value.until == NOON + timedelta(seconds=120)
    assert len(server.requests) == 1


def test_p36_a_short_backoff_is_waited_for(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:

    waits: list[float] = []
    monkeypatch.setattr(pace_of, "_PACES", {})
    monkeypatch.setattr(pace_of, "Pace", lambda most: PACE(most, clock=lambda: 0.0, wait=waits.append))
    server.routes[SEARCH] = lambda _: Reply(body=body(question(1), backoff=10))
    collector = made(server)
    read(collector)
    read(collector)
    assert waits == [10.0]


def test_p36_the_allowance_is_a_budget(server: LoopbackServer) -> None:
    server.routes[SEARCH] = lambda _: Reply(body=body(question(1)))
    collector = made(server)
    (page,) = read(collector)
    assert page.spent == (("requests", 1.0),)
    assert [budget.limit for budget in collector.budgets] == [280]


@pytest.mark.parametrize(
    ("name", "error"),
    [("throttle_violation", RateLimited), ("access_denied", AuthFailed), ("bad_parameter", Unreadable)],
)
def test_p27_errors_come_as_bad_requests(server: LoopbackServer, name: str, error: type[SourceError]) -> None:
    server.fail(SEARCH, Fault.answer(400, {"error_id": 502, "error_name": name, "error_message": "no"}))
    with pytest.raises(error):
        read(made(server))


def test_p66_the_key_is_sent_and_never_shown(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_KEY", "canary")
    server.fail(SEARCH, Fault.answer(500))
    with pytest.raises(SourceError) as caught:
        read(made(server, key={"env": "UMBRAGE_TEST_KEY"}))
    assert server.requests[0].query["key"] == "canary"
    assert "canary" not in str(caught.value)


def test_p59_what_became_of_posts(server: LoopbackServer) -> None:
    post = question(1) | {"post_id": 1, "post_type": "question", "question_id": None}
    server.routes["/2.3/posts/1;2"] = lambda _: Reply(body=body(post))
    looked = made(server).look_up(["stackoverflow/1", "stackoverflow/2"], NOON)
    assert [found.id for found in looked.found] == ["stackoverflow/1"]
    assert looked.gone == ("stackoverflow/2",)


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    count = 0
    for path in sorted(FIXTURES.glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            for item in exchange["response"]["body"]["items"]:
                count += isinstance(stackexchange._mention(item | {"title": "x"}, "stackoverflow"), Mention)
    assert count > 0


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    watches = (Watch(brand="x", terms=("python",)),)
    asked = Round(watches=watches, cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(stackexchange.create(stackexchange.Options()).pages(asked)))
