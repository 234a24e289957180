"""Reads posts and comments of chosen subreddits, a search, and mentions of an account on Reddit, through praw."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Self

import praw
import prawcore
import requests
from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor import __version__
from monitor.core.errors import AuthFailed, PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.query import packed, quoted, search_words
from monitor.core.watch import Watch
from monitor.http import check, retry_after
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings
from monitor.secret import Secret
from monitor.sessions import session, translated

LONGEST_QUERY = 512
LONGEST_LISTING = 1_000
"""Items; nothing below them is given out, whatever is asked for."""

LONGEST_SEARCH = 230
"""Searches end earlier: people have counted between 220 and 250 results."""

PAGE = 100
MOST_PAGES = 12
OVERLAP = timedelta(minutes=30)
"""How late a post may appear, such as one that a filter held back, and still be found."""

_GONE = "deleted or removed"
_REMOVED = {"[deleted]", "[removed]", "[ removed by reddit ]"}
_BOTS = {"automoderator"}
_SITE = "https://www.reddit.com"


class Options(BaseModel):
    """``client_id`` and ``client_secret`` are those of an approved app; ``by`` is the Reddit name of who runs it.

    ``subreddits`` are read completely, posts and comments. ``search`` also asks all of Reddit for posts with a brand's
    words. ``mentions`` reads those of the account whose ``refresh_token`` is given. ``requests_per_minute`` is our own
    ceiling. ``base_url`` takes the place of Reddit's hosts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Secret
    client_secret: Secret
    by: str = Field(pattern=r"^[A-Za-z0-9_-]{3,20}$")
    subreddits: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,24}$")], ...] = ()
    search: bool = True
    mentions: bool = False
    refresh_token: Secret | None = None
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=60, ge=1, le=100)
    base_url: str | None = Field(default=None, pattern=r"^https?://")

    @model_validator(mode="after")
    def _has_something_to_read(self) -> Self:
        if not (self.subreddits or self.search or self.mentions):
            raise ValueError("there is nothing to read: give subreddits, search or mentions")
        if self.mentions and self.refresh_token is None:
            raise ValueError("mentions are those of an account: give its refresh_token")
        return self


def create(options: Options) -> "Reddit":
    """The collector; nothing is asked for yet."""
    return Reddit(options)


