"""Google Play: every review once, and a clear word when its pages have changed."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import play
from monitor.core.errors import RateLimited, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

PATH = "/_/PlayStoreUi/data/batchexecute"
AT = NOON - timedelta(hours=2)


def review(number: int, at: datetime = AT, text: Any = "It crashes every time") -> list[Any]:
    return [f"gp:{number}", ["Ann", [None]], 1, None, text, [int(at.timestamp()), 0], 4, None, None, None, "3.2"]


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "play",
        "id": f"gp:{number}",
        "text": "It crashes every time",
        "posted_at": AT,
        "edited_at": AT,
        "url": f"https://play.google.com/store/apps/details?id=com.acme&reviewId=gp:{number}",
        "author": "Ann",
        "language": "en",
        "rating": 1,
        "kind": Kind.REVIEW,
        "brand": "Acme",
    }
    return Mention(**fields | changes)


def body(*reviews: Any, below: str | None = None) -> bytes:
    inner = json.dumps([list(reviews), None, [None, below], None])
    return b")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", inner, None, None, None, "generic"], ["di", 33]]).encode()


class TestContract(HttpCollectorContract):
    plugin = play
    path = PATH
    answer = body(review(2), review(1))
    malformed = body(review(2), "x", [], review(3, text=None), review(1))
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "apps": ["com.acme"], "brand": "Acme", "requests_per_minute": 60}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def read(server: LoopbackServer, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    options = play.Options(base_url=server.url, apps=("com.acme",), brand="Acme", timeout=0.5, requests_per_minute=60)
    return list(play.create(options).pages(Round(watches=(), cursor=cursor, since=NOON - timedelta(days=30), now=now)))


def asked(request: Request) -> Any:
    """The question inside the form."""
    return json.loads(json.loads(request.fields()["f.req"])[0][0][1])


def test_it_asks_as_the_page_does(server: LoopbackServer) -> None:
    server.routes[PATH] = lambda _: Reply(body=body(review(1)))
    read(server)
    (request,) = server.requests
    assert request.method == "POST"
    assert request.query == {"hl": "en", "gl": "us"}
    assert asked(request) == [None, [2, 2, [100], None, [None] * 9], ["com.acme", 7]]


def offer(server: LoopbackServer, reviews: Sequence[list[Any]]) -> None:
    def page(request: Request) -> Reply:
        position = asked(request)[1][2]
        start = int(position[2]) if len(position) == 3 else 0
        below = str(start + 100) if start + 100 < len(reviews) else None
        return Reply(body=body(*reviews[start : start + 100], below=below))

    server.routes[PATH] = page


def test_all_pages_are_read(server: LoopbackServer) -> None:
    offer(server, [review(n, NOON - timedelta(minutes=n)) for n in range(250)])
    pages = read(server)
    assert len({found.id for found in mentions(pages)}) == 250
    assert mentions(read(server, last_cursor(pages), NOON)) == []


def test_only_new_reviews_that_cannot_be_read_are_a_gap(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "MOST_PAGES", 3)
    old = [review(n, NOON - timedelta(minutes=9 * n)) for n in range(150)]
    offer(server, old)
    cursor = last_cursor(read(server))
    # Those of the day before were read: that they lie too deep to be read again is no gap.
    later = NOON + timedelta(hours=3)
    new = [review(1_000 + n, later - timedelta(seconds=30 * n)) for n in range(320)]
    offer(server, [*new[:260], *old])
    pages = read(server, cursor, later)
    assert (len(mentions(pages)), [page.gaps for page in pages if page.gaps]) == (260, [])
    offer(server, [*new, *old])
    ((gap,),) = [page.gaps for page in read(server, cursor, later) if page.gaps]
    assert (gap.start, gap.end) == (NOON - timedelta(hours=1), later - timedelta(seconds=30 * 299))


def test_no_reviews_are_no_error(server: LoopbackServer) -> None:
    empty = b")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", None]]).encode()
    server.routes[PATH] = lambda _: Reply(body=empty)
    assert mentions(read(server)) == []


def test_lengths_before_the_lists_are_passed_over(server: LoopbackServer) -> None:
    framed = body(review(1)).replace(b"\n\n", b"\n\n512\n", 1) + b"\n25\n[[]]\n"
    server.routes[PATH] = lambda _: Reply(body=framed)
    assert mentions(read(server)) == [mention(1)]


@pytest.mark.parametrize("answer", [b")]}'\n\n[]", b')]}\'\n\n[[1,2,"{"]]', b")]}'\n\n[[1]]"])
def test_p27_pages_that_have_changed_say_so(server: LoopbackServer, answer: bytes) -> None:
    server.fail(PATH, Fault.answer(200, answer))
    with pytest.raises(Unreadable, match="may have changed"):
        read(server)


def refusal(*code: Any) -> bytes:
    return b")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", None, None, None, list(code), "generic"]]).encode()


def test_p27_a_refusal_is_not_taken_for_peace(server: LoopbackServer) -> None:
    server.fail(PATH, Fault.answer(200, refusal(5)))
    with pytest.raises(Unreadable, match="code 5"):
        read(server)


def test_p23_googles_words_for_too_many_questions(server: LoopbackServer) -> None:
    gateway = [["type.googleapis.com/com.google.play.gateway.proto.PlayGatewayError", []]]
    server.fail(PATH, Fault.answer(200, refusal(8, None, gateway)))
    with pytest.raises(RateLimited) as caught:
        read(server)
    assert (caught.value.until, caught.value.wait) == (None, None)


@pytest.mark.parametrize("inner", ['{"a": 1}', "5", '"x"', "true"])
def test_p27_lists_of_another_kind_say_so(server: LoopbackServer, inner: str) -> None:
    server.fail(PATH, Fault.answer(200, b")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", inner]]).encode()))
    with pytest.raises(Unreadable, match="may have changed"):
        read(server)


def test_p53_p55_p56_odd_reviews(server: LoopbackServer) -> None:
    odd = [*review(1, text="\u202bAcme 👎\u200d <3 & <b>")[:2], 10**400, *review(1)[3:4], "Acme 👎 <3 & <b>"]
    early = [*odd[:4], "x", [-5]]
    server.routes[PATH] = lambda _: Reply(body=body([*odd, [int(AT.timestamp())]], early))
    pages = read(server)
    (found,) = mentions(pages)
    assert (found.text, found.rating, found.followers) == ("Acme 👎 <3 & <b>", None, None)
    assert dict(pages[0].skipped) == {"no id, or no time": 1}


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    old = review(2, NOON - timedelta(days=31))
    server.routes[PATH] = lambda _: Reply(body=body(review(1), old))
    assert mentions(read(server)) == [mention(1)]


def test_an_edited_review_is_given_again(server: LoopbackServer) -> None:
    server.routes[PATH] = lambda _: Reply(body=body(review(1)))
    cursor = last_cursor(read(server))
    later = AT + timedelta(hours=1)
    server.routes[PATH] = lambda _: Reply(body=body(review(1, later, "Fixed")))
    (found,) = mentions(read(server, cursor))
    assert (found.id, found.text, found.edited_at) == ("gp:1", "Fixed", later)


def test_p65_it_says_who_asks(server: LoopbackServer) -> None:
    server.routes[PATH] = lambda _: Reply(body=body())
    options = play.Options(base_url=server.url, apps=("com.acme",), contact="mailto:me@acme.example")
    list(play.create(options).pages(Round(watches=(), cursor=None, since=AT, now=NOON)))
    assert server.requests[0].headers["user-agent"].endswith("(+mailto:me@acme.example)")


def test_importing_it_leaves_certificates_checked() -> None:
    import ssl
    import sys

    assert "google_play_scraper" not in sys.modules
    assert ssl._create_default_https_context is ssl.create_default_context


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    made = play.create(play.Options(apps=("com.whatsapp",)))
    assert mentions(list(made.pages(Round(watches=(), cursor=None, since=now - timedelta(days=2), now=now))))
