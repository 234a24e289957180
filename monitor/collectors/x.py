"""Reads posts on X that contain a brand's words, and mentions of accounts, within a budget in dollars."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
import tweepy
from pydantic import BaseModel, ConfigDict, Field

from monitor.collectors import _x_posts as posts
from monitor.core.budget import Budget, Period
from monitor.core.errors import AuthFailed, OutOfBudget, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Gap, Mention, Page
from monitor.core.query import packed, quoted, search_words
from monitor.core.text import excerpt
from monitor.core.watch import Watch
from monitor.http import LONGEST_WAIT, retry_after, user_agent
from monitor.pace import pace
from monitor.ports import Estimate, Looked, Round
from monitor.secret import Secret
from monitor.sessions import session, translated

LONGEST_QUERY = 512
OVERLAP = timedelta(minutes=30)
"""How late a post may be indexed and still be found. Reading it again costs nothing: X bills a post once a day."""

MOST_PAGES = 30
"""Pages of one query in one round; the next round goes on from there."""

MOST_BILLED = 30_000
_TOKEN = "the bearer token (option token)"  # noqa: S105 (what it is called)
_PORTAL = "make a new one at developer.x.com and set it where the option points"
_SMALLEST = re.compile(r"larger than (\d{5,20})")


class Options(BaseModel):
    """``token`` is an app's bearer token. Nothing is read beyond ``usd_per_month`` and, if set, ``usd_per_day``.

    ``price_post`` and ``price_user`` are what X bills for each post and each account it names (set ``price_user`` to 0
    if your bill shows that it charges none), ``price_count`` for one question by ``umbrage try --cost``.
    ``mentions_of`` are ids of accounts whose mentions are read too. ``reposts`` asks for reposts as well; without them
    they are still counted by the original. ``page`` is how many posts are asked for at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Secret
    usd_per_month: float = Field(default=10.0, gt=0)
    usd_per_day: float | None = Field(default=None, gt=0)
    price_post: float = Field(default=0.005, ge=0)
    price_user: float = Field(default=0.010, ge=0)
    price_count: float = Field(default=0.005, ge=0)
    mentions_of: tuple[str, ...] = ()
    reposts: bool = False
    page: int = Field(default=100, ge=10, le=100)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=20, ge=1, le=60)
    base_url: str | None = Field(default=None, pattern=r"^https?://")


def create(options: Options) -> "X":
    """The collector; nothing is asked for yet."""
    return X(options)


@dataclass(slots=True)
class _Chain:
    """Where one query stands: read to ``since_id``; with ``token`` in the middle of the pages above it."""

    since_id: str | None = None
    token: str | None = None
    newest: str | None = None


@dataclass(slots=True)
class _Position:
    """What the cursor holds: a chain for each query, and what was billed on ``day``, by the ends of ids."""

    chains: dict[str, _Chain] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def dump(self, now: datetime) -> str:
        oldest = int((now - OVERLAP * 2).timestamp())
        recent = sorted((item for item in self.seen.items() if item[1] >= oldest), key=lambda item: -item[1])
        chains = {name: [chain.since_id, chain.token, chain.newest] for name, chain in self.chains.items()}
        return json.dumps({"chains": chains, "seen": dict(recent[:MOST_BILLED])})