class Reddit:
    """Each listing is read from its newest item down to where the last round began."""

    platform = "reddit"
    batch = 100

    def __init__(self, options: Options) -> None:
        self._options = options
        self._account = f"reddit {options.client_id.model_dump_json()} {options.base_url}"
        self._client: praw.Reddit | None = None
        self._requestor: _Requestor | None = None

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Searches of at most 512 characters; names with ``@`` mean nothing here."""
        if not self._options.search:
            return []
        return list(packed([quoted(word) for word in search_words(watches, handles=False)], LONGEST_QUERY))

    def pages(self, asked: Round) -> Iterator[Page]:
        """All listings, one after the other. One that cannot be read is reported after the others have been read."""
        listings = self._listings(asked.watches)
        readings = Readings(asked.cursor, listings)
        problems: list[SourceError] = []
        for name, (path, params) in listings.items():
            try:
                yield from readings.down(
                    name,
                    partial(self._listed, path, params, asked.now),
                    asked,
                    overlap=OVERLAP,
                    most_pages=MOST_PAGES,
                    holds=LONGEST_SEARCH if path.endswith("/search") else LONGEST_LISTING,
                    is_lasting=True,
                )
            except (RateLimited, AuthFailed):
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(listings) else PartlyRead(str(problems[0]))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts and comments, by their full names. What is not listed, or has no author, is gone.

        About an item that cannot be read nothing is known.
        """
        children, _ = self._children("api/info", {"id": ",".join(ids)}, now)
        found, kept = dict[str, Mention](), set[str]()
        for child in children:
            mention = _mention(child)
            if isinstance(mention, Mention):
                found[mention.id] = mention
            if mention != _GONE:
                kept.add(_name(child))
        return Looked(found=tuple(found.values()), gone=tuple(name for name in ids if name not in kept))

    def _listings(self, watches: Sequence[Watch]) -> dict[str, tuple[str, dict[str, str]]]:
        options, found = self._options, dict[str, tuple[str, dict[str, str]]]()
        if options.subreddits:
            together = "+".join(options.subreddits)
            found["new"] = (f"r/{together}/new", {})
            found["comments"] = (f"r/{together}/comments", {})
        for query in self.queries(watches):
            found[f"search {query}"] = ("r/all/search", {"q": query, "sort": "new", "type": "link"})
        if options.mentions:
            found["mentions"] = ("message/mentions", {})
        return found

    def _listed(self, path: str, params: Mapping[str, str], now: datetime, below: str | None) -> Listed:
        children, after = self._children(path, {**params, **({"after": below} if below else {})}, now)
        skipped: Counter[str] = Counter()
        found, arrived = _mentions(children, skipped)
        times = [at for child in children if (at := _time(child)) is not None]
        return Listed(mentions=found, times=times, below=after, skipped=tuple(skipped.items()), arrived=arrived)

    def _children(self, path: str, params: dict[str, str], now: datetime) -> tuple[list[Any], str | None]:
        """The items of a listing and the name of its last one, if there are more."""
        answer = self._ask(path, {"limit": str(PAGE), **params}, now)
        data = answer.get("data") if isinstance(answer, dict) else None
        children = data.get("children") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(children, list):
            raise Unreadable("Reddit answered something that is no listing")
        after = data.get("after")
        return children, after if isinstance(after, str) and after else None

    def _ask(self, path: str, params: dict[str, str], now: datetime) -> Any:
        """One question through praw; with a token that has run out, once more with a new one."""
        for is_last in (False, True):
            client, requestor = self._connected()
            requestor.now = now
            if requestor.used_up_until > now:
                raise RateLimited("Reddit's allowance is used up", until=requestor.used_up_until)
            try:
                return client.request(method="GET", path=path, params=dict(params))
            except _ExpiredError:
                self._client = None
                if is_last:
                    raise AuthFailed(_CREDENTIALS) from None
            except AuthFailed:
                # The next round reads the secrets again: a person may have renewed them.
                self._client = None
                raise
            except prawcore.exceptions.Redirect:
                raise Unreadable("Reddit knows no such place; see the option subreddits") from None
            except _UNREADABLE as error:
                raise Unreadable(f"Reddit answered something that praw cannot read ({type(error).__name__})") from None
        raise AssertionError  # pragma: no cover (the loop ends by returning or raising)

    def _connected(self) -> tuple[praw.Reddit, "_Requestor"]:
        if self._client is None or self._requestor is None:
            options = self._options
            own = session(
                options.contact, timeout=options.timeout, turn=pace(self._account, options.requests_per_minute)
            )
            made: list[_Requestor] = []
            settings: dict[str, Any] = {
                "client_id": options.client_id.reveal(),
                "client_secret": options.client_secret.reveal(),
                "user_agent": user_agent(options),
                "check_for_updates": False,
            }
            if options.refresh_token is not None:
                settings["refresh_token"] = options.refresh_token.reveal()
            if options.base_url is not None:
                settings |= {"oauth_url": options.base_url, "reddit_url": options.base_url}
            client = praw.Reddit(
                requestor_class=_Requestor, requestor_kwargs={"session": own, "made": made}, **settings
            )
            client.read_only = options.refresh_token is None
            self._client, self._requestor = client, made[-1]
        return self._client, self._requestor


_UNREADABLE = (prawcore.exceptions.PrawcoreException, KeyError, TypeError, ValueError, RecursionError)
"""What praw raises for an answer that it does not expect."""

_CREDENTIALS = (
    "Reddit refuses the app's credentials (options client_id, client_secret, refresh_token); "
    "see docs/platforms/reddit.md for how to get them"
)


def user_agent(options: Options) -> str:
    """In the form that Reddit asks for, with our own name in front."""
    contact = f"; +{options.contact}" if options.contact else ""
    return f"umbrage/{__version__} (python:umbrage:v{__version__} (by /u/{options.by}){contact})"


class _ExpiredError(Exception):
    """Reddit does not know the access token any more."""


