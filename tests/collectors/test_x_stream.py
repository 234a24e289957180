"""X's filtered stream: posts within a second, through breaks and nonsense, and never a post more than is paid for."""

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import _x_listener, x, x_stream
from monitor.core.errors import AuthFailed, OutOfBudget, PartlyRead, RateLimited, Unavailable, Unreadable
from monitor.core.mention import Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Collector, Round, Streaming
from monitor.testing.collector_contract import HttpCollectorContract, Serve, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply
from tests.collectors.test_x import ANN, TOKEN, mention, name, post
from tests.collectors.x_app import BEAT, RULES, STREAM, TOO_MANY, XApp, line

pytestmark = pytest.mark.sleeps
"""Streams are read in a thread of their own, in real time."""

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "x"
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_X", TOKEN)


def settings(place: str, **changes: Any) -> dict[str, Any]:
    return {
        "base_url": place,
        "timeout": 0.5,
        "longest": 0.4,
        "token": {"env": "UMBRAGE_TEST_X"},
        "usd_per_month": 60.0,
        "requests_per_minute": 60,
    } | changes


def told(number: int, **changes: Any) -> bytes:
    return line(post(number, **changes), includes={"users": [ANN]})


class TestContract(HttpCollectorContract):
    plugin = x_stream
    path = RULES
    secrets = (TOKEN,)
    answer = told(2) + BEAT + told(1)
    malformed = told(2) + b'{"data": {"id": "1' + b"\r\n" + line({"author_id": "7", "text": "no id"}) + told(1)
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return settings(place)

    @pytest.fixture
    def serve(self, server: LoopbackServer) -> Serve:
        self.app = XApp(server)

        def offer(payload: bytes) -> Collector:
            self.app.script = [payload]
            return self.collector(server.url)

        return offer

    def read(self, collector: Collector, cursor: str | None = None) -> list[Page]:
        """A round of a new process: a connection of its own."""
        pages = super().read(collector, cursor)
        assert isinstance(collector, Streaming)
        collector.hang_up()
        assert self.app.wait_until_left()
        return pages


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


@pytest.fixture
def app(server: LoopbackServer) -> XApp:
    return XApp(server)


@pytest.fixture
def stream(server: LoopbackServer) -> Iterator[x_stream.XStream]:
    made = collector(server)
    yield made
    made.hang_up()


def collector(server: LoopbackServer, **changes: Any) -> x_stream.XStream:
    return x_stream.create(x_stream.Options(**settings(server.url, **changes)))


def read(
    stream: x_stream.XStream,
    cursor: str | None = None,
    now: datetime = NOON,
    watches: tuple[Watch, ...] = WATCHES,
) -> list[Page]:
    return list(stream.pages(Round(watches=watches, cursor=cursor, since=NOON - timedelta(days=1), now=now)))


