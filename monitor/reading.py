"""How far a search by time was read: a moment, and the posts just before it that are known already.

Platforms index late, so that what was posted a moment ago may only be found a while later. Each round therefore reads
the last stretch again; what was seen in it is remembered and not given twice.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from monitor.core.mention import Mention

MOST_SEEN = 20_000
"""Posts remembered; beyond that the oldest are forgotten, and the store knows them."""


class Reading:
    """The position of a search; :meth:`cursor` and the constructor are each other's inverse."""

    def __init__(self, cursor: str | None) -> None:
        self.until: datetime | None = None
        self._seen: dict[str, int] = {}
        try:
            data = json.loads(cursor or "{}")
            until = datetime.fromtimestamp(int(data["until"]), UTC)
            self._seen = {str(name): int(at) for name, at in data["seen"].items()}
            self.until = until
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            self._seen = {}

    def start(self, since: datetime, overlap: timedelta) -> datetime:
        """From when on to read: ``since`` on the first start, else a stretch before where it ended."""
        return since if self.until is None else self.until - overlap

    def new(self, mentions: Iterable[Mention], *, key: str = "") -> tuple[Mention, ...]:
        """The mentions that were not seen yet; from now on they are. ``key`` keeps several searches apart."""
        found = []
        for mention in mentions:
            name = f"{key}{mention.id}"
            if name not in self._seen:
                self._seen[name] = int(mention.posted_at.timestamp())
                found.append(mention)
        return tuple(found)

    def cursor(self, until: datetime, overlap: timedelta) -> str:
        """The cursor once everything up to ``until`` has been given."""
        oldest = int((until - overlap - timedelta(minutes=1)).timestamp())
        recent = sorted((item for item in self._seen.items() if item[1] >= oldest), key=lambda item: -item[1])
        return json.dumps({"until": int(until.timestamp()), "seen": dict(recent[:MOST_SEEN])})
