"""The decision to speak: pure, with ``now`` as an argument and a named reason for every answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.trend import Usual, is_unusual

MILESTONES = (5, 20, 100, 500, 2_000, 10_000)
TIMES = 2
"""Growth is worth a message of its own when there are so many times as many people as the last one said."""


class Reason(StrEnum):
    """Why we speak, or why not."""

    FIRST = "first complaint"
    INCIDENT = "several people at once"
    MORE = "more of the same"
    GROWING = "more people"
    UNUSUAL = "more than usual"
    NOTHING_NEW = "nothing new"
    TOO_SOON = "too soon after the last message"
    QUIET_HOURS = "quiet hours"
    SILENCED = "silenced"
    BUDGET = "more than the channel takes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The pause after the n-th message about a cause doubles from ``first_gap`` to ``longest_gap``.

    More than ``singles`` cases of one cause within ``singles_within`` become one incident. A target takes at most
    ``per_hour`` and ``per_day`` messages that stand by themselves, ``gentle_share`` of them kept for gentle cases;
    the others are listed together, every ``list_gap`` at most.
    """

    first_gap: timedelta = timedelta(minutes=10)
    longest_gap: timedelta = timedelta(hours=1)
    singles: int = 3
    singles_within: timedelta = timedelta(minutes=15)
    per_hour: int = 12
    per_day: int = 40
    gentle_share: float = 0.2
    list_gap: timedelta = timedelta(minutes=30)

    def gap(self, messages: int) -> timedelta:
        return min(self.longest_gap, self.first_gap * int(2 ** min(max(messages - 1, 0), 20)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a target has been told about a cause so far.

    ``thread`` is the key of the latest message that stands by itself, under which quiet follow-ups go; ``voices`` is
    how many people such messages spoke of at most.
    """

    messages: int = 0
    last_at: datetime | None = None
    voices: int = 0
    said_unusual: bool = False
    thread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Speak for ``reason``, or keep silent for it; what is held back is looked at again at ``until``."""

    reason: Reason
    speaks: bool
    until: datetime | None = None


def decide(
    untold: Sequence[object],
    voices: int,
    told: Told,
    usual: Usual,
    policy: AlertPolicy,
    now: datetime,
) -> Decision:
    """Is there something to say about a cause now, and why?

    ``voices`` is the number of distinct people with distinct words in the whole cause, see :func:`count_voices`.
    """
    if not untold:
        return Decision(reason=Reason.NOTHING_NEW, speaks=False)
    if told.last_at is None:
        return Decision(reason=Reason.FIRST, speaks=True)
    if not told.said_unusual and is_unusual(usual):
        return Decision(reason=Reason.UNUSUAL, speaks=True)
    if milestone(voices) > milestone(told.voices) and voices >= TIMES * told.voices:
        return Decision(reason=Reason.GROWING, speaks=True)
    until = told.last_at + policy.gap(told.messages)
    if now < until:
        return Decision(reason=Reason.TOO_SOON, speaks=False, until=until)
    return Decision(reason=Reason.MORE, speaks=True)


def milestone(voices: int) -> int:
    """The highest milestone reached, 0 below the first."""
    return max((m for m in MILESTONES if m <= voices), default=0)


def count_voices(authors: int, wordings: int) -> int:
    """How many people say it in their own words, from the numbers of distinct authors and distinct fingerprints.

    One furious author is one voice, and so is one post repeated by three hundred people.
    """
    return min(authors, wordings)