def problem_of(stream: x_stream.XStream) -> tuple[list[Page], Exception]:
    """What is read until an error, and the error."""
    asked = Round(watches=WATCHES, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    pages: list[Page] = []
    with pytest.raises(Exception) as caught:
        for page in stream.pages(asked):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    return pages, caught.value


def reasons(pages: list[Page]) -> dict[str, int]:
    return {reason: count for page in pages for reason, count in page.skipped}


def test_one_connection_lasts_through_many_rounds(app: XApp, stream: x_stream.XStream) -> None:
    found = mentions(read(stream))
    for number in range(3):
        app.post(told(number))
        found += mentions(read(stream, now=NOON + timedelta(seconds=number)))
    assert [one.id for one in found] == [name(0), name(1), name(2)]
    assert app.opened == 1


def test_a_post_comes_within_a_second(app: XApp, stream: x_stream.XStream) -> None:
    read(stream)
    asked = Round(watches=WATCHES, cursor=None, since=NOON, now=NOON)
    sent_at = time.monotonic()
    threading.Timer(0.1, app.post, [told(1)]).start()
    page = next(page for page in stream.pages(asked) if page.mentions)
    assert time.monotonic() - sent_at < 1
    assert mentions([page]) == [mention(1)]


def test_a_post_is_what_a_search_would_make_of_it(app: XApp, stream: x_stream.XStream) -> None:
    parent = post(1, text="Acme?")
    reply = post(2, referenced_tweets=[{"type": "replied_to", "id": name(1)}], note_tweet={"text": "Acme " + "x" * 900})
    app.script = [line(reply, includes={"users": [ANN], "tweets": [parent]})]
    (found,) = mentions(read(stream))
    assert (found.reply_to, found.context, len(found.text), found.author) == (name(1), "Acme?", 905, "ann")
    fields = next(request.query for request in stream_requests(app, stream))
    assert "note_tweet" in fields["tweet.fields"]
    assert fields["expansions"] == "author_id,referenced_tweets.id"


def stream_requests(app: XApp, _: x_stream.XStream) -> list[Any]:
    return [request for request in app.server.requests if request.path == STREAM]


def test_rules_are_added_before_old_ones_go_and_those_of_others_stay(app: XApp, stream: x_stream.XStream) -> None:
    app.rules = [
        {"id": "1", "value": "cats", "tag": "somebody"},
        {"id": "2", "value": "(Old) -is:retweet", "tag": "umbrage"},
        {"id": "3", "value": "dogs"},
    ]
    read(stream)
    assert app.changes == [("add", ["(Acme) -is:retweet"]), ("delete", ["(Old) -is:retweet"])]
    assert [rule["value"] for rule in app.rules] == ["cats", "dogs", "(Acme) -is:retweet"]
    read(stream, now=NOON + x_stream.RULES_EVERY)
    assert len(app.changes) == 2, "nothing to change"


def test_rules_that_others_delete_are_made_again(app: XApp, stream: x_stream.XStream) -> None:
    read(stream)
    app.rules.clear()
    read(stream, now=NOON + x_stream.RULES_EVERY)
    assert [rule["value"] for rule in app.rules] == ["(Acme) -is:retweet"]
    assert app.opened == 1


def test_trouble_with_the_rules_ends_no_stream(app: XApp, server: LoopbackServer, stream: x_stream.XStream) -> None:
    read(stream)
    server.fail(RULES, Fault.answer(503))
    app.post(told(1))
    assert len(mentions(read(stream, now=NOON + x_stream.RULES_EVERY))) == 1


def test_the_same_rule_of_somebody_else_is_enough(app: XApp, stream: x_stream.XStream) -> None:
    app.rules = [{"id": "1", "value": "(Acme) -is:retweet", "tag": "somebody"}]
    read(stream)
    assert len(app.rules) == 1


def test_rules_hold_1024_characters_and_lose_no_word() -> None:
    watches = (Watch(brand="Acme", terms=tuple(f"Acme product {n}" for n in range(120)), handles=("@acme",)),)
    rules = x_stream.create(x_stream.Options(**settings("http://127.0.0.1:1"))).queries(watches)
    assert all(len(rule) <= 1_024 for rule in rules)
    assert max(map(len, rules)) > 900
    assert all(f'"Acme product {n}"' in " ".join(rules) for n in range(120))


def test_a_word_that_is_too_long_is_counted(app: XApp, stream: x_stream.XStream) -> None:
    watches = (Watch(brand="Acme", terms=("Acme", "x" * 1_100)),)
    assert reasons(read(stream, watches=watches)) == {"a word too long to listen for": 1}


def test_a_rule_that_x_refuses_leaves_the_others_alone(app: XApp, stream: x_stream.XStream) -> None:
    watches = (Watch(brand="Acme", terms=("Acme", *(f"w{n}{'x' * 600}" for n in range(2)))),)
    refused = stream.queries(watches)[0]
    app.refused = {refused}
    app.script = [told(1)]
    pages: list[Page] = []
    asked = Round(watches=watches, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    for _ in range(2):
        with pytest.raises(PartlyRead, match="1 of 2 rules"):
            for page in stream.pages(asked):
                pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert len(mentions(pages)) == 1
    assert refused not in [rule["value"] for rule in app.rules]
    assert app.opened == 1


def test_p38_half_a_line_ends_nothing(app: XApp, stream: x_stream.XStream) -> None:
    app.script = [told(1), b'{"data": {"id": "', b"\r\n", b"<html>no</html>\r\n", b"[1]\r\n", b"{}\r\n", told(2)]
    pages = read(stream)
    assert [found.id for found in mentions(pages)] == [name(1), name(2)]
    assert reasons(pages) == {"half a line, or no JSON": 3, "something that is no post": 1}


def test_p38_a_line_in_pieces_is_one(app: XApp, stream: x_stream.XStream) -> None:
    whole = told(1)
    app.script = [whole[:40], whole[40:900], whole[900:] + told(2)[:-1], b"\n"]
    assert [found.id for found in mentions(read(stream))] == [name(1), name(2)]


def test_p38_a_stream_that_breaks_off_keeps_what_was_read(app: XApp, stream: x_stream.XStream) -> None:
    app.script = [told(1), told(2)[:50]]
    app.stays = False
    pages, error = problem_of(stream)
    assert [found.id for found in mentions(pages)] == [name(1)]
    assert reasons(pages) == {"half a line, or no JSON": 1}
    assert isinstance(error, Unavailable)
    assert app.opened == 1, "opened again on its own"


def test_p38_a_stream_that_was_long_is_opened_again_at_once(
    app: XApp, stream: x_stream.XStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x_stream, "LONG_ENOUGH", 0.1)
    read(stream)
    app.end()
    assert read(stream) == []
    app.script = [told(1)]
    assert len(mentions(read(stream))) == 1
    assert app.opened == 2


def test_p38_beats_keep_it_open_and_silence_ends_it(app: XApp, stream: x_stream.XStream) -> None:
    for second in range(4):
        read(stream, now=NOON + timedelta(seconds=second))
    assert app.opened == 1
    app.beat = 30
    with pytest.raises(Unavailable, match="fell silent"):
        for _ in range(4):
            read(stream)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            {"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]},
            Unavailable,
        ),
        (TOO_MANY, RateLimited),
        ({"title": "ConnectionException", "detail": "disconnected"}, Unavailable),
        ({"errors": [{"title": "UsageCapExceeded", "detail": "Usage cap exceeded"}]}, OutOfBudget),
    ],
)
def test_p38_what_x_says_before_it_hangs_up(
    app: XApp, stream: x_stream.XStream, message: dict[str, Any], kind: type[Exception]
) -> None:
    app.script = [told(1), json.dumps(message).encode() + b"\r\n", told(2)]
    pages, error = problem_of(stream)
    assert [found.id for found in mentions(pages)] == [name(1)]
    assert type(error) is kind
    assert app.wait_until_left()


