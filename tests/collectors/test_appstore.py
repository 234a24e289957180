"""The App Store: every review once, in every shape of Apple's feed."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import appstore
from monitor.core.errors import PartlyRead
from monitor.core.mention import Kind, Mention, Page
from monitor.ports import Round
from monitor.testing.collector_contract import HttpCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "appstore"
AT = NOON - timedelta(hours=2)


def path(page: int = 1, country: str = "us") -> str:
    return f"/{country}/rss/customerreviews/page={page}/id=7/sortby=mostrecent/json"


def review(number: int, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    return {
        "id": {"label": str(number)},
        "author": {"name": {"label": "ann"}},
        "updated": {"label": at.isoformat()},
        "im:rating": {"label": "1"},
        "title": {"label": "Crashes"},
        "content": {"label": "Every time since the update"},
    } | changes


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "appstore",
        "id": str(number),
        "text": "Crashes\nEvery time since the update",
        "posted_at": AT,
        "edited_at": AT,
        "url": "https://apps.apple.com/us/app/id7?see-all=reviews",
        "author": "ann",
        "rating": 1,
        "kind": Kind.REVIEW,
        "brand": "Acme",
    }
    return Mention(**fields | changes)


def feed(*entries: Any) -> dict[str, Any]:
    return {"feed": {"entry": list(entries)}}


class TestContract(HttpCollectorContract):
    plugin = appstore
    path = path()
    answer = json.dumps(feed(review(2), review(1))).encode()
    malformed = json.dumps(
        feed({"im:name": {"label": "the app itself"}}, review(2), "x", review(3, updated={"label": "?"}), review(1))
    ).encode()
    expected = (mention(2), mention(1))

    def options(self, place: str) -> dict[str, Any]:
        return {"base_url": place, "timeout": 0.5, "apps": [7], "brand": "Acme", "requests_per_minute": 60}

    @pytest.fixture
    def serve(self, server: LoopbackServer) -> Any:
        def offer(payload: bytes) -> Any:
            server.routes[self.path] = lambda _: Reply(headers={"Content-Type": "application/json"}, body=payload)
            server.routes[path(2)] = lambda _: Reply(body={"feed": {}})
            return self.collector(server.url)

        return offer


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


def read(server: LoopbackServer, cursor: str | None = None, now: datetime = NOON, **options: Any) -> list[Page]:
    given: dict[str, Any] = {"base_url": server.url, "timeout": 0.5, "apps": [7], "brand": "Acme"}
    made = appstore.create(appstore.Options(**given | {"requests_per_minute": 60} | options))
    return list(made.pages(Round(watches=(), cursor=cursor, since=NOON - timedelta(days=30), now=now)))


def offer(server: LoopbackServer, reviews: list[dict[str, Any]], country: str = "us") -> None:
    for page in range(1, 11):
        some = reviews[(page - 1) * 50 : page * 50]
        server.routes[path(page, country)] = partial(answer, {"feed": {"entry": some} if some else {}})


def answer(body: Any, _: Request) -> Reply:
    return Reply(body=body)


@pytest.mark.parametrize("entry", [review(1), [review(1)]])
def test_p19_an_entry_is_a_list_or_itself(server: LoopbackServer, entry: Any) -> None:
    server.routes[path(2)] = lambda _: Reply(body={"feed": {}})
    server.routes[path()] = lambda _: Reply(body={"feed": {"entry": entry}})
    assert mentions(read(server)) == [mention(1)]


def test_p19_no_entry_is_no_error_and_times_are_utc(server: LoopbackServer) -> None:
    server.routes[path()] = lambda _: Reply(body={"feed": {"title": {"label": "x"}}})
    assert mentions(read(server)) == []
    offer(server, [review(1, updated={"label": "2026-11-02T03:00:00-07:00"})])
    assert mentions(read(server))[0].posted_at == datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_all_pages_are_read_and_nothing_is_given_twice(server: LoopbackServer) -> None:
    reviews = [review(n, NOON - timedelta(hours=n)) for n in range(130)]
    offer(server, reviews)
    pages = read(server)
    assert len(mentions(pages)) == 130
    offer(server, [review(999, NOON), *reviews])
    assert [found.id for found in mentions(read(server, last_cursor(pages)))] == ["999"]


def test_an_edited_review_is_given_again(server: LoopbackServer) -> None:
    offer(server, [review(1)])
    cursor = last_cursor(read(server))
    later = AT + timedelta(hours=1)
    offer(server, [review(1, later, content={"label": "Fixed"})])
    (found,) = mentions(read(server, cursor))
    assert (found.text, found.edited_at) == ("Crashes\nFixed", later)


def test_more_than_500_new_reviews_are_a_gap(server: LoopbackServer) -> None:
    offer(server, [review(n, NOON - timedelta(minutes=n)) for n in range(600)])
    ((gap,),) = [page.gaps for page in read(server) if page.gaps]
    assert gap.end == NOON - timedelta(minutes=499)


def test_reviews_that_were_read_before_are_no_gap(server: LoopbackServer) -> None:
    old = [review(n, NOON - timedelta(minutes=n)) for n in range(450)]
    offer(server, old)
    cursor = last_cursor(read(server))
    # So many came in three hours that the day which is read again cannot be reached, but all new ones can.
    later = NOON + timedelta(hours=3)
    new = [review(1_000 + n, later - timedelta(seconds=20 * n)) for n in range(400)]
    offer(server, [*new, *old])
    pages = read(server, cursor, now=later)
    assert (len(mentions(pages)), [page.gaps for page in pages if page.gaps]) == (400, [])


def test_of_reviews_that_came_late_only_the_last_hour_is_a_gap(server: LoopbackServer) -> None:
    offer(server, [review(1, NOON - timedelta(hours=2))])
    cursor = last_cursor(read(server))
    later = NOON + timedelta(hours=3)
    offer(server, [review(1_000 + n, later - timedelta(seconds=20 * n)) for n in range(600)])
    ((gap,),) = [page.gaps for page in read(server, cursor, now=later) if page.gaps]
    assert (gap.start, gap.end) == (NOON - timedelta(hours=1), later - timedelta(seconds=20 * 499))


def test_one_country_in_trouble_stops_no_other(server: LoopbackServer) -> None:
    offer(server, [review(1)], "de")
    pages: list[Page] = []
    options = appstore.Options(base_url=server.url, apps=(7,), countries=("xx", "DE"), requests_per_minute=60)
    with pytest.raises(PartlyRead):
        for page in appstore.create(options).pages(Round(watches=(), cursor=None, since=AT, now=NOON)):
            pages.append(page)  # noqa: PERF402 (pages before an error count)
    assert len(mentions(pages)) == 1


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "yesterday", ""])
def test_p55_impossible_times_are_counted(server: LoopbackServer, moment: str) -> None:
    offer(server, [review(1, updated={"label": moment}), review(2)])
    pages = read(server)
    assert mentions(pages) == [mention(2)]
    assert dict(pages[0].skipped) == {"no time, or an impossible one": 1}


def test_p55_a_time_without_a_zone_is_utc_wherever_we_run(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        offer(server, [review(1, updated={"label": "2026-11-02T03:00:00"})])
        assert mentions(read(server))[0].posted_at == datetime(2026, 11, 2, 3, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("stars", ["0", "6", "²", "9" * 5_000, "five"])
def test_p53_impossible_stars_are_unknown(server: LoopbackServer, stars: str) -> None:
    offer(server, [review(1) | {"im:rating": {"label": stars}}])
    assert mentions(read(server))[0].rating is None


def test_p53_p56_odd_words_are_kept_and_followers_are_unknown(server: LoopbackServer) -> None:
    words = "\u202bAcme 👎\u200d <3 & <b>" * 700
    offer(server, [review(1, title={"label": ""}, content={"label": words})])
    (found,) = mentions(read(server))
    assert (found.text, found.followers, found.reposts) == (words, None, None)


def test_p20_the_first_look_back_is_bounded(server: LoopbackServer) -> None:
    offer(server, [review(1, NOON - timedelta(days=29)), review(2, NOON - timedelta(days=31))])
    assert [found.id for found in mentions(read(server))] == ["1"]


def test_p65_it_says_who_asks(server: LoopbackServer) -> None:
    offer(server, [])
    read(server, contact="mailto:me@acme.example")
    assert server.requests[0].headers["user-agent"].endswith("(+mailto:me@acme.example)")


def test_a_feed_that_is_empty_for_a_while_loses_nothing(server: LoopbackServer) -> None:
    offer(server, [review(1, NOON - timedelta(hours=3))])
    cursor = last_cursor(read(server))
    offer(server, [])
    cursor = last_cursor(read(server, cursor))
    offer(server, [review(2, NOON - timedelta(hours=2)), review(1, NOON - timedelta(hours=3))])
    assert [found.id for found in mentions(read(server, cursor))] == ["2"]


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_reviews_are_read() -> None:
    body = json.loads((FIXTURES / "reviews_two.json").read_text("utf-8"))["exchanges"][0]["response"]["body"]
    for entry in body["feed"]["entry"]:
        assert isinstance(appstore._mention(entry, 7, "in", None), Mention)


@pytest.mark.live
def test_live() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    made = appstore.create(appstore.Options(apps=(310633997,)))
    assert mentions(list(made.pages(Round(watches=(), cursor=None, since=now - timedelta(days=30), now=now))))
