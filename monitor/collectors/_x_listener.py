"""A connection to X's filtered stream, read in a thread of its own, so that rounds can take what came and go on."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

import requests
import tweepy

from monitor.collectors._x_answers import opened
from monitor.core.errors import SourceError, Unavailable, Unreadable
from monitor.sessions import translated

SMALL_BUFFER = 4_096
"""Bytes that the system takes in unread (Linux doubles them): what is in them when we hang up is paid and lost."""

LONGEST_ALONE = 60
"""Seconds after which nobody seems to want what comes: a frozen worker must not be sent what it pays for."""

LARGEST_LINE = 1_000_000
_PIECE = 512
_HANGING_UP = 2


class Listener:
    """Opens the stream at once. One line at a time waits here; the next is read when somebody has taken it."""

    def __init__(self, token: str, session: requests.Session, asked: dict[str, Any], now: datetime) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._response: requests.Response | None = None
        self._problem: SourceError | None = None
        self._is_open = False
        self._began = self._wanted = time.monotonic()
        client = _Once(token, session, now, self._hear)
        self._thread: threading.Thread = client.filter(threaded=True, **asked)

    def wait_until_open(self) -> None:
        """Raises what X answers in place of a stream."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_open or self._problem)
            if self._problem and not self._is_open:
                raise self._problem

    def take(self, seconds: float) -> bytes | None:
        """The next line; ``None`` when there is none in time. Raises why the stream ended, after all of its lines."""
        with self._changed:
            self._wanted = time.monotonic() + max(0.0, seconds)
            self._changed.wait_for(lambda: self._waiting or self._problem, timeout=max(0.0, seconds))
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
            if self._problem:
                raise self._problem
            return None

    def close(self, problem: SourceError | None = None) -> None:
        """Hang up, for this reason if there is one."""
        with self._changed:
            self._problem = self._problem or problem or Unavailable("the stream of X was closed")
            self._changed.notify_all()
            response = self._response
        if response is not None:
            # Closed by another thread while the first one ends, or ended already.
            with suppress(ValueError, RuntimeError, OSError):
                response.raw.shutdown()
        self._thread.join(_HANGING_UP)

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return time.monotonic() - self._began

    def _hear(self, open_it: Callable[[], requests.Response]) -> None:
        """The life of the connection, in its own thread."""
        problem: SourceError = Unavailable("X closed the stream")
        try:
            with closing(open_it()) as response, translated("X"):
                self._opened(response)
                for line in _lines(response):
                    self._give(line)
        except SourceError as error:
            problem = error
        except Exception as error:
            problem = Unreadable(f"X sent something that cannot be read ({type(error).__name__})")
        with self._changed:
            self._problem = self._problem or problem
            self._changed.notify_all()

    def _opened(self, response: requests.Response) -> None:
        with self._changed:
            self._response, self._is_open = response, True
            self._changed.notify_all()
            if self._problem:
                raise self._problem

    def _give(self, line: bytes) -> None:
        """Wait until the line before was taken. An empty one only says that X is there."""
        with self._changed:
            left = self._wanted + LONGEST_ALONE - time.monotonic()
            is_free = self._changed.wait_for(lambda: not self._waiting or self._problem, timeout=max(0.0, left))
            if self._problem:
                raise self._problem
            if not is_free or left <= 0:
                raise Unavailable(f"nobody asked for what the stream of X sent, for {LONGEST_ALONE} seconds")
            if line:
                self._waiting.append(line)
                self._changed.notify_all()


class _Once(tweepy.StreamingClient):  # type: ignore[misc]
    """tweepy's client without its loop.

    That one reopens the stream by itself, hundreds of times in a second where X closes it, ends for good at half a line
    of JSON, and logs what X answers; no option leaves it out.
    """

    def __init__(
        self,
        token: str,
        session: requests.Session,
        now: datetime,
        hear: Callable[[Callable[[], requests.Response]], None],
    ) -> None:
        super().__init__(token, daemon=True)
        self.session = session
        self._now = now
        self._hear = hear

    def _connect(self, method: str, endpoint: str, params: Any = None) -> None:
        # Packed, several posts would fit where one does, and all of them be paid when we hang up.
        headers = {"Authorization": f"Bearer {self.bearer_token}", "Accept-Encoding": "identity"}
        url = f"https://api.twitter.com/2/tweets/{endpoint}/stream"

        def ask() -> requests.Response:
            return self.session.request(method, url, params=params, headers=headers, stream=True)

        with self.session:
            self._hear(lambda: opened(ask, self._now))


def _lines(response: requests.Response) -> Iterator[bytes]:
    """Lines without their ends; what follows the last end comes too, be it half a line."""
    rest = b""
    for piece in response.iter_content(_PIECE):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.strip() for line in whole)
        if len(rest) > LARGEST_LINE:
            raise Unreadable("X sent a line without an end")
    if rest.strip():
        yield rest.strip()