class X:
    """Each query is read from the newest post back to the last round's, page by page."""

    platform = posts.PLATFORM
    batch = 100

    def __init__(self, options: Options) -> None:
        self._options = options
        place = options.token.model_dump_json()
        self.account = "x/" + hashlib.blake2b(place.encode(), digest_size=6).hexdigest()
        self._turn = pace(f"{self.account} {options.base_url}", options.requests_per_minute)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """In US dollars; a page may hold as many included posts and accounts as posts."""
        options = self._options
        dearest = options.page * (2 * options.price_post + 2 * options.price_user)
        month = Budget(unit="USD", limit=options.usd_per_month, period=Period.MONTH, page=dearest)
        if options.usd_per_day is None:
            return (month,)
        return (month, Budget(unit="USD", limit=options.usd_per_day, period=Period.DAY, page=dearest))

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Recent-search queries of at most 512 characters; a language is asked for only if all watches agree on it."""
        languages = {tuple(sorted(watch.languages)) for watch in watches}
        agreed = languages.pop() if len(languages) == 1 else ()
        tail = "" if self._options.reposts else " -is:retweet"
        if len(agreed) == 1:
            tail += f" lang:{agreed[0].split('-')[0].lower()}"
        words = [quoted(word) for word in search_words(watches)]
        return list(packed(words, LONGEST_QUERY, wrap=lambda some: f"({some}){tail}"))

    def pages(self, asked: Round) -> Iterator[Page]:
        """All queries, then all accounts; a cursor stands for every page that was given."""
        position = _position(asked.cursor)
        client = self._client()
        asks: dict[str, Callable[..., Any]] = {}
        for query in self.queries(asked.watches):
            asks[_digest(query)] = self._search(client, query)
        for account in self._options.mentions_of:
            asks[f"of {account}"] = self._mentions(client, account)
        position.chains = {name: position.chains.get(name, _Chain()) for name in asks}
        for name, ask in asks.items():
            yield from self._chain(position, position.chains[name], ask, asked)

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What X shows of these posts; only those that it says are not there count as gone."""
        client = self._client()
        answer = _answer(lambda: client.get_tweets(list(ids), **posts.FIELDS), now)
        found = posts.read(answer, Counter())
        spent = self._price(set(posts.ids_read(answer)), set(posts.users_read(answer)))
        return Looked(found=tuple(found), gone=tuple(posts.missing(answer)), spent=(("USD", spent),))

    def estimates(self, watches: Sequence[Watch]) -> Iterator[Estimate]:
        """What the last seven days of each query would have cost; asking costs a little too."""
        client = self._client()
        for query in self.queries(watches):
            answer = _answer(partial(client.get_recent_tweets_count, query, granularity="day"), None)
            meta = answer.get("meta")
            count = meta.get("total_tweet_count") if isinstance(meta, dict) else None
            if not isinstance(count, int):
                raise Unreadable("X answered without a count")
            each = self._options.price_post + self._options.price_user
            yield Estimate(query=query, posts=count, cost=count * each, unit="USD")

    def _client(self) -> tweepy.Client:
        options = self._options
        client = tweepy.Client(options.token.reveal(), return_type=requests.Response, wait_on_rate_limit=False)
        # tweepy's own session waits for ever and asks as often as it likes.
        client.session = session(options.contact, timeout=options.timeout, turn=self._turn, base=options.base_url)
        client.user_agent = user_agent(options.contact)
        return client

    def _search(self, client: tweepy.Client, query: str) -> Callable[..., Any]:
        def ask(token: str | None, **bounds: Any) -> Any:
            return client.search_recent_tweets(
                query, max_results=self._options.page, next_token=token, **bounds, **posts.FIELDS
            )

        return ask

    def _mentions(self, client: tweepy.Client, account: str) -> Callable[..., Any]:
        def ask(token: str | None, **bounds: Any) -> Any:
            return client.get_users_mentions(
                account, max_results=self._options.page, pagination_token=token, **bounds, **posts.FIELDS
            )

        return ask

    def _chain(self, position: _Position, chain: _Chain, ask: Callable[..., Any], asked: Round) -> Iterator[Page]:
        """The pages of one query. X's rule: only the first page's newest id becomes the next start."""
        known: set[str] = set()
        for _ in range(MOST_PAGES):
            bounds, gaps = _bounds(chain, asked)
            try:
                answer = _answer(partial(ask, chain.token, **bounds), asked.now)
            except _TooOldError as error:
                chain.since_id, chain.token = error.smallest, None
                continue
            except _BadRequestError:
                if chain.token is None:
                    raise
                # Tokens of pages do not live for ever; what was read meanwhile is known.
                chain.token = chain.newest = None
                continue
            ids = set(posts.ids_read(answer))
            skipped: Counter[str] = Counter()
            new = [mention for mention in posts.read(answer, skipped) if posts.version(mention) not in position.seen]
            if missing := len(posts.missing(answer)):
                skipped["not to be seen (deleted, withheld or suspended)"] += missing
            spent = self._price(ids - position.seen.keys(), set(posts.users_read(answer)))
            position.seen |= {name: _second(name) for name in ids}
            is_over = _advance(chain, answer, is_known=ids <= known, now=asked.now)
            known |= ids
            yield _page(new, position.dump(asked.now), skipped, gaps, spent)
            if is_over:
                return

    def _price(self, names: set[str], users: set[str]) -> float:
        return len(names) * self._options.price_post + len(users) * self._options.price_user


def _page(new: Sequence[Mention], cursor: str, skipped: Counter[str], gaps: tuple[Gap, ...], spent: float) -> Page:
    return Page(mentions=tuple(new), cursor=cursor, skipped=tuple(skipped.items()), gaps=gaps, spent=(("USD", spent),))


def _bounds(chain: _Chain, asked: Round) -> tuple[dict[str, Any], tuple[Gap, ...]]:
    """From where to read: an id or a moment, never both. What lies before the seven days is a gap."""
    reach = asked.now - posts.SEVEN_DAYS
    if chain.since_id is None:
        return {"start_time": max(asked.since, reach)}, ()
    before = posts.moment_of(chain.since_id)
    if before >= reach:
        return {"since_id": chain.since_id}, ()
    if chain.token is None:
        chain.since_id = posts.id_at(reach)
        return {"start_time": reach}, (Gap(before, reach, "recent search reaches back seven days"),)
    return {"start_time": reach}, ()


