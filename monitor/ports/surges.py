"""What the surge job needs of a store: how many independent people spoke, hour by hour, and what was found before."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from monitor.core.days import Window
from monitor.core.digest import Words
from monitor.core.mark import Marked
from monitor.core.spread import Reach
from monitor.core.surge import WHOLE, Crowd, Kind, Scope, Surge


class SurgeReads(Protocol):
    """The part of a store that is about surges. Scopes are the brand as a whole, its topics, its platforms."""

    def sources_since(self) -> dict[str, datetime]:
        """When each source was first read."""
        ...

    def busy(self, brands: Collection[str], span: Window, at_least: int) -> set[str]:
        """The brands about which there are so many posts in a span at all."""
        ...

    def by_hour(self, brand: str, span: Window, without: Collection[str]) -> dict[Scope, dict[datetime, Crowd]]:
        """Complaints by scope and hour, except those of some sources; hours without any are left out."""
        ...

    def talk_by_hour(self, brand: str, span: Window, without: Collection[str]) -> dict[datetime, Crowd]:
        """All posts of others about a brand by hour."""
        ...

    def crowds(
        self,
        brand: str,
        span: Window,
        without: Collection[str],
        within: Scope = WHOLE,
        beside: Collection[Scope] = (),
    ) -> dict[Scope, Crowd]:
        """Complaints of a span by scope: those of one scope, and without those of others."""
        ...

    def talk_of(self, brand: str, span: Window, without: Collection[str]) -> Crowd:
        """All posts of others about a brand in a span."""
        ...

    def most_of(self, brand: str, scope: Scope, span: Window) -> tuple[int, int]:
        """How many complaints of a span are copies of the most copied post, and how many the busiest person wrote."""
        ...

    def most_talk_of(self, brand: str, span: Window) -> int:
        """How many posts of others are copies, word for word, of the most copied one."""
        ...

    def talk_in(self, brand: str, span: Window, limit: int) -> list[Words]:
        """Posts of others, one of all that say the same word for word, the most copied first."""
        ...

    def said_in(self, brand: str, topic: str, span: Window, limit: int, platform: str = "") -> list[Words]:
        """Complaints of a span, the first of each case, oldest first; empty names stand for all."""
        ...

    def reach_in(self, brand: str, scope: Scope, span: Window) -> list[tuple[datetime, list[Reach]]]:
        """Complaints of a span whose reposts were measured: when each was posted, and its measurements."""
        ...

    def surges(self, since: datetime) -> list[Surge]:
        """Those that are open, and those that ended after a moment, oldest first."""
        ...


class SurgeWrites(Protocol):
    """The part of a transaction that is about surges."""

    def open_surge(
        self, brand: str, scope: Scope, kind: Kind, first_at: datetime, people: int, expected: float, now: datetime
    ) -> Surge | None:
        """Keep what was found; ``None`` if such a one is open already."""
        ...

    def set_surge(self, surge: Surge) -> None:
        """Keep how a surge goes on."""
        ...

    def surge(self, number: int) -> Surge | None:
        """A surge, or ``None`` if there is none of this number."""
        ...

    def surge_facts(self, surge: int) -> list[Marked]:
        """What people said about a surge, oldest first."""
        ...

    def add_surge_fact(self, surge: int, said: Marked) -> bool:
        """Keep what somebody said; ``False`` if it was heard before."""
        ...
