"""A cause: complaints about one thing, in episodes. Identity and rules only; how many and who is asked of the store."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.text import fold
from monitor.core.verdict import Band

GROUPING = "topic-2026-11"
"""The rule that files complaints into causes: by brand and topic. Cases keep the rule they were filed by."""

OTHER = "other"

TOPICS = (
    *("delivery", "delay_or_outage", "product_defect", "billing_refund", "price", "service_conduct", "unreachable"),
    *("booking_order", "account_app", "safety", "privacy_fraud", "policy", "returns", OTHER),
)
"""What complaints are about, in the words of our own classifiers; others may have words of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRule:
    """An episode ends when nobody has complained for ``quiet_after``, or when it is ``longest`` old."""

    quiet_after: timedelta = timedelta(hours=6)
    longest: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One episode of complaints about one topic of a brand. Times are those of the customers' posts."""

    id: int
    brand: str
    topic: str
    grouping: str
    episode: int
    opened_at: datetime
    last_at: datetime

    @property
    def key(self) -> str:
        """The cause's public name, unique and stable for ever: ``topic-2026-11/acme/delivery/17``."""
        return f"{self.grouping}/{slug(self.brand)}/{self.topic}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A mention judged to be a complaint, with what a message needs of it; what is unknown is ``None``."""

    mention: int
    id: str
    platform: str
    author: str | None
    text: str
    url: str | None
    posted_at: datetime
    fingerprint: str
    score: float
    matched: tuple[str, ...]
    followers: int | None = None
    reposts: int | None = None
    language: str | None = None
    is_measured: bool = True
    severity: Band | None = None

    @property
    def voice(self) -> str:
        """Who speaks: the author, or the post itself when the author is unknown."""
        return f"{self.platform}/{self.author}" if self.author else f"{self.platform}#{self.id}"


def topic_of(topics: tuple[str, ...]) -> str:
    """The topic a complaint is filed under: its likeliest one."""
    return topics[0] if topics else OTHER


def continues(cause: Cause, posted_at: datetime, rule: EpisodeRule) -> bool:
    """Does a complaint posted at ``posted_at`` belong to this episode? Late arrivals of earlier posts do."""
    return posted_at - cause.last_at < rule.quiet_after and posted_at - cause.opened_at < rule.longest


def slug(name: str) -> str:
    """A brand's name as it may stand in a key."""
    return re.sub(r"[\W_]+", "-", fold(name)).strip("-") or "brand"
