"""Hacker News: every item once, however late it is indexed and however many there are in an answer."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import hackernews
from monitor.core.mention import Kind, Mention
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "hackernews"
SEARCH = "/api/v1/search_by_date"
AT = int(NOON.timestamp())
ACME = (Watch(brand="Acme", terms=("Acme", "Acme Phone"), handles=("@acme",), misspellings=("Akme",)),)


def comment(number: int, at: object = AT - 60, **changes: Any) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "created_at_i": at,
        "author": "ann",
        "comment_text": f"Acme lost parcel {number} &amp; nobody<p>answers",
        "story_title": "Ask HN: who delivers?",
        "parent_id": 7,
        "title": "",
        "points": None,
    } | changes


def story(number: int, **changes: Any) -> dict[str, Any]:
    return comment(number, comment_text=None, parent_id=None, title="Acme is down", story_text=None) | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "hackernews",
        "id": str(number),
        "text": f"Acme lost parcel {number} & nobody\nanswers",
        "posted_at": datetime.fromtimestamp(AT - 60, UTC),
        "url": f"https://news.ycombinator.com/item?id={number}",
        "author": "ann",
        "reply_to": "7",
        "context": "Ask HN: who delivers?",
        "kind": Kind.REPLY,
    }
    return Mention(**fields | changes)


def body(*hits: object) -> bytes:
    return json.dumps({"hits": hits, "nbHits": len(hits)}).encode()


class TestContract(HttpCollectorContract):
    plugin = hackernews
    path = SEARCH
    answer = body(comment(1), story(2))
    malformed = body("x", comment(1), comment(3, at="never"), comment(4, comment_text=" "), story(2), {})
    expected = (
        mention(1),
        mention(2, text="Acme is down", reply_to=None, context=None, kind=Kind.POST),
    )

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "requests_per_minute": 160}


@pytest.fixture
def server() -> Any:
    with LoopbackServer({}) as running:
        yield running


class Algolia:
    """Answers as Algolia does: by time, newest first, and never more than ``most`` hits."""

    def __init__(self, server: LoopbackServer, most: int = 1_000) -> None:
        self.items: list[dict[str, Any]] = []
        self.most = most
        self.questions: list[Request] = []
        server.routes[SEARCH] = self.search

    def search(self, request: Request) -> Reply:
        self.questions.append(request)
        low, high = map(int, re.findall(r"\d+", request.query["numericFilters"]))
        word = request.query["query"].strip('"').casefold()
        found = [hit for hit in self.items if low < hit["created_at_i"] <= high and word in str(hit).casefold()]
        found.sort(key=lambda hit: -hit["created_at_i"])
        return Reply(body={"hits": found[: self.most]})


def read(
    server: LoopbackServer, cursor: str | None, now: datetime = NOON, watches: Any = ACME
) -> tuple[list[str], str]:
    collector = hackernews.create(hackernews.Options(base_url=server.url, timeout=0.5))
    asked = Round(watches=ACME, cursor=cursor, since=NOON - timedelta(days=1), now=now)
    pages = list(collector.pages(asked))
    return [found.id for found in mentions(pages)], last_cursor(pages) or ""


def test_it_asks_for_phrases_of_every_word_and_no_handles() -> None:
    collector = hackernews.create(hackernews.Options())
    assert collector.queries(ACME) == ['"Acme"', '"Akme"']


def test_p18_more_than_1000_hits_are_asked_for_by_time(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hackernews, "MOST_HITS", 10)
    algolia = Algolia(server, most=10)
    algolia.items = [comment(number, at=AT - number // 3) for number in range(95)]
    found, _ = read(server, None)
    assert sorted(map(int, found)) == list(range(95))
    assert len(algolia.questions) < 20


def test_p18_a_second_that_fills_an_answer_does_not_end_in_a_loop(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hackernews, "MOST_HITS", 10)
    algolia = Algolia(server, most=10)
    algolia.items = [comment(number, at=AT) for number in range(15)] + [comment(99, at=AT - 5)]
    found, _ = read(server, None)
    assert "99" in found
    assert len(algolia.questions) <= 4


def test_what_a_round_cannot_have_is_a_gap(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of one second than an answer holds, and more answers than a round asks for."""
    monkeypatch.setattr(hackernews, "MOST_HITS", 10)
    monkeypatch.setattr(hackernews, "MOST_QUESTIONS", 3)
    algolia = Algolia(server, most=10)
    algolia.items = [comment(number, at=AT) for number in range(15)]
    algolia.items += [comment(number, at=AT - number) for number in range(15, 60)]
    collector = hackernews.create(hackernews.Options(base_url=server.url, timeout=0.5))
    asked = Round(watches=ACME[:1], cursor=None, since=NOON - timedelta(days=1), now=NOON)
    gaps = [gap for page in collector.pages(asked) for gap in page.gaps]
    assert all("no more than 1,000 hits" in gap.why for gap in gaps)
    assert any(gap.start.timestamp() < AT <= gap.end.timestamp() <= AT + 1 for gap in gaps)
    assert gaps[0] != gaps[1]
    assert any(gap.start == NOON - timedelta(days=1) for gap in gaps)


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    algolia = Algolia(server)
    algolia.items = [comment(1, at=AT - 23 * 3600), comment(2, at=AT - 25 * 3600)]
    assert read(server, None)[0] == ["1"]