def test_p41_errors_beside_a_post_and_in_place_of_one_end_nothing(app: XApp, stream: x_stream.XStream) -> None:
    error = {"resource_type": "tweet", "resource_id": name(9), "title": "Not Found Error"}
    app.script = [line(post(1), errors=[error]), json.dumps({"errors": [error]}).encode() + b"\n", told(2)]
    pages = read(stream)
    assert len(mentions(pages)) == 2
    assert reasons(pages)["something that is no post"] == 1


def test_p43_an_edit_is_the_same_post_with_newer_words(app: XApp, stream: x_stream.XStream) -> None:
    app.script = [told(1), told(5, text="Acme, still nothing", edit_history_tweet_ids=[name(1), name(5)])]
    found = mentions(read(stream))
    assert [(one.id, one.text[:11]) for one in found] == [(name(1), "Acme lost p"), (name(1), "Acme, still")]


def refusal(server: LoopbackServer, stream: x_stream.XStream, fault: Fault) -> Exception:
    server.fail(STREAM, fault)
    _, error = problem_of(stream)
    assert sum(request.path == STREAM for request in server.requests) == 1, "asked again on its own"
    return error


def test_p26_refused_access_says_what_to_do(app: XApp, server: LoopbackServer, stream: x_stream.XStream) -> None:
    error = refusal(server, stream, Fault.answer(403, {"reason": "client-not-enrolled", "title": "Client Forbidden"}))
    assert isinstance(error, AuthFailed)
    assert "check the app and its plan" in str(error)


def test_p26_an_unauthorized_token_is_named(app: XApp, server: LoopbackServer, stream: x_stream.XStream) -> None:
    error = refusal(server, stream, Fault.answer(401, {"title": "Unauthorized"}))
    assert isinstance(error, AuthFailed)
    assert "option token" in str(error)


def test_p24_the_kinds_of_429_are_told_apart(app: XApp, server: LoopbackServer) -> None:
    def error(body: Any, **headers: str) -> Exception:
        server.requests.clear()
        return refusal(server, collector(server), Fault.answer(429, body, **headers))

    reset = str(int((NOON + timedelta(minutes=9)).timestamp()))
    window = error({"title": "Too Many Requests"}, x_rate_limit_reset=reset)
    assert isinstance(window, RateLimited)
    assert window.until == NOON + timedelta(minutes=9)
    taken = error(TOO_MANY, x_rate_limit_reset=reset)
    assert isinstance(taken, RateLimited)
    assert (taken.until, taken.wait) == (None, None)
    assert "one stream at a time" in str(taken)
    assert type(error({"title": "UsageCapExceeded"})) is OutOfBudget


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.answer(503, b"<html>"), Unavailable),
        (Fault.answer(520), Unavailable),
        (Fault.answer(404, b"<html>"), Unreadable),
        (Fault.answer(402, {"title": "CreditsDepleted"}), OutOfBudget),
        (Fault.answer(200, b""), Unavailable),
        (Fault(kind=Kind.DROP_BEFORE_COMMIT), Unavailable),
        (Fault(kind=Kind.SLOW, seconds=30), Unavailable),
    ],
)
def test_p27_p28_refused_connections(
    app: XApp, server: LoopbackServer, stream: x_stream.XStream, fault: Fault, kind: type[Exception]
) -> None:
    assert type(refusal(server, stream, fault)) is kind
    server.release()


def test_p27_a_page_in_place_of_a_stream(app: XApp, server: LoopbackServer, stream: x_stream.XStream) -> None:
    server.fail(STREAM, Fault.answer(200, b"<!doctype html>\n<p>Log in to go on</p>"))
    pages, error = problem_of(stream)
    assert reasons(pages) == {"half a line, or no JSON": 2}
    assert isinstance(error, Unavailable)


