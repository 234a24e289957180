"""Where a mention and a message stand, and the conditions of the partial indexes."""

from enum import IntEnum, StrEnum


class Stage(IntEnum):
    """How far a mention has come. Each step moves it by a conditional update.

    ``TALK`` is no complaint and answers something: whether that belongs to a case is to be looked at. ``ASIDE`` cannot
    be judged. ``BY_BOT`` is what an automated account wrote that is not one of ours: it is kept, and stays where it is.
    """

    TALK = -1
    NEW = 0
    COMPLAINT = 1
    FILED = 2
    DONE = 3
    ASIDE = 4
    BY_BOT = 5


class State(StrEnum):
    """Where a message of the outbox stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


UNFINISHED = "stage < 3"
KEPT = "forgotten_at IS NULL"
IN_CASE = "case_id IS NOT NULL"
UNGATHERED = "case_id IS NOT NULL AND theme_id IS NULL AND forgotten_at IS NULL"
LIVE = "total IS NOT NULL"
OUR_REPLY = "reply_to IS NOT NULL AND is_own"
STANDING = "reason IS NOT NULL AND thread IS NULL"
OPEN = "state IN ('pending', 'sending')"
"""The conditions of the partial indexes: a query says them word for word, because SQLite cannot see through a bound
parameter that an index holds what is asked for."""
