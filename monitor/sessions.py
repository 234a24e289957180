"""A requests session for the vendors' clients that need one: with time-outs, a pace, a limit, and without their logs.

tweepy sends no time-out, praw and tweepy log tokens at debug level, none of them limits how much an answer may hold.
"""

import logging
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ReadTimeoutError

from monitor.core.errors import Unavailable, Unreadable
from monitor.http import LARGEST_BODY, user_agent
from monitor.pace import Pace

_CHATTY = ("tweepy", "praw", "prawcore", "urllib3", "requests_oauthlib", "oauthlib", "mastodon", "mastodon.Mastodon")


class _Courteous(HTTPAdapter):
    """Waits for its turn, and for each piece of an answer at most ``timeout`` seconds, whatever the client says."""

    def __init__(self, timeout: float, turn: Pace | None, largest: int, base: str | None, receive: int | None) -> None:
        self._receive = receive
        super().__init__(max_retries=0)
        self._timeout = timeout
        self._turn = turn
        self._largest = largest
        self._base = base

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._receive is not None:
            small = (socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive)
            kwargs["socket_options"] = [*HTTPConnection.default_socket_options, small]
        super().init_poolmanager(*args, **kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._turn is not None:
            self._turn()
        if self._base is not None:
            request.url = re.sub(r"^https?://[^/]+", self._base, request.url or "")
        is_endless = bool(kwargs.get("stream"))
        response = super().send(request, *args, **{**kwargs, "timeout": self._timeout, "stream": True})
        if not (is_endless and response.status_code == 200):
            self._read(response)
        return response

    def _read(self, response: requests.Response) -> None:
        """The body, to the limit; requests finds it as if it had read it itself."""
        pieces, size = [], 0
        for piece in response.iter_content(65_536):
            pieces.append(piece)
            size += len(piece)
            if size > self._largest:
                response.close()
                raise requests.exceptions.ContentDecodingError("too large")
        response._content = b"".join(pieces)  # noqa: SLF001 (where requests keeps a body; there is no other way in)


def session(
    contact: str | None = None,
    *,
    timeout: float = 10,
    turn: Pace | None = None,
    headers: Mapping[str, str] | None = None,
    largest: int = LARGEST_BODY,
    base: str | None = None,
    receive: int | None = None,
) -> requests.Session:
    """A session that says who it is; it also quiets the vendors' loggers, some of which print tokens.

    ``base``, such as ``http://127.0.0.1:8080``, takes the place of every request's scheme and host: for tests of
    clients whose addresses are fixed in their code. ``receive`` is how many bytes the system takes in before they are
    read (it may double that); what answers a request that asked for a stream is read piece by piece only if it is one.
    """
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 5
    made.headers.update({"User-Agent": user_agent(contact), **(headers or {})})
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Courteous(timeout, turn, largest, base, receive))
    return made


@contextmanager
def translated(where: str) -> Iterator[None]:
    """requests' errors as ours; ``where`` names the platform. Their texts may hold addresses and are not repeated."""
    try:
        yield
    except requests.exceptions.JSONDecodeError:
        raise Unreadable(f"{where} answered something that is no JSON") from None
    except requests.exceptions.ContentDecodingError:
        raise Unreadable(f"{where} answered more than we read, or something that cannot be unpacked") from None
    except requests.exceptions.Timeout:
        raise Unavailable(f"{where} did not answer in time") from None
    except (requests.exceptions.RequestException, OSError) as error:
        if error.args and isinstance(error.args[0], ReadTimeoutError):
            raise Unavailable(f"{where} fell silent in the middle of an answer") from None
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
        raise Unavailable(f"{where} could not be reached: {words}") from None
