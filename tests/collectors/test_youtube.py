"""YouTube: every comment once, within the day's units and searches, and the key never shown."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.collectors import _youtube_api as api
from monitor.collectors import _youtube_position as where
from monitor.collectors import youtube
from monitor.collectors._youtube_position import Listing
from monitor.core.errors import AuthFailed, OutOfBudget, PartlyRead, RateLimited, SourceError, Unavailable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.watch import Matcher, Watch
from monitor.jobs.collect import Source, collect
from monitor.jobs.refresh import refresh
from monitor.ports import Looked, Round
from monitor.store.sql import SqlStore
from monitor.testing.collector_contract import HttpCollectorContract, mentions
from monitor.testing.fakes import NOON
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "youtube"
THREADS, COMMENTS, SEARCH = (f"/youtube/v3/{name}" for name in ("commentThreads", "comments", "search"))
KEY = "AIza-s3cret"
CHANNEL = "UC" + "c" * 22
VIDEO = "v1234567890"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ACME = (Watch(brand="Acme", terms=("Acme", "Acme Phone"), misspellings=("Akme Box",), handles=("@acme",)),)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_YOUTUBE", KEY)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def name(number: int) -> str:
    return f"Ug{number:05}xxxxxxxxAaABAg"


def comment(number: int, at: datetime = NOON - MINUTE, **changes: Any) -> dict[str, Any]:
    """As ``comments.list`` gives it."""
    snippet: dict[str, Any] = {
        "authorDisplayName": "@ann",
        "authorChannelId": {"value": "UCann"},
        "videoId": VIDEO,
        "textDisplay": f"Acme lost parcel {number}",
        "textOriginal": f"Acme lost parcel {number}",
        "likeCount": 3,
        "publishedAt": stamp(at),
        "updatedAt": stamp(at),
    }
    return {"kind": "youtube#comment", "id": name(number), "snippet": snippet | changes}


def thread(top: dict[str, Any], *replies: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    snippet = {"topLevelComment": top, "totalReplyCount": len(replies) if total is None else total, "isPublic": True}
    item: dict[str, Any] = {"kind": "youtube#commentThread", "id": top["id"], "snippet": snippet}
    return item | ({"replies": {"comments": list(replies)}} if replies else {})


def video(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """As ``search.list`` gives it."""
    snippet = {
        "publishedAt": stamp(at),
        "channelId": "UCmaker",
        "title": f"Acme &amp; Co: don&#39;t buy {number}",
        "description": "A test ...",
        "channelTitle": "Maker",
    }
    return {"id": {"kind": "youtube#video", "videoId": f"f{number:010}"}, "snippet": snippet | changes}


def body(*items: object, token: object = None) -> bytes:
    found = {"kind": "youtube#commentThreadListResponse", "items": items}
    return json.dumps(found | ({"nextPageToken": token} if token else {})).encode()


def refusal(status: int, reason: str, details: list[Any] | None = None) -> Fault:
    error = {"code": status, "message": "secret words", "errors": [{"reason": reason, "domain": "youtube"}]}
    return Fault.answer(status, {"error": error | ({"details": details} if details else {})})


class YouTube:
    """Answers as YouTube does: threads newest first by page, at most five replies with a thread, searches by date."""

    def __init__(self, server: LoopbackServer, page: int = 100) -> None:
        self.server = server
        self.page = page
        self.pinned: dict[str, Any] | None = None
        self.threads: dict[str, list[dict[str, Any]]] = {VIDEO: []}
        self.replies: dict[str, list[dict[str, Any]]] = {}
        self.videos: list[dict[str, Any]] = []
        routes: dict[str, Callable[[Request], Reply]] = {
            THREADS: self._threads,
            COMMENTS: self._comments,
            SEARCH: self._search,
            "/youtube/v3/i18nLanguages": lambda _: Reply(body={"kind": "x", "items": []}),
        }
        server.routes.update(routes)

    def add(self, *comments: dict[str, Any], to: str = VIDEO) -> None:
        self.threads.setdefault(to, []).extend(comments)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.server.requests if request.path == path]

    def _threads(self, request: Request) -> Reply:
        where = request.query.get("videoId") or request.query["allThreadsRelatedToChannelId"]
        if where not in self.threads:
            return refusal(404, "videoNotFound").reply
        items = sorted(self.threads[where], key=published, reverse=True)
        shown, token = self._cut(items, request.query.get("pageToken"), int(request.query["maxResults"]))
        if self.pinned and "pageToken" not in request.query:
            shown = [self.pinned, *shown]
        return Reply(body=json.loads(body(*map(self._with_replies, shown), token=token)))

    def _with_replies(self, top: dict[str, Any]) -> dict[str, Any]:
        replies = sorted(self.replies.get(top["id"], []), key=published)
        return thread(top, *replies[:2], total=len(replies))

    def _comments(self, request: Request) -> Reply:
        if "id" in request.query:
            wanted = request.query["id"].split(",")
            known = [one for some in (*self.threads.values(), *self.replies.values()) for one in some]
            return Reply(body={"items": [one for one in known if one["id"] in wanted]})
        replies = sorted(self.replies.get(request.query["parentId"], []), key=published, reverse=True)
        shown, token = self._cut(replies, request.query.get("pageToken"), int(request.query["maxResults"]))
        return Reply(body=json.loads(body(*shown, token=token)))

    def _search(self, request: Request) -> Reply:
        after = request.query["publishedAfter"]
        items = [one for one in self.videos if one["snippet"]["publishedAt"] >= after]
        items.sort(key=lambda one: str(one["snippet"]["publishedAt"]), reverse=True)
        shown, token = self._cut(items, request.query.get("pageToken"), int(request.query["maxResults"]))
        return Reply(body=json.loads(body(*shown, token=token)))

    def _cut(self, items: list[Any], token: str | None, most: int) -> tuple[list[Any], str | None]:
        """A page below the item that the token names, as new ones come in above."""
        most = min(most, self.page)
        places = [place for place, item in enumerate(items) if token == str(item["id"])]
        start = places[0] + 1 if places else 0
        shown = items[start : start + most]
        return shown, str(shown[-1]["id"]) if start + most < len(items) else None


def published(item: dict[str, Any]) -> str:
    return str(item["snippet"]["publishedAt"])


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({}) as running:
        yield running


@pytest.fixture
def site(server: LoopbackServer) -> YouTube:
    return YouTube(server)


class Rounds:
    """A collector whose cursor is kept from round to round."""

    def __init__(self, site: YouTube, **options: Any) -> None:
        given: dict[str, Any] = {"key": {"env": "UMBRAGE_TEST_YOUTUBE"}, "base_url": site.server.url, "timeout": 0.5}
        given |= {"videos": [VIDEO], "searches_per_day": 0, "requests_per_minute": 600}
        self.collector = youtube.create(youtube.Options(**given | options))
        self.cursor: str | None = None
        self.error: SourceError | None = None

    def read(self, now: datetime = NOON, most: int | None = None) -> list[Page]:
        """One round; the process is killed after ``most`` pages, or one of them fails."""
        pages: list[Page] = []
        self.error = None
        try:
            for page in self.collector.pages(Round(watches=ACME, cursor=self.cursor, since=NOON - DAY, now=now)):
                pages.append(page)
                self.cursor = page.cursor or self.cursor
                if len(pages) == most:
                    break
        except SourceError as error:
            self.error = error
        return pages

    def found(self, now: datetime = NOON, most: int | None = None) -> list[int]:
        """Numbers of comments, sorted."""
        return sorted(int(one.id[2:7]) for one in mentions(self.read(now, most)) if one.id.startswith("Ug"))

    def look_up(self, *ids: str) -> Looked:
        return self.collector.look_up(ids, NOON)


def mention(number: int, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "youtube",
        "id": name(number),
        "text": f"Acme lost parcel {number}",
        "posted_at": NOON - MINUTE,
        "url": f"https://www.youtube.com/watch?v={VIDEO}&lc={name(number)}",
        "author": "ann",
    }
    return Mention(**fields | changes)


class TestComments(HttpCollectorContract):
    plugin = youtube
    path = THREADS
    secrets = (KEY,)
    answer = body(thread(comment(1), comment(2, parentId=name(1))), thread(comment(3)))
    malformed = body(
        "x",
        thread(comment(1), comment(2, parentId=name(1)), {"id": name(9)}),
        {"id": 7, "snippet": None},
        thread(comment(4, publishedAt="yesterday")),
        thread(comment(5, textDisplay=None, textOriginal=" ")),
        thread(comment(3)),
    )
    expected = (
        mention(1),
        mention(2, reply_to=name(1), context="Acme lost parcel 1", kind=Kind.REPLY),
        mention(3),
    )

    def options(self, place: str) -> dict[str, Any]:
        return {
            "key": {"env": "UMBRAGE_TEST_YOUTUBE"},
            "videos": [VIDEO],
            "searches_per_day": 0,
            "base_url": place,
            "timeout": 0.5,
            "requests_per_minute": 600,
        }


class TestSearches(HttpCollectorContract):
    plugin = youtube
    path = SEARCH
    secrets = (KEY,)
    answer = body(video(1, NOON - MINUTE))
    malformed = body(None, video(1, NOON - MINUTE), video(2, NOON, publishedAt=3), {"id": {}, "snippet": {}})
    expected = (
        Mention(
            platform="youtube",
            id="f0000000001",
            text="Acme & Co: don't buy 1\nA test ...",
            posted_at=NOON - MINUTE,
            url="https://www.youtube.com/watch?v=f0000000001",
            author="Maker",
        ),
    )

    @pytest.fixture(autouse=True)
    def _no_comments(self, server: LoopbackServer) -> None:
        server.routes[THREADS] = lambda _: refusal(403, "commentsDisabled").reply

    def options(self, place: str) -> dict[str, Any]:
        return {"key": {"env": "UMBRAGE_TEST_YOUTUBE"}, "base_url": place, "timeout": 0.5, "requests_per_minute": 600}


# ── position ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_new_is_read_page_by_page_and_nothing_twice(site: YouTube) -> None:
    site.page = 10
    rounds = Rounds(site)
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(35)))
    assert rounds.found() == list(range(35))
    site.add(*(comment(number, NOON + MINUTE) for number in range(100, 125)))
    assert rounds.found(NOON + MINUTE * 5) == list(range(100, 125))
    assert rounds.found(NOON + MINUTE * 10) == []


def test_p20_the_first_look_back_is_bounded(site: YouTube) -> None:
    site.add(comment(1, NOON - DAY + MINUTE), comment(2, NOON - DAY - MINUTE))
    assert Rounds(site).found() == [1]


def test_a_comment_that_appears_late_is_found(site: YouTube) -> None:
    rounds = Rounds(site)
    site.add(comment(1))
    rounds.read()
    site.add(comment(2, NOON - MINUTE * 40))
    assert rounds.found(NOON + MINUTE * 5) == [2]


def test_a_pinned_old_comment_does_not_end_the_reading(site: YouTube) -> None:
    site.page = 10
    site.pinned = comment(99, NOON - DAY * 300)
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(25)))
    rounds = Rounds(site)
    assert rounds.found() == list(range(25))
    assert rounds.error is None


@pytest.mark.parametrize("most", range(1, 12))
def test_a_kill_after_any_page_loses_and_doubles_nothing(site: YouTube, most: int) -> None:
    site.page = 4
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(10)))
    for parent in (2, 7):
        site.replies[name(parent)] = [comment(parent * 10 + n, NOON - MINUTE, parentId=name(parent)) for n in range(9)]
    rounds = Rounds(site)
    found = rounds.found(most=most)
    site.add(comment(500, NOON + MINUTE))
    found += rounds.found(NOON + MINUTE * 2)
    wanted = [*range(10), *range(20, 29), *range(70, 79)]
    if rounds.cursor and 500 not in found:
        found += rounds.found(NOON + MINUTE * 4)
    assert sorted(found) == sorted([*wanted, 500])


def test_a_reading_that_was_left_goes_on_where_it_was(site: YouTube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "MOST_PAGES", 2)
    site.page = 5
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(20)))
    rounds = Rounds(site)
    assert rounds.found() == list(range(10))
    site.add(comment(50, NOON + MINUTE))
    assert rounds.found(NOON + MINUTE * 2) == list(range(10, 20))
    assert rounds.found(NOON + MINUTE * 4) == [50]


def test_a_page_that_youtube_no_longer_knows_starts_the_listing_again(site: YouTube) -> None:
    site.page = 5
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(12)))
    rounds = Rounds(site)
    assert rounds.found(most=1) == list(range(5))
    assert rounds.found(most=1, now=NOON) == list(range(5, 10))
    site.server.fail(THREADS, refusal(400, "invalidPageToken"))
    assert rounds.found() == [10, 11]
    site.server.fail(THREADS, *[refusal(400, "invalidPageToken")] * 60)
    rounds.read(NOON + DAY)
    assert rounds.error is not None


def test_p04_a_listing_that_never_ends_is_left(server: LoopbackServer) -> None:
    count = iter(range(10_000))
    site = YouTube(server)
    server.routes[THREADS] = lambda _: Reply(body=json.loads(body(thread(comment(1)), token=f"t{next(count)}")))
    rounds = Rounds(site)
    assert rounds.found() == [1]
    assert len(server.requests) == 2


def test_replies_are_asked_for_only_where_some_did_not_come_along(site: YouTube) -> None:
    site.add(comment(1), comment(2))
    site.replies[name(1)] = [comment(11, parentId=name(1)), comment(12, parentId=name(1))]
    site.replies[name(2)] = [comment(20 + n, parentId=name(2)) for n in range(3)]
    rounds = Rounds(site)
    pages = rounds.read()
    assert sorted(int(one.id[2:7]) for one in mentions(pages)) == [1, 2, 11, 12, 20, 21, 22]
    assert [request.query["parentId"] for request in site.asked(COMMENTS)] == [name(2)]
    assert {one.context for one in mentions(pages) if one.reply_to} == {"Acme lost parcel 1", "Acme lost parcel 2"}
    rounds.read(NOON + MINUTE * 2)
    assert len(site.asked(COMMENTS)) == 1
    site.replies[name(2)].append(comment(30, NOON + MINUTE, parentId=name(2)))
    assert rounds.found(NOON + MINUTE * 4) == [30]
    assert len(site.asked(COMMENTS)) == 2


def test_a_reply_that_comes_as_another_goes_is_found(site: YouTube) -> None:
    site.add(comment(1, NOON - HOUR * 5))
    site.replies[name(1)] = [comment(10 + n, parentId=name(1)) for n in range(4)]
    rounds = Rounds(site)
    rounds.read()
    site.replies[name(1)][2] = comment(20, NOON + MINUTE, parentId=name(1))
    found = [rounds.found(NOON + MINUTE * 20 * step) for step in range(1, 5)]
    assert found == [[], [], [20], []]
    asked = len(site.asked(COMMENTS))
    rounds.read(NOON + HOUR * 9)
    assert len(site.asked(COMMENTS)) == asked


def test_new_replies_to_comments_of_the_last_day_are_found_below_many_newer_ones(site: YouTube) -> None:
    site.page = 10
    site.add(comment(1, NOON - HOUR * 5), *(comment(100 + n, NOON - MINUTE * 200 + MINUTE * n) for n in range(95)))
    rounds = Rounds(site)
    rounds.read()
    site.replies[name(1)] = [comment(7, NOON + MINUTE, parentId=name(1))]
    found = [rounds.found(NOON + MINUTE * 20 * step) for step in range(1, 6)]
    assert found == [[], [], [7], [], []]


def test_replies_that_end_without_a_page_are_read_as_far_as_there_are_any(site: YouTube) -> None:
    site.page = 3
    site.add(comment(1, NOON - DAY * 9))
    old = [comment(100 + n, NOON - DAY * 2, parentId=name(1)) for n in range(20)]
    site.replies[name(1)] = [*old, comment(7, parentId=name(1))]
    assert Rounds(site).found() == [7]
    assert len(site.asked(COMMENTS)) == 1


def test_a_clock_that_was_set_back_moves_nothing_back() -> None:
    position = Listing()
    for moment in (NOON, NOON - DAY):
        position.begin(moment)
        position.finish(HOUR)
    assert position.start(NOON, HOUR) == NOON - HOUR


def test_only_so_many_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where, "MOST_SEEN", 2)
    position = Listing()
    position.begin(NOON)
    for number in range(5):
        position.is_new(str(number), NOON - timedelta(seconds=number), NOON - HOUR)
    position.finish(HOUR)
    assert list(position.seen) == ["0", "1"]


@pytest.mark.parametrize("made", ['{"until": 1e40}', '{"until": -1}', '{"seen": []}', '{"path": 1}', "[]"])
def test_what_is_no_position_is_refused(made: str) -> None:
    with pytest.raises(ValidationError):
        Listing.model_validate_json(made)


# ── searches and the day ──────────────────────────────────────────────────────────────────────────────────────────────


def test_queries_are_alternatives_within_a_length() -> None:
    key: Any = {"env": "X"}
    collector = youtube.create(youtube.Options(key=key))
    assert collector.queries(ACME) == ['Acme|"Akme Box"|@acme']
    many = (Watch(brand="x", terms=tuple(f"word{number:03}" for number in range(100))),)
    assert len(collector.queries(many)) == 4
    assert max(map(len, collector.queries(many))) <= youtube.LONGEST_QUERY
    assert youtube.create(youtube.Options(key=key, searches_per_day=0, videos=(VIDEO,))).queries(ACME) == []


def test_videos_that_a_search_finds_are_read_from_their_first_comment_on(site: YouTube) -> None:
    site.videos = [video(1, NOON - MINUTE * 90), video(2, NOON - DAY * 3)]
    site.add(comment(1, NOON - MINUTE * 80), to="f0000000001")
    rounds = Rounds(site, videos=[], searches_per_day=50)
    pages = rounds.read()
    assert [one.id for one in mentions(pages)] == ["f0000000001", name(1)]
    assert [dict(page.spent) for page in pages] == [{"searches": 1}, {"units": 1}]
    query = site.asked(SEARCH)[0].query
    assert (query["order"], query["type"], query["publishedAfter"]) == ("date", "video", stamp(NOON - DAY))
    site.videos.append(video(3, NOON - MINUTE * 30))
    assert [one.id for one in mentions(rounds.read(NOON + MINUTE * 29))] == ["f0000000003"]


def test_more_videos_than_a_page_holds_are_found_by_the_next_searches(site: YouTube) -> None:
    site.page = 10
    site.videos = [video(number, NOON - MINUTE * number) for number in range(25)]
    rounds = Rounds(site, videos=[], searches_per_day=50)
    found = [
        one.id for step in range(3) for one in mentions(rounds.read(NOON + MINUTE * 29 * step)) if one.id[0] == "f"
    ]
    assert sorted(found) == [f"f{number:010}" for number in range(25)]


def test_videos_beyond_the_pages_of_a_search_are_a_gap(site: YouTube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "MOST_SEARCH_PAGES", 2)
    site.page = 10
    site.videos = [video(number, NOON - MINUTE * number) for number in range(35)]
    rounds = Rounds(site, videos=[], searches_per_day=50)
    gaps = [gap for step in range(2) for page in rounds.read(NOON + MINUTE * 29 * step) for gap in page.gaps]
    assert [(gap.start, gap.end) for gap in gaps] == [(NOON - DAY, NOON - MINUTE * 19)]


def test_only_the_newest_videos_are_watched(site: YouTube) -> None:
    site.videos = [video(number, NOON - MINUTE * number) for number in range(30)]
    site.videos.append(video(99, NOON - MINUTE, channelId=CHANNEL))
    for number in range(30):
        site.threads[f"f{number:010}"] = []
    rounds = Rounds(site, videos=[], searches_per_day=50, most_videos=3)
    rounds.read()
    asked = {request.query["videoId"] for request in site.asked(THREADS)}
    assert asked == {"f0000000000", "f0000000001", "f0000000002"} or len(asked) == 3
    assert len(rounds.cursor or "") < 5_000


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [
        (datetime(2026, 3, 8, 8, tzinfo=UTC), 23),
        (datetime(2026, 6, 1, 7, tzinfo=UTC), 24),
        (datetime(2026, 11, 1, 7, tzinfo=UTC), 25),
    ],
)
def test_p35_searches_are_spread_over_pacific_days_also_when_clocks_change(
    site: YouTube, midnight: datetime, hours: int
) -> None:
    rounds = Rounds(site, videos=[], searches_per_day=20)
    moments = []
    for step in range(hours * 3):
        now = midnight + MINUTE * 20 * step
        before = len(site.server.requests)
        rounds.read(now)
        moments += [now] * (len(site.server.requests) - before)
    assert len(moments) == 20
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert max(pauses) - min(pauses) <= MINUTE * 20
    used = Rounds(site).collector.budgets[0]
    assert used.end(midnight) - used.start(midnight) == timedelta(hours=hours)


def test_p35_after_a_long_stop_searches_are_not_made_up_for(site: YouTube) -> None:
    rounds = Rounds(site, videos=[], searches_per_day=50)
    rounds.read()
    rounds.read(NOON + DAY)
    assert len(site.asked(SEARCH)) == 2


def test_queries_take_turns(site: YouTube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "LONGEST_QUERY", 12)
    rounds = Rounds(site, videos=[], searches_per_day=50)
    for step in range(4):
        rounds.read(NOON + MINUTE * 29 * step)
    assert [request.query["q"] for request in site.asked(SEARCH)] == ["Acme", '"Akme Box"', "@acme", "Acme"]


def test_a_word_that_is_too_long_is_counted(site: YouTube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "LONGEST_QUERY", 5)
    (page,) = Rounds(site, videos=[], searches_per_day=50).read()
    assert dict(page.skipped) == {"a word too long to search for": 1}


def test_used_up_searches_do_not_stop_the_comments(site: YouTube) -> None:
    site.add(comment(1))
    site.server.fail(SEARCH, refusal(403, "quotaExceeded"))
    rounds = Rounds(site, searches_per_day=50)
    pages = rounds.read()
    assert rounds.error is None
    assert [one.id for one in mentions(pages)] == [name(1)]
    assert next(reason for reason, _ in pages[0].skipped).startswith("a search: YouTube says")


def test_p34_videos_are_read_less_often_the_more_there_are(site: YouTube) -> None:
    videos = [f"v{number:010}" for number in range(10)]
    for one in videos:
        site.threads[one] = []
    rounds = Rounds(site, videos=videos, units_per_day=240)
    for step in range(24 * 3):
        rounds.read(NOON + MINUTE * 20 * step)
    assert 100 <= len(site.asked(THREADS)) <= 130


def test_p34_the_budgets_are_youtubes_own_day(site: YouTube) -> None:
    units, searches = Rounds(site, searches_per_day=50).collector.budgets
    assert (units.unit, units.limit, units.page) == ("units", 10_000, 2)
    assert (searches.unit, searches.limit) == ("searches", 100)
    assert units.end(NOON) == datetime(2026, 11, 3, 8, tzinfo=UTC)


def test_p34_nothing_is_asked_beyond_the_budget(site: YouTube, store: SqlStore) -> None:
    site.page = 1
    site.add(*(comment(number, NOON - MINUTE * number) for number in range(120)))
    rounds = Rounds(site, units_per_day=100)
    source = Source(name="youtube", collector=rounds.collector, look_back=DAY)
    for step in range(5):
        collect(source, ACME, Matcher(ACME), store, NOON + MINUTE * 61 * step, 1.0)
    assert len(site.server.requests) == 99
    assert "units" in str(store.health(source.health).problem)


def test_p34_used_up_units_leave_the_searches(site: YouTube, store: SqlStore) -> None:
    site.add(comment(1))
    rounds = Rounds(site, units_per_day=100, searches_per_day=50)
    source = Source(name="youtube", collector=rounds.collector, look_back=DAY)
    with store.begin() as transaction:
        transaction.spend(rounds.collector.account, [("units", 99)], NOON)
    collected = collect(source, ACME, Matcher(ACME), store, NOON, 1.0)
    assert (len(site.asked(SEARCH)), len(site.asked(THREADS))) == (1, 0)
    assert collected.problem == (
        "99.00 of 100 units a day are used; it goes on at 2026-11-03 08:00 UTC, or with a higher budget; what it does "
        "not pay for is read on"
    )
    collect(source, ACME, Matcher(ACME), store, NOON + DAY, 1.0)
    assert store.health(source.health).problem is None
    assert len(site.asked(THREADS)) == 1


def test_p34_used_up_searches_leave_the_comments_and_the_looks(site: YouTube, store: SqlStore) -> None:
    site.add(comment(1))
    rounds = Rounds(site, searches_per_day=50)
    source = Source(name="youtube", collector=rounds.collector, look_back=DAY)
    with store.begin() as transaction:
        transaction.spend(rounds.collector.account, [("searches", 100)], NOON)
    collected = collect(source, ACME, Matcher(ACME), store, NOON, 1.0)
    assert (collected.stored, len(site.asked(SEARCH)), len(site.asked(THREADS))) == (1, 0, 1)
    assert str(collected.problem).startswith(
        "100.00 of 100 searches a day are used; it goes on at 2026-11-03 08:00 UTC"
    )
    refresh(source, store, NOON + DAY / 2, 1.0)
    assert len(site.asked(COMMENTS)) == 1


def test_p24_units_that_youtube_counts_as_used_up_wait_for_its_midnight(site: YouTube, store: SqlStore) -> None:
    site.add(comment(1))
    site.server.fail(THREADS, refusal(403, "quotaExceeded"))
    rounds = Rounds(site, searches_per_day=50)
    source = Source(name="youtube", collector=rounds.collector, look_back=DAY)
    for step in range(4):
        collect(source, ACME, Matcher(ACME), store, NOON + MINUTE * 30 * step, 1.0)
    assert (len(site.asked(SEARCH)), len(site.asked(THREADS))) == (4, 1)
    assert collect(source, ACME, Matcher(ACME), store, datetime(2026, 11, 3, 8, tzinfo=UTC), 1.0).stored == 1


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def failure(site: YouTube, *faults: Fault, **options: Any) -> SourceError:
    site.server.fail(THREADS, *faults)
    rounds = Rounds(site, **options)
    rounds.read()
    assert rounds.error is not None
    return rounds.error


@pytest.mark.parametrize("reason", ["quotaExceeded", "dailyLimitExceeded"])
def test_p24_a_used_up_quota_rests_until_midnight_pacific(site: YouTube, reason: str) -> None:
    error = failure(site, refusal(403, reason))
    assert isinstance(error, OutOfBudget)
    assert error.until == datetime(2026, 11, 3, 8, tzinfo=UTC)


def test_p24_googles_newer_words_for_a_used_up_day(site: YouTube) -> None:
    details = [{"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "defaultPerDayPerProject"}}, 3]
    assert isinstance(failure(site, refusal(429, "rateLimitExceeded", details)), OutOfBudget)


def test_p23_p29_a_pace_that_is_too_fast(site: YouTube) -> None:
    error = failure(site, refusal(403, "rateLimitExceeded"))
    assert isinstance(error, RateLimited)
    assert not isinstance(error, OutOfBudget)
    assert (error.until, error.wait) == (None, None)
    error = failure(site, Fault.answer(429, b"<html>", retry_after="Mon, 02 Nov 2026 12:02:00 GMT"))
    assert isinstance(error, RateLimited)
    assert error.wait == MINUTE * 2


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "keyInvalid"), (400, "API_KEY_INVALID"), (403, "ipRefererBlocked")]
)
def test_p26_a_bad_key_is_named_with_its_option_and_a_cure(site: YouTube, status: int, reason: str) -> None:
    error = failure(site, refusal(status, reason))
    assert isinstance(error, AuthFailed)
    assert "option key" in str(error)
    assert "console.cloud.google.com" in str(error)
    assert len(site.server.requests) == 1


def test_p26_a_private_video_is_not_taken_for_a_bad_key(site: YouTube) -> None:
    site.server.fail(THREADS, refusal(403, "forbidden"))
    rounds = Rounds(site)
    (page,) = rounds.read()
    assert rounds.error is None
    assert dict(page.skipped) == {"a video or channel: it is private": 1}
    site.server.fail("/youtube/v3/i18nLanguages", refusal(403, "forbidden"))
    assert isinstance(failure(site, refusal(403, "forbidden")), AuthFailed)


def test_switched_off_comments_are_normal_and_a_found_video_without_any_is_left(site: YouTube) -> None:
    site.videos = [video(1, NOON - MINUTE)]
    site.server.fail(THREADS, refusal(403, "commentsDisabled"))
    rounds = Rounds(site, videos=[], searches_per_day=50)
    pages = rounds.read()
    assert rounds.error is None
    assert dict(pages[1].skipped) == {"a video or channel: comments are switched off": 1}
    rounds.read(NOON + DAY / 2)
    assert len(site.asked(THREADS)) == 1


def test_p28_one_video_in_trouble_does_not_stop_the_others(site: YouTube) -> None:
    other = "w1234567890"
    site.add(comment(1), to=other)
    site.server.fail(THREADS, Fault.answer(503))
    rounds = Rounds(site, videos=[VIDEO, other])
    assert rounds.found() == [1]
    assert isinstance(rounds.error, PartlyRead)


def test_p28_a_server_in_trouble_is_not_asked_for_every_video(site: YouTube) -> None:
    videos = [f"v{number:010}" for number in range(20)]
    error = failure(site, *[Fault.answer(503)] * 20, videos=videos)
    assert isinstance(error, Unavailable)
    assert len(site.server.requests) == 3


def test_p40_a_missing_key_is_one_clear_line(site: YouTube, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UMBRAGE_TEST_YOUTUBE")
    source = Source(name="youtube", collector=Rounds(site).collector, look_back=DAY)
    outcome = collect(source, ACME, Matcher(ACME), store, NOON, 1.0)
    assert outcome.problem == "the environment variable UMBRAGE_TEST_YOUTUBE is not set; set it to the secret"
    assert site.server.requests == []


def test_p65_p66_the_key_is_in_a_header_and_goes_to_no_other_host(
    site: YouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LoopbackServer({}) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        site.server.fail(THREADS, Fault.answer(302, location=f"{there}/x"))
        Rounds(site, contact="mailto:me@acme.example").read()
        sent, leaked = site.server.requests[0], other.requests[0]
    assert sent.headers["x-goog-api-key"] == KEY
    assert sent.headers["user-agent"].endswith("(+mailto:me@acme.example)")
    assert "x-goog-api-key" not in leaked.headers
    assert KEY not in str(sent.query)
    monkeypatch.setenv("UMBRAGE_TEST_YOUTUBE", "schlüssel")
    rounds = Rounds(site)
    rounds.read()
    assert "schl" not in str(rounds.error)
    assert isinstance(rounds.error, AuthFailed)


# ── data ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def only(site: YouTube, item: dict[str, Any], **options: Any) -> Mention:
    site.add(item)
    (found,) = mentions(Rounds(site, **options).read())
    return found


def test_p52_the_own_channels_words_are_known(site: YouTube) -> None:
    site.threads[CHANNEL] = [
        comment(1, authorChannelId={"value": CHANNEL}),
        comment(2, authorChannelId=None, videoId=None, authorDisplayName=None),
    ]
    own, other = mentions(Rounds(site, videos=[], channel=CHANNEL, brand="Acme").read())
    assert (own.own, other.own) == (True, False)
    assert (own.brand, other.brand) == ("Acme", "Acme")
    assert (other.url, other.author) == (None, None)
    assert site.server.requests[0].query["allThreadsRelatedToChannelId"] == CHANNEL


def test_p53_odd_texts_are_kept_as_they_are(site: YouTube) -> None:
    text = "\u202bAcme 👎\u200d" + "<3 & <b>" * 1_000
    assert only(site, comment(1, textDisplay=text)).text == text


def test_p55_times_with_an_offset_or_a_fraction(site: YouTube) -> None:
    assert only(site, comment(1, publishedAt="2026-11-02T13:30:00.123+02:00")).posted_at.hour == 11


def test_p55_an_impossible_time_is_counted(site: YouTube) -> None:
    site.add(comment(1, publishedAt="9999-12-31T23:59:59-12:00"), comment(2, publishedAt=None))
    pages = Rounds(site).read()
    assert mentions(pages) == []
    assert {reason: count for page in pages for reason, count in page.skipped} == {"no id, or no time": 2}


def test_p55_a_video_of_the_future_does_not_break_the_position(site: YouTube) -> None:
    site.videos = [video(1, datetime(9000, 1, 1, tzinfo=UTC))]
    rounds = Rounds(site, videos=[], searches_per_day=50)
    assert len(mentions(rounds.read())) == 1
    assert rounds.error is None


def test_p56_likes_are_no_reposts_and_followers_are_unknown(site: YouTube) -> None:
    found = only(site, comment(1))
    assert (found.followers, found.reposts) == (None, None)


def test_an_edited_comment_is_given_again_with_its_newer_words(site: YouTube) -> None:
    rounds = Rounds(site)
    site.add(comment(1))
    rounds.read()
    site.threads[VIDEO][0]["snippet"] |= {"textDisplay": "Acme, again", "updatedAt": stamp(NOON + MINUTE)}
    (found,) = mentions(rounds.read(NOON + MINUTE * 5))
    assert (found.text, found.edited_at) == ("Acme, again", NOON + MINUTE)
    assert mentions(rounds.read(NOON + MINUTE * 10)) == []


# ── looking up ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_p59_what_became_of_comments_and_videos(site: YouTube) -> None:
    site.server.routes["/youtube/v3/videos"] = lambda _: Reply(
        body={"items": [{"id": "f0000000001", "snippet": video(1, NOON)["snippet"]}]}
    )
    site.add(comment(1, textDisplay="now", updatedAt=stamp(NOON)), comment(3, publishedAt="?"))
    looked = Rounds(site).look_up(name(1), name(2), name(3), "f0000000001", "f0000000002")
    assert [(one.id, one.text[:4]) for one in looked.found] == [(name(1), "now"), ("f0000000001", "Acme")]
    assert looked.found[0].edited_at == NOON
    assert looked.gone == (name(2), "f0000000002")
    assert looked.spent == (("units", 2),)


def test_p59_an_answer_that_only_says_that_some_are_gone_is_divided(site: YouTube) -> None:
    site.add(*(comment(number) for number in range(50) if number != 33))
    plain = site.server.routes[COMMENTS]

    def answer(request: Request) -> Reply:
        return refusal(404, "commentNotFound").reply if name(33) in request.query["id"] else plain(request)

    site.server.routes[COMMENTS] = answer
    looked = Rounds(site).look_up(*(name(number) for number in range(50)))
    assert looked.gone == (name(33),)
    assert len(looked.found) == 49
    assert looked.spent == (("units", len(site.asked(COMMENTS))),)


def test_p60_comments_below_a_private_video_are_gone_but_not_for_a_bad_key(site: YouTube) -> None:
    site.server.fail(COMMENTS, refusal(403, "forbidden"))
    assert Rounds(site).look_up(name(1)).gone == (name(1),)
    site.server.fail(COMMENTS, refusal(403, "forbidden"))
    site.server.fail("/youtube/v3/i18nLanguages", refusal(403, "forbidden"))
    with pytest.raises(AuthFailed):
        Rounds(site).look_up(name(1))


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"items": {}}', b'{"error": {}}', b"{}"])
def test_p61_an_answer_that_makes_no_sense_makes_nothing_gone(site: YouTube, answer: bytes) -> None:
    site.server.fail(COMMENTS, Fault.answer(200, answer))
    with pytest.raises(SourceError):
        Rounds(site).look_up(name(1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"videos": ["short"]},
        {"channel": "acme"},
        {"searches_per_day": 100},
        {"key": "AIza"},
        {"most_videos": 0},
        {"searches_per_day": 0},
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        youtube.Options(**({"key": {"env": "X"}} | wrong))


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded answers are not on this machine")
def test_recorded_answers_are_read() -> None:
    def items(pattern: str) -> Iterator[Any]:
        for path in sorted(FIXTURES.glob(pattern)):
            for exchange in json.loads(path.read_text("utf-8"))["exchanges"]:
                yield exchange["response"]["body"]

    tops = [one for answer in items("comment_threads_*.json") for one in api.threads(answer)]
    assert all(one is not None and isinstance(api.comment(one.top), Mention) for one in tops)
    replies = [api.comment(one) for answer in items("comments_*.json") for one in answer["items"]]
    assert all(isinstance(one, Mention) and one.kind is Kind.REPLY for one in replies)
    videos = [api.video(one) for answer in items("search_*.json") for one in answer["items"]]
    assert all(isinstance(one, Mention) and "&amp;" not in one.text for one in videos)
    assert (len(tops) > 3, len(replies) > 1, len(videos) > 10) == (True, True, True)


@pytest.mark.live
def test_live() -> None:
    options = youtube.Options(key={"env": "UMBRAGE_YOUTUBE_KEY"})  # type: ignore[arg-type]
    if options.key.is_available():
        pytest.skip("set UMBRAGE_YOUTUBE_KEY to an API key")
    now = datetime.now(UTC)  # noqa: TID251 - the real platform's time
    asked = Round(watches=(Watch(brand="x", terms=("iphone",)),), cursor=None, since=now - timedelta(hours=6), now=now)
    assert mentions(list(youtube.create(options).pages(asked)))
