"""Prints figures with their intervals: the tables of ``eval`` and ``recall``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.learning.evaluation import Evaluation
    from monitor.learning.recall import Estimate
    from monitor.learning.sample import Design
    from monitor.measures import Figure, Measured

NOTHING = "–"
LONGEST_NAME = 28
HEADINGS = ("rows", "complaints", "precision", "recall", "F1", "macro-F1", "AUC", "ECE", "digest recall")
WIDTHS = (8, 12, 11, 11, 6, 11, 11, 6, 15)


def evaluation_lines(found: "Evaluation") -> Iterator[str]:
    """An evaluation for people: thresholds, aims, and two lines a group, the second with the intervals."""
    yield f"{found.model} on {found.all.rows:,} labelled posts, {found.all.complaints:,} of them complaints"
    for language, limits in found.thresholds.items():
        yield f"{f'{language}: ' if language else ''}alert from {limits.alert:.2f}, digest from {limits.digest:.2f}"
    for one in found.reached:
        yield f"aim: {one.what} {one.aimed:.2f}; reached {_whole(one.figure)}: {one.verdict}"
    names = [_name(group.by, group.name) for group in found.groups]
    width = max(map(len, names))
    yield ""
    yield _line("", HEADINGS, width)
    for name, group in zip(names, found.groups, strict=True):
        yield _line(name, _values(group.measured), width)
        yield _line("", _intervals(group.measured), width)
    yield ""
    yield "second lines: 95 % bootstrap intervals; digest recall: complaints alerted or in the digest"
    if found.too_small:
        yield f"{found.too_small} group{'s' * (found.too_small > 1)} too small: under 20 rows, or of one kind only"
    if not 0 < found.all.complaints < found.all.rows:
        kind = "complaints" if found.all.complaints else "no complaints"
        yield f"{NOTHING}: all rows are {kind}; what compares the two kinds needs both"


def estimate_lines(found: "Estimate", design: "Design") -> Iterator[str]:
    """An estimate of recall for people, and what it rests on."""
    about = f" about {design.brand}" if design.brand else ""
    yield (
        f"{design.posts:,} posts{about}, {design.since:%Y-%m-%d %H:%M} to {design.until:%Y-%m-%d %H:%M} UTC, "
        f"judged by {', '.join(design.models)}"
    )
    yield f"recall     {_whole(found.recall)} of the complaints were alerted"
    yield f"           {_whole(found.digest_recall)} were alerted or in the digest"
    yield f"precision  {_whole(found.precision)} of {design.alerted:,} alerted posts are complaints"
    yield f"missed     {_count(found.missed)} complaints were not alerted"
    yield ""
    yield f"{'stratum':<24}{'posts':>12}{'labelled':>12}{'complaints':>12}{'estimated':>12}"
    for one in found.strata:
        yield f"{one.name:<24}{one.posts:>12,}{one.labelled:>12,}{one.complaints:>12,}{one.estimated:>12,.0f}"


def _name(by: str, name: str) -> str:
    words = name if by == "all" else f"{by} {name}"
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def _line(name: str, cells: tuple[str, ...], width: int) -> str:
    columns = (f"{cell:>{room}}" for cell, room in zip(cells, WIDTHS, strict=True))
    return f"{name:<{width}}{''.join(columns)}".rstrip()


def _values(one: "Measured") -> tuple[str, ...]:
    shares = (one.precision.value, one.recall.value, one.f1, one.macro_f1.value, one.auc.value, one.ece)
    return (f"{one.rows:,}", f"{one.complaints:,}", *map(_share, shares), _share(one.digest_recall.value))


def _intervals(one: "Measured") -> tuple[str, ...]:
    precision, recall, macro, area, digest = map(
        _interval, (one.precision, one.recall, one.macro_f1, one.auc, one.digest_recall)
    )
    return ("", "", precision, recall, "", macro, area, "", digest)


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _interval(figure: "Figure") -> str:
    return "" if figure.low is None else f"{figure.low:.2f}–{figure.high:.2f}"


def _whole(figure: "Figure") -> str:
    return NOTHING if figure.value is None else f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _count(figure: "Figure") -> str:
    return NOTHING if figure.value is None else f"{figure.value:,.0f} ({figure.low:,.0f} to {figure.high:,.0f})"
