"""A mention: one public post, as we read it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What sort of post it is. A repost repeats another post without words of its own."""

    POST = "post"
    REPLY = "reply"
    REPOST = "repost"
    REVIEW = "review"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One public post. ``(platform, id)`` identifies it and is stable across re-reads.

    ``posted_at`` is aware. ``followers`` and ``reposts`` are ``None`` where the platform does not say; unknown is not
    zero. ``brand`` is what the source itself says the post is about, if it says so. ``own`` marks a post that the
    source knows to come from the brand.
    """

    platform: str
    id: str
    text: str
    posted_at: datetime
    url: str | None = None
    author: str | None = None
    language: str | None = None
    followers: int | None = None
    reposts: int | None = None
    reply_to: str | None = None
    kind: Kind = Kind.POST
    brand: str | None = None
    own: bool = False

    def __post_init__(self) -> None:
        if self.posted_at.tzinfo is None:
            raise ValueError("posted_at must carry a time zone")
        if not self.platform or not self.id:
            raise ValueError("a mention needs a platform and an id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a collector yields: mentions, and the cursor that is true once they are stored.

    ``skipped`` counts items that could not be read, by reason in words, so that nothing disappears silently.
    """

    mentions: tuple[Mention, ...]
    cursor: str | None
    skipped: tuple[tuple[str, int], ...] = ()


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a naive time is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
