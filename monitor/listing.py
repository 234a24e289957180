"""How far a listing was read that a platform gives newest first, page by page, and may be left in the middle of."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import PartlyRead, SourceError, Unavailable, Unreadable
from monitor.core.mention import Page

MOST_SEEN = 10_000
"""Names remembered of one listing; beyond that the oldest are forgotten, and the store knows them."""

MOST_FAILURES = 3
"""Listings of one platform that fail in a row before the rest is left for the next round."""

_SLACK = 60
_SECOND = Field(default=None, ge=0, lt=2**33)


class Listing(BaseModel):
    """A position; it is part of a cursor, so that its moments are epoch seconds.

    Everything before ``until`` has been given, except what the platform shows late. While a reading that ``began`` at
    some moment is not finished, ``token`` names the page to go on with. ``seen`` holds what was given of the stretch
    that is read again.
    """

    model_config = ConfigDict(extra="forbid")

    until: int | None = _SECOND
    began: int | None = _SECOND
    token: str | None = None
    seen: dict[str, int] = {}

    def start(self, since: datetime, overlap: timedelta) -> datetime:
        """From when on to read: ``since`` on the first start, else a stretch before where it ended."""
        return since if self.until is None else datetime.fromtimestamp(self.until, UTC) - overlap

    def begin(self, now: datetime) -> None:
        """Note the moment, unless an earlier reading goes on."""
        if self.token is None or self.began is None:
            self.began, self.token = int(now.timestamp()), None

    def is_new(self, name: str, posted_at: datetime, start: datetime) -> bool:
        """Whether an item belongs to what is read and was not given yet; from now on it was."""
        if posted_at < start or name in self.seen:
            return False
        self.seen[name] = int(posted_at.timestamp())
        return True

    def finish(self, overlap: timedelta) -> None:
        """The reading has come to its end; what it began with is the next one's start."""
        self.until = max(self.began or 0, self.until or 0)
        self.began = self.token = None
        oldest = self.until - overlap.total_seconds() - _SLACK
        recent = sorted((item for item in self.seen.items() if item[1] >= oldest), key=lambda item: -item[1])
        self.seen = dict(recent[:MOST_SEEN])


def read_each(listings: Iterable[Callable[[], Iterator[Page]]]) -> Iterator[Page]:
    """All pages of several listings. One that fails is reported after the others have been read.

    Raises the failure if nothing could be read, else ``PartlyRead``. Whoever must wait or has no access stops at once.
    """
    problems = list[SourceError]()
    worked, streak = False, 0
    for pages in listings:
        try:
            yield from pages()
        except (Unavailable, Unreadable) as error:
            problems.append(error)
            streak += 1
            if streak >= MOST_FAILURES:
                break
        else:
            worked, streak = True, 0
    if problems:
        raise PartlyRead(str(problems[0])) if worked else problems[0]
