"""What a channel takes: so many messages an hour and a day, some of them kept for those who complain gently."""

from collections.abc import Mapping, Sequence
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
        waiting = [item for item in wanted if item[1].level > Level.ACT_NOW]
        if len(waiting) <= room:
            return []
        ordered = sorted(waiting, key=lambda item: (item[1].level, item[1].opened_at, item[1].id))
        # The share is one of the hour: where room comes back slot by slot, not every slot goes to the gentle.
        kept = max(0.0, self._policy.per_hour * self._policy.gentle_share - sent.gentle)
        reserved = min(1.0, kept / room) if room else 0.0
        chosen = share(ordered, lambda item: item[1].level == Level.GENTLE, room, reserved)
        return [item for item in ordered if item not in chosen]
