"""One server that speaks like Mastodon: questions through Mastodon.py, and what its refusals mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from typing import Any, NamedTuple

import requests

from monitor.core.errors import AuthFailed, ConfigError, RateLimited, SourceError, Unreadable
from monitor.http import LONGEST_WAIT, check, host, http_date, user_agent
from monitor.pace import pace
from monitor.secret import Secret
from monitor.sessions import session, translated

READ_STATUSES = "read:statuses"
"""What a token must allow for hashtags and single posts."""


class Reach(NamedTuple):
    """How servers are asked: who we are, how long we wait, and how often we ask at most."""

    contact: str | None
    timeout: float
    requests_per_minute: int


class Server:
    """One server through Mastodon.py, whose requests go through our session."""

    def __init__(self, url: str, reach: Reach, token: Secret | None) -> None:
        self.url = url
        self.host = host(url)
        self._reach = reach
        self._token = token
        self._raw: list[Any] = []
        self._access: set[str] = set()
        self._rests_until = self._access_until = self._alone_until = datetime.min.replace(tzinfo=UTC)

    def ask(self, call: Callable[[Any], Any], now: datetime, scope: str, *, missing: bool = False) -> Any:
        """What the server answers to one call, as it came; ``None`` for what is not there, if that may be.

        A server that asks us to wait is left alone until then; if it names no end, five minutes, as Mastodon counts.
        """
        if now < self._rests_until:
            raise RateLimited(f"{self.host} still asks us to wait", until=self._rests_until)
        try:
            return self._answer(call, now, scope, missing)
        except RateLimited as error:
            self._rests_until = error.until or now + (error.wait or timedelta(minutes=5))
            raise

    def status(self, number: str, now: datetime) -> Any:
        """A post as it came; ``None`` if the server says that it is not there."""
        return self.ask(methodcaller("status", number), now, READ_STATUSES, missing=True)

    def statuses(self, names: Sequence[tuple[str, str]], now: datetime) -> Iterator[tuple[str, Any]]:
        """Posts by their numbers, each under the name beside it; ``None`` for one that is not there.

        Mastodon gives twenty at once since 4.3. One that is missing among them is asked for alone, because only then
        the server says that it is not there; so are all where many at once are no question.
        """
        many = self._many([number for _, number in names], now) if len(names) > 1 and now >= self._alone_until else {}
        for name, number in names:
            yield name, many[number] if number in many else self.status(number, now)

    def _many(self, numbers: Sequence[str], now: datetime) -> Mapping[str, Any]:
        try:
            found = self.ask(methodcaller("statuses", list(numbers)), now, READ_STATUSES)
        except (Unreadable, AuthFailed):
            found = None
        if not isinstance(found, list):
            self._alone_until = now + timedelta(days=1)
            return {}
        return {str(one["id"]): one for one in found if isinstance(one, dict) and "id" in one}

    def check_hashtags(self, now: datetime) -> None:
        """Nothing was found: raise ``AuthFailed`` if the server says that it hides from us what is under hashtags.

        Mastodon says so since 4.5, and is believed for an hour. A token gets an empty list there, no error.
        """
        if now >= self._access_until:
            self._access, self._access_until = self._ask_access(now), now + timedelta(hours=1)
        closed = {"disabled"} if self._token else {"disabled", "authenticated"}
        if not self._access or self._access - closed:
            return
        if "authenticated" in self._access:
            raise AuthFailed(f"{self.host} shows hashtags only to people who log in; {self._cure(401, READ_STATUSES)}")
        raise AuthFailed(f"{self.host} shows hashtags to nobody but its staff; take it out of servers")

    def _ask_access(self, now: datetime) -> set[str]:
        """Who may see its own posts under hashtags, and who those of other servers; empty if it does not say."""
        try:
            found = self.ask(methodcaller("instance_v2"), now, READ_STATUSES)
        except SourceError:
            return set()
        for name in ("configuration", "timelines_access", "hashtag_feeds"):
            found = found.get(name) if isinstance(found, dict) else None
        return {str(found.get(part)) for part in ("local", "remote")} if isinstance(found, dict) else set()

    def _answer(self, call: Callable[[Any], Any], now: datetime, scope: str, missing: bool) -> Any:
        api, errors = self._api(now, scope)
        self._raw.clear()
        try:
            call(api)
        except errors as error:
            if isinstance(error.__context__, _MissingError):
                if missing:
                    return None
                raise Unreadable(_no_such(self.host, 404)) from None
            if error.__context__ is not None:
                with translated(self.host):
                    raise error.__context__ from None
            if not self._raw:
                raise Unreadable(f"{self.host}: {type(error).__name__}") from None
        if not self._raw:
            raise Unreadable(f"{self.host} answered nothing")
        return self._raw[-1]

    def _api(self, now: datetime, scope: str) -> tuple[Any, tuple[type[Exception], ...]]:
        try:
            import mastodon
        except ImportError:
            raise ConfigError(["mastodon needs Mastodon.py: pip install 'umbrage[mastodon]'"]) from None
        reach = self._reach
        own = session(reach.contact, timeout=reach.timeout, turn=pace(self.url, reach.requests_per_minute))
        own.hooks["response"].append(lambda response, **_: self._note(response, now, scope))
        api: Any = mastodon.Mastodon(
            api_base_url=self.url,
            access_token=self._token.reveal() if self._token else None,
            ratelimit_method="throw",
            # Any version that knows what we use: else Mastodon.py asks for it, each time, before it pages a search.
            version_check_mode="created",
            mastodon_version="4.3.0",
            request_timeout=reach.timeout,
            user_agent=user_agent(reach.contact),
            session=own,
        )
        # Before each page of a hashtag it would ask who may see it; we ask where it matters.
        api.timeline_is_available = lambda *_, **__: True
        return api, (mastodon.MastodonError, AttributeError)

    def _note(self, response: requests.Response, now: datetime, scope: str) -> None:
        """Keep an answer as it came. Whatever is raised here reaches us as the context of Mastodon.py's own error."""
        with translated(self.host):
            status, headers = response.status_code, response.headers
            if status in (404, 410):
                raise _MissingError if _says_so(response) else Unreadable(_no_such(self.host, status))
            if status in (401, 403, 422):
                raise AuthFailed(f"{self.host} refuses access (HTTP {status}); {self._cure(status, scope)}")
            if status == 429 and "retry-after" not in headers:
                raise RateLimited(f"{self.host} asks us to wait (HTTP 429)", until=_reset(headers, now))
            check(status, headers, self.host, now)
            if 300 <= status < 400:
                raise Unreadable(f"{self.host} has moved (HTTP {status}); write its new address")
            raw = response.json()
            if not isinstance(raw, dict | list):
                raise Unreadable(f"{self.host} answered something that is no JSON object")
            self._raw.append(raw)
            # Mastodon.py would make its own types of each field, which takes ten times as long as all the rest.
            response._content = b"[]" if isinstance(raw, list) else b"{}"  # noqa: SLF001

    def _cure(self, status: int, scope: str) -> str:
        if self._token is not None:
            kind = f"token that has the scope {scope}" if status == 403 else "new token"
            return f"make a {kind} under Preferences, Development, and set it where the option token points"
        return "it lets only its own people read; take it out of servers, or give a token of an account there"


def _no_such(where: str, status: int) -> str:
    return f"{where} answered HTTP {status}; is it a server that speaks like Mastodon?"


def _says_so(response: requests.Response) -> bool:
    """Whether it is the server itself that says so, and no page of a proxy or of what took its place."""
    try:
        found = response.json()
    except ValueError:
        return False
    return isinstance(found, dict) and "error" in found


class _MissingError(Exception):
    """The server says that something is not there."""


def _reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When a rate limit ends; a moment in the past, or without sense, is none. The server's clock is compared with."""
    try:
        until = datetime.fromisoformat(headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    wait = until - (http_date(headers.get("date")) or now)
    return now + wait if timedelta(0) < wait <= LONGEST_WAIT else None
