"""The collector of feeds."""

import gzip
import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.collectors import rss
from monitor.core.errors import AuthFailed, PartlyRead, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.http import Answer
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request
from monitor.testing.loopback_http import Kind as FaultKind

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "rss"


def feed(*items: str) -> bytes:
    head = '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><language>en-gb</language>'
    return f"{head}{''.join(f'<item>{item}</item>' for item in items)}</channel></rss>".encode()


FIRST = """<guid isPermaLink="false">https://x.example/?p=1</guid><link>/one</link>
<title>Acme &amp;amp; &lt;b&gt;parcels&lt;/b&gt;</title><author>sam</author>
<pubDate>Sun, 01 Mar 2026 13:00:00 +0100</pubDate>
<description>&lt;p&gt;3 weeks&amp;nbsp;late.&lt;br&gt;Again&lt;script&gt;x()&lt;/script&gt;!&lt;/p&gt;</description>"""
SECOND = "<guid>https://x.example/2</guid><title>Acme opens a shop</title><pubDate>2026-03-02T12:00:00Z</pubDate>"


class TestRss(HttpCollectorContract):
    plugin = rss
    path = "/feed"
    content_type = "application/rss+xml"
    secrets = ("t0ken", "passw0rd")
    answer = feed(FIRST, SECOND)
    malformed = feed(FIRST, "<guid>3</guid><pubDate>2026-03-02T12:00:00Z</pubDate>", SECOND)

    def options(self, place: str) -> dict[str, Any]:
        address = place.replace("http://", "http://user:passw0rd@")
        return {"urls": [f"{address}/feed?key=t0ken"], "timeout": 0.5, "contact": "mailto:me@acme.example"}

    @pytest.fixture(autouse=True)
    def _expect(self, server: LoopbackServer) -> None:
        one = Mention(
            platform="rss",
            id="https://x.example/?p=1",
            text="Acme & parcels\n3 weeks\u00a0late.\nAgain!",
            posted_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
            url=f"{server.url}/one",
            author="sam",
            language="en-gb",
            kind=Kind.ARTICLE,
        )
        two = Mention(
            platform="rss",
            id="https://x.example/2",
            text="Acme opens a shop",
            posted_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
            url="https://x.example/2",
            language="en-gb",
            kind=Kind.ARTICLE,
        )
        self.expected = (one, two)


class Rounds:
    """A collector of some paths of a server, whose cursor is kept from round to round."""

    def __init__(self, server: LoopbackServer, *paths: str, **options: Any) -> None:
        urls = tuple(server.url + path for path in paths or ("/",))
        self.collector = rss.create(rss.Options(urls=urls, timeout=0.5, **options))
        self.cursor: str | None = None
        self.error: SourceError | None = None

    def pages(self, since: datetime = SINCE) -> list[Page]:
        pages: list[Page] = []
        self.error = None
        try:
            pages.extend(self.collector.pages(Round(watches=(), cursor=self.cursor, since=since, now=NOON)))
        except SourceError as error:
            self.error = error
        self.cursor = last_cursor(pages) or self.cursor
        return pages

    def texts(self) -> list[str]:
        """What is new, from pages that came before any error too."""
        found: list[str] = []
        self.error = None
        try:
            for page in self.collector.pages(Round(watches=(), cursor=self.cursor, since=SINCE, now=NOON)):
                found += [mention.text for mention in page.mentions]
                self.cursor = page.cursor
        except SourceError as error:
            self.error = error
        return found


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def offer(server: LoopbackServer, body: bytes, path: str = "/", **headers: str) -> None:
    named = {"Content-Type": "application/xml"} | {name.replace("_", "-"): value for name, value in headers.items()}
    server.routes[path] = lambda _: Reply(headers=named, body=body)


def item(n: int, **more: str) -> str:
    fields = {"guid": f"urn:{n}", "title": f"post {n}", "pubDate": "2026-03-01T12:00:00Z"} | more
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value)


def only(server: LoopbackServer, body: bytes, **headers: str) -> Mention:
    offer(server, body, **headers)
    rounds = Rounds(server)
    [mention] = mentions(rounds.pages())
    return mention


