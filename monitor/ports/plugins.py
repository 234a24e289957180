"""What plugins give: collectors read sources, classifiers judge texts, notifiers hand over messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from monitor.core.budget import Budget
from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.mention import Mention, Page
from monitor.core.message import Message
from monitor.core.verdict import Score, Word
from monitor.core.watch import Watch


def _anything(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a collector is asked for at the moment ``now``.

    ``cursor`` is whatever an earlier page carried, ``None`` on the first start; then nothing older than ``since`` is
    asked for where the platform can tell. ``affords`` says whether the budget of a unit holds one more page: a
    collector with several units asks for each page, and leaves out what is not paid for.
    """

    watches: tuple[Watch, ...]
    cursor: str | None
    since: datetime
    now: datetime
    affords: Callable[[str], bool] = _anything


class Collector(Protocol):
    """Reads one source. What it raises beyond :class:`~monitor.core.errors.SourceError` counts as a bug in it."""

    def pages(self, asked: Round) -> Iterator[Page]:
        """What is new after the cursor, in pages, to the end of what is new.

        The caller stores a page before it takes the next one. A bad item is counted in ``Page.skipped`` and never stops
        the rest. The collector may give more than the watches ask for: the caller matches again.
        """
        ...


@runtime_checkable
class Querying(Protocol):
    """A collector that asks its platform for words."""

    def queries(self, watches: Sequence[Watch]) -> Sequence[str]:
        """What it asks for, as it is sent: derived from the watches, each within the platform's length limit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of posts: ``found`` as they are now, ``gone`` by name; about all others nothing is known yet."""

    found: tuple[Mention, ...] = ()
    gone: tuple[str, ...] = ()
    spent: tuple[tuple[str, float], ...] = ()


@runtime_checkable
class Refreshing(Protocol):
    """A collector that can look up posts again by their ids."""

    @property
    def platform(self) -> str:
        """The platform of the posts it can look up."""
        ...

    @property
    def batch(self) -> int:
        """How many ids it looks up at a time."""
        ...

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of these posts, at most ``batch`` of them. Raises ``SourceError``; then nothing is known.

        A post is named by what it was ``seen_as``, else by its id. One that was deleted, or whose author was suspended
        or made it private, is gone, by the name that it was asked for.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A collector whose reading costs something that is limited by day or month."""

    @property
    def account(self) -> str:
        """Whose budget it is: sources with the same account share one."""
        ...

    @property
    def budgets(self) -> Sequence[Budget]:
        """The limits. Those of a unit must leave room for a page before one is asked for that this unit pays for."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A metered collector that is sent what it pays for, sooner than another source finds it.

    How much it brings therefore says nothing about that platform: its silence is no trouble.
    """

    def hang_up(self) -> Sequence[tuple[str, float]]:
        """Listen no more, for the budget is used up. What may still be sent meanwhile, as in ``Page.spent``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What reading a query would cost for the last seven days' worth of posts, in the unit of a budget.

    ``asking`` is what this answer has cost.
    """

    query: str
    posts: int
    cost: float
    unit: str
    asking: float = 0.0


@runtime_checkable
class Estimating(Protocol):
    """A collector that can say what its queries would cost before they run."""

    def estimates(self, watches: Sequence[Watch]) -> Iterator[Estimate]:
        """One for each query. Raises ``SourceError``."""
        ...


class Classifier(Protocol):
    """Answers for a text: is this a complaint, and about what?"""

    @property
    def model(self) -> str:
        """``name@revision``, stored with every verdict."""
        ...

    @property
    def cutoffs(self) -> Cutoffs:
        """The thresholds to use where nothing better is known, by language; the configuration may set others."""
        ...

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        """How right the probabilities were on labelled posts, by language; empty when nobody has measured it.

        Languages that were measured together have the same counts.
        """
        ...

    def score(self, texts: Sequence[str]) -> Sequence[Score]:
        """One score per text, in order, each independent of the others. Raises ``ModelError``."""
        ...

    def explain(self, text: str, most: int = 3) -> Sequence[Word]:
        """Up to ``most`` words that carried the score, each weighed without those before it. Raises ``ModelError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where a delivered message is: whatever the notifier needs to find it again, as text."""

    reference: str | None = None


class Notifier(Protocol):
    """Hands messages to one target."""

    @property
    def pace(self) -> timedelta:
        """The shortest pause between two messages to this target; zero for none."""
        ...

    @property
    def has_threads(self) -> bool:
        """Can a message stand under another one, out of the way of those who do not ask for it?"""
        ...

    def send(self, message: Message, thread: Receipt | None) -> Receipt:
        """Deliver once, without retries of its own, or raise ``Refused``, ``Busy`` or ``Doubtful``.

        ``ConfigError``, as a missing secret raises it, makes the target rest until a person has mended it.
        ``thread`` is the receipt of the message named by ``message.thread``, if that was delivered here.
        """
        ...

    def edit(self, message: Message, receipt: Receipt) -> None:
        """Put this in the place of the message that ``receipt`` names; doing it twice does no harm.

        Raises what :meth:`send` raises; ``Refused`` where messages cannot be changed or the old one is not there.
        """
        ...

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:
        """Look for a message that may have been delivered after ``since``; ``None`` when it is not there.

        Raises ``Busy`` when the target cannot be asked now, ``Refused`` when it can never be asked: then the message
        is sent again and may be doubled.
        """
        ...


@runtime_checkable
class Limited(Protocol):
    """A notifier that says beforehand what its target cannot do."""

    @property
    def limits(self) -> Sequence[str]:
        """Each in words for whoever sets it up."""
        ...