def _advance(chain: _Chain, answer: Mapping[str, Any], *, is_known: bool, now: datetime) -> bool:
    """Move a chain on by a page; ``True`` when it has come to its end."""
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    if chain.token is None and chain.newest is None:
        newest = meta.get("newest_id")
        chain.newest = newest if isinstance(newest, str) and newest.isdigit() else None
    token = meta.get("next_token")
    if isinstance(token, str) and token and token != chain.token and not is_known:
        chain.token = token
        return False
    # Posts that are indexed late have ids below the newest, so the last stretch is read again.
    if chain.newest is not None:
        reached = min(int(chain.newest), int(posts.id_at(now - OVERLAP)))
        chain.since_id = str(max(reached, int(chain.since_id or 0)))
    chain.token = chain.newest = None
    return True


class _BadRequestError(Unreadable):
    """X does not understand the question, such as a token of a page that has expired."""


class _TooOldError(Exception):
    """X says that an id is too old, and which is the smallest that is not."""

    def __init__(self, smallest: str) -> None:
        super().__init__(smallest)
        self.smallest = smallest


def _answer(ask: Callable[[], Any], now: datetime | None) -> Mapping[str, Any]:
    """What X answers, as JSON; tweepy's errors as ours."""
    with translated("X"):
        try:
            response = ask()
            found = response.json()
        except tweepy.TooManyRequests as error:
            raise _limited(error.response, now) from None
        except tweepy.HTTPException as error:
            raise _refused(error) from None
        except (tweepy.TweepyException, ValueError) as error:
            if isinstance(error, requests.exceptions.RequestException):
                raise
            raise Unreadable(f"X answered something that tweepy cannot read ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise Unreadable("X answered something that is no JSON object")
    if "data" not in found and "meta" not in found and "errors" not in found:
        raise Unreadable("X answered neither posts nor errors")
    return found


def _limited(response: requests.Response, now: datetime | None) -> SourceError:
    """The kinds of 429: a window that ends soon, or a plan that is used up."""
    body = response.text[:2_000]
    if "UsageCapExceeded" in body or "usage-capped" in body:
        return OutOfBudget("X says that the plan's reads are used up (UsageCapExceeded); raise the plan or wait")
    if wait := retry_after(response.headers, now):
        return RateLimited("X asks us to wait (HTTP 429)", wait=wait)
    try:
        until = datetime.fromtimestamp(int(response.headers.get("x-rate-limit-reset", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return RateLimited("X asks us to wait (HTTP 429)")
    is_sane = now is not None and now < until <= now + LONGEST_WAIT
    return RateLimited("X asks us to wait (HTTP 429)", until=until if is_sane else None)


def _refused(error: tweepy.HTTPException) -> Exception:
    status = error.response.status_code
    said = excerpt(" ".join(map(str, error.api_messages[:1] or error.api_errors[:1])), 120)
    if status == 401:
        return AuthFailed(f"X refuses {_TOKEN}: {_PORTAL}")
    if status == 402:
        return OutOfBudget("X says that the credits are used up (HTTP 402); buy more at developer.x.com")
    if status == 403:
        why = (
            "the app belongs to no project with access (client-not-enrolled)"
            if "enrolled" in error.response.text
            else ""
        )
        return AuthFailed(f"X refuses access{': ' + why if why else ''}; check the app and its plan at developer.x.com")
    if status == 503 and (wait := retry_after(error.response.headers)):
        return RateLimited("X asks us to wait (HTTP 503)", wait=wait)
    if status >= 500 or status in (408, 425):
        return Unavailable(f"X has trouble (HTTP {status})")
    message = f"X answered HTTP {status}{': ' + said if said else ''}"
    if status != 400:
        return Unreadable(message)
    smallest = _SMALLEST.search(error.response.text[:5_000])
    return _TooOldError(smallest[1]) if smallest else _BadRequestError(message)


def _position(cursor: str | None) -> _Position:
    """What a cursor says; one that is not ours starts from the beginning."""
    try:
        data = json.loads(cursor or "{}")
        chains = {str(name): _Chain(*(_name(part) for part in chain)) for name, chain in data["chains"].items()}
        return _Position(chains, {str(name): int(at) for name, at in data["seen"].items()})
    except (ValueError, TypeError, KeyError, AttributeError):
        return _Position()


def _name(part: Any) -> str | None:
    if part is not None and not isinstance(part, str):
        raise ValueError("not a part of a chain")
    return part


def _second(name: str) -> int:
    try:
        return int(posts.moment_of(name).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=6).hexdigest()