def test_p32_a_line_without_an_end_is_not_kept(
    app: XApp, stream: x_stream.XStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_x_listener, "LARGEST_LINE", 5_000)
    app.script = [b"x" * 1_000] * 50
    _, error = problem_of(stream)
    assert "without an end" in str(error)


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 500])
def test_p66_the_token_is_never_shown(
    app: XApp, server: LoopbackServer, stream: x_stream.XStream, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level("DEBUG")
    here = f"{server.url}{STREAM}?{TOKEN}"
    server.fail(STREAM, *[Fault.answer(status, b"{}\nx", location=here)] * 10)
    _, error = problem_of(stream)
    assert TOKEN not in str(error) + caplog.text


def test_a_round_that_breaks_off_hangs_up(app: XApp, stream: x_stream.XStream) -> None:
    app.script = [told(1)]
    pages = stream.pages(Round(watches=WATCHES, cursor=None, since=NOON, now=NOON))
    assert not mentions([next(pages)])
    assert len(mentions([next(pages)])) == 1
    pages.close()  # type: ignore[attr-defined]
    assert app.wait_until_left()


def test_p34_a_stream_that_nobody_reads_is_closed(
    app: XApp, stream: x_stream.XStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen worker, or one that lost its lease, must not be sent what it pays for."""
    monkeypatch.setattr(_x_listener, "LONGEST_ALONE", 0.3)
    read(stream)
    app.post(*(told(n) for n in range(500)))
    assert app.wait_until_left()


def test_p34_what_came_in_the_last_second_may_come_once_more(app: XApp, stream: x_stream.XStream) -> None:
    assert stream.hang_up() == ()
    app.script = [told(n) for n in range(3)]
    read(stream)
    ((unit, amount),) = stream.hang_up()
    assert (unit, round(amount, 6)) == ("USD", 0.075)
    assert stream.hang_up() == ()


def test_p34_what_the_search_reads_too_is_billed_once(app: XApp, server: LoopbackServer) -> None:
    searching = x.create(x.Options(base_url=server.url, token={"env": "UMBRAGE_TEST_X"}, usd_per_month=100))  # type: ignore[arg-type]
    stream = collector(server)
    assert searching.account == stream.account
    app.script = [told(1)]
    answer = {"data": [post(1), post(2)], "includes": {"users": [ANN]}, "meta": {}}
    server.routes["/2/tweets/search/recent"] = lambda _: Reply(body=answer)
    first = read(stream)
    asked = Round(watches=WATCHES, cursor=None, since=NOON - timedelta(days=1), now=NOON)
    (second,) = searching.pages(asked)
    assert dict(first[-1].spent)["USD"] == pytest.approx(0.015)
    assert dict(second.spent)["USD"] == pytest.approx(0.005)
    assert {found.id for found in second.mentions} == {name(1), name(2)}
    stream.hang_up()
    assert app.wait_until_left()
    again = collector(server)
    assert sum(dict(page.spent).get("USD", 0.0) for page in read(again, last_cursor(first))) == 0.0
    again.hang_up()


def test_p34_a_budget_that_holds_nothing_under_way_is_refused() -> None:
    with pytest.raises(ValidationError, match="usd_per_month must be at least"):
        x_stream.Options(**settings("http://127.0.0.1:1", usd_per_month=10))
    with pytest.raises(ValidationError, match="usd_per_day"):
        x_stream.Options(**settings("http://127.0.0.1:1", usd_per_day=0.3))


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_p38_a_recorded_stream_that_was_cut_is_read(app: XApp, stream: x_stream.XStream) -> None:
    recorded = json.loads((FIXTURES / "filtered_stream_last_line_cut.json").read_text("utf-8"))["exchanges"]
    bodies = [exchange["response"]["body"] for exchange in recorded]
    app.script = [(said if isinstance(said, str) else json.dumps(said)).encode() + b"\r\n" for said in bodies]
    pages = read(stream)
    assert len(mentions(pages)) == len(bodies) - 1
    assert reasons(pages) == {"half a line, or no JSON": 1}


@pytest.mark.live
def test_live() -> None:
    if "UMBRAGE_LIVE_X" not in os.environ:
        pytest.skip("set UMBRAGE_LIVE_X to a bearer token; it spends up to 0.7 USD, and leaves a rule at the app")
    options = x_stream.Options.model_validate({"token": {"env": "UMBRAGE_LIVE_X"}, "usd_per_month": 60, "longest": 30})
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    stream = x_stream.create(options)
    asked = Round(watches=(Watch(brand="x", terms=("iphone",)),), cursor=None, since=now, now=now)
    found: list[Mention] = []
    for page in stream.pages(asked):
        found += page.mentions
        if found:
            break
    stream.hang_up()
    assert found
