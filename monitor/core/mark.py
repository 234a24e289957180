"""What people say about a surge with one click: each is a fact, and the last word stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Mark(StrEnum):
    """What can be said."""

    KNOWN = "known issue"
    FALSE = "false alarm"
    REAL = "real after all"
    MUTED = "muted"
    INCIDENT = "incident opened"


WORDS = {"known": Mark.KNOWN, "false": Mark.FALSE, "real": Mark.REAL, "mute": Mark.MUTED, "incident": Mark.INCIDENT}
"""What buttons and commands call them."""

MUTES = {"1h": timedelta(hours=1), "24h": timedelta(hours=24)}
"""For how long a topic can be muted."""


_NO_VERDICTS = (Mark.MUTED, Mark.INCIDENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Who said what, when and where; ``key`` is the same when it is heard again. What is muted is so ``until`` then."""

    mark: Mark
    by: str
    name: str
    via: str
    at: datetime
    key: str
    until: datetime | None = None


def standing(said: Sequence[Marked]) -> Marked | None:
    """The last word about what it is, oldest first; ``None`` where it was never said or taken back."""
    last = next((one for one in reversed(said) if one.mark not in _NO_VERDICTS), None)
    return None if last is None or last.mark is Mark.REAL else last
