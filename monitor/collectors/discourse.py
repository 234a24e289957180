"""Reads every new post of Discourse forums, or a search where a forum is too large for that."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import ConfigError, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.query import search_words
from monitor.core.watch import Matcher, Watch
from monitor.http import Answer, check, client, fetch, host, parsed
from monitor.markup import plain
from monitor.moments import from_iso
from monitor.pace import pace
from monitor.parents import Known, Parents
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret

OVERLAP = timedelta(minutes=30)
MOST_PAGES = 40
SEARCH_PAGES = 5
SEARCH_PAGE = 50
MOST_PARENTS = 20
"""Posts that are asked for in a round because others answer them; those of the same page need no question."""

_QUOTE = re.compile(r"<aside class=\"quote.*?</aside>", re.DOTALL)
_LARGEST_QUOTED = 200_000


class Options(BaseModel):
    """``sites``: the forums' addresses. By default every new post is read, and what matches is found here.

    ``search`` asks for the brands' words instead: for forums with thousands of posts an hour. ``api_key`` and
    ``api_username`` are for a private forum, which then must be the only site.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sites: tuple[str, ...] = Field(min_length=1)
    search: bool = False
    api_key: Secret | None = None
    api_username: str = "system"
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=20, ge=1, le=200)


def create(options: Options) -> "Discourse":
    """The collector. Raises ``ConfigError`` for what is no address, or for a key of several sites."""
    problems = [f"{url!r} is no address like https://forum.example" for url in options.sites if host(url) == "?"]
    if options.api_key is not None and len(options.sites) > 1:
        problems.append("an api_key belongs to one site; make a source for each")
    if problems:
        raise ConfigError([f"discourse: {problem}" for problem in problems])
    return Discourse(options)


class Discourse:
    """Each forum is read from its newest post down to where the last round began."""

    platform = "discourse"
    batch = 20

    def __init__(self, options: Options) -> None:
        self._options = options
        self._sites = {host(url): url.rstrip("/") for url in options.sites}
        self._known: Known = {}

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Words, one at a time, newest first; none where everything is read."""
        if not self._options.search:
            return []
        return [f'"{word}" order:latest' for word in search_words(watches, handles=False)]

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every forum; one in trouble is reported after the others have been read."""
        queries = self.queries(asked.watches) or [""]
        parents = Parents(Matcher(asked.watches), asked.now, self._known, MOST_PARENTS)
        wanted = [(f"{site} {query}".strip(), site, query) for site in self._sites for query in queries]
        readings = Readings(asked.cursor, (name for name, *_ in wanted))
        problems: list[SourceError] = []
        for name, site, query in wanted:
            most = SEARCH_PAGES if query else MOST_PAGES
            holds = SEARCH_PAGES * SEARCH_PAGE if query else None
            try:
                page = partial(self._found if query else self._posted, site, query, parents)
                yield from readings.down(name, page, asked, overlap=OVERLAP, most_pages=most, holds=holds)
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(wanted) else PartlyRead(str(problems[0]))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts, one question each."""
        found, gone = [], []
        for name in ids:
            site, _, number = name.rpartition("/")
            if site not in self._sites or not number.isdigit():
                continue
            answer = self._fetch(site, f"/posts/{number}.json", {})
            if answer.status in (404, 410) or (answer.status == 403 and self._is_open(site, now)):
                gone.append(name)
                continue
            item = _parsed(answer, site, now)
            mention = _mention(item, site, self._sites[site])
            if isinstance(mention, Mention):
                found.append(mention)
            elif mention == "deleted or hidden":
                gone.append(name)
        return Looked(found=tuple(found), gone=tuple(gone))

    def _is_open(self, site: str, now: datetime) -> bool:
        """Whether a forum answers us at all; then a post that it refuses was made private. Raises ``SourceError``."""
        _parsed(self._fetch(site, "/posts.json", {}), site, now)
        return True

    def _posted(self, site: str, _: str, parents: Parents, below: str | None) -> Listed:
        """The newest posts of a forum, whatever they are about."""
        answer = _parsed(self._fetch(site, "/posts.json", {"before": below} if below else {}), site, parents.now)
        items = _list(answer, "latest_posts", site)
        numbers = [one["id"] for one in items if isinstance(one, dict) and isinstance(one.get("id"), int)]
        lowest = min(numbers, default=0)
        return self._listed(items, site, parents, str(lowest) if lowest > 1 else None)

    def _found(self, site: str, query: str, parents: Parents, below: str | None) -> Listed:
        """What a forum's search finds; posts there carry no topic and only the beginning of their words."""
        page = int(below or 1)
        answer = _parsed(self._fetch(site, "/search.json", {"q": query, "page": str(page)}), site, parents.now)
        titles = {one.get("id"): one.get("title") for one in answer.get("topics") or () if isinstance(one, dict)}
        items = [
            one | {"topic_title": titles.get(one.get("topic_id"))} if isinstance(one, dict) else one
            for one in _list(answer, "posts", site)
        ]
        results = answer.get("grouped_search_result")
        has_more = isinstance(results, dict) and results.get("more_full_page_results") is True
        return self._listed(items, site, parents, str(page + 1) if has_more else None)

    def _listed(self, items: Sequence[Any], site: str, parents: Parents, below: str | None) -> Listed:
        skipped: Counter[str] = Counter()
        places = {(one.get("topic_id"), one.get("post_number")): one for one in items if isinstance(one, dict)}
        found: list[Mention] = []
        for item in items:
            mention = _mention(item, site, self._sites[site])
            if isinstance(mention, str):
                skipped[mention] += 1
                continue
            if mention.kind is Kind.REPLY and parents.matcher.matches(mention):
                mention = replace(mention, reply_to=self._answered(item, site, places, parents))
            found.append(mention)
        skipped += parents.skipped()
        times = [at for item in items if isinstance(item, dict) and (at := from_iso(item.get("created_at")))]
        return Listed(mentions=found, times=times, below=below, skipped=tuple(skipped.items()))

    def _answered(
        self, item: Mapping[str, Any], site: str, places: Mapping[tuple[Any, Any], Any], parents: Parents
    ) -> str | None:
        """The id of the post that one answers, if that is about a brand too, else of the one that opened the topic."""
        topic, above = item.get("topic_id"), item.get("reply_to_post_number")
        for number in dict.fromkeys((above if isinstance(above, int) and above > 0 else 1, 1)):
            place = (site, topic, number)
            if place not in parents.known and (post := places.get((topic, number))):
                parents.note(place, self._read(post, site))
            found = parents.at(place, partial(self._by_number, site, topic, number, parents.now))
            if found and (number == 1 or parents.matcher.matches(found)):
                return found.id
        return None

    def _by_number(self, site: str, topic: Any, number: int, now: datetime) -> Mention | None:
        """The post at a place of a topic; ``None`` for what is not there or not shown to us."""
        if not isinstance(topic, int):
            return None
        answer = self._fetch(site, f"/posts/by_number/{topic}/{number}.json", {})
        return None if answer.status in (403, 404, 410) else self._read(_parsed(answer, site, now), site)

    def _read(self, post: Any, site: str) -> Mention | None:
        found = _mention(post, site, self._sites[site])
        return found if isinstance(found, Mention) else None

    def _fetch(self, site: str, path: str, params: dict[str, str | int]) -> Answer:
        options = self._options
        headers = {}
        if options.api_key is not None:
            headers = {"Api-Key": options.api_key.reveal(), "Api-Username": options.api_username}
        pace(self._sites[site], options.requests_per_minute)()
        with client(options.contact, timeout=options.timeout, headers=headers) as http:
            return fetch(http, f"{self._sites[site]}{path}", params=params)


