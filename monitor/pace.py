"""Pace: our own ceiling of requests per minute, whatever a platform's headers say, shared by an account's sources."""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0
"""Seconds."""


class Pace:
    """At most ``per_minute`` requests in any 60 seconds; a request that comes too early waits in its own thread."""

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._lock = threading.Lock()
        self._asked: deque[float] = deque()
        self._earliest = 0.0

    def __call__(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            now = max(self._clock(), self._earliest)
            while len(self._asked) >= self._per_minute:
                now = max(now, self._asked.popleft() + WINDOW)
            self._asked.append(now)
            pause = now - self._clock()
        if pause > 0:
            self._wait(pause)

    def rest(self, seconds: float) -> None:
        """Let nobody ask for so long: a platform wants a short pause."""
        with self._lock:
            self._earliest = max(self._earliest, self._clock() + seconds)

    def lower(self, per_minute: int) -> None:
        """Keep to the lower of two ceilings: the sources of one account may be configured differently."""
        with self._lock:
            self._per_minute = min(self._per_minute, per_minute)


_PACES: dict[str, Pace] = {}
_LOCK = threading.Lock()


def pace(account: str, per_minute: int) -> Pace:
    """The pace of an account, the same one for every source in this process that uses it."""
    with _LOCK:
        found = _PACES.setdefault(account, Pace(per_minute))
    found.lower(per_minute)
    return found
