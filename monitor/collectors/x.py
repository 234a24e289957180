"""Reads posts on X that contain a brand's words, and mentions of accounts, within a budget in dollars."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

import requests
import tweepy
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.collectors import _x_posts as posts
from monitor.collectors._x_position import Chain, Position, position
from monitor.core.budget import Budget, Period
from monitor.core.errors import AuthFailed, OutOfBudget, PartlyRead, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Gap, Page
from monitor.core.query import packed, quoted, search_words
from monitor.core.text import excerpt
from monitor.core.watch import Watch
from monitor.http import LONGEST_WAIT, retry_after, user_agent
from monitor.pace import pace
from monitor.ports import Estimate, Looked, Round
from monitor.secret import Secret
from monitor.sessions import session, translated

LONGEST_QUERY = 512
LONGEST_LOOK_UP = 100
SMALLEST_PAGE = 10
MOST_PAGES = 30
"""Pages of one query in one round; the next round goes on from there."""

MOST_REPAIRS = 2
SEVEN_DAYS = timedelta(days=7)
A_LITTLE = timedelta(minutes=5)
"""So much less than seven days is asked for, so that a slow request is not refused …"""

ENOUGH = timedelta(hours=1)
"""… and so much less after a gap, so that all pages can be read before the last one is too old."""

LONGEST_TIMELINE = 800
_ALMOST = 750
_LANGUAGES = (
    "am ar bg bn bs ca cs cy da de el en es et eu fa fi fr gu hi hr ht hu hy is it ja ka kn ko lt lv ml mr my ne nl "
    "no pa pl ps pt ro ru sd si sk sl sr sv ta te th tl tr uk ur vi"
)
"""Those that X can be asked for by the name that everybody uses."""

_TOKEN = "the bearer token (option token)"  # noqa: S105 (what it is called)
_PORTAL = "make a new one at developer.x.com and set it where the option points"
_SMALLEST = re.compile(r"larger than (\d{5,19})\b")


class Options(BaseModel):
    """``token`` is an app's bearer token. Nothing is read beyond ``usd_per_month`` and, if set, ``usd_per_day``.

    ``price_post`` and ``price_user`` are what X bills for each post and each account it names (set ``price_user`` to 0
    if your bill shows that it charges none), ``price_count`` for one question by ``umbrage try --cost``.
    ``mentions_of`` are ids of accounts whose mentions are read too. ``reposts`` asks for reposts as well; without them
    they are still counted by the original. ``page`` is the most posts that are asked for at once; it is fewer where so
    many might cost more than a quarter of a day's share.
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
    page: int = Field(default=100, ge=SMALLEST_PAGE, le=100)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=20, ge=1, le=60)
    base_url: str | None = Field(default=None, pattern=r"^https?://")

    @model_validator(mode="after")
    def _holds_a_page(self) -> Self:
        least = SMALLEST_PAGE * self.dearest
        if least > min(self.usd_per_month, self.usd_per_day or self.usd_per_month):
            raise ValueError(f"the smallest page may cost {least:.2f} USD, more than the budget")
        return self

    @property
    def dearest(self) -> float:
        """The most a found post may cost in USD: it may quote one post and answer another; its author comes along."""
        return 3 * self.price_post + self.price_user


