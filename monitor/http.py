"""HTTP for collectors: who we are, how long we wait, how much we read, and what an answer's status means."""

import json
import logging
import math
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from monitor import __version__
from monitor.core.errors import AuthFailed, RateLimited, Unavailable, Unreadable
from monitor.core.mention import utc

LARGEST_BODY = 5_000_000
LONGEST_WAIT = timedelta(days=1)
"""A longer ``Retry-After`` is cut to this, so that one odd header cannot silence a source for years."""

_MOST_REDIRECTS = 5
_PIECE = 65_536
_AUTO_DETECT = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. ``moved_to`` is the new address when the platform says that it is a lasting one."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    moved_to: str | None = None

    @property
    def date(self) -> datetime | None:
        """When the platform answered, by its own clock."""
        return http_date(self.headers.get("date"))


def user_agent(contact: str | None) -> str:
    """Names us and, if there is one, the person to ask: platforms block the nameless first."""
    return f"umbrage/{__version__} (+{contact})" if contact else f"umbrage/{__version__}"


def client(
    contact: str | None = None,
    *,
    timeout: float = 10,
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client that says who it is and waits at most ``timeout`` seconds for the next piece of an answer.

    It also keeps httpx and httpcore from logging addresses and headers, which may carry keys. It follows no redirects:
    httpx would read their bodies to the end, however large they are; :func:`fetch` does it instead.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        headers={"User-Agent": user_agent(contact), "Accept-Encoding": "gzip", **(headers or {})},
        timeout=timeout,
        follow_redirects=False,
        transport=transport,
        verify=_certificates(),
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust, read once: it takes ten times as long as a request, and every client would read it anew."""
    return httpx.create_ssl_context()


def fetch(
    client: httpx.Client,
    url: str,
    *,
    params: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    largest: int = LARGEST_BODY,
    seconds: float = 30,
    redirects: int = _MOST_REDIRECTS,
) -> Answer:
    """GET an address, or POST a form to it.

    The body is unpacked piece by piece, to ``largest`` bytes and for ``seconds`` at most.

    Up to five redirects to other web addresses are followed within the same time; their bodies are never read. Whoever
    sends a key in a header of another name than Authorization follows none: it would go along to another host.
    Raises ``Unavailable`` when no answer comes and ``Unreadable`` when it is too large or makes no sense. The messages
    name the host only: the rest of an address may be secret.
    """
    end = time.monotonic() + seconds
    with _translated(url, seconds):
        response, moved_to = _last_response(
            client,
            client.build_request(
                "GET" if form is None else "POST", url, params=params, headers=dict(headers or {}), data=form
            ),
            end,
            redirects,
        )
        with closing(response):
            return Answer(
                status=response.status_code,
                headers=response.headers,
                body=b"".join(_pieces(response, largest, end)),
                url=str(response.url),
                moved_to=moved_to,
            )


def ask(
    client: httpx.Client,
    url: str,
    params: Mapping[str, str | int] | None = None,
    *,
    turn: Callable[[], None] = lambda: None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 30,
    now: datetime | None = None,
) -> Any:
    """The JSON object or list at an address, asked for when it is our turn. Raises what the answer's status means."""
    turn()
    answer = fetch(client, url, params=params, headers=headers, seconds=seconds)
    check(answer.status, answer.headers, host(url), now)
    return parsed(answer)


def parsed(answer: Answer) -> Any:
    """The JSON object or list in an answer. Raises ``Unreadable`` for anything else, such as a page to log in."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict | list):
        what = "something that is no JSON object" if answer.body.strip() else "nothing"
        raise Unreadable(f"{host(answer.url)} answered {what} (HTTP {answer.status})")
    return found


def check(status: int, headers: Mapping[str, str], where: str, now: datetime | None = None) -> None:
    """Raise the error that a status stands for; ``where`` names the place in the message."""
    if status < 400:
        return
    wait = retry_after(headers, now)
    if status in (401, 403):
        raise AuthFailed(f"{where} refused access (HTTP {status})")
    if status == 429 or (status == 503 and wait is not None):
        raise RateLimited(f"{where} asks us to wait (HTTP {status})", wait=wait)
    if status >= 500 or status in (408, 425):
        raise Unavailable(f"{where} has trouble (HTTP {status})")
    raise Unreadable(f"{where} answered HTTP {status}")


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> timedelta | None:
    """How long ``Retry-After`` asks us to wait: seconds, also with a fraction, or a date; ``None`` if it does not.

    A date is measured from ``now``, else from the answer's own ``Date``. A wait that is over is none.
    """
    known = httpx.Headers(dict(headers))
    text = known.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until, start = http_date(text), now or http_date(known.get("date"))
        seconds = (until - start).total_seconds() if until and start else 0
    if math.isnan(seconds) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def http_date(text: str | None) -> datetime | None:
    """The moment a header means, or ``None``."""
    try:
        return utc(parsedate_to_datetime(text)) if text else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def host(url: str) -> str:
    """The host of an address, the only part of it that is safe to show."""
    try:
        return httpx.URL(url).host or "?"
    except httpx.InvalidURL:
        return "?"


@contextmanager
def _translated(url: str, seconds: float) -> Iterator[None]:
    """httpx's errors as ours. Its own texts are not repeated: some contain the address."""
    where = host(url)
    try:
        yield
    except (httpx.TooManyRedirects, httpx.InvalidURL, httpx.UnsupportedProtocol, zlib.error) as error:
        raise Unreadable(f"{where}: {_words(error)}") from None
    except httpx.TimeoutException:
        raise Unavailable(f"{where} did not answer in time (at most {seconds:g} s)") from None
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise Unavailable(f"{where} could not be reached: {_words(error)}") from None


def _words(error: Exception) -> str:
    """An exception's name in words: ``ConnectError`` becomes ``connect error``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()


def _last_response(
    client: httpx.Client, request: httpx.Request, end: float, redirects: int
) -> tuple[httpx.Response, str | None]:
    """The first response that leads nowhere else, unread, and where the permanent redirects before any other led."""
    moved_to, is_lasting = None, True
    for _ in range(1 + redirects):
        response = client.send(request, stream=True, follow_redirects=False)
        if response.next_request is None:
            return response, moved_to
        response.close()
        request = response.next_request
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol("redirect")
        if time.monotonic() > end:
            raise httpx.ReadTimeout("total")
        is_lasting = is_lasting and response.status_code in (301, 308)
        if is_lasting:
            moved_to = str(request.url)
    raise httpx.TooManyRedirects("redirect")


def _pieces(response: httpx.Response, largest: int, end: float) -> Iterator[bytes]:
    inflate = _inflater(response)
    size, is_whole = 0, True
    for raw in response.iter_raw(_PIECE):
        waiting = raw
        while waiting:
            piece = inflate.decompress(waiting, _PIECE) if inflate else waiting
            waiting = inflate.unconsumed_tail if inflate else b""
            size += len(piece)
            if size > largest:
                raise Unreadable(f"{response.url.host} answered more than {largest / 1e6:g} MB")
            yield piece
            is_whole = inflate is None or inflate.eof
        if time.monotonic() > end:
            raise httpx.ReadTimeout("total")
    if not is_whole:
        raise Unavailable(f"{response.url.host} sent only a part of its answer")


def _inflater(response: httpx.Response) -> "zlib._Decompress | None":
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(_AUTO_DETECT)
    raise Unreadable(f"{response.url.host} packs its answer in an unknown way")
