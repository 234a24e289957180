"""Reads people's labels from rows: is this post a complaint?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

UNREADABLE = "error"

NO_TEXT = "no text"
NO_LABEL = 'no label: "complaint" is to be 1 or 0'
NOT_A_TRUTH = '"complaint" is neither 1 nor 0; a probability, as umbrage classify writes it, is no label'
NOT_A_NAME = '"label" is none of complaint, not_a_complaint and other'

_TRUTHS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
_NAMES = {"complaint": True, "not_a_complaint": False, "other": False}


class NotALabel(ValueError):
    """What stands where the label should be is none; the message says what it is instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A post with a person's answer, and what it is from, as far as that is known."""

    text: str
    complaint: bool
    language: str | None = None
    source: str | None = None
    brand: str | None = None


def label_of(row: Mapping[str, Any]) -> bool:
    """The label of a row: its "complaint", or else its "label".

    :raises NotALabel: when it has none, or something else in its place.
    """
    truth, name = _word(row.get("complaint")), _word(row.get("label"))
    if truth is not None:
        if truth.lower() not in _TRUTHS:
            raise NotALabel(NOT_A_TRUTH)
        return _TRUTHS[truth.lower()]
    if name is None:
        raise NotALabel(NO_LABEL)
    if name not in _NAMES:
        raise NotALabel(NOT_A_NAME)
    return _NAMES[name]


def labelled(rows: Iterable[Mapping[str, Any]], left_out: Counter[str]) -> Iterator[Labelled]:
    """The labelled posts among rows; the others are counted in ``left_out`` by their reason."""
    for row in rows:
        try:
            text = _text_of(row)
            complaint = label_of(row)
        except NotALabel as reason:
            left_out[str(reason)] += 1
            continue
        yield Labelled(
            text=text,
            complaint=complaint,
            language=_word(row.get("lang")) or _word(row.get("language")),
            source=_word(row.get("source")) or _word(row.get("platform")),
            brand=_word(row.get("brand")),
        )


def require_readable(row: Mapping[str, Any]) -> None:
    """Raise ``NotALabel`` with the reason for a row that could not be read."""
    if UNREADABLE in row:
        raise NotALabel(str(row[UNREADABLE]).partition(": ")[2])


def _text_of(row: Mapping[str, Any]) -> str:
    require_readable(row)
    if not row["text"].strip():
        raise NotALabel(NO_TEXT)
    return str(row["text"])


def _word(value: Any) -> str | None:
    """A field as text; ``None`` where it says nothing."""
    return None if value is None else str(value).strip() or None
