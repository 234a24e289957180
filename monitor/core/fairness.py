"""Fairness: whether those who are rude, or followed by many, wait less for a public answer than others. Rules only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from monitor.core.abuse import mask
from monitor.core.message import duration

FEW = 5
"""Below so many cases nothing is said about a group."""

TENTHS = 10
_LETTERS, _CAPITALS = 10, 0.6


@dataclass(frozen=True, slots=True)
class Waited:
    """A case: the words with which it began, how many follow its customer, and the wait for an answer, or so far."""

    text: str
    followers: int | None
    wait: timedelta


def audit(cases: Sequence[Waited]) -> list[str]:
    """Lines that set the waits of groups side by side; none where there are too few cases to say anything."""
    rude = [case for case in cases if is_rude(case.text)]
    polite = [case for case in cases if not is_rude(case.text)]
    known = sorted((case for case in cases if case.followers is not None), key=lambda case: case.followers or 0)
    tenth = len(known) // TENTHS
    pairs = (
        (("rudely said", rude), ("otherwise", polite)),
        (("most followers, a tenth", known[len(known) - tenth :]), ("fewest", known[:tenth])),
    )
    return [line for pair in pairs for line in _compared(pair)]


def is_rude(text: str) -> bool:
    """Whether somebody swears or shouts."""
    letters = [sign for sign in text if sign.isalpha()]
    shouts = len(letters) >= _LETTERS and sum(sign.isupper() for sign in letters) / len(letters) >= _CAPITALS
    return shouts or mask(text) != text


def _compared(groups: Sequence[tuple[str, Sequence[Waited]]]) -> Iterator[str]:
    if min(len(cases) for _, cases in groups) >= FEW:
        said = (f"{name} {duration(_median(cases))} ({len(cases)} cases)" for name, cases in groups)
        yield f"median wait for an answer: {', '.join(said)}"


def _median(cases: Sequence[Waited]) -> timedelta:
    return timedelta(seconds=median(case.wait.total_seconds() for case in cases))
