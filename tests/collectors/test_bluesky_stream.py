"""Bluesky's stream over a real WebSocket: everything that matches, once, with deletions, through every break."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from monitor.collectors import bluesky_stream
from monitor.core.errors import AuthFailed, RateLimited, Unavailable, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Collector, Round
from monitor.testing.collector_contract import CollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import LoopbackServer, Reply

pytestmark = pytest.mark.sleeps
"""The library's server pauses when it closes."""

MINUTE = timedelta(minutes=1)
AT = NOON - 5 * MINUTE
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)
ANN = "did:plc:ann"


def event(seq: int, at: datetime = AT, *, did: str = ANN, **changes: Any) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", "Z")
    return {
        "$type": "network.bsky.jetstream.subscribeEvents#commit",
        "seq": seq,
        "time": stamp,
        "witnessedAt": stamp,
        "did": did,
        "collection": "app.bsky.feed.post",
        "operation": "create",
        "rkey": f"k{seq}",
        "record": {
            "$type": "app.bsky.feed.post",
            "text": f"Acme lost parcel {seq}",
            "createdAt": stamp,
            "langs": ["en"],
        },
    } | changes


def said(seq: int, text: str, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return event(seq, at, record={"text": text, "createdAt": at.isoformat()} | changes)


def account(seq: int, did: str = ANN, *, active: bool = False) -> dict[str, Any]:
    kind = "network.bsky.jetstream.subscribeEvents#account"
    return event(seq, did=did) | {"$type": kind, "account": {"active": active, "did": did}}


def mention(seq: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "bluesky",
        "id": f"at://{ANN}/app.bsky.feed.post/k{seq}",
        "text": f"Acme lost parcel {seq}",
        "posted_at": AT,
        "url": f"https://bsky.app/profile/{ANN}/post/k{seq}",
        "author": ANN,
        "language": "en",
    }
    return Mention(**fields | changes)


class Jetstream:
    """A Jetstream on this machine: plays what it has from the cursor on, and then falls silent or closes."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.asked: list[dict[str, str]] = []
        self.refusal: Callable[[dict[str, str]], Response | None] = lambda _: None
        self.closes = True
        self.agents: list[str] = []
        self._server = serve(
            self._play, "127.0.0.1", 0, subprotocols=[Subprotocol("xrpc.v1.json")], process_request=self._check
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/xrpc"

    def __enter__(self) -> "Jetstream":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _check(self, _: ServerConnection, request: Handshake) -> Response | None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.asked.append(query)
        self.agents.append(request.headers.get("User-Agent", ""))
        return self.refusal(query)

    def _play(self, connection: ServerConnection) -> None:
        cursor = int(self.asked[-1]["cursor"])
        for frame in self.frames:
            if isinstance(frame, str):
                connection.send(frame)
            elif self._is_wanted(frame, cursor):
                connection.send(json.dumps({"$type": "message", "payload": frame}))
        if not self.closes:
            connection.recv()

    def _is_wanted(self, frame: dict[str, Any], cursor: int) -> bool:
        if "seq" not in frame:
            return True
        if cursor < 10**15:
            return bool(frame["seq"] >= cursor)
        return datetime.fromisoformat(frame["witnessedAt"]).timestamp() * 1_000_000 >= cursor


@pytest.fixture
def stream() -> Iterator[Jetstream]:
    with Jetstream() as running:
        yield running


def settings(url: str, **changes: Any) -> dict[str, Any]:
    return {"url": url, "timeout": 0.5, "longest": 5, "profiles": False} | changes


class TestContract(CollectorContract):
    plugin = bluesky_stream
    watches = WATCHES
    answer = json.dumps([event(1), said(2, "about nothing"), event(3)]).encode()
    malformed = json.dumps([event(1), {"x": 1}, "no json {", event(2, record=None), event(3)]).encode()
    expected = (mention(1), mention(3))

    def options(self, place: str) -> dict[str, Any]:
        return settings(place if place.startswith("ws") else "ws://127.0.0.1:1/xrpc")

    @pytest.fixture
    def serve(self, stream: Jetstream) -> Callable[[bytes], Collector]:
        def offer(payload: bytes) -> Collector:
            stream.frames = json.loads(payload)
            return self.collector(stream.url)

        return offer


def made(stream: Jetstream, **options: Any) -> bluesky_stream.BlueskyStream:
    return bluesky_stream.create(bluesky_stream.Options(**settings(stream.url, **options)))


def read(collector: bluesky_stream.BlueskyStream, cursor: str | None = None, now: datetime = NOON) -> list[Page]:
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(hours=1), now=now)
    return list(collector.pages(asked))


def gone(pages: list[Page]) -> list[str]:
    return [name for page in pages for _, name in page.gone]


def test_it_asks_for_posts_and_accounts_and_says_who_it_is(stream: Jetstream) -> None:
    stream.frames = [event(1)]
    read(made(stream, contact="ops@acme.example"))
    assert stream.asked[0]["collections"] == "app.bsky.feed.post"
    assert stream.agents[0].startswith("umbrage/")
    assert stream.agents[0].endswith("(+ops@acme.example)")


def test_p20_the_first_start_is_bounded_by_time(stream: Jetstream) -> None:
    stream.frames = [event(1, NOON - timedelta(hours=2)), event(2)]
    assert [found.id[-2:] for found in mentions(read(made(stream)))] == ["k2"]


def test_a_round_ends_when_it_has_caught_up(stream: Jetstream) -> None:
    stream.closes = False
    stream.frames = [event(1), event(2, NOON + timedelta(seconds=1)), event(3, NOON + MINUTE)]
    pages = read(made(stream))
    assert len(mentions(pages)) == 2
    assert len(mentions(read(made(stream), last_cursor(pages), NOON + MINUTE))) == 1


def test_p17_the_event_at_the_cursor_comes_again_and_is_known(stream: Jetstream) -> None:
    stream.frames = [event(1)]
    cursor = last_cursor(read(made(stream)))
    stream.frames.append(event(2))
    assert [found.id[-2:] for found in mentions(read(made(stream), cursor))] == ["k2"]
    assert stream.asked[-1]["cursor"] == "1"


def test_p17_a_cursor_of_another_host_is_used_by_its_time_only(stream: Jetstream) -> None:
    stream.frames = [event(700)]
    cursor = last_cursor(read(made(stream)))
    with Jetstream() as other:
        # It may have seen earlier what the first one had not given yet.
        other.frames = [event(3, AT - 10 * MINUTE), event(5, AT - MINUTE), event(7, AT + MINUTE)]
        assert [found.id[-2:] for found in mentions(read(made(other), cursor))] == ["k5", "k7"]
        assert other.asked[-1]["cursor"] == str(int((AT - 5 * MINUTE).timestamp() * 1_000_000))


def test_p17_a_cursor_that_is_too_old_is_a_gap(stream: Jetstream) -> None:
    stream.frames = [event(1)]
    cursor = last_cursor(read(made(stream)))

    def refuse(query: dict[str, str]) -> Response | None:
        body = json.dumps({"error": "CursorTooOld"}).encode()
        return Response(400, "Bad Request", Headers(), body) if len(query["cursor"]) < 16 else None

    stream.refusal = refuse
    info = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": "OutdatedCursor"}
    stream.frames = [info, event(90, NOON - MINUTE)]
    pages = read(made(stream), cursor)
    ((gap,),) = [page.gaps for page in pages if page.gaps]
    assert (gap.start, gap.end) == (AT, NOON - MINUTE)
    assert len(mentions(pages)) == 1


def test_pages_are_bounded_and_a_crash_goes_on_between_them(stream: Jetstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky_stream, "EVENTS", 10)
    stream.frames = [event(n) for n in range(1, 36)]
    pages = read(made(stream))
    assert [len(page.mentions) for page in pages] == [10, 10, 10, 5]
    assert len(mentions(read(made(stream), pages[1].cursor))) == 15


def test_p59_deletions_come_as_events(stream: Jetstream) -> None:
    stream.frames = [event(1), event(2), event(3, operation="delete", rkey="k1", record=None)]
    pages = read(made(stream))
    assert gone(pages) == [mention(1).id]
    assert [found.id for found in mentions(pages)] == [mention(2).id]


def test_p60_an_account_that_is_closed_takes_its_posts_with_it(stream: Jetstream) -> None:
    stream.frames = [event(1), event(2, did="did:plc:bob"), account(3), account(4, "did:plc:bob", active=True)]
    pages = read(made(stream))
    assert gone(pages) == [f"at://{ANN}/"]
    assert [found.author for found in mentions(pages)] == ["did:plc:bob"]


def test_an_update_is_an_edit(stream: Jetstream) -> None:
    stream.frames = [event(1, operation="update")]
    assert mentions(read(made(stream))) == [mention(1, edited_at=AT)]


@pytest.mark.parametrize("status", ["throttled", "desynchronized"])
def test_p61_trouble_of_a_server_deletes_nothing(stream: Jetstream, status: str) -> None:
    passing = account(2)
    stream.frames = [event(1), passing | {"account": passing["account"] | {"status": status}}]
    pages = read(made(stream))
    assert gone(pages) == []
    assert len(mentions(pages)) == 1


def test_an_update_that_names_the_brand_no_more_still_replaces_the_words(stream: Jetstream) -> None:
    record = {"text": "never mind", "createdAt": AT.isoformat()}
    stream.frames = [event(1, operation="update", record=record)]
    ((found,),) = [page.mentions for page in read(made(stream))]
    assert (found.text, found.edited_at) == ("never mind", AT)


def test_an_update_that_leaves_no_words_takes_the_post_away(stream: Jetstream) -> None:
    stream.frames = [event(1, operation="update", record={"text": "", "createdAt": AT.isoformat()})]
    assert gone(read(made(stream))) == [mention(1).id]


def test_people_who_do_not_want_to_be_shown_are_left_out(stream: Jetstream) -> None:
    stream.frames = [event(1), event(2, did="did:plc:bob")]
    person = {"did": ANN, "handle": "ann.example", "labels": [{"val": "!no-unauthenticated"}]}
    with LoopbackServer({"/xrpc/app.bsky.actor.getProfiles": lambda _: Reply(body={"profiles": [person]})}) as api:
        (page,) = read(made(stream, profiles=True, api=api.url))
    assert [found.author for found in page.mentions] == ["did:plc:bob"]
    assert dict(page.skipped) == {"not to be shown without a login": 1}


def test_p52_who_says_of_themselves_that_they_are_automated_is_marked(stream: Jetstream) -> None:
    stream.frames = [event(1), event(2, did="did:plc:bob")]
    person = {"did": ANN, "handle": "ann.example", "labels": [{"src": ANN, "val": "bot"}]}
    with LoopbackServer({"/xrpc/app.bsky.actor.getProfiles": lambda _: Reply(body={"profiles": [person]})}) as api:
        (page,) = read(made(stream, profiles=True, api=api.url))
    assert {found.author: found.by_bot for found in page.mentions} == {"ann.example": True, "did:plc:bob": False}


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_p55_a_moment_at_the_end_of_time_does_not_stop_the_stream(stream: Jetstream, created: str) -> None:
    stream.frames = [said(1, "about nothing", createdAt=created), event(2)]
    assert [found.id[-2:] for found in mentions(read(made(stream)))] == ["k2"]


def test_p53_half_a_character_does_not_stop_the_stream(stream: Jetstream) -> None:
    stream.frames = [said(1, "Acme \ud83d\x00 broke"), event(2)]
    first, second = mentions(read(made(stream)))
    assert "Acme" in first.text
    assert second == mention(2)


def test_an_event_that_is_too_large_is_left_to_the_server(stream: Jetstream) -> None:
    stream.frames = [said(1, "Acme " + "x" * 2_000_000), event(2)]
    assert [found.id[-2:] for found in mentions(read(made(stream)))] == ["k1", "k2"]
    assert stream.asked[-1]["maxMessageSizeBytes"] == "1000000"


def test_another_notice_does_not_hide_a_gap(stream: Jetstream) -> None:
    stream.frames = [event(1)]
    cursor = last_cursor(read(made(stream)))
    info = {"$type": "network.bsky.jetstream.subscribeEvents#info"}
    later = event(90, NOON - MINUTE)
    stream.frames = [info | {"name": "FutureCursor"}, info | {"name": "SomethingNew"}, later]
    ((gap,),) = [page.gaps for page in read(made(stream), cursor) if page.gaps]
    assert (gap.start, gap.end) == (AT, NOON - MINUTE)


def test_replies_and_quotes(stream: Jetstream) -> None:
    reply = {"parent": {"uri": "at://did:plc:bob/app.bsky.feed.post/7", "cid": "x"}}
    quote = {"$type": "app.bsky.embed.record", "record": {"uri": "at://x", "cid": "y"}}
    stream.frames = [said(1, "Acme too", reply=reply), said(2, "", embed=quote), said(3, "Acme, see", embed=quote)]
    first, second = mentions(read(made(stream)))
    assert (first.kind, first.reply_to) == (Kind.REPLY, "at://did:plc:bob/app.bsky.feed.post/7")
    assert second.text == "Acme, see"


@pytest.mark.parametrize(
    ("created", "posted_at"),
    [
        ((AT - timedelta(days=400)).isoformat(), AT - timedelta(days=400)),
        ((NOON + timedelta(days=9)).isoformat(), AT),
        ("0000-00-00T00:00:00Z", AT),
        (None, AT),
        ("1969-01-01T00:00:00Z", AT),
        ("2026-11-02T11:50:00", AT - 5 * MINUTE),
    ],
)
def test_p15_p55_times_that_authors_make_up(stream: Jetstream, created: Any, posted_at: datetime) -> None:
    stream.frames = [said(1, "Acme", createdAt=created)]
    (found,) = mentions(read(made(stream)))
    assert found.posted_at == posted_at


@pytest.mark.parametrize("record", [None, "x", [], {"text": 7}, {"$bytes": "AA"}])
def test_p50_records_of_other_shapes_are_counted(stream: Jetstream, record: Any) -> None:
    stream.frames = [event(1, record=record)]
    (page,) = read(made(stream))
    assert dict(page.skipped) == {"not a post": 1}


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthFailed), (429, RateLimited), (500, Unavailable), (404, Unreadable), (200, Unreadable)],
)
def test_p27_p28_refused_connections(stream: Jetstream, status: int, error: type[Exception]) -> None:
    stream.refusal = lambda _: Response(status, "no", Headers({"Retry-After": "9"}), b"<html>")
    with pytest.raises(error):
        read(made(stream))


def test_p32_silence_and_closed_ports_are_trouble(stream: Jetstream) -> None:
    stream.closes = False
    with pytest.raises(Unavailable, match="silent"):
        read(made(stream, timeout=0.2))
    with pytest.raises(Unavailable, match="could not be reached"):
        read(bluesky_stream.create(bluesky_stream.Options(**settings("ws://127.0.0.1:9/xrpc"))))


def test_p38_half_a_frame_and_a_break_keep_what_was_read(stream: Jetstream) -> None:
    stream.frames = [event(1), '{"$type": "mess', "", event(2)]
    pages = read(made(stream))
    assert len(mentions(pages)) == 2
    assert last_cursor(pages) is not None


def test_an_error_frame_ends_the_round(stream: Jetstream) -> None:
    stream.frames = ['{"$type": "error", "error": "ConsumerTooSlow"}']
    with pytest.raises(Unavailable, match="ConsumerTooSlow"):
        read(made(stream))


def test_an_error_later_on_keeps_what_was_read(stream: Jetstream) -> None:
    stream.frames = [event(1), '{"$type": "error", "error": "ConsumerTooSlow"}']
    assert mentions(read(made(stream))) == [mention(1)]


def test_who_wrote_what_matched_is_looked_up(stream: Jetstream) -> None:
    stream.frames = [event(1), said(2, "about nothing")]
    person = {"did": ANN, "handle": "ann.example", "followersCount": 50, "createdAt": "2023-05-01T00:00:00Z"}
    with LoopbackServer({"/xrpc/app.bsky.actor.getProfiles": lambda _: Reply(body={"profiles": [person]})}) as api:
        (found,) = mentions(read(made(stream, profiles=True, api=api.url)))
        assert (found.author, found.followers) == ("ann.example", 50)
        assert len(api.requests) == 1


def test_what_was_said_does_not_wait_for_who_said_it(stream: Jetstream) -> None:
    stream.frames = [event(1)]
    with LoopbackServer({}) as api:
        (page,) = read(made(stream, profiles=True, api=api.url))
    assert page.mentions == (mention(1),)
    assert dict(page.skipped) == {"author not looked up: the profiles cannot be read": 1}


def test_replies_bring_the_words_that_they_answer(stream: Jetstream) -> None:
    parent = mention(1).id.replace("k1", "p")
    stream.frames = [said(n, "Acme, me too", reply={"parent": {"uri": parent}}) for n in (1, 2)]
    opener = {"uri": parent, "record": {"text": "Where is my parcel?"}, "indexedAt": AT.isoformat()}
    routes = {
        "/xrpc/app.bsky.actor.getProfiles": lambda _: Reply(body={"profiles": []}),
        "/xrpc/app.bsky.feed.getPosts": lambda _: Reply(body={"posts": [opener]}),
    }
    with LoopbackServer(routes) as api:
        found = mentions(read(made(stream, profiles=True, api=api.url)))
        assert [(one.reply_to, one.context) for one in found] == [(parent, "Where is my parcel?")] * 2
        assert [request.path for request in api.requests].count("/xrpc/app.bsky.feed.getPosts") == 1


@pytest.mark.parametrize("status", [429, 500])
def test_what_was_said_does_not_wait_for_what_it_answers(stream: Jetstream, status: int) -> None:
    stream.frames = [said(1, "Acme, me too", reply={"parent": {"uri": mention(9).id}})]
    routes = {
        "/xrpc/app.bsky.actor.getProfiles": lambda _: Reply(body={"profiles": []}),
        "/xrpc/app.bsky.feed.getPosts": lambda _: Reply(status=status),
    }
    with LoopbackServer(routes) as api:
        (page,) = read(made(stream, profiles=True, api=api.url))
    assert [(one.text, one.context) for one in page.mentions] == [("Acme, me too", None)]
    assert dict(page.skipped) == {"which post is answered, not looked up": 1}


def test_p59_what_became_of_posts(stream: Jetstream) -> None:
    post = {
        "uri": mention(1).id,
        "author": {"did": ANN, "handle": "ann.example"},
        "record": {"text": "Acme now", "createdAt": AT.isoformat()},
        "indexedAt": AT.isoformat(),
        "repostCount": 3,
        "quoteCount": 1,
    }
    with LoopbackServer({"/xrpc/app.bsky.feed.getPosts": lambda _: Reply(body={"posts": [post]})}) as api:
        looked = made(stream, api=api.url).look_up([mention(1).id, mention(2).id], NOON)
    assert [(found.text, found.reposts) for found in looked.found] == [("Acme now", 4)]
    assert looked.gone == (mention(2).id,)


@pytest.mark.live
def test_live() -> None:
    from datetime import UTC

    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    watches = (Watch(brand="x", terms=("the",)),)
    collector = bluesky_stream.create(bluesky_stream.Options(longest=10))
    assert mentions(list(collector.pages(Round(watches=watches, cursor=None, since=now - MINUTE, now=now))))
