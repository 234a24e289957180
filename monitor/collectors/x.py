"""Reads posts on X that contain a brand's words, and mentions of accounts, within a budget in dollars."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

import requests
import tweepy
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.collectors import _x_posts as posts
from monitor.collectors import _x_queries as words
from monitor.collectors._x_account import Paid
from monitor.collectors._x_answers import ACCOUNT, APP, BadRequestError, TooOldError, listed, reply
from monitor.collectors._x_bill import bill
from monitor.collectors._x_position import Chain, Position, position
from monitor.core.budget import Budget
from monitor.core.errors import AuthFailed, PartlyRead, SourceError, Unreadable
from monitor.core.mention import Gap, Page
from monitor.core.watch import Watch
from monitor.http import user_agent
from monitor.ports import Estimate, Looked, Round
from monitor.secret import Secret
from monitor.sessions import session

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


class Account(BaseModel):
    """The keys of an own account, for OAuth 1.0a: those of the app, and those that X made for the account with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_secret: Secret

    def revealed(self) -> tuple[str, str, str, str]:
        """In tweepy's order."""
        secrets = (self.consumer_key, self.consumer_secret, self.access_token, self.access_secret)
        key, secret, token, token_secret = (one.reveal() for one in secrets)
        return key, secret, token, token_secret


class Options(Paid):
    """``token`` is an app's bearer token. Nothing is read beyond ``usd_per_month`` and, if set, ``usd_per_day``.

    ``price_post`` and ``price_user`` are what X bills for each post and each account it names (set ``price_user`` to 0
    if your bill shows that it charges none), ``price_count`` for one question by ``umbrage try --cost``. ``account``
    holds the keys of your own account: its mentions are read, for ``price_own`` each. ``mentions_of`` are ids of other
    accounts whose mentions are read too. ``reposts`` asks for reposts as well; without them they are still counted by
    the original. ``page`` is the most posts that are asked for at once; it is fewer where so many might cost more than
    a quarter of a day's share.
    """

    price_count: float = Field(default=0.005, ge=0)
    price_own: float = Field(default=0.001, ge=0)
    account: Account | None = None
    mentions_of: tuple[str, ...] = ()
    page: int = Field(default=100, ge=SMALLEST_PAGE, le=100)
    timeout: float = Field(default=15, gt=0, le=60)

    @model_validator(mode="after")
    def _holds_a_page(self) -> Self:
        least = SMALLEST_PAGE * self.dearest
        if least > min(self.usd_per_month, self.usd_per_day or self.usd_per_month):
            raise ValueError(f"the smallest page may cost {least:.2f} USD, more than the budget")
        return self

    @property
    def dearest(self) -> float:
        """The most a found post may cost in USD: it may quote one post and answer another; its author comes along."""
        return 2 * self.price_post + max(self.price_post, self.price_own) + self.price_user


