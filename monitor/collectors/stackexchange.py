"""Reads questions and answers with a brand's words on sites of Stack Exchange; works without a key."""

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.budget import Budget, Period
from monitor.core.errors import AuthFailed, OutOfBudget, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.query import search_words
from monitor.core.watch import Watch
from monitor.http import check as check_status
from monitor.http import client, fetch, parsed
from monitor.markup import plain
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret

OVERLAP = timedelta(hours=1)
"""How late a post may be indexed and still be found."""

PAGE = 100
MOST_PAGES = 20
MOST_KEPT = 2_000
"""Posts whose whole words are remembered while searches give them again."""

LONGEST_PAUSE = 30
"""Seconds; a longer one is left to the next round."""

_OWN_DOMAINS = {"stackoverflow", "serverfault", "superuser", "askubuntu"}
_WHOLE = ("body", "owner", "last_edit_date")
_LIMITED, _REFUSED = {"throttle_violation"}, {"access_denied", "invalid_access_token", "access_token_required"}


class Options(BaseModel):
    """``sites`` as the API calls them, such as ``stackoverflow``. A ``key`` raises the daily allowance.

    ``requests_per_day`` is what we use at most: 300 are given to an address without a key, 10,000 with one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sites: tuple[str, ...] = Field(default=("stackoverflow",), min_length=1)
    key: Secret | None = None
    requests_per_day: int = Field(default=280, ge=1, le=10_000)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=30, ge=1, le=600)
    base_url: str = Field(default="https://api.stackexchange.com", pattern=r"^https?://")


def create(options: Options) -> "StackExchange":
    """The collector; nothing is asked for yet."""
    return StackExchange(options)


class StackExchange:
    """Each word is searched for on each site, from the newest post down."""

    platform = "stackexchange"
    batch = 100

    def __init__(self, options: Options) -> None:
        self._options = options
        self.account = f"stackexchange {options.key.model_dump_json() if options.key else 'without a key'}"
        self._turn = pace(f"{self.account} {options.base_url}", options.requests_per_minute)
        self._used_up_until: datetime | None = None
        self._paused_until: datetime | None = None
        self._whole: dict[str, dict[str, Any]] = {}

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The daily allowance. A page of a search may want the whole words of what it found."""
        return (Budget(unit="requests", limit=self._options.requests_per_day, period=Period.DAY, page=2),)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Words, one at a time, as phrases; names with ``@`` mean nothing here."""
        return ['"' + word.replace('"', " ") + '"' for word in search_words(watches, handles=False)]

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every word on every site; one site in trouble is reported after the others have been read."""
        wanted = [
            (f"{site} {query}", site, query) for site in self._options.sites for query in self.queries(asked.watches)
        ]
        readings = Readings(asked.cursor, (name for name, *_ in wanted))
        problems: list[SourceError] = []
        for name, site, query in wanted:
            try:
                page = partial(self._listed, site, query, asked.now)
                yield from readings.down(name, page, asked, overlap=OVERLAP, most_pages=MOST_PAGES)
            except (AuthFailed, RateLimited):
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(wanted) else PartlyRead(str(problems[0]))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts; what a site leaves out of its answer is gone."""
        found: dict[str, Mention] = {}
        asked: list[str] = []
        sites = dict.fromkeys(name.partition("/")[0] for name in ids)
        for site in sites:
            names = [name for name in ids if name.startswith(f"{site}/")]
            numbers = [name.partition("/")[2] for name in names]
            if not all(number.isdigit() for number in numbers):
                continue
            for item in self._posts(site, numbers, now):
                if isinstance(mention := _mention(item, site), Mention):
                    found[mention.id] = mention
            asked += names
        gone = tuple(name for name in asked if name not in found)
        return Looked(found=tuple(found.values()), gone=gone, spent=(("requests", float(len(sites))),))

    def _listed(self, site: str, query: str, now: datetime, below: str | None) -> Listed:
        params: dict[str, str | int] = {
            "site": site,
            "q": query,
            "sort": "creation",
            "order": "desc",
            "pagesize": PAGE,
            "page": int(below or 1),
        }
        answer = self._ask("search/excerpts", params, now)
        items, skipped = _items(answer), Counter[str]()
        spent = 1.0 + self._read_whole(items, site, skipped, now)
        items = [
            self._whole.get(f"{site}/{_number(item)}", {}) | item if isinstance(item, dict) else item for item in items
        ]
        found = [one for item in items if (one := _read(item, site, skipped)) is not None]
        times = [one.posted_at for one in found]
        following = str(int(below or 1) + 1) if answer.get("has_more") is True else None
        return Listed(
            mentions=found, times=times, below=following, skipped=tuple(skipped.items()), spent=(("requests", spent),)
        )

    def _read_whole(self, items: Sequence[Any], site: str, skipped: Counter[str], now: datetime) -> float:
        """Keep the whole words and the authors of what a search gives excerpts of; how many requests that cost.

        Each is asked for once, a page of them at a time. Without them the excerpts are taken.
        """
        cut = [str(number) for item in items if (number := _number(item)) is not None and "body" not in item]
        numbers = [number for number in dict.fromkeys(cut) if f"{site}/{number}" not in self._whole]
        if not numbers:
            return 0.0
        try:
            posts = {_number(item): item for item in self._posts(site, numbers, now)}
        except (AuthFailed, RateLimited):
            raise
        except SourceError:
            skipped["only an excerpt could be read"] += len(numbers)
            return 1.0
        if len(self._whole) > MOST_KEPT:
            self._whole.clear()
        for name in numbers:
            post = posts.get(int(name), {})
            self._whole[f"{site}/{name}"] = {part: post[part] for part in _WHOLE if part in post}
        return 1.0

    def _posts(self, site: str, numbers: Sequence[str], now: datetime) -> list[Any]:
        return _items(
            self._ask(f"posts/{';'.join(numbers)}", {"site": site, "filter": "withbody", "pagesize": PAGE}, now)
        )

    def _ask(self, path: str, params: dict[str, str | int], now: datetime) -> dict[str, Any]:
        """One question. Being throttled comes as a bad request, a pause as a number in a good answer."""
        options = self._options
        if self._used_up_until and now < self._used_up_until:
            message = "Stack Exchange's allowance for today is used up; a key raises it"
            raise OutOfBudget(message, until=self._used_up_until)
        if self._paused_until and now < self._paused_until:
            raise RateLimited("Stack Exchange asks us to wait (backoff)", until=self._paused_until)
        if options.key is not None:
            params["key"] = options.key.reveal()
        self._turn()
        with client(options.contact, timeout=options.timeout) as http:
            answer = fetch(http, f"{options.base_url}/2.3/{path}", params=params)
        if answer.status != 400:
            check_status(answer.status, answer.headers, "Stack Exchange", now)
        found = parsed(answer)
        if not isinstance(found, dict):
            raise Unreadable("Stack Exchange answered something that is no object")
        self._note(found, now)
        return found

    def _note(self, answer: Mapping[str, Any], now: datetime) -> None:
        """Raise for an error in an answer; keep that nothing is left for today, or that a pause is asked for."""
        if name := answer.get("error_name"):
            if name in _LIMITED:
                raise RateLimited("Stack Exchange asks us to wait (throttle_violation)")
            if name in _REFUSED:
                raise AuthFailed(f"Stack Exchange refuses the key (option key): {str(name)[:60]}")
            raise Unreadable(f"Stack Exchange says {str(name)[:60]}; check the option sites")
        if answer.get("quota_remaining") == 0:
            self._used_up_until = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        backoff = answer.get("backoff")
        if isinstance(backoff, int | float) and backoff > 0:
            if backoff > LONGEST_PAUSE:
                self._paused_until = now + timedelta(seconds=min(backoff, 86_400))
            else:
                self._turn.rest(backoff)


def _items(answer: Mapping[str, Any]) -> list[Any]:
    items = answer.get("items")
    if not isinstance(items, list):
        raise Unreadable("Stack Exchange answered without items")
    return items


def _number(item: Any) -> int | None:
    """The number of a post, in the shape of a search or of a list."""
    found = item.get("answer_id") or item.get("post_id") or item.get("question_id") if isinstance(item, dict) else None
    return found if isinstance(found, int) else None


def _read(item: Any, site: str, skipped: Counter[str]) -> Mention | None:
    found = _mention(item, site)
    if isinstance(found, str):
        skipped[found] += 1
        return None
    return found


def _mention(item: Any, site: str) -> Mention | str:
    if not isinstance(item, dict):
        return "not a post"
    kind = item.get("item_type") or item.get("post_type")
    number, created = _number(item), _moment(item.get("creation_date"))
    if number is None or created is None:
        return "no id, or no time"
    title = html.unescape(str(item.get("title") or ""))
    body = plain(str(item.get("body") or item.get("excerpt") or ""))
    is_answer = kind == "answer"
    text = body if is_answer else "\n".join(part for part in (title, body) if part)
    if not text:
        return "no text"
    owner = item.get("owner")
    name = owner.get("display_name") if isinstance(owner, dict) else None
    question = item.get("question_id")
    return Mention(
        platform=StackExchange.platform,
        id=f"{site}/{number}",
        text=text,
        posted_at=created,
        url=f"https://{_host(site)}/{'a' if is_answer else 'q'}/{number}",
        author=html.unescape(name) if isinstance(name, str) and name else None,
        edited_at=_moment(item.get("last_edit_date")),
        reply_to=f"{site}/{question}" if is_answer and question else None,
        context=title or None if is_answer else None,
        kind=Kind.REPLY if is_answer else Kind.POST,
    )


def _host(site: str) -> str:
    if "." in site:
        return site
    return f"{site}.com" if site in _OWN_DOMAINS else f"{site}.stackexchange.com"


def _moment(value: Any) -> datetime | None:
    is_time = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**33
    return datetime.fromtimestamp(value, UTC) if is_time else None