def create(options: Options) -> "X":
    """The collector; nothing is asked for yet."""
    return X(options)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What can be asked for page by page: a search, or the mentions of an account, with how much of it X shows."""

    ask: Callable[[str | None, str], Any]
    reach: timedelta | None = None
    longest: int | None = None


class X:
    """Each query is read from the newest post back to the last round's, page by page."""

    platform = posts.PLATFORM

    def __init__(self, options: Options) -> None:
        self._options = options
        place = options.token.model_dump_json()
        share = min(options.usd_per_month / 31, options.usd_per_day or options.usd_per_month)
        affordable = int(share / 4 / options.dearest) if options.dearest else options.page
        self._page = max(SMALLEST_PAGE, min(options.page, affordable))
        self.account = "x/" + hashlib.blake2b(place.encode(), digest_size=6).hexdigest()
        self._turn = pace(f"{self.account} {options.base_url}", options.requests_per_minute)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """In US dollars. Pages are small: room for a dear one is kept free, and would lie idle."""
        options = self._options
        dearest = self._page * options.dearest
        month = Budget(unit="USD", limit=options.usd_per_month, period=Period.MONTH, page=dearest)
        if options.usd_per_day is None:
            return (month,)
        return (month, Budget(unit="USD", limit=options.usd_per_day, period=Period.DAY, page=dearest))

    @property
    def batch(self) -> int:
        """So many that they, and newer words of each, cost no more than a page."""
        return min(LONGEST_LOOK_UP, self._page * 3 // 2)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Recent-search queries of at most 512 characters; a language is asked for only if all watches agree on it."""
        return list(packed(_words(watches), LONGEST_QUERY, wrap=partial(self._query, watches)))

    def _query(self, watches: Sequence[Watch], words: str) -> str:
        languages = {tag.split("-")[0].lower() for watch in watches for tag in watch.languages}
        is_agreed = (
            len(languages) == 1 and all(watch.languages for watch in watches) and languages <= set(_LANGUAGES.split())
        )
        language = f" lang:{languages.pop()}" if is_agreed else ""
        return f"({words}){'' if self._options.reposts else ' -is:retweet'}{language}"

    def pages(self, asked: Round) -> Iterator[Page]:
        """All queries and accounts, the longest unread first; a cursor stands for every page that was given.

        One that X does not understand leaves the others alone.
        """
        lost = [word for word in _words(asked.watches) if len(self._query(asked.watches, word)) > LONGEST_QUERY]
        if lost:
            yield Page(mentions=(), cursor=None, skipped=(("a word too long to search for", len(lost)),))
        listings = self._listings(self._client(), asked.watches)
        stand = position(asked.cursor)
        stand.keep(listings, max(asked.since, asked.now - SEVEN_DAYS + ENOUGH))
        failures: list[Unreadable] = []
        for name in list(stand.chains):
            try:
                yield from self._chain(stand, name, listings[name], asked)
            except Unreadable as error:
                failures.append(error)
        if failures and len(failures) == len(listings):
            raise failures[0]
        if failures:
            raise PartlyRead(f"{len(failures)} of {len(listings)} queries and accounts: {failures[0]}")

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What X shows of these posts; only those that it says are not there count as gone.

        An edit has an id of its own, and the old one shows the old words: the new ones are asked for too.
        """
        client = self._client()
        first = _answer(lambda: client.get_tweets(list(ids), tweet_fields=posts.POST_FIELDS), now)
        later = posts.newer(first)[: self.batch]
        answers = [first]
        if later:
            answers.append(_answer(lambda: client.get_tweets(later, tweet_fields=posts.POST_FIELDS), now))
        found = [mention for answer in answers for mention in posts.read(answer, Counter())]
        spent = sum(self._price(len(posts.ids(answer)), 0) for answer in answers)
        return Looked(found=tuple(found), gone=tuple(posts.missing(first)), spent=(("USD", spent),))

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

    def _listings(self, client: tweepy.Client, watches: Sequence[Watch]) -> dict[str, _Listing]:
        shown = {"max_results": self._page, **posts.FIELDS}

        def search(query: str, token: str | None, since_id: str) -> Any:
            return client.search_recent_tweets(query, next_token=token, since_id=since_id, **shown)

        def mentions(account: str, token: str | None, since_id: str) -> Any:
            return client.get_users_mentions(account, pagination_token=token, since_id=since_id, **shown)

        searches = {_digest(query): _Listing(partial(search, query), SEVEN_DAYS) for query in self.queries(watches)}
        accounts = self._options.mentions_of
        return searches | {
            f"of {account}": _Listing(partial(mentions, account), longest=LONGEST_TIMELINE) for account in accounts
        }

    def _chain(self, stand: Position, name: str, listing: _Listing, asked: Round) -> Iterator[Page]:
        """The pages of one query, each asked for above the same id."""
        chain, gaps = replace(stand.chains[name]), list[Gap]()
        reach = listing.reach
        if reach and chain.token is None and posts.moment_of(chain.since_id) < asked.now - reach + A_LITTLE:
            gaps.append(chain.skip_to(posts.id_at(asked.now - reach + ENOUGH), "recent search reaches back seven days"))
        known: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            answer = self._repaired(chain, listing, gaps, asked.now)
            meta, ids = answer.get("meta"), posts.ids(answer)
            token = meta.get("next_token") if isinstance(meta, dict) else None
            is_last = (bool(ids) and ids <= known) or (number == MOST_PAGES and not known | ids)
            known |= ids
            if listing.longest and not token and chain.count + len(ids) >= _ALMOST:
                oldest = posts.moment_of(min(ids, key=int, default=chain.since_id))
                gaps.append(
                    Gap(posts.moment_of(chain.since_id), oldest, f"X shows the last {listing.longest} mentions")
                )
            is_over = chain.advance(ids, token, asked.now, is_last=is_last)
            stand.moved(name, replace(chain))
            yield self._page_of(answer, stand, gaps, asked.now)
            gaps = []
            if is_over:
                return

    def _repaired(self, chain: Chain, listing: _Listing, gaps: list[Gap], now: datetime) -> Mapping[str, Any]:
        """An answer, after starting anew where X refuses an id or a token; what is given up is added to ``gaps``."""
        for _ in range(MOST_REPAIRS):
            try:
                return _listed(partial(listing.ask, chain.token, chain.since_id), now)
            except _TooOldError as error:
                if int(error.allowed) <= int(chain.since_id):
                    raise
                gaps.append(chain.skip_to(error.allowed, "X has nothing so old any more"))
            except _BadRequestError:
                if chain.token is None:
                    raise
                # Tokens of pages do not live for ever; what was read meanwhile is known.
                chain.restart()
        return _listed(partial(listing.ask, chain.token, chain.since_id), now)

    def _page_of(self, answer: Mapping[str, Any], stand: Position, gaps: Sequence[Gap], now: datetime) -> Page:
        skipped: Counter[str] = Counter()
        new = [mention for mention in posts.read(answer, skipped) if posts.version(mention) not in stand.given]
        stand.given |= dict.fromkeys(map(posts.version, new), int(now.timestamp()))
        if missing := len(posts.missing(answer)):
            skipped["not to be seen (deleted, withheld or suspended)"] += missing
        spent = self._price(*(stand.bill(names, now) for names in posts.billed(answer)))
        return Page(
            mentions=tuple(new),
            cursor=stand.dump(now),
            skipped=tuple(skipped.items()),
            gaps=tuple(gaps),
            spent=(("USD", spent),),
        )

    def _price(self, found: int, accounts: int) -> float:
        return found * self._options.price_post + accounts * self._options.price_user


def _words(watches: Sequence[Watch]) -> list[str]:
    return [quoted(word) for word in search_words(watches)]


class _BadRequestError(Unreadable):
    """X does not understand the question, such as a token of a page that has expired."""


class _TooOldError(Unreadable):
    """X says that an id is too old; ``allowed`` is the smallest that is not."""

    def __init__(self, allowed: str) -> None:
        super().__init__("X says that an id is too old")
        self.allowed = allowed


def _listed(ask: Callable[[], Any], now: datetime) -> Mapping[str, Any]:
    """An answer that lists posts, even if there are none."""
    answer = _answer(ask, now)
    if "data" in answer or "meta" in answer:
        return answer
    errors = answer["errors"]
    first = errors[0] if isinstance(errors, list) and errors else None
    title = first.get("title") if isinstance(first, dict) else None
    raise Unreadable(f"X answered with an error in place of posts: {excerpt(str(title), 80)}")


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
            raise _odd(error) from None
        except (AttributeError, TypeError, RecursionError) as error:
            # tweepy trusts that the JSON of an error is an object of a certain form.
            raise _odd(error) from None
    if not isinstance(found, dict):
        raise Unreadable("X answered something that is no JSON object")
    if "data" not in found and "meta" not in found and "errors" not in found:
        raise Unreadable("X answered neither posts nor errors")
    return found


def _odd(error: BaseException) -> Unreadable:
    return Unreadable(f"X answered something that tweepy cannot read ({type(error).__name__})")


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
    return _TooOldError(str(int(smallest[1]) + 1)) if smallest else _BadRequestError(message)


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=6).hexdigest()
