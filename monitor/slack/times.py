"""Moments in Slack, which shows each reader their own time of day.

All that such a moment holds is a number, a form of ours, and the moment in UTC for where it cannot be shown: nothing
of a text that stands around it.
"""

from datetime import datetime
from typing import Any

from monitor.core.message import with_moments
from monitor.slack.safety import escape

FORM = "{date_short_pretty} {time}"
"""https://docs.slack.dev/reference/block-kit/block-elements/date-element"""


def date(at: datetime, fallback: str) -> dict[str, Any]:
    """An element of rich text."""
    return {"type": "date", "timestamp": int(at.timestamp()), "format": FORM, "fallback": fallback}


def escaped(text: str) -> str:
    """Text for fields that Slack parses, with its moments as commands of ours and everything else as it stands."""
    return "".join(
        escape(piece) if at is None else f"<!date^{int(at.timestamp())}^{FORM}|{piece}>" for piece, at in pieces(text)
    )


def pieces(text: str) -> list[tuple[str, datetime | None]]:
    """A text in pieces, with those moments that Slack can count: none before 1970."""
    return [(piece, at if at is not None and at.timestamp() >= 0 else None) for piece, at in with_moments(text)]
