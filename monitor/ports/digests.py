"""What the digest job needs of a store: counts of a span, the words to quote, and what the digest cannot know."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from monitor.core.days import Window
from monitor.core.digest import Ended, Opened, Silenced, Talk, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """The posts of a span by people who are not us, and what became of them."""

    posts: int
    unjudged: int
    not_judgeable: int
    deleted: int
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Cases that are open, at the moment of asking: all, those without a public answer, and the oldest of these."""

    open: int
    unanswered: int
    oldest: Words | None
    opened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """The open cases about a topic, and who has most of them."""

    open: int
    owner: str | None


class DigestReads(Protocol):
    """The part of a store that is about digests; complaints that a person called none are never among them."""

    def since(self, brand: str) -> datetime | None:
        """From when on the posts about a brand are all there; ``None`` before the first."""
        ...

    def posts_of(self, brand: str, span: Window) -> Posts: ...

    def late_posts(self, brand: str, span: Window, since: datetime) -> int:
        """Posts of after ``since`` and before the span that were first seen in it."""
        ...

    def talk(self, brand: str, span: Window) -> Talk: ...

    def topics(self, brand: str, span: Window) -> dict[str, Talk]: ...

    def spoke(self, brand: str, span: Window) -> int:
        """How many people spoke of a brand at all."""
        ...

    def of_both(self, brand: str, other: str, span: Window) -> Iterator[Words]:
        """What others wrote about two brands at once, oldest first."""
        ...

    def people_by(self, brand: str, span: Window, kinds: Mapping[str, str], rest: str) -> dict[str, int]:
        """How many people complained by the kind of topic; ``rest`` is the kind of topics without one."""
        ...

    def relapses(self, brand: str, span: Window) -> dict[str, tuple[int, int]]:
        """By topic: cases that a person called done or closed in the span, and those after which the customer
        complained again, or that were opened again.
        """
        ...

    def opened(self, brand: str, span: Window) -> Opened: ...

    def overruled_of(self, brand: str, span: Window) -> int:
        """Cases of which a person said that they are no complaint, or not about us."""
        ...

    def ended(self, brand: str, span: Window) -> list[Ended]: ...

    def standings(self, brand: str) -> Standings: ...

    def in_hand(self, brand: str) -> dict[str, InHand]:
        """The open cases of each topic that has any."""
        ...

    def complaints_of(self, brand: str, span: Window, topic: str | None, level: int | None, limit: int) -> list[Words]:
        """Words to quote: the most urgent, then the most reposted, then the surest; one for each person, no copies."""
        ...

    def quotes_of(self, brand: str, span: Window, topics: Collection[str], limit: int) -> dict[str, list[Words]]:
        """The same for each of several topics, so many for each, looked up once."""
        ...

    def openers_of(self, brand: str, span: Window, topics: Collection[str], limit: int) -> dict[str, list[str]]:
        """The words of the first complaint of each case, the oldest so many for each topic."""
        ...

    def praised(self, brand: str, span: Window) -> int:
        """How many posts praise."""
        ...

    def praise_of(self, brand: str, span: Window, limit: int) -> list[Words]:
        """Posts that praise, those least like a complaint first, one for each person, no copies."""
        ...

    def texts_of(self, brand: str, span: Window) -> Iterator[tuple[str, str]]:
        """The words and the topic of every complaint; empty words where they were deleted."""
        ...

    def praises_of(self, brand: str, span: Window) -> Iterator[str]:
        """The words of every post that praises."""
        ...

    def questions_of(self, brand: str, span: Window, limit: int) -> list[Words]:
        """The newest posts of others that ask something, oldest first."""
        ...

    def not_told(self, brand: str, span: Window) -> int:
        """Complaints that have been told to nobody."""
        ...

    def unmeasured(self, brand: str, span: Window) -> list[tuple[str, int]]:
        """Languages in which nobody has measured the classifier, with how many posts it judged in them."""
        ...

    def alerted(self, brand: str, span: Window) -> tuple[int, int]:
        """Cases that were told in a span, and those of them that a person overruled."""
        ...

    def reminders(self, brand: str, span: Window) -> tuple[int, int]:
        """Follow-ups that came due in a span, and those after which a person did something for the case."""
        ...

    def blind(self, span: Window, now: datetime) -> list[Silenced]:
        """Sources that do not work now, and gaps in what was read, as far as they touch the span."""
        ...

    def orders_of(self, brand: str, first: date, last: date) -> int | None:
        """How many orders there were from day to day; ``None`` unless every day's number is known."""
        ...

    def add_orders(self, rows: Collection[tuple[str, date, int]]) -> None:
        """Keep the orders of days, as (brand, day, amount); a day given again is put right."""
        ...

    def last_digest(self, name: str) -> date | None:
        """The newest edition that was decided."""
        ...


class DigestWrites(Protocol):
    """The part of a transaction that is about digests."""

    def decide_digest(self, name: str, day: date, now: datetime, *, is_sent: bool) -> bool:
        """Note that the edition of a local date was decided; ``False`` if it was before."""
        ...
