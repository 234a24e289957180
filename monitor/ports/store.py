"""What the jobs need of a store: the facts they write, and what is due."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.alerting import Told
from monitor.core.cause import Cause, Complaint
from monitor.core.health import Health
from monitor.core.mention import Gap, Mention
from monitor.core.message import Message
from monitor.core.routing import Matching, Silence
from monitor.core.silence import Pulse
from monitor.core.spread import Reach
from monitor.core.trend import Lately, Usual
from monitor.core.verdict import Label, Verdict
from monitor.core.watch import Match
from monitor.ports.cases import CaseReads, CaseWrites
from monitor.ports.digests import DigestReads, DigestWrites
from monitor.ports.engagement import EngagementReads, EngagementWrites
from monitor.ports.incidents import IncidentReads, IncidentWrites
from monitor.ports.plugins import Receipt
from monitor.ports.shapes import Alert, Delivery, Measured, OpenCause, OpenGap, Quoting, Unfiled, Unjudged
from monitor.ports.surges import SurgeReads, SurgeWrites
from monitor.ports.talk import TalkWrites
from monitor.ports.themes import ThemeReads, ThemeWrites


class Transaction(
    CaseWrites, IncidentWrites, EngagementWrites, TalkWrites, DigestWrites, SurgeWrites, ThemeWrites, Protocol
):
    """Writes that happen together or not at all. Each method states one fact."""

    def add_mentions(self, source: str, found: Iterable[tuple[Mention, Match]], now: datetime) -> int:
        """Store mentions that are not known yet, and return how many posts were new.

        Of those that are known, followers and reposts are brought up to date. A forgotten post does not come back.
        """
        ...

    def amend(self, mentions: Iterable[Mention], now: datetime) -> list[Quoting]:
        """Keep the new words of posts that were edited, and return the messages that quote the old ones.

        A post that was no complaint, or could not be judged, is judged again; one that was filed stays filed.
        """
        ...

    def set_counts(self, mentions: Iterable[Mention], now: datetime) -> None:
        """Bring followers and reposts of known posts up to date; what is not said stays as it was."""
        ...

    def add_reach(self, counts: Iterable[tuple[int, int | None]], now: datetime) -> None:
        """Note how many reposts mentions have now; ``None`` where that could not be learnt, which counts as a look."""
        ...

    def reach(self, mention: int) -> list[Reach]:
        """The reposts of a mention as they were measured, oldest first."""
        ...

    def looked(self, platform: str, ids: Collection[str], missing: Collection[str], now: datetime) -> None:
        """These posts were asked for again; of the missing ones the moment of the first time is kept."""
        ...

    def forget(self, platform: str, ids: Collection[str], now: datetime) -> list[Quoting]:
        """Remove words and author of posts that are gone for good, and return the messages that quote them.

        An id that ends with ``/`` means every post whose id begins with it. What is left keeps them from coming back.
        """
        ...

    def revise(self, message: int, to: Message) -> None:
        """Keep a message of the outbox in other words."""
        ...

    def add_gaps(self, source: str, gaps: Iterable[Gap], now: datetime) -> None:
        """Note spans that a source will never read; those that touch, for one reason, are one."""
        ...

    def close_gap(self, number: int, now: datetime) -> bool:
        """Somebody has filled it from elsewhere. Returns whether there was such an open one."""
        ...

    def set_gaps_told(self, ids: Collection[int], now: datetime) -> None: ...

    def spend(self, account: str, spent: Iterable[tuple[str, float]], now: datetime) -> None:
        """Add to what an account has used, by unit; a negative amount gives back what was set aside."""
        ...

    def add_pulse(self, source: str, seen: int, skipped: int, now: datetime) -> None:
        """Add to what a source brought in this hour; none is worth noting too."""
        ...

    def set_oldest(self, source: str, oldest: datetime, now: datetime) -> None:
        """Note what is too old for a source from now on."""
        ...

    def set_cursor(self, source: str, cursor: str, now: datetime) -> None:
        """How far a source has been read."""
        ...

    def add_verdicts(self, verdicts: Iterable[tuple[int, Verdict]]) -> None:
        """Keep verdicts and pass complaints on to triage. A mention already judged by that model is left alone."""
        ...

    def add_silence(self, matching: Matching, until: datetime, by: str, why: str, now: datetime) -> int:
        """No alerts about what matches until a moment; returns the number of the silence."""
        ...

    def set_aside(self, mentions: Iterable[int]) -> None:
        """These cannot be judged; they wait no longer, and ``umbrage explain`` says so."""
        ...

    def unfiled(self, limit: int) -> list[Unfiled]:
        """Complaints in no cause yet, oldest post first."""
        ...

    def latest_causes(self, things: Collection[tuple[str, str]], grouping: str) -> dict[tuple[str, str], Cause]:
        """The newest episode of each (brand, topic) that has one."""
        ...

    def cause_at(self, brand: str, topic: str, grouping: str, moment: datetime) -> Cause | None:
        """The newest episode that was opened by ``moment``."""
        ...

    def open_cause(self, brand: str, topic: str, grouping: str, episode: int, opened_at: datetime) -> Cause: ...

    def file(self, filed: Iterable[tuple[int, int, int]]) -> None:
        """Put complaints into causes and cases, as (mention, cause, case), unless they are in one already."""
        ...

    def open_causes(self) -> list[OpenCause]:
        """Cases with complaints that have not been passed to every target they belong to."""
        ...

    def complaints(self, mentions: Collection[int]) -> dict[int, Complaint]:
        """Complaints with their words, by mention."""
        ...

    def told(self, causes: Collection[int]) -> dict[tuple[int, str], Told]:
        """What has been said about causes, by (cause, target); nothing said, no entry."""
        ...

    def told_mentions(self, complaints: Collection[int]) -> set[tuple[int, str]]:
        """Which of these complaints are in some message to which target, as (mention, target) pairs."""
        ...

    def usual(self, things: Collection[tuple[str, str]], at_least: int, now: datetime) -> dict[tuple[str, str], Usual]:
        """For each (brand, topic) with ``at_least`` complaining authors in the last hour: is that usual?"""
        ...

    def lately(self, things: Collection[tuple[str, str]], now: datetime) -> dict[tuple[str, str], Lately]:
        """For each (brand, topic) that anybody complained about in the last eight days: how often lately."""
        ...

    def enqueue_alerts(self, alerts: Sequence[Alert], now: datetime) -> None:
        """Put alerts into the outbox. A complaint cannot be told to one target twice: the database refuses."""
        ...

    def settle(self, mentions: Iterable[int]) -> None:
        """These complaints have been passed to every target they belong to."""
        ...

    def enqueue(self, target: str, message: Message, now: datetime, case: int | None = None) -> bool:
        """Put any other message into the outbox, unless one with its key is there already for the target.

        With ``case`` it belongs to a case, and what it quotes of the case is followed.
        """
        ...

    def set_health(self, health: Health) -> None:
        """Keep everything but ``told_at``, which belongs to whoever tells: see :meth:`set_told`."""
        ...

    def set_told(self, name: str, told_at: datetime | None) -> bool:
        """Note that trouble was told, or with ``None`` that its end was; ``False`` if somebody else did before."""
        ...


class Store(CaseReads, IncidentReads, EngagementReads, DigestReads, SurgeReads, ThemeReads, Protocol):
    """The database: the queue, the memory and the only truth."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A write transaction, committed at the end of the block and rolled back on an exception."""
        ...

    def cursor(self, source: str) -> str | None: ...

    def oldest(self, source: str) -> datetime | None:
        """What is too old for a source; ``None`` before its first reading."""
        ...

    def unjudged(self, limit: int) -> list[Unjudged]:
        """Mentions without a verdict, oldest first."""
        ...

    def due_looks(self, platform: str, before: datetime, missed_before: datetime, limit: int) -> dict[str, str]:
        """The ids of kept posts that were last looked at before a moment, or first missed before another."""
        ...

    def due_reach(self, platform: str, brands: Collection[str], now: datetime, limit: int) -> list[Measured]:
        """Complaints of open cases that should have been measured more often by now, the newest first."""
        ...

    def first_missed(self, platform: str, ids: Collection[str]) -> dict[str, datetime]:
        """When posts were first found missing, of those that were."""
        ...

    def open_gaps(self) -> list[OpenGap]:
        """Gaps that nobody has filled, oldest first."""
        ...

    def spent(self, account: str, unit: str, since: datetime) -> float:
        """How much an account has used since the beginning of an hour."""
        ...

    def pulses(self, source: str, since: datetime) -> list[Pulse]:
        """What a source brought, hour by hour, for the hours in which it was read at all."""
        ...

    def silences(self, now: datetime) -> list[Silence]: ...

    def add_silence(self, matching: Matching, until: datetime, by: str, why: str, now: datetime) -> int: ...

    def correct(self, mention: int, label: Label, by: str, why: str, now: datetime) -> None: ...

    def health(self, name: str) -> Health: ...

    def all_health(self) -> list[Health]: ...

    def wake(self, names: Collection[str]) -> None:
        """End the rests of these sources and targets that only a person can end: the person may just have done so."""
        ...

    def claim_deliveries(self, target: str, now: datetime, doubt: timedelta, limit: int) -> list[Delivery]:
        """Take due messages of a target, in order. A message under way for longer than ``doubt`` is due as doubtful."""
        ...

    def last_sent(self, target: str) -> datetime | None: ...

    def sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None: ...

    def postpone(self, delivery: Delivery, error: str, due_at: datetime, *, doubtful: bool) -> None:
        """Try again at ``due_at``. ``doubtful`` adds a doubt: this attempt may have been accepted.

        A message once in doubt stays so until it is sent, whatever later attempts bring.
        """
        ...

    def bury(self, delivery: Delivery, error: str, now: datetime) -> None:
        """Set a message aside that will never be accepted."""
        ...

    def lease(self, name: str, holder: str, now: datetime, length: timedelta) -> bool:
        """Take or renew a lease; ``False`` while somebody else holds it."""
        ...

    def release(self, name: str, holder: str) -> None: ...
