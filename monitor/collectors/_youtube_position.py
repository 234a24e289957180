"""How far YouTube was read: each listing, newest first, may be left in the middle and is gone on with."""

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MOST_SEEN = 10_000
"""Names remembered of one listing; beyond that the oldest are forgotten, and the store knows them."""

OVERLAP = timedelta(hours=2)
"""How late a comment may appear and still be found."""

DEEP = timedelta(hours=1)
"""How often a listing is read a day down, for new replies to older comments."""

LIVELY = timedelta(hours=6)
"""For how long after a reply a comment is asked for others once an hour."""

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

    def go_on(self, token: str) -> None:
        """The reading goes on at another page."""
        self.token = token
        self._forget(0)

    def finish(self, overlap: timedelta) -> None:
        """The reading has come to its end; what it began with is the next one's start."""
        self.until = max(self.began or 0, self.until or 0)
        self.began = self.token = None
        self._forget(self.until - overlap.total_seconds() - _SLACK)

    def _forget(self, oldest: float) -> None:
        recent = sorted((item for item in self.seen.items() if item[1] >= oldest), key=lambda item: -item[1])
        self.seen = dict(recent[:MOST_SEEN])


class Search(Listing):
    """The position of a search: asked at ``asked_at``, ``pages`` of it since it began."""

    asked_at: int = 0
    pages: int = 0


class Comments(Listing):
    """The position in the comments of a video or channel, read to its end at ``read_at``, a day down at ``deep_at``.

    ``published`` is when a video was that a search has found. ``replies`` says of comments whose replies do not all
    come along how many there were, and when the newest was written.
    """

    read_at: int = 0
    deep_at: int = 0
    published: int | None = _SECOND
    replies: dict[str, tuple[int, int]] = Field(default_factory=dict)

    def is_deep_due(self, now: datetime) -> bool:
        """Whether to read a day down this time."""
        return now.timestamp() - self.deep_at >= DEEP.total_seconds()

    def lacks_replies(self, name: str, total: int, came: int, now: datetime, *, deep: bool) -> bool:
        """Whether a comment may have new replies that did not come along.

        Their number stays the same when one goes as another comes, so that lively ones are asked for once an hour.
        """
        if total <= came:
            return False
        known, newest = self.replies.get(name, (-1, 0))
        return total != known or (deep and now.timestamp() - newest < LIVELY.total_seconds())

    def advance(self, token: str | None, met: set[str], now: datetime, *, deep: bool) -> None:
        """Go on at another page, or end a reading; the replies of what was not met in a deep one are forgotten."""
        if token is not None:
            self.go_on(token)
            return
        if deep:
            self.deep_at = self.began or 0
            self.replies = {name: known for name, known in self.replies.items() if name in met}
        self.finish(OVERLAP)
        self.read_at = int(now.timestamp())


class Position(BaseModel):
    """What the cursor holds. ``slot`` is the part of the day in which the last search was made."""

    model_config = ConfigDict(extra="forbid")

    slot: str = ""
    searches: dict[str, Search] = {}
    comments: dict[str, Comments] = {}

    def dump(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


def position_from(cursor: str | None) -> Position:
    """What a cursor says; one that is not ours starts from the beginning."""
    try:
        return Position.model_validate_json(cursor or "{}")
    except ValidationError:
        return Position()