def test_asks_only_for_what_changed(server: LoopbackServer) -> None:
    def answer(request: Request) -> Reply:
        if request.headers.get("if-none-match") == '"7"' and request.headers.get("if-modified-since") == "Monday":
            return Reply(status=304)
        return Reply(headers={"ETag": '"7"', "Last-Modified": "Monday"}, body=feed(item(1)))

    server.routes["/"] = answer
    rounds = Rounds(server)
    assert rounds.texts() == ["post 1"]
    assert rounds.pages() == []
    assert rounds.error is None
    assert "if-none-match" not in server.requests[0].headers


def test_only_new_entries_are_given(server: LoopbackServer) -> None:
    rounds = Rounds(server)
    offer(server, feed(item(1), item(2)))
    assert rounds.texts() == ["post 1", "post 2"]
    offer(server, feed(item(3), item(1, title="changed"), item(2), item(3)))
    assert rounds.texts() == ["post 3"]
    offer(server, feed())
    assert rounds.texts() == []
    offer(server, feed(item(2)))
    assert rounds.texts() == []


def test_a_changed_guid_with_the_same_link_title_and_date_is_the_same(server: LoopbackServer) -> None:
    rounds = Rounds(server)
    offer(server, feed(item(1, link="https://x.example/a")))
    assert rounds.texts() == ["post 1"]
    offer(server, feed(item(2, link="https://x.example/a", title="post 1")))
    assert rounds.texts() == []
    offer(server, feed(item(2, link="https://x.example/a", title="another at the same address")))
    assert rounds.texts() == []
    offer(server, feed(item(4, link="https://x.example/a", title="a new one at the same address")))
    assert rounds.texts() == ["a new one at the same address"]


def shows(server: LoopbackServer, numbers: range) -> None:
    offer(server, feed(*(item(n, pubDate=f"2026-03-01T12:{n:02}:00Z") for n in numbers)))


@pytest.mark.parametrize(
    ("shown", "span"),
    [
        (range(20, 30), (9, 20)),
        (range(9, 19), None),
        (range(20, 29), None),
    ],
    ids=["everything is new", "one is known", "a short feed"],
)
def test_a_feed_that_has_moved_on_beyond_what_was_read_leaves_a_gap(
    server: LoopbackServer, shown: range, span: tuple[int, int] | None
) -> None:
    rounds = Rounds(server)
    shows(server, range(10))
    assert [page.gaps for page in rounds.pages()] == [()], "a first reading promises nothing"
    shows(server, shown)
    gaps = [(gap.start.minute, gap.end.minute) for page in rounds.pages() for gap in page.gaps]
    assert gaps == ([span] if span else [])


def test_old_entries_that_come_back_under_new_names_are_no_gap(server: LoopbackServer) -> None:
    rounds = Rounds(server)
    shows(server, range(20, 30))
    rounds.pages()
    shows(server, range(10))
    assert [page.gaps for page in rounds.pages()] == [()]


def test_identity(server: LoopbackServer) -> None:
    assert only(server, feed(item(1))).id == "urn:1"
    assert only(server, feed(item(1, guid="", link="https://x.example/a"))).id == "https://x.example/a"
    assert only(server, feed(item(1, guid="17"))).id == f"{server.url}/17"
    long = only(server, feed(item(1, guid="urn:" + "x" * 5_000))).id
    nothing = only(server, feed(item(1, guid=""))).id
    assert len(long) < 100
    assert nothing == only(server, feed(item(1, guid=""))).id
    assert nothing != only(server, feed(item(1, guid="", pubDate="2026-03-02T12:00:00Z"))).id


