"""What the gathering of complaints into causes needs of a store."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from monitor.core.days import Window
from monitor.core.digest import Words
from monitor.core.theme import Near, ThemeTalk

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]


class Meaning(Protocol):
    """Makes vectors of texts that lie near each other when the texts say the same."""

    @property
    def space(self) -> str:
        """Where the vectors live: only those of one space can be compared."""
        ...

    @property
    def near(self) -> Near:
        """How like complaints of this space are that belong together."""
        ...

    @property
    def near_asked(self) -> Near:
        """How like questions of this space are that belong together."""
        ...

    def vector(self, text: str) -> "Numbers":
        """What a text says, as :class:`~monitor.gathering.Gathering` wants it. Raises ``ModelError``."""
        ...


@runtime_checkable
class Understanding(Protocol):
    """A classifier that can say what texts mean."""

    def meaning_of(self, text: str) -> Meaning:
        """The meaning that reads the language of a text; it shares its network. Raises ``ModelError``."""
        ...


MeaningOf = Callable[[str], Meaning]
"""Gives the meaning that reads a text. Raises ``ModelError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungathered:
    """A complaint that belongs to no theme yet."""

    mention: int
    brand: str
    text: str
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A theme that complaints can join: how many did, the sum of their vectors as bytes, and its name."""

    id: int
    size: int
    total: bytes
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A theme as it is after complaints joined it; without a total no more can."""

    id: int
    size: int
    total: bytes | None
    last_mention: int


class ThemeReads(Protocol):
    """The part of a store that is about themes."""

    def ungathered(self, limit: int) -> list[Ungathered]:
        """Complaints without a theme, those stored first first."""
        ...

    def said(self, brand: str, span: Window) -> list[ThemeTalk]:
        """How much of a span's complaints belongs to each theme that has a name."""
        ...

    def said_best(self, brand: str, theme: int, span: Window, limit: int) -> list[Words]:
        """Complaints of a span, those first that are nearest to what all of a theme say."""
        ...

    def topic_of_theme(self, brand: str, theme: int, span: Window) -> str:
        """What most of a theme's complaints of a span are filed under."""
        ...


class ThemeWrites(Protocol):
    """The part of a transaction that is about themes."""

    def themes(self, brand: str, space: str) -> list[Kept]:
        """The themes of a brand that complaints can join, the one last joined last."""
        ...

    def begin_theme(self, brand: str, space: str, first_at: datetime) -> int:
        """A new theme without complaints; returns its number."""
        ...

    def put_in_themes(self, placed: Iterable[tuple[int, int, float]]) -> None:
        """Put mentions into themes, as (mention, theme, nearness); one that is in a theme stays there."""
        ...

    def grow_themes(self, grown: Iterable[Grown]) -> None:
        """Keep what themes have become."""
        ...

    def retire_themes(self, themes: Iterable[int]) -> None:
        """No more complaints can join these; what joined stays."""
        ...

    def texts_of_theme(self, theme: int, limit: int) -> list[str]:
        """What the newest complaints of a theme say."""
        ...

    def texts_in_themes(self, brand: str, space: str, limit: int) -> list[str]:
        """What the newest complaints about a brand say that are in themes of a space."""
        ...

    def name_theme(self, theme: int, name: Sequence[str]) -> None:
        """Call a theme so."""
        ...

    def merge_themes(self, theme: int, into: int) -> None:
        """All complaints of one theme belong to the other one from now on, and the first is no more."""
        ...