class _Requestor(prawcore.Requestor):
    """Asks through our session, and says at once what an answer means: praw would sleep, or trip over it."""

    def __init__(self, *, made: list["_Requestor"], **settings: Any) -> None:
        super().__init__(**settings)
        self.now = self.used_up_until = datetime.min.replace(tzinfo=UTC)
        made.append(self)

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> requests.Response:  # noqa: ARG002
        with translated("Reddit"):
            response: requests.Response = self._http.request(*args, **kwargs)
        is_token = str(args[1] if len(args) > 1 else kwargs.get("url", "")).endswith("/access_token")
        if is_token and response.status_code in (400, 401, 403):
            raise AuthFailed(_CREDENTIALS)
        if response.status_code == 401:
            raise _ExpiredError
        if response.status_code == 403:
            raise _refusal(response)
        wait = _allowance(response)
        if response.status_code == 429 and retry_after(response.headers, self.now) is None:
            raise RateLimited("Reddit asks us to wait (HTTP 429)", wait=wait)
        check(response.status_code, response.headers, "Reddit", self.now)
        if wait is not None:
            self.used_up_until = self.now + wait
        return response


def _refusal(response: requests.Response) -> SourceError:
    """One subreddit that is closed to us is no trouble with the credentials."""
    try:
        reason = response.json().get("reason")
    except (ValueError, AttributeError, RecursionError):
        reason = None
    if reason in ("private", "quarantined", "gold_only"):
        return Unreadable(f"Reddit does not show us a subreddit ({reason}); see the option subreddits")
    return AuthFailed(f"Reddit refused access (HTTP 403). {_CREDENTIALS}")


def _allowance(response: requests.Response) -> timedelta | None:
    """When nothing remains, how long to wait. praw is not shown the headers: it would sleep itself."""
    try:
        remaining = float(response.headers.pop("x-ratelimit-remaining", "0" if response.status_code == 429 else "99"))
        reset = float(response.headers.pop("x-ratelimit-reset", "0"))
    except ValueError:
        return None
    return timedelta(seconds=reset) if remaining < 1 and 0 < reset < 86_400 else None


def _mentions(children: Sequence[Any], skipped: Counter[str]) -> tuple[list[Mention], dict[str, datetime]]:
    """What is in a listing, and when it came there: a story is as new as its newest crosspost."""
    found, arrived = dict[str, Mention](), dict[str, datetime]()
    for child in children:
        mention = _mention(child)
        if isinstance(mention, str):
            skipped[mention] += 1
            continue
        found.setdefault(mention.id, mention)
        at = max(_time(child) or mention.posted_at, mention.posted_at)
        arrived[mention.id] = max(at, arrived.get(mention.id, at))
    return list(found.values()), arrived


def _mention(child: Any) -> Mention | str:
    item = child.get("data") if isinstance(child, dict) else None
    if not isinstance(item, dict):
        return "not an item"
    origin = item.get("crosspost_parent_list")
    if isinstance(origin, list) and origin and isinstance(origin[0], dict):
        item = origin[0]
    name, created = item.get("name"), _moment(item.get("created_utc"))
    if not isinstance(name, str) or not name.startswith(("t1_", "t3_")) or created is None:
        return "no id, or no time"
    author, words = item.get("author"), _words(item)
    if not isinstance(author, str) or author.casefold() in _REMOVED or item.get("removed_by_category") or words is None:
        return _GONE
    is_comment = name.startswith("t1_")
    crossposts = item.get("num_crossposts")
    return Mention(
        platform=Reddit.platform,
        id=name,
        text=words,
        posted_at=created,
        url=_address(item),
        author=author,
        reposts=crossposts if isinstance(crossposts, int) and not is_comment else None,
        edited_at=_moment(item.get("edited")),
        reply_to=_text(item.get("parent_id")) if is_comment else None,
        context=_text(item.get("link_title")) if is_comment else None,
        by_bot=author.casefold() in _BOTS,
        kind=Kind.REPLY if is_comment else Kind.POST,
    )


def _words(item: Mapping[str, Any]) -> str | None:
    """The words of an item; ``None`` when they were taken away."""
    parts = [_text(item.get(field)) for field in ("title", "selftext", "body")]
    if any(part is not None and part.strip().casefold() in _REMOVED for part in parts):
        return None
    return "\n".join(part for part in parts if part) or None


def _address(item: Mapping[str, Any]) -> str | None:
    path = _text(item.get("permalink")) or _text(item.get("context"))
    return f"{_SITE}{path.partition('?')[0]}" if path and path.startswith("/") else None


def _name(child: Any) -> str:
    item = child.get("data") if isinstance(child, dict) else None
    return str(item.get("name")) if isinstance(item, dict) else ""


def _time(child: Any) -> datetime | None:
    item = child.get("data") if isinstance(child, dict) else None
    return _moment(item.get("created_utc")) if isinstance(item, dict) else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
