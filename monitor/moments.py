"""Moments as platforms write them, in UTC."""

from datetime import UTC, datetime
from typing import Any


def from_iso(value: Any) -> datetime | None:
    """An ISO 8601 moment, taken as UTC where it has no zone; ``None`` for anything else, also beyond the calendar."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
