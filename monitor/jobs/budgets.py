"""What a channel takes: so many messages an hour and a day, some of them kept for those who complain gently."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TypeVar

from monitor.core.alerting import AlertPolicy
from monitor.core.case import Case
from monitor.core.lane import share
from monitor.core.level import Level
from monitor.ports import Standing

T = TypeVar("T")


class Channels:
    """How much room the targets have now, by what they got lately."""

    def __init__(self, policy: AlertPolicy, standing: Mapping[str, Standing]) -> None:
        self._policy = policy
        self._standing = standing

    def too_many(self, target: str, wanted: Sequence[tuple[T, Case]]) -> list[tuple[T, Case]]:
        """Those for whom there is no room now. What must be acted on at once always has room."""
        sent = self._standing.get(target, Standing())
        room = max(0, min(self._policy.per_hour - sent.hour, self._policy.per_day - sent.day))
        kept = self._kept()
        waiting = [item for item in wanted if item[1].level > Level.ACT_NOW]
        ordered = sorted(waiting, key=lambda item: (item[1].level, item[1].opened_at, item[1].id))
        # Whoever is loud early in the hour leaves room for the gentle who write later in it.
        loud_room = max(0, self._policy.per_hour - kept - (sent.hour - sent.gentle))
        loud = [item for item in ordered if not _is_gentle(item)][loud_room:]
        ordered = [item for item in ordered if item not in loud]
        # The share is one of the hour: where room comes back slot by slot, not every slot goes to the gentle.
        reserved = min(1.0, max(0, kept - sent.gentle) / room) if room else 0.0
        chosen = share(ordered, _is_gentle, room, reserved)
        return [item for item in waiting if item not in chosen]

    def _kept(self) -> int:
        """How many messages of an hour are kept for the gentle; of a single one none can be."""
        per_hour = self._policy.per_hour
        return ceil(round(per_hour * self._policy.gentle_share, 9)) if per_hour > 1 else 0


def _is_gentle(item: tuple[T, Case]) -> bool:
    return item[1].level == Level.GENTLE