def create(options: Options) -> "X":
    """The collector; nothing is asked for yet."""
    return X(options)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What can be asked for page by page: a search, or the mentions of an account, with how much of it X shows.

    ``whose`` are the credentials it is asked with, ``price`` what a post costs there.
    """

    ask: Callable[[str | None, str], Any]
    price: float
    reach: timedelta | None = None
    longest: int | None = None
    whose: str = APP


class X:
    """Each query is read from the newest post back to the last round's, page by page."""

    platform = posts.PLATFORM

    def __init__(self, options: Options) -> None:
        self._options = options
        affordable = int(options.share / 4 / options.dearest) if options.dearest else options.page
        self._page = max(SMALLEST_PAGE, min(options.page, affordable))
        self.account = options.payer
        self._turn = options.turn()
        self._billed = bill(options.place)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """In US dollars. Pages are small: room for a dear one is kept free, and would lie idle."""
        return self._options.budgets(self._page * self._options.dearest)

    @property
    def batch(self) -> int:
        """So many that they, and newer words of each, cost no more than a page."""
        return min(LONGEST_LOOK_UP, self._page * 3 // 2)

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Recent-search queries of at most 512 characters; a language is asked for only if all watches agree on it."""
        return words.queries(watches, LONGEST_QUERY, reposts=self._options.reposts)

    def pages(self, asked: Round) -> Iterator[Page]:
        """All queries and accounts, the longest unread first; a cursor stands for every page that was given.

        One that X does not understand, or not with its keys, leaves the others alone.
        """
        if lost := words.too_long(asked.watches, LONGEST_QUERY, reposts=self._options.reposts):
            yield Page(mentions=(), cursor=None, skipped=(("a word too long to search for", lost),))
        listings = self._listings(self._client(), asked.watches)
        stand = position(asked.cursor, self._billed)
        stand.keep(listings, max(asked.since, asked.now - SEVEN_DAYS + ENOUGH))
        failures: list[SourceError] = []
        for name in list(stand.chains):
            try:
                yield from self._chain(stand, name, listings[name], asked)
            except Unreadable as error:
                failures.append(error)
            except AuthFailed as error:
                # The app's token is refused for all of them, the account's keys for its own mentions only.
                if listings[name].whose == APP:
                    raise
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
        first = reply(lambda: client.get_tweets(list(ids), tweet_fields=posts.POST_FIELDS), now)
        later = posts.newer(first)[: self.batch]
        answers = [first]
        if later:
            answers.append(reply(lambda: client.get_tweets(later, tweet_fields=posts.POST_FIELDS), now))
        found = [mention for answer in answers for mention in posts.read(answer, Counter())]
        spent = sum(len(posts.ids(answer)) for answer in answers) * self._options.price_post
        return Looked(found=tuple(found), gone=tuple(posts.missing(first)), spent=(("USD", spent),))

    def estimates(self, watches: Sequence[Watch]) -> Iterator[Estimate]:
        """What the last seven days of each query would have cost; asking costs a little too."""
        client = self._client()
        for query in self.queries(watches):
            answer = reply(partial(client.get_recent_tweets_count, query, granularity="day"), None)
            meta = answer.get("meta")
            count = meta.get("total_tweet_count") if isinstance(meta, dict) else None
            if not isinstance(count, int):
                raise Unreadable("X answered without a count")
            each = self._options.price_post + self._options.price_user
            yield Estimate(query=query, posts=count, cost=count * each, unit="USD", asking=self._options.price_count)

    def _client(self) -> tweepy.Client:
        options = self._options
        keys = options.account.revealed() if options.account else ()
        client = tweepy.Client(options.token.reveal(), *keys, return_type=requests.Response, wait_on_rate_limit=False)
        # tweepy's own session waits for ever and asks as often as it likes.
        client.session = session(options.contact, timeout=options.timeout, turn=self._turn, base=options.base_url)
        client.user_agent = user_agent(options.contact)
        return client

    def _listings(self, client: tweepy.Client, watches: Sequence[Watch]) -> dict[str, _Listing]:
        shown = {"max_results": self._page, **posts.FIELDS}

        def search(query: str, token: str | None, since_id: str) -> Any:
            return client.search_recent_tweets(query, next_token=token, since_id=since_id, **shown)

        def mentions(account: str, token: str | None, since_id: str, *, is_own: bool = False) -> Any:
            return client.get_users_mentions(
                account, pagination_token=token, since_id=since_id, user_auth=is_own, **shown
            )

        price, longest = self._options.price_post, LONGEST_TIMELINE
        queries = self.queries(watches)
        listings = {_digest(query): _Listing(partial(search, query), price, SEVEN_DAYS) for query in queries}
        for account in self._options.mentions_of:
            listings[f"of {account}"] = _Listing(partial(mentions, account), price, longest=longest)
        if own := _own(client):
            ask = partial(mentions, own, is_own=True)
            listings[f"of {own}"] = _Listing(ask, self._options.price_own, longest=longest, whose=ACCOUNT)
        return listings

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
            yield self._page_of(answer, stand, gaps, listing.price, asked.now)
            gaps = []
            if is_over:
                return

    def _repaired(self, chain: Chain, listing: _Listing, gaps: list[Gap], now: datetime) -> Mapping[str, Any]:
        """An answer, after starting anew where X refuses an id or a token; what is given up is added to ``gaps``."""
        for _ in range(MOST_REPAIRS):
            try:
                return listed(partial(listing.ask, chain.token, chain.since_id), now, listing.whose)
            except TooOldError as error:
                if int(error.allowed) <= int(chain.since_id):
                    raise
                gaps.append(chain.skip_to(error.allowed, "X has nothing so old any more"))
            except BadRequestError:
                if chain.token is None:
                    raise
                # Tokens of pages do not live for ever; what was read meanwhile is known.
                chain.restart()
        return listed(partial(listing.ask, chain.token, chain.since_id), now, listing.whose)

    def _page_of(
        self, answer: Mapping[str, Any], stand: Position, gaps: Sequence[Gap], price: float, now: datetime
    ) -> Page:
        skipped: Counter[str] = Counter()
        new = stand.take(answer, skipped, now)
        spent = self._options.cost(stand.billed, answer, now, price)
        return Page(
            mentions=tuple(new),
            cursor=stand.dump(now),
            skipped=tuple(skipped.items()),
            gaps=tuple(gaps),
            spent=(("USD", spent),),
        )


def _own(client: tweepy.Client) -> str | None:
    """The id of the account whose keys there are: its token begins with it."""
    if client.access_token is None:
        return None
    name, dash, _ = str(client.access_token).partition("-")
    if not dash or not posts.is_id(name):
        raise AuthFailed("the access token of your account is none: it begins with the account's id and a dash")
    return name


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=6).hexdigest()
