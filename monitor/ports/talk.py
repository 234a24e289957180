"""What the jobs need of a store for what is said in the conversations of cases and is no complaint."""

from collections.abc import Collection
from typing import Protocol

from monitor.ports.shapes import Talk


class TalkWrites(Protocol):
    """The part of a transaction that is about talk."""

    def talk(self, limit: int) -> list[Talk]:
        """What was not looked at yet, oldest post first."""
        ...

    def settle_talk(self, mentions: Collection[int]) -> None:
        """These were looked at."""
        ...

    def wake_answers(self, mentions: Collection[int]) -> None:
        """These are in cases now: what we answered to them before is to be looked at again."""
        ...
