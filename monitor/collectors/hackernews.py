"""Reads stories and comments of Hacker News that contain a brand's words, through Algolia's search; needs no key."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import Unreadable
from monitor.core.mention import Gap, Kind, Mention, Page
from monitor.core.query import search_words
from monitor.core.watch import Watch
from monitor.http import ask, check, client, fetch, host, parsed
from monitor.markup import plain
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.reading import Reading

MOST_HITS = 1_000
"""What Algolia gives for one question; more is asked for by time."""

OVERLAP = timedelta(hours=1)
"""How late an item may be indexed and still be found."""

LONGEST_WORD = 200
MOST_QUESTIONS = 20
TOO_MANY = "Algolia gives no more than 1,000 hits for one question"


class Options(BaseModel):
    """``contact``: an address for the people who run the search. ``timeout``: seconds for each piece of an answer.

    ``requests_per_minute`` is our own ceiling. ``base_url`` is where the search is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=60, ge=1, le=160)
    base_url: str = Field(default="https://hn.algolia.com", pattern=r"^https?://")


def create(options: Options) -> "HackerNews":
    """The collector; nothing is asked for yet."""
    return HackerNews(options)


class HackerNews:
    """Asks for each word what was posted since the last time, newest first."""

    platform = "hackernews"
    batch = 20

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = pace(options.base_url, options.requests_per_minute)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """One phrase for each word; handles of other platforms mean nothing here."""
        words = search_words(watches, handles=False)
        return ['"' + word.replace('"', " ") + '"' for word in words if len(word) <= LONGEST_WORD]

    def pages(self, asked: Round) -> Iterator[Page]:
        """A page for each word. Only the last one moves the cursor: all words are read to the same moment."""
        reading = Reading(asked.cursor)
        start = reading.start(asked.since, OVERLAP)
        queries = self.queries(asked.watches)
        with client(self._options.contact, timeout=self._options.timeout) as http:
            for number, query in enumerate(queries, 1):
                skipped: Counter[str] = Counter()
                gaps: list[Gap] = []
                hits = self._hits(http, query, (start, asked.now), gaps)
                found = [mention for hit in hits if (mention := _read(hit, skipped)) is not None]
                cursor = None
                new = reading.new(found)
                if number == len(queries):
                    cursor = reading.cursor(asked.now, OVERLAP)
                yield Page(mentions=new, cursor=cursor, skipped=tuple(skipped.items()), gaps=tuple(gaps))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """Asks for each item; one that is not there, or has lost author and words, is gone."""
        found, gone = [], []
        with client(self._options.contact, timeout=self._options.timeout) as http:
            for name in ids:
                self._turn()
                answer = fetch(http, f"{self._options.base_url}/api/v1/items/{name}")
                if answer.status == 404:
                    gone.append(name)
                    continue
                check(answer.status, answer.headers, host(self._options.base_url), now)
                item = parsed(answer)
                if not isinstance(item, dict) or item.get("author") is None:
                    gone.append(name)
                elif (mention := _item(item, name, now)) is not None:
                    found.append(mention)
        return Looked(found=tuple(found), gone=tuple(gone))

    def _hits(self, http: httpx.Client, query: str, span: tuple[datetime, datetime], gaps: list[Gap]) -> Iterator[Any]:
        """Every hit of a span; where there are more than one answer holds, the rest is asked for by time.

        What cannot be had is added to ``gaps``.
        """
        oldest, newest = (int(moment.timestamp()) for moment in span)
        for _ in range(MOST_QUESTIONS):
            params: dict[str, str | int] = {
                "query": query,
                "tags": "(story,comment)",
                "numericFilters": f"created_at_i>{oldest},created_at_i<={newest}",
                "hitsPerPage": MOST_HITS,
                "advancedSyntax": "true",
            }
            answer = ask(http, f"{self._options.base_url}/api/v1/search_by_date", params, turn=self._turn)
            hits = answer.get("hits") if isinstance(answer, dict) else None
            if not isinstance(hits, list):
                raise Unreadable(f"{host(self._options.base_url)} answered without hits")
            yield from hits
            times = [hit["created_at_i"] for hit in hits if isinstance(hit, dict) and _is_time(hit.get("created_at_i"))]
            if len(hits) < MOST_HITS or not times:
                return
            # The oldest second may go on beyond this answer; only if it alone fills one is the rest of it lost.
            if min(times) == newest:
                gaps.append(Gap(_moment(newest - 1), _moment(newest), TOO_MANY))
            newest = min(times) if min(times) < newest else newest - 1
        gaps.append(Gap(span[0], _moment(newest), TOO_MANY))


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**33


def _read(hit: Any, skipped: Counter[str]) -> Mention | None:
    found = _mention(hit) if isinstance(hit, dict) else "not an item"
    if isinstance(found, str):
        skipped[found] += 1
        return None
    return found


def _mention(hit: Mapping[str, Any]) -> Mention | str:
    name, at = hit.get("objectID"), hit.get("created_at_i")
    if not isinstance(name, str) or not name or not _is_time(at):
        return "no id, or no time"
    is_comment = isinstance(hit.get("comment_text"), str)
    title, context = (None, hit.get("story_title")) if is_comment else (hit.get("title"), None)
    body = plain(_text(hit.get("comment_text" if is_comment else "story_text")))
    text = "\n".join(part for part in (plain(_text(title)), body) if part)
    if not text:
        return "no text"
    parent = hit.get("parent_id")
    return Mention(
        platform=HackerNews.platform,
        id=name,
        text=text,
        posted_at=_moment(int(hit["created_at_i"])),
        url=f"https://news.ycombinator.com/item?id={name}",
        author=_text(hit.get("author")) or None,
        reply_to=str(parent) if is_comment and parent else None,
        context=plain(_text(context)) or None,
        kind=Kind.REPLY if is_comment else Kind.POST,
    )


def _item(item: Mapping[str, Any], name: str, now: datetime) -> Mention | None:
    """A looked-up item, which is shaped otherwise. Nobody says when it was edited; other words are newer words."""
    is_comment = item.get("type") == "comment"
    hit = {
        **item,
        "objectID": name,
        "comment_text": _text(item.get("text")) if is_comment else None,
        "story_text": item.get("text"),
    }
    found = _mention(hit)
    if isinstance(found, str):
        return None
    return Mention(**{field: getattr(found, field) for field in Mention.__slots__} | {"edited_at": now})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