def test_times(server: LoopbackServer) -> None:
    body = feed(item(1, pubDate="2999-01-01T00:00:00Z"))
    future = only(server, body).posted_at
    assert future.year < 2999
    assert only(server, feed(item(1, pubDate=""))).posted_at >= future
    assert only(server, feed(item(1, pubDate="yesterday"))).posted_at >= future
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-03-03T00:00:00Z</updated>
    <entry><id>urn:1</id><title>x</title>%s</entry></feed>"""
    assert only(server, atom % b"<updated>2026-03-01T12:00:00+02:00</updated>").posted_at.hour == 10
    assert only(server, atom % b"").posted_at.day == 3


def test_an_entry_without_any_time_is_counted() -> None:
    answer = Answer(status=200, headers=httpx.Headers(), body=feed(item(1, pubDate="")), url="https://x.example/")
    entry = rss.parse(answer).entries[0]
    assert rss._mention(entry, {}, None, "https://x.example/", "rss") == "no time, or an impossible one"


def test_old_entries_of_a_new_feed_are_counted(server: LoopbackServer) -> None:
    offer(server, feed(item(1), item(2, pubDate="2026-03-05T12:00:00Z")))
    rounds = Rounds(server)
    [page] = rounds.pages(since=datetime(2026, 3, 4, tzinfo=UTC))
    assert [mention.id for mention in page.mentions] == ["urn:2"]
    assert page.skipped == (("older than the first look-back", 1),)
    offer(server, feed(item(3)))
    assert [m.id for m in mentions(rounds.pages(since=datetime(2026, 3, 4, tzinfo=UTC)))] == ["urn:3"]


def test_a_lasting_move_is_remembered(server: LoopbackServer) -> None:
    rounds = Rounds(server, "/old")
    server.routes["/old"] = lambda _: Reply(status=301, headers={"Location": "/new"})
    offer(server, feed(item(1)), "/new")
    assert rounds.texts() == ["post 1"]
    rounds.pages()
    assert [request.path for request in server.requests] == ["/old", "/new", "/new"]
    server.routes |= {"/new": lambda _: Reply(status=404), "/old": lambda _: Reply(body=feed(item(2)))}
    rounds.pages()
    assert isinstance(rounds.error, Unreadable)
    rounds.cursor = json.dumps({f"{server.url}/old": {"address": f"{server.url}/new", "seen": []}})
    assert rounds.texts() == []
    assert rounds.texts() == ["post 2"]


def test_a_move_to_something_that_is_no_feed_is_not_remembered(server: LoopbackServer) -> None:
    rounds = Rounds(server, "/old")
    server.routes["/old"] = lambda _: Reply(status=301, headers={"Location": "/login"})
    offer(server, b"<html>log in</html>", "/login", Content_Type="text/html")
    assert rounds.pages() == []
    assert isinstance(rounds.error, Unreadable)
    assert rounds.cursor is None


def test_a_feed_that_is_gone_is_not_asked_again(server: LoopbackServer) -> None:
    rounds = Rounds(server, "/gone", "/")
    server.routes["/gone"] = lambda _: Reply(status=410)
    offer(server, feed(item(1)))
    for _ in range(3):
        assert (("a feed that is gone for good (HTTP 410)", 1),) in [page.skipped for page in rounds.pages()]
    assert [request.path for request in server.requests].count("/gone") == 1
    assert rounds.error is None


def test_all_feeds_gone_is_an_error(server: LoopbackServer) -> None:
    server.routes["/"] = lambda _: Reply(status=410)
    rounds = Rounds(server)
    rounds.texts()
    assert "every feed is gone" in str(rounds.error)


FAULTS = [
    (Fault.answer(403), AuthFailed),
    (Fault.answer(404, b"<html>"), Unreadable),
    (Fault.answer(429, retry_after="60"), RateLimited),
    (Fault.answer(500), Unavailable),
    (Fault.answer(200, b"<html>"), Unreadable),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_a_single_broken_feed_is_the_whole_trouble(
    server: LoopbackServer, fault: Fault, error: type[SourceError]
) -> None:
    rounds = Rounds(server)
    server.fail("/", fault)
    rounds.pages()
    assert type(rounds.error) is error


@pytest.fixture
def waiting(server: LoopbackServer) -> Rounds:
    """Two feeds after a round in which the first asked for an hour of peace, once."""
    for n, path in enumerate(("/a", "/b")):
        offer(server, feed(item(n)), path)
    server.fail("/a", Fault.answer(429, retry_after="3600"))
    rounds = Rounds(server, "/a", "/b")
    assert rounds.texts() == ["post 1"]
    assert type(rounds.error) is PartlyRead
    return rounds


def until(rounds: Rounds, moment: datetime) -> None:
    """As if the feed had asked for peace until then."""
    feeds = json.loads(rounds.cursor or "")
    [resting] = [feed for feed in feeds.values() if feed["until"]]
    resting["until"] = moment.isoformat()
    rounds.cursor = json.dumps(feeds)


def test_one_feed_of_several_is_left_alone_while_it_asks_us_to_wait(server: LoopbackServer, waiting: Rounds) -> None:
    cursor = waiting.cursor
    for _ in range(2):
        assert waiting.texts() == []
        assert str(waiting.error) == "feed 1 of 2: 127.0.0.1 still asks us to wait"
    assert waiting.cursor == cursor
    assert [request.path for request in server.requests] == ["/a", "/b", "/b", "/b"]


def test_a_feed_is_asked_again_when_its_wait_is_over(waiting: Rounds) -> None:
    until(waiting, SINCE)
    assert waiting.texts() == ["post 0"]
    assert waiting.error is None
    assert '"until":"' not in str(waiting.cursor)


def test_a_wait_by_a_wrong_clock_is_ignored(waiting: Rounds) -> None:
    until(waiting, datetime(2199, 1, 1, tzinfo=UTC))
    assert waiting.texts() == ["post 0"]


def test_a_feed_that_asked_to_wait_is_asked_when_no_other_tells_the_time(
    server: LoopbackServer, waiting: Rounds
) -> None:
    server.fail("/b", Fault(kind=FaultKind.DROP_BEFORE_COMMIT))
    assert waiting.texts() == ["post 0"]


@pytest.mark.parametrize("fault", [fault for fault, _ in FAULTS])
def test_a_broken_feed_stops_no_other(server: LoopbackServer, fault: Fault) -> None:
    rounds = Rounds(server, "/a", "/b", "/c")
    for n, path in enumerate(("/a", "/b", "/c")):
        offer(server, feed(item(n)), path)
    server.fail("/b", fault)
    assert rounds.texts() == ["post 0", "post 2"]
    assert type(rounds.error) is PartlyRead
    assert "feed 2 of 3: 127.0.0.1" in str(rounds.error)
    assert rounds.texts() == (["post 1"] if fault.reply.status != 429 else [])


def test_a_feed_of_20_mb_is_refused(server: LoopbackServer) -> None:
    rounds = Rounds(server)
    for headers, body in (({}, b" " * 20_000_000), ({"Content_Encoding": "gzip"}, gzip.compress(b" " * 20_000_000))):
        offer(server, body, **headers)
        rounds.pages()
        assert isinstance(rounds.error, Unreadable)
        assert "more than 5 MB" in str(rounds.error)


def test_an_entity_bomb_is_refused(server: LoopbackServer) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><rss version="2.0"><channel><item><title>&l9;</title>'
    offer(server, f'<?xml version="1.0"?>{bomb}</item></channel></rss>'.encode())
    rounds = Rounds(server)
    start = time.process_time()
    tracemalloc.start()
    assert rounds.pages() == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "unpacks itself" in str(rounds.error)
    assert peak < 100_000_000
    assert time.process_time() - start < 20


def test_no_feed_opens_files(server: LoopbackServer, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(feed(item(1)))
    rounds = Rounds(server)
    offer(server, str(secret).encode())
    assert rounds.pages() == []
    assert isinstance(rounds.error, Unreadable)
    outside = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">]>'
    title = only(server, outside.encode() + feed(item(1, title="x&a;y")).split(b"?>", 1)[1]).text
    assert "post" not in title


def test_broken_markup_and_wrong_charsets_are_read(server: LoopbackServer) -> None:
    text = "Grüße aus Köln"
    latin = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item>{item(1, title=text)}'
    assert only(server, latin.encode("latin-1")).text == text
    assert only(server, latin.encode("latin-1"), Content_Type="application/xml; charset=iso-8859-1").text == text
    assert only(server, feed(item(1, title="never closed <b> & more"))).text.startswith("never closed")


def test_only_web_links_are_kept(server: LoopbackServer) -> None:
    assert only(server, feed(item(1, link="javascript:alert(1)"))).url is None


@pytest.mark.parametrize("reference", ["&#0;", "&#27;", "&#x85;", "&#xD800;", "\n"])
def test_links_are_free_of_control_characters(server: LoopbackServer, reference: str) -> None:
    url = only(server, feed(item(1, link=f"https://x.example/a{reference}b"))).url
    assert url is not None
    assert url.startswith("https://x.example/a")
    assert url.isprintable()
    assert url.encode()


def test_nul_and_surrogates_stay_out_of_names(server: LoopbackServer) -> None:
    mention = only(server, feed(item(1, guid="urn:a&#0;b&#xD800;", author="s&#0;am&#xDFFF;\n x")))
    for value in (mention.id, mention.author):
        assert value is not None
        assert value.encode()
        assert value.isprintable()


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=300).map(lambda noise: feed(FIRST)[:200] + noise + feed(FIRST)[200:]) | st.binary(max_size=300)
)
def test_no_bytes_break_the_parser(body: bytes) -> None:
    answer = Answer(status=200, headers=httpx.Headers(), body=body, url="https://x.example/")
    try:
        found = rss.parse(answer)
    except Unreadable:
        return
    for entry in found.entries:
        rss._mention(entry, found.feed, datetime(2026, 3, 1, tzinfo=UTC), "https://x.example/", "rss")


@pytest.mark.parametrize(
    "urls", [[], ["ftp://x.example/"], ["file:///etc/passwd"], ["https://"], ["http://x.example"] * 2]
)
def test_addresses_are_checked(urls: list[str]) -> None:
    with pytest.raises(ValidationError):
        rss.Options(urls=tuple(urls))


@pytest.mark.parametrize("contact", ["a b", "me\r\nX-Evil: 1", ""])
def test_contacts_are_checked(contact: str) -> None:
    with pytest.raises(ValidationError):
        rss.Options(urls=("https://x.example/",), contact=contact)


@pytest.mark.live
def test_live() -> None:
    collector = rss.create(rss.Options(urls=("https://github.blog/feed/", "https://www.githubstatus.com/history.atom")))
    now = datetime.now(UTC)  # noqa: TID251 - the real feeds' time
    assert mentions(list(collector.pages(Round(watches=(), cursor=None, since=SINCE, now=now))))


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded feeds are not on this machine")
class TestRecordedFeeds:
    """What the comment on top of each recording says a reader must find."""

    def read(self, name: str, **headers: str) -> Any:
        body = (FIXTURES / f"feedparser_{name}.xml").read_bytes()
        found = httpx.Headers({key.replace("_", "-"): value for key, value in headers.items()})
        return rss.parse(Answer(status=200, headers=found, body=body, url="http://127.0.0.1:8097/feed"))

    def test_none_of_them_is_a_crash(self) -> None:
        for path in sorted(FIXTURES.glob("*.xml")):
            try:
                found = self.read(path.stem.removeprefix("feedparser_"))
            except Unreadable:
                continue
            for entry in found.entries:
                rss._mention(entry, found.feed, SINCE, "http://127.0.0.1/", "rss")

    def test_texts(self) -> None:
        for name, text in {
            "encoding_bozo_double-encoded-html": "\u2026",
            "encoding_demoronize-2": "don\u2019t",
            "illformed_rdf_channel_empty_textinput": "crashes here",
            "wellformed_rss_item_description_and_summary": "Example description",
        }.items():
            assert rss._text(self.read(name).entries[0]) == text, name

    def test_details(self) -> None:
        assert self.read("wellformed_atom10_entry_id").entries[0].id == "http://example.com/"
        unsafe = self.read("wellformed_http_headers_content_location-unsafe", content_location="javascript:alert(1)")
        assert unsafe.feed.link == "http://127.0.0.1:8097/abs"
        assert self.read("encoding_bozo_http_text_plain_charset", content_type="text/plain; charset=utf-8").bozo
        assert self.read("illformed_rss_incomplete_cdata").bozo
