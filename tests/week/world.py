"""What people post in a week: the same for every platform, which shows it in its own way.

A facade (``tests/week/test_NAME.py``) serves a :class:`World` through a platform's API: its handlers call
:meth:`World.asked` first, answer with the fault that gives if there is one, and otherwise show :meth:`World.visible`
posts with :meth:`World.text`, as their platform would at the moment ``world.now``.
"""

import random
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from monitor.testing.loopback_http import Reply

START = datetime(2026, 6, 1, tzinfo=UTC)
"""A Monday."""

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

_visible, _number = attrgetter("visible_at", "number"), attrgetter("number")

OUTAGES = ((START + 30 * HOUR, START + 33 * HOUR), (START + 110 * HOUR, START + 111 * HOUR))
EXPIRIES = (START + 20 * HOUR, START + 75 * HOUR, START + 140 * HOUR)
BURSTS = tuple(START + hours * HOUR for hours in (14, 32.5, 62, 98, 152))
BURST = 1_200
"""Posts within a minute; the second one falls into an outage."""


@dataclass(frozen=True, slots=True)
class Post:
    """One post. It can be read from ``visible_at`` until ``deleted_at``; ``edits`` are (moment, new text)."""

    number: int
    author: str
    first_text: str
    posted_at: datetime
    visible_at: datetime
    edits: tuple[tuple[datetime, str], ...] = ()
    deleted_at: datetime | None = None
    repost_of: int | None = None


@dataclass
class World:
    """A week's posts in the order in which they become visible, and the clock.

    ``late`` is the share of posts that are indexed late, ``limited`` that of requests which meet a rate limit.
    """

    size: int = 20_000
    seed: int = 1
    late: float = 0.05
    reposted: float = 0.4
    edited: float = 0.02
    deleted: float = 0.03
    limited: float = 0.01
    longest_lateness: timedelta = timedelta(minutes=20)
    now: datetime = START
    requests: list[datetime] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._expiries = deque(EXPIRIES)
        self.posts = sorted(self._invented(), key=_visible)
        self.by_number = {post.number: post for post in self.posts}
        self._repeated: dict[int, list[datetime]] = {}
        for post in self.posts:
            if post.repost_of is not None:
                self._repeated.setdefault(post.repost_of, []).append(post.visible_at)
        self._coming = deque(self.posts)
        self._going = deque(sorted((at, post.number) for post in self.posts if (at := self._gone_at(post)) is not None))
        self._shown: list[Post] = []
        self._numbered: list[Post] = []

    def visible(self) -> list[Post]:
        """What can be read now, oldest first by the moment it became visible."""
        self._move_on()
        return self._shown

    def newest(self, *, reposts: bool = False) -> list[Post]:
        """What can be read now, newest first by the moment it was posted, which is the order of the numbers."""
        self._move_on()
        return [post for post in reversed(self._numbered) if reposts or post.repost_of is None]

    def is_deleted(self, post: Post) -> bool:
        """Whether it, or the post that it repeats, was deleted by now."""
        gone_at = self._gone_at(post)
        return gone_at is not None and gone_at <= self.now

    def text(self, post: Post) -> str:
        """Its words as they are now."""
        original = post if post.repost_of is None else self.by_number[post.repost_of]
        return next((text for at, text in reversed(original.edits) if at <= self.now), original.first_text)

    def edited_at(self, post: Post) -> datetime | None:
        return next((at for at, _ in reversed(post.edits) if at <= self.now), None)

    def reposts(self, post: Post) -> int:
        """How often it has been repeated by now."""
        return bisect_right(self._repeated.get(post.number, []), self.now)

    def asked(self) -> Reply | None:
        """Note a request; the fault it meets, if it meets one: an outage or a rate limit."""
        self.requests.append(self.now)
        if any(start <= self.now < end for start, end in OUTAGES):
            return Reply(status=503, body=b"<html>Service Unavailable</html>", headers={"Content-Type": "text/html"})
        if self._dice.random() < self.limited:
            return Reply(status=429, body=b"slow down", headers={"Retry-After": "90"})
        return None

    def has_expired(self) -> bool:
        """``True`` once after each moment at which the token expires."""
        if self._expiries and self._expiries[0] <= self.now:
            self._expiries.popleft()
            return True
        return False

    def seconds(self) -> float:
        """The clock of a pace."""
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        """Waiting takes no time here; it moves the clock."""
        self.now += timedelta(seconds=seconds)

    def most_in_a_minute(self) -> int:
        """The most requests in any 60 seconds."""
        most, recent = 0, deque[datetime]()
        for at in self.requests:
            recent.append(at)
            while at - recent[0] >= MINUTE:
                recent.popleft()
            most = max(most, len(recent))
        return most

    def _gone_at(self, post: Post) -> datetime | None:
        original = post if post.repost_of is None else self.by_number[post.repost_of]
        return original.deleted_at

    def _move_on(self) -> None:
        """Take in what became visible since the last question, and drop what was deleted: time only moves forward."""
        while self._coming and self._coming[0].visible_at <= self.now:
            post = self._coming.popleft()
            if not self.is_deleted(post):
                self._shown.append(post)
                insort(self._numbered, post, key=_number)
        while self._going and self._going[0][0] <= self.now:
            post = self.by_number[self._going.popleft()[1]]
            for posts, key in ((self._shown, _visible), (self._numbered, _number)):
                place = bisect_left(posts, key(post), key=key)
                if posts[place : place + 1] == [post]:
                    del posts[place]

    def _invented(self) -> Iterator[Post]:
        moments = sorted(self._moments())
        originals: deque[int] = deque(maxlen=200)
        for number, posted_at in enumerate(moments):
            is_repost = bool(originals) and self._dice.random() < self.reposted
            if not is_repost:
                originals.append(number)
            is_late = self._dice.random() < self.late
            lateness = self._dice.random() * self.longest_lateness if is_late else timedelta(0)
            repeated = self._dice.choice(originals) if is_repost else None
            yield self._post(number, posted_at, posted_at + lateness, repeated)

    def _moments(self) -> Iterator[datetime]:
        for burst in BURSTS:
            for _ in range(BURST):
                yield burst + self._dice.random() * MINUTE
        for _ in range(self.size - BURST * len(BURSTS)):
            moment = START + self._dice.random() * WEEK
            if not 7 <= moment.hour < 23 and self._dice.random() < 0.7:
                moment = moment.replace(hour=7 + moment.hour % 16)
            yield moment

    def _post(self, number: int, posted_at: datetime, visible_at: datetime, repost_of: int | None) -> Post:
        edits: tuple[tuple[datetime, str], ...] = ()
        deleted_at = None
        if repost_of is None and self._dice.random() < self.edited:
            text = f"Acme lost parcel n{number:05}, and nobody answers"
            edits = ((visible_at + self._dice.random() * 5 * HOUR, text),)
        if repost_of is None and self._dice.random() < self.deleted:
            deleted_at = visible_at + HOUR + self._dice.random() * 48 * HOUR
        return Post(
            number=number,
            author=f"person{number % 3_000}",
            first_text=f"Acme lost parcel n{number:05}",
            posted_at=posted_at.replace(microsecond=0),
            visible_at=visible_at,
            edits=edits,
            deleted_at=deleted_at,
            repost_of=repost_of,
        )