def _parsed(answer: Answer, site: str, now: datetime) -> dict[str, Any]:
    """The object in an answer. How long to wait is said in a header or in the body."""
    try:
        check(answer.status, answer.headers, site, now)
    except RateLimited as error:
        raise RateLimited(str(error), wait=error.wait or _wait(answer)) from None
    found = parsed(answer)
    if not isinstance(found, dict):
        raise Unreadable(f"{site} answered something that is no forum's")
    return found


def _wait(answer: Answer) -> timedelta | None:
    try:
        extras = parsed(answer)["extras"]
        return timedelta(seconds=min(86_400.0, max(0.0, float(extras["wait_seconds"])))) or None
    except (Unreadable, KeyError, TypeError, ValueError):
        return None


def _list(answer: dict[str, Any], name: str, site: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise Unreadable(f"{site} answered without {name}")
    return found


def _mention(item: Any, site: str, address: str) -> Mention | str:
    if not isinstance(item, dict):
        return "not a post"
    number, created = item.get("id"), from_iso(item.get("created_at"))
    if not isinstance(number, int) or created is None:
        return "no id, or no time"
    if item.get("deleted_at") or item.get("user_deleted") or item.get("hidden"):
        return "deleted or hidden"
    title = str(item.get("topic_title") or "")
    position = item.get("post_number")
    is_first = position == 1
    cooked = str(item.get("cooked") or item.get("blurb") or "")
    body = plain(_QUOTE.sub(" ", cooked) if len(cooked) < _LARGEST_QUOTED else cooked)
    text = "\n".join(part for part in (title if is_first else "", body) if part)
    if not text:
        return "no text"
    updated = from_iso(item.get("updated_at"))
    version = item.get("version")
    topic, user = item.get("topic_id"), item.get("user_id")
    return Mention(
        platform=Discourse.platform,
        id=f"{site}/{number}",
        text=text,
        posted_at=created,
        url=f"{address}/t/{item.get('topic_slug') or '-'}/{topic}/{position}" if topic and position else None,
        author=str(item.get("username") or "") or None,
        edited_at=updated if isinstance(version, int) and version > 1 else None,
        context=None if is_first else title or None,
        by_bot=isinstance(user, int) and user <= 0,
        kind=Kind.POST if is_first else Kind.REPLY,
    )
