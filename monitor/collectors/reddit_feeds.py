"""Reads the public Atom feeds of Reddit: a partial view, 25 entries at a time, that needs no key."""

import calendar
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, Self

import feedparser
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.core.errors import AuthFailed, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Gap, Kind, Mention, Page
from monitor.core.query import packed, quoted, search_words
from monitor.core.watch import Watch
from monitor.http import check, client, fetch
from monitor.markup import plain
from monitor.pace import pace
from monitor.ports import Round

ENTRIES = 25
"""A feed holds so many; it cannot be paged."""

LONGEST_QUERY = 512
MOST_SEEN = 200
_CLOSED = (
    "Reddit does not show this feed to readers without a login: a subreddit is private (option subreddits), or feeds "
    "are closed from here; see docs/platforms/reddit.md for the way with an app"
)
_FOOTER = re.compile(r"\s*submitted by\s+/?u/[\w-]+(\s*to\s+r/[\w-]+)?(\s*\[(link|comments)\])*\s*\Z")
"""What Reddit adds to the words of a post."""


class Options(BaseModel):
    """``subreddits``: their newest posts and comments. ``search``: the newest posts anywhere with a brand's words.

    ``requests_per_minute`` is our own ceiling; Reddit allows logged-out readers between one and ten.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subreddits: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,24}$")], ...] = ()
    search: bool = True
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=4, ge=1, le=10)
    base_url: str = Field(default="https://www.reddit.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _has_something_to_read(self) -> Self:
        if not (self.subreddits or self.search):
            raise ValueError("there is nothing to read: give subreddits or search")
        return self


def create(options: Options) -> "RedditFeeds":
    """The collector; nothing is asked for yet."""
    return RedditFeeds(options)


class _Seen(NamedTuple):
    """What was seen in a feed: the time of its newest entry, in seconds, and the newest ids."""

    until: float
    ids: tuple[str, ...]


class RedditFeeds:
    """Asks every feed for its newest entries and says when more may have been missed."""

    platform = "reddit"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = pace(f"logged out at {options.base_url}", options.requests_per_minute)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Searches of at most 512 characters; names with ``@`` mean nothing here."""
        if not self._options.search:
            return []
        return list(packed([quoted(word) for word in search_words(watches, handles=False)], LONGEST_QUERY))

    def pages(self, asked: Round) -> Iterator[Page]:
        """A page for each feed, those first that were not read for longest: few requests may get an answer.

        A feed that cannot be read is reported after the others have been read.
        """
        feeds, known = self._feeds(asked.watches), _known(asked.cursor)
        known = {name: seen for name, seen in known.items() if name in feeds}
        order = list(known)
        problems: list[SourceError] = []
        with client(self._options.contact, timeout=self._options.timeout) as http:
            for name in sorted(feeds, key=lambda name: order.index(name) if name in order else -1):
                path, params = feeds[name]
                self._turn()
                try:
                    answer = fetch(http, f"{self._options.base_url}{path}", params=params)
                    check(answer.status, answer.headers, "Reddit", asked.now)
                    entries = _entries(answer.body)
                except RateLimited:
                    raise
                except AuthFailed:
                    problems.append(AuthFailed(_CLOSED))
                    continue
                except SourceError as error:
                    problems.append(error)
                    continue
                yield _page(name, entries, known, asked)
        if problems:
            raise problems[0] if len(problems) == len(feeds) else PartlyRead(str(problems[0]))

    def _feeds(self, watches: Sequence[Watch]) -> dict[str, tuple[str, dict[str, str]]]:
        found: dict[str, tuple[str, dict[str, str]]] = {}
        if self._options.subreddits:
            together = "+".join(self._options.subreddits)
            found["new"] = (f"/r/{together}/new/.rss", {})
            found["comments"] = (f"/r/{together}/comments/.rss", {})
        for query in self.queries(watches):
            found[f"search {query}"] = ("/search.rss", {"q": query, "sort": "new"})
        return found


def _page(name: str, entries: Sequence[Any], known: dict[str, _Seen], asked: Round) -> Page:
    """The entries that were not seen; when all were new and there was a round before, more may have been missed."""
    before, skipped, found = known.pop(name, None), Counter[str](), list[Mention]()
    for entry in entries:
        mention = _mention(entry)
        if isinstance(mention, str):
            skipped[mention] += 1
        elif mention.id not in before.ids if before else mention.posted_at >= asked.since:
            found.append(mention)
    gaps: tuple[Gap, ...] = ()
    ids = [str(entry.get("id")) for entry in entries]
    if before and before.ids and found and len(ids) >= ENTRIES and not set(ids) & set(before.ids):
        last, oldest = datetime.fromtimestamp(before.until, UTC), min(mention.posted_at for mention in found)
        why = f"Reddit's feeds hold only {ENTRIES} entries; more may have come between two looks"
        gaps = (Gap(last, oldest, why),) if last < oldest else ()
    times = [mention.posted_at.timestamp() for mention in found]
    earlier = before or _Seen(0, ())
    known[name] = _Seen(max([earlier.until, *times]), tuple(dict.fromkeys([*ids, *earlier.ids]))[:MOST_SEEN])
    return Page(mentions=tuple(found), cursor=json.dumps(known), skipped=tuple(skipped.items()), gaps=gaps)


def _entries(body: bytes) -> list[Any]:
    found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    if not found.get("version"):
        raise Unreadable(f"Reddit answered {'something that is no feed' if body.strip() else 'nothing'}")
    return list(found.entries)


def _mention(entry: Mapping[str, Any]) -> Mention | str:
    name, at = entry.get("id"), entry.get("published_parsed") or entry.get("updated_parsed")
    if not isinstance(name, str) or not name.startswith(("t1_", "t3_")) or at is None:
        return "no id, or no time"
    contents = entry.get("content") or [{}]
    body = plain(str(contents[0].get("value") or entry.get("summary") or ""))
    title = plain(str(entry.get("title") or ""))
    is_comment = name.startswith("t1_")
    if not is_comment:
        body = _FOOTER.sub("", body)
    author = str(entry.get("author") or "").removeprefix("/u/")
    if author.casefold() in ("", "[deleted]"):
        return "deleted or removed"
    text = body if is_comment else "\n".join(part for part in (title, body) if part)
    if not text:
        return "no text"
    return Mention(
        platform=RedditFeeds.platform,
        id=name,
        text=text,
        posted_at=datetime.fromtimestamp(calendar.timegm(at), UTC),
        url=str(entry.get("link") or "") or None,
        author=author,
        context=title.partition(" on ")[2] or None if is_comment else None,
        by_bot=author.casefold() == "automoderator",
        kind=Kind.REPLY if is_comment else Kind.POST,
    )


def _known(cursor: str | None) -> dict[str, _Seen]:
    """What was seen in each feed; with a cursor that is not ours all are read as if for the first time."""
    try:
        data = json.loads(cursor or "{}")
        return {str(name): _Seen(float(until), tuple(map(str, ids))) for name, (until, ids) in data.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