def test_what_is_indexed_late_is_found_and_nothing_is_given_twice(server: LoopbackServer) -> None:
    algolia = Algolia(server)
    algolia.items = [comment(1), comment(2, at=AT - 1200)]
    first, cursor = read(server, None)
    algolia.items += [comment(3, at=AT - 1800), comment(4, at=AT + 30)]
    again, cursor = read(server, cursor, NOON + timedelta(minutes=1))
    assert (sorted(first), sorted(again)) == (["1", "2"], ["3", "4"])
    assert read(server, cursor, NOON + timedelta(minutes=2))[0] == []


def test_an_item_that_two_words_find_is_given_once(server: LoopbackServer) -> None:
    Algolia(server).items = [comment(1, comment_text="Acme or Akme?")]
    assert read(server, None)[0] == ["1"]


def test_p56_points_are_no_reposts(server: LoopbackServer) -> None:
    Algolia(server).items = [comment(1, points=300)]
    collector = hackernews.create(hackernews.Options(base_url=server.url))
    asked = Round(watches=ACME, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    (found,) = mentions(list(collector.pages(asked)))
    assert (found.reposts, found.followers) == (None, None)


def test_p59_p61_what_became_of_items(server: LoopbackServer) -> None:
    item = {"id": 1, "type": "comment", "author": "ann", "text": "<p>now</p>", "created_at_i": AT, "parent_id": 7}
    server.routes["/api/v1/items/1"] = lambda _: Reply(body=item)
    server.routes["/api/v1/items/2"] = lambda _: Reply(body=item | {"author": None, "text": None})
    server.routes["/api/v1/items/3"] = lambda _: Reply(status=404, body=b"<html>")
    server.routes["/api/v1/items/4"] = lambda _: Reply(body=item | {"text": None})
    looked = hackernews.create(hackernews.Options(base_url=server.url)).look_up(["1", "2", "3", "4"], NOON)
    assert [(found.id, found.text, found.edited_at) for found in looked.found] == [("1", "now", NOON)]
    assert looked.gone == ("2", "3")


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    count = 0
    for path in FIXTURES.glob("search_*.json"):
        for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
            for hit in exchange["response"]["body"]["hits"]:
                found = hackernews._mention(hit)
                assert isinstance(found, Mention)
                assert "<p>" not in found.text
                count += 1
    assert count >= 10


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=(Watch(brand="x", terms=("apple",)),), cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(hackernews.create(hackernews.Options()).pages(asked)))
