"""Measures a classifier on labelled posts: altogether, by language, source and brand, and against the aim."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.calibration import Aim, Cutoffs
from monitor.core.verdict import Score, Thresholds
from monitor.learning.labels import Labelled
from monitor.measures import Bin, Figure, Measured, Point, curve, measured, reliability

FEWEST = 20
"""Groups with fewer rows, or with one kind only, are counted and not measured."""

ALL = "all rows"


@dataclass(frozen=True, slots=True)
class Group:
    """The rows that have ``name`` as their language, source or brand (``by``), measured."""

    by: str
    name: str
    measured: Measured


@dataclass(frozen=True, slots=True)
class Reached:
    """What was aimed at, and what came of it."""

    what: str
    aimed: float
    figure: Figure

    @property
    def verdict(self) -> str:
        """Where the aim lies: within the interval, or to which side of it."""
        if self.figure.low is None or self.figure.high is None:
            return "these rows cannot tell"
        if self.figure.contains(self.aimed):
            return "the interval contains the aim"
        return "better than the aim" if self.figure.low > self.aimed else "the aim is missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that was measured; ``groups`` begins with all rows, ``thresholds`` are those in use by language."""

    model: str
    thresholds: Mapping[str, Thresholds]
    groups: Sequence[Group]
    too_small: int
    reached: Sequence[Reached]
    reliability: Sequence[Bin]
    curve: Sequence[Point]

    @property
    def all(self) -> Measured:
        return self.groups[0].measured

    @property
    def usual(self) -> Thresholds:
        """The thresholds of the most rows."""
        return next(iter(self.thresholds.values()))

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values, for a machine."""
        return {
            "model": self.model,
            "thresholds": {language: asdict(one) for language, one in self.thresholds.items()},
            "aims": [asdict(one) | {"verdict": one.verdict} for one in self.reached],
            "groups": [{"by": one.by, "name": one.name} | asdict(one.measured) for one in self.groups],
            "groups_too_small": self.too_small,
            "reliability": [_bin(one) for one in self.reliability],
            "curve": [asdict(one) for one in self.curve],
        }


def evaluate(
    posts: Sequence[Labelled], scores: Sequence[Score], cutoffs: Cutoffs, aim: Aim | None, model: str
) -> Evaluation:
    """Compare the scores of at least one post with its labels, at the thresholds in use."""
    truth = np.array([float(post.complaint) for post in posts])
    probability = np.array([score.complaint for score in scores])
    limits = [cutoffs.of(score.language) for score in scores]
    alerted = np.array([float(score.complaint >= limit.alert) for score, limit in zip(scores, limits, strict=True)])
    listed = np.array([float(score.complaint >= limit.digest) for score, limit in zip(scores, limits, strict=True)])
    groups, too_small = [Group("all", ALL, measured(truth, probability, alerted, listed))], 0
    for by, name, chosen in _groups(posts):
        if len(chosen) < FEWEST or not 0 < truth[chosen].sum() < len(chosen):
            too_small += 1
            continue
        found = measured(truth[chosen], probability[chosen], alerted[chosen], listed[chosen])
        groups.append(Group(by, name, found))
    return Evaluation(
        model=model,
        thresholds=_thresholds(scores, cutoffs),
        groups=groups,
        too_small=too_small,
        reached=tuple(_reached(aim, groups[0].measured)) if aim else (),
        reliability=reliability(truth, probability),
        curve=curve(truth, probability) if truth.any() else (),
    )


def _groups(posts: Sequence[Labelled]) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    """Every group with the places of its rows, the largest of each kind first."""
    for by in ("language", "source", "brand"):
        names = [getattr(post, by) for post in posts]
        for name, _ in Counter(name for name in names if name is not None).most_common():
            yield by, name, np.array([place for place, each in enumerate(names) if each == name])


def _thresholds(scores: Sequence[Score], cutoffs: Cutoffs) -> dict[str, Thresholds]:
    """The thresholds in use, by recognised language, the commonest first; one entry where all have the same."""
    languages = Counter(score.language for score in scores)
    found = {language or "": cutoffs.of(language) for language, _ in languages.most_common()}
    return found if len(set(found.values())) > 1 else {"": next(iter(found.values()))}


def _reached(aim: Aim, found: Measured) -> Iterator[Reached]:
    if aim.precision is not None:
        yield Reached("precision", aim.precision, found.precision)
    if aim.recall is not None:
        yield Reached("recall", aim.recall, found.recall)
    yield Reached("digest recall", aim.digest_recall, found.digest_recall)


def _bin(one: Bin) -> dict[str, Any]:
    low, high = one.share.interval
    return {
        "from": one.low,
        "to": one.high,
        "rows": one.share.of,
        "complaints": one.share.hits,
        "probability": one.probability,
        "share": {"value": one.share.value, "low": low, "high": high},
    }
