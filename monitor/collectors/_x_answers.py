"""What X answers through tweepy, as JSON, and what its refusals mean."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
import tweepy

from monitor.core.errors import AuthFailed, OutOfBudget, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.text import excerpt
from monitor.http import LONGEST_WAIT, retry_after
from monitor.sessions import translated

APP = "the bearer token (option token)"
ACCOUNT = "the keys of your account (option account)"

_PORTAL = "make a new one at developer.x.com and set it where the option points"
_PLAN = "X says that the plan's reads are used up (UsageCapExceeded); raise the plan or wait"
_USED_UP = ("UsageCapExceeded", "usage-capped")
_ONE = (
    "X gives an app one stream at a time, and it is open elsewhere (TooManyConnections): end the other program, or "
    "give X a few minutes to notice that it has ended"
)
_IS_OPEN = "TooManyConnections"
_LONGEST = 2_000
_SMALLEST = re.compile(r"larger than (\d{5,19})\b")


class BadRequestError(Unreadable):
    """X does not understand the question, such as a token of a page that has expired."""


class TooOldError(Unreadable):
    """X says that an id is too old; ``allowed`` is the smallest that is not."""

    def __init__(self, allowed: str) -> None:
        super().__init__("X says that an id is too old")
        self.allowed = allowed


def listed(ask: Callable[[], Any], now: datetime, whose: str = APP) -> Mapping[str, Any]:
    """An answer that lists posts, even if there are none."""
    found = reply(ask, now, whose)
    if "data" in found or "meta" in found:
        return found
    errors = found["errors"]
    first = errors[0] if isinstance(errors, list) and errors else None
    title = first.get("title") if isinstance(first, dict) else None
    raise Unreadable(f"X answered with an error in place of posts: {excerpt(str(title), 80)}")


def reply(ask: Callable[[], Any], now: datetime | None, whose: str = APP) -> Mapping[str, Any]:
    """What X answers, as JSON; tweepy's errors as ours. ``whose`` names the credentials that it was asked with."""
    with _understood(now, whose):
        found = ask().json()
    if not isinstance(found, dict):
        raise Unreadable("X answered something that is no JSON object")
    if "data" not in found and "meta" not in found and "errors" not in found:
        raise Unreadable("X answered neither posts nor errors")
    return found


def opened(ask: Callable[[], requests.Response], now: datetime | None) -> requests.Response:
    """An answer that goes on; refusals as ours."""
    with _understood(now, APP):
        response = ask()
        if response.status_code == 429:
            raise tweepy.TooManyRequests(response)
        if response.status_code != 200:
            raise tweepy.HTTPException(response)
    return response


def ended(message: Mapping[str, Any]) -> SourceError | None:
    """Why X ends a stream, if that is what it says in it."""
    errors = message.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else message
    said = json.dumps(first)[:_LONGEST]
    title = first.get("title") if isinstance(first, dict) else None
    if any(sign in said for sign in _USED_UP):
        return OutOfBudget(_PLAN)
    if _IS_OPEN in said:
        return RateLimited(_ONE)
    if "disconnect" in said or "ConnectionException" in said:
        return Unavailable(f"X ended the stream: {excerpt(str(title), 80)}")
    return None


@contextmanager
def _understood(now: datetime | None, whose: str) -> Iterator[None]:
    with translated("X"):
        try:
            yield
        except tweepy.TooManyRequests as error:
            raise _limited(error.response, now) from None
        except tweepy.HTTPException as error:
            raise _refused(error, whose) from None
        except (tweepy.TweepyException, ValueError) as error:
            if isinstance(error, requests.exceptions.RequestException):
                raise
            raise _odd(error) from None
        except (AttributeError, TypeError, RecursionError) as error:
            # tweepy trusts that the JSON of an error is an object of a certain form.
            raise _odd(error) from None


def _odd(error: BaseException) -> Unreadable:
    return Unreadable(f"X answered something that tweepy cannot read ({type(error).__name__})")


def _limited(response: requests.Response, now: datetime | None) -> SourceError:
    """The kinds of 429: a window that ends soon, a plan that is used up, or a stream that is open elsewhere."""
    body = response.text[:_LONGEST]
    if any(sign in body for sign in _USED_UP):
        return OutOfBudget(_PLAN)
    if _IS_OPEN in body:
        return RateLimited(_ONE)
    if wait := retry_after(response.headers, now):
        return RateLimited("X asks us to wait (HTTP 429)", wait=wait)
    try:
        until = datetime.fromtimestamp(int(response.headers.get("x-rate-limit-reset", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return RateLimited("X asks us to wait (HTTP 429)")
    is_sane = now is not None and now < until <= now + LONGEST_WAIT
    return RateLimited("X asks us to wait (HTTP 429)", until=until if is_sane else None)


def _refused(error: tweepy.HTTPException, whose: str) -> Exception:
    status = error.response.status_code
    said = excerpt(" ".join(map(str, error.api_messages[:1] or error.api_errors[:1])), 120)
    if status == 401:
        return AuthFailed(f"X refuses {whose}: {_PORTAL}")
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
    return TooOldError(str(int(smallest[1]) + 1)) if smallest else BadRequestError(message)
