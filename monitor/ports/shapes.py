"""What passes between the jobs and a store."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.core.alerting import Reason
from monitor.core.cause import Cause
from monitor.core.mention import Gap, Post
from monitor.core.message import Message, Urgency
from monitor.core.verdict import Band
from monitor.ports.plugins import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the outbox. ``is_doubtful``: an earlier attempt may have been accepted.

    ``attempts`` counts this one, ``doubts`` the earlier ones whose answer was lost. ``queued_at`` is when it
    was decided.
    """

    id: int
    target: str
    message: Message
    attempts: int
    doubts: int
    queued_at: datetime
    started_at: datetime
    is_doubtful: bool
    thread: Receipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGap:
    """A gap of a source as the store keeps it."""

    id: int
    source: str
    gap: Gap
    told_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A complaint of an open case whose reach is to be measured; its source looks it up by its ``name``."""

    mention: int
    native_id: str
    name: str
    case: int
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A stored mention that waits for a verdict."""

    mention: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfiled:
    """A complaint that waits to be filed: whose post it is, what it says, what it answers, and what was made of it.

    ``has_account``: its author is an account, and not the name under a review or an article, which others may have too.
    """

    mention: int
    brand: str
    topics: tuple[str, ...]
    posted_at: datetime
    platform: str
    author: str | None
    text: str
    fingerprint: str
    url: str | None = None
    reply_to: str | None = None
    intent: str | None = None
    severity: Band | None = None
    has_account: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Unfiled):
    """A complaint that is in a case: the cause it was filed under, and what its platform calls it.

    ``is_forgotten``: its author deleted it.
    """

    cause: int
    name: str
    is_forgotten: bool

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A person said that a post is about something else than the case ``old``, and it got the case ``new``."""

    mention: int
    brand: str
    platform: str
    author: str | None
    fingerprint: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A case that is to be opened: what it is about, and when its customer first wrote."""

    cause: int
    brand: str
    topic: str
    opened_at: datetime
    level: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """A complaint that is in a case."""

    mention: int
    case: int
    brand: str
    posted_at: datetime
    author: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Threaded:
    """A post of a conversation: the case it is in, if it is in one, and what it answers, if it answers anything.

    ``is_own``: we wrote it. ``is_judged``: it is known whether it is a complaint.
    """

    mention: int
    case: int | None
    reply_to: str | None
    author: str | None = None
    is_own: bool = False
    is_judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A post that is no complaint and answers another, or a complaint of a case whose words were changed.

    ``case`` is that of a complaint, ``is_own`` says that we wrote it.
    """

    mention: int
    brand: str
    platform: str
    name: str
    author: str | None
    text: str
    url: str | None
    posted_at: datetime
    collected_at: datetime
    reply_to: str | None
    is_own: bool
    case: int | None = None
    edited_at: datetime | None = None


class Voice(NamedTuple):
    """A person who speaks about a cause."""

    cause: int
    platform: str
    author: str


class Person(NamedTuple):
    """Who writes about a brand from an account of a platform."""

    brand: str
    platform: str
    author: str


class Last(NamedTuple):
    """The open case that a person complained in last, and when."""

    case: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A filed complaint that some target may not have heard of; its words are read only when they are to be told."""

    mention: int
    platform: str
    source: str
    language: str | None
    case: int
    collected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCause:
    """A cause with complaints that some target has not heard of.

    ``posts``, ``authors`` and ``wordings`` count all complaints of the cause, their distinct authors and their distinct
    fingerprints.
    """

    cause: Cause
    posts: int
    authors: int
    wordings: int
    pending: tuple[Pending, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What triage decided to say to one target: about a cause, or about a single ``case`` of it."""

    target: str
    reason: Reason
    message: Message
    cause: int | None
    mentions: tuple[int, ...]
    voices: int
    case: int | None = None
    urgency: int = Urgency.USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """A message of the outbox that quotes posts. ``is_out``: it was handed over, or may have been."""

    id: int
    target: str
    message: Message
    is_out: bool
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many messages that stand by themselves a target got in the last hour, gentle ones among them, and day."""

    hour: int = 0
    day: int = 0
    gentle: int = 0
