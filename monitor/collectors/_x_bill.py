"""What X has billed an app lately, known to every source in this process that reads with the app's token."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakValueDictionary

OVERLAP = timedelta(minutes=30)
"""How late a post may be indexed and still be found. Reading it again costs nothing: X bills a post once a day."""

MOST_KEPT = 20_000
_DAY = 86_400


class Bill:
    """When posts and accounts were last read. What was not read for an hour is forgotten, and then counts again."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}
        self._lock = Lock()

    def learn(self, read: Mapping[str, int]) -> None:
        """Take in what a cursor remembers."""
        with self._lock:
            self._read |= {name: max(second, self._read.get(name, 0)) for name, second in read.items()}

    def count(self, names: Collection[str], now: datetime) -> int:
        """How many of these X bills: it bills each once a day (UTC)."""
        second = int(now.timestamp())
        with self._lock:
            fresh = [name for name in names if self._read.get(name, 0) < second - second % _DAY]
            self._read |= dict.fromkeys(names, second)
        return len(fresh)

    def dump(self, now: datetime, most: int = MOST_KEPT) -> dict[str, int]:
        """The latest, for a cursor."""
        with self._lock:
            self._read = recent(self._read, now)
            return recent(self._read, now, most)


def recent(seconds: Mapping[str, int], now: datetime, most: int = MOST_KEPT) -> dict[str, int]:
    """What is less than an hour old, at most so many of the latest."""
    oldest = int((now - OVERLAP * 2).timestamp())
    kept = sorted((item for item in seconds.items() if item[1] >= oldest), key=lambda item: -item[1])
    return dict(kept[:most])


_BILLS: WeakValueDictionary[str, Bill] = WeakValueDictionary()
_LOCK = Lock()


def bill(place: str) -> Bill:
    """The bill of an app at a place, the same one for all who use it now."""
    with _LOCK:
        return _BILLS.setdefault(place, Bill())
