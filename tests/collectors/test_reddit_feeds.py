"""Reddit's feeds: what they show, once, and a gap whenever more may have come than they hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import reddit_feeds
from monitor.core.errors import AuthFailed, PartlyRead, RateLimited
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply

SEARCH, NEW, COMMENTS = "/search.rss", "/r/acme/new/.rss", "/r/acme/comments/.rss"
AT = NOON - timedelta(minutes=5)
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


def entry(
    number: int,
    at: datetime = AT,
    author: str = "/u/ann",
    kind: str = "t3",
    title: str = "Acme lost it",
    words: str = "and nobody answers",
) -> str:
    footer = (
        " &amp;#32; submitted by &amp;#32; &lt;a href=&quot;x&quot;&gt; /u/ann &lt;/a&gt; &amp;#32; to &amp;#32; "
        "&lt;a href=&quot;x&quot;&gt; r/acme &lt;/a&gt; &lt;br/&gt; &lt;span&gt;&lt;a href=&quot;x&quot;&gt;[link]"
        "&lt;/a&gt;&lt;/span&gt; &amp;#32; &lt;span&gt;&lt;a href=&quot;x&quot;&gt;[comments]&lt;/a&gt;&lt;/span&gt;"
    )
    body = f"&lt;p&gt;{words}&lt;/p&gt;{footer if kind == 't3' else ''}"
    return (
        f"<entry><author><name>{author}</name></author><id>{kind}_{number}</id><title>{title}</title>"
        f'<link href="https://www.reddit.com/r/acme/comments/{number}/" />'
        f'<content type="html">{body}</content><updated>{at.isoformat()}</updated></entry>'
    )


def feed(*entries: str) -> bytes:
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{"".join(entries)}</feed>'.encode()


def mention(number: int) -> Mention:
    return Mention(
        platform="reddit",
        id=f"t3_{number}",
        text="Acme lost it\nand nobody answers",
        posted_at=AT,
        url=f"https://www.reddit.com/r/acme/comments/{number}/",
        author="ann",
    )


class TestContract(HttpCollectorContract):
    plugin = reddit_feeds
    path = SEARCH
    content_type = "application/atom+xml"
    answer = feed(entry(2), entry(1))
    malformed = feed(entry(2), entry(7, kind="x9"), entry(3, author="/u/[deleted]"), entry(1))
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "requests_per_minute": 10}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def offer(server: LoopbackServer, path: str, *entries: str) -> None:
    server.routes[path] = lambda _: Reply(headers={"Content-Type": "application/atom+xml"}, body=feed(*entries))


def read(server: LoopbackServer, cursor: str | None = None, **options: Any) -> list[Page]:
    given: dict[str, Any] = {"base_url": server.url, "timeout": 0.5, "requests_per_minute": 10}
    made = reddit_feeds.create(reddit_feeds.Options(**given | options))
    asked = Round(watches=WATCHES, cursor=cursor, since=NOON - timedelta(days=1), now=NOON)
    return list(made.pages(asked))


def test_p52_what_automoderator_wrote_is_kept_and_marked(server: LoopbackServer) -> None:
    offer(server, SEARCH, entry(2), entry(1, author="/u/AutoModerator"))
    (page,) = read(server)
    assert [(found.author, found.by_bot) for found in page.mentions] == [("ann", False), ("AutoModerator", True)]
    assert page.skipped == ()


def test_posts_and_comments_of_subreddits_are_read(server: LoopbackServer) -> None:
    offer(server, NEW, entry(1))
    offer(server, COMMENTS, entry(5, kind="t1", title="/u/ann on Acme lost it"))
    post, comment = mentions(read(server, subreddits=["acme"], search=False))
    assert post == mention(1)
    assert (comment.id, comment.kind, comment.text) == ("t1_5", Kind.REPLY, "and nobody answers")
    assert comment.context == "Acme lost it"


def test_a_feed_of_nothing_but_new_entries_is_a_gap(server: LoopbackServer) -> None:
    offer(server, SEARCH, *(entry(n, AT + n * timedelta(seconds=1)) for n in range(25)))
    first = read(server)
    assert first[0].gaps == ()
    offer(server, SEARCH, *(entry(n, AT + n * timedelta(seconds=1)) for n in range(40, 65)))
    (page,) = read(server, last_cursor(first))
    (gap,) = page.gaps
    assert (gap.start, gap.end) == (AT + timedelta(seconds=24), AT + timedelta(seconds=40))
    offer(server, SEARCH, *(entry(n, AT + n * timedelta(seconds=1)) for n in range(64, 89)))
    (page,) = read(server, page.cursor)
    assert (page.gaps, len(page.mentions)) == ((), 24)


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    offer(server, SEARCH, entry(1), entry(2, NOON - timedelta(days=2)))
    assert [found.id for found in mentions(read(server))] == ["t3_1"]


def test_one_feed_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    offer(server, COMMENTS, entry(1, kind="t1"))
    server.fail(NEW, Fault.answer(500))
    made = reddit_feeds.create(
        reddit_feeds.Options(base_url=server.url, subreddits=("acme",), search=False, requests_per_minute=10)
    )
    found: list[Page] = []
    with pytest.raises(PartlyRead):
        found.extend(made.pages(Round(watches=WATCHES, cursor=None, since=AT, now=NOON)))
    assert [request.path for request in server.requests] == [NEW, COMMENTS]


def test_only_the_last_words_are_reddits_own(server: LoopbackServer) -> None:
    words = "A claim submitted by /u/ann was refused"
    offer(server, NEW, entry(1, words=words))
    offer(server, COMMENTS, entry(2, kind="t1", words=words))
    post, comment = mentions(read(server, subreddits=["acme"], search=False))
    assert post.text == f"Acme lost it\n{words}"
    assert comment.text == words


def test_p23_a_refusal_ends_the_round_and_the_next_one_starts_with_what_was_not_read(server: LoopbackServer) -> None:
    offer(server, NEW, entry(1))
    offer(server, COMMENTS, entry(2, kind="t1"))
    server.fail(COMMENTS, Fault.answer(429, b"<html>", retry_after="600"))
    given: dict[str, Any] = {"base_url": server.url, "subreddits": ("acme",), "requests_per_minute": 10}
    made = reddit_feeds.create(reddit_feeds.Options(**given))
    pages: list[Page] = []
    with pytest.raises(RateLimited) as caught:
        for page in made.pages(Round(watches=WATCHES, cursor=None, since=NOON - timedelta(days=1), now=NOON)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert caught.value.wait == timedelta(minutes=10)
    assert [request.path for request in server.requests] == [NEW, COMMENTS]
    offer(server, SEARCH)
    read(server, last_cursor(pages), subreddits=["acme"])
    assert [request.path for request in server.requests[2:]] == [COMMENTS, SEARCH, NEW]


def test_p26_a_feed_that_is_closed_says_what_to_do(server: LoopbackServer) -> None:
    server.fail(SEARCH, Fault.answer(403, b"<html>"))
    with pytest.raises(AuthFailed, match="the way with an app"):
        read(server)


def test_a_source_with_nothing_to_read_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing to read"):
        reddit_feeds.Options(search=False)
    with pytest.raises(ValidationError, match="subreddits"):
        reddit_feeds.Options(subreddits=("r/acme",))


@pytest.mark.live
def test_live() -> None:
    from datetime import UTC

    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    made = reddit_feeds.create(reddit_feeds.Options(subreddits=("help",), search=False))
    assert mentions(list(made.pages(Round(watches=(), cursor=None, since=now - timedelta(days=7), now=now))))
