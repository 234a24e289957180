"""How right probabilities are: precision, recall, F1, area under the curve, calibration, thresholds, and intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.calibration import Share

Numbers = NDArray[np.float64]

RESAMPLES = 1_000
AT_ONCE = 1_000_000
"""Resampled rows held in memory at one time."""

MOST_POINTS = 200
"""A curve is drawn through at most so many points."""


@dataclass(frozen=True)
class Quality:
    """How well a yes-or-no answer fits the truth; ``auc`` and ``ece`` judge the probabilities behind it."""

    rows: int
    positive: int
    macro_f1: float
    low: float
    high: float
    precision: float
    recall: float
    f1: float
    auc: float
    ece: float

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in vars(self).items()}


def quality(truth: Sequence[int], probability: Sequence[float], threshold: float = 0.5, seed: int = 13) -> Quality:
    """All measures at a threshold, with a 95 % bootstrap interval for macro-F1 (1,000 resamples)."""
    t, p = np.asarray(truth, dtype=float), np.asarray(probability, dtype=float)
    said = (p >= threshold).astype(float)
    chance = np.random.default_rng(seed)
    picks = (chance.integers(0, len(t), len(t)) for _ in range(1000))
    spread = np.array([macro_f1(t[pick], said[pick]) for pick in picks])
    precision, recall, f1 = precision_recall(t, said)
    return Quality(
        rows=len(t),
        positive=int(t.sum()),
        macro_f1=macro_f1(t, said),
        low=float(np.quantile(spread, 0.025)),
        high=float(np.quantile(spread, 0.975)),
        precision=precision,
        recall=recall,
        f1=f1,
        auc=auc(t, p),
        ece=calibration_error(t, p),
    )


def precision_recall(truth: Numbers, said: Numbers) -> tuple[float, float, float]:
    """Precision, recall and F1 of the ones."""
    hit = float((truth * said).sum())
    precision = hit / max(float(said.sum()), 1.0)
    recall = hit / max(float(truth.sum()), 1.0)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def macro_f1(truth: Numbers, said: Numbers) -> float:
    """The mean of the F1 of the ones and of the noughts."""
    return (precision_recall(truth, said)[2] + precision_recall(1 - truth, 1 - said)[2]) / 2


def auc(truth: Numbers, probability: Numbers) -> float:
    """The chance that a random one is given a higher probability than a random nought; ties count half."""
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ones = truth == 1
    above = float(ranks[ones].sum()) - ones.sum() * (ones.sum() + 1) / 2
    return float(above / max(ones.sum() * (~ones).sum(), 1))


def calibration_error(truth: Numbers, probability: Numbers, bins: int = 10) -> float:
    """The mean distance of probability and share of ones over ten bins of equal width."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    parts = [place == i for i in range(bins)]
    return float(sum(abs(truth[part].sum() - probability[part].sum()) for part in parts) / len(truth))


def sigmoid(logits: Any) -> Numbers:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(logits, dtype=float))))


def temperature(truth: Numbers, logits: Numbers) -> float:
    """The number to divide logits by that makes the truth likeliest."""
    candidates = np.geomspace(0.25, 4.0, 241)
    losses = [np.logaddexp(0.0, np.where(truth == 1, -logits, logits) / one).mean() for one in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 3)


def threshold_for_precision(truth: Numbers, probability: Numbers, aim: float) -> float:
    """The lowest threshold, in hundredths, at which the aimed share of what passes is right."""
    for step in range(1, 100):
        if precision_recall(truth, (probability >= step / 100).astype(float))[0] >= aim:
            return step / 100
    return 0.99


def threshold_for_recall(truth: Numbers, probability: Numbers, aim: float) -> float:
    """The highest threshold, in hundredths, that still finds the aimed share."""
    for step in range(99, 0, -1):
        if precision_recall(truth, (probability >= step / 100).astype(float))[1] >= aim:
            return step / 100
    return 0.01


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; all ``None`` where the rows cannot tell."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    def contains(self, asked: float) -> bool:
        """Whether the interval does."""
        return self.low is not None and self.high is not None and self.low <= asked <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one group of labelled rows says: of the alerts, of the tiers alert and digest together, of the order."""

    rows: int
    complaints: int
    alerts: int
    precision: Figure
    recall: Figure
    f1: float | None
    macro_f1: Figure
    auc: Figure
    ece: float
    digest_precision: Figure
    digest_recall: Figure


def measured(truth: Numbers, probability: Numbers, alerted: Numbers, listed: Numbers, seed: int = 13) -> Measured:
    """All measures of at least one row, with 95 % percentile bootstrap intervals over rows (1,000 resamples).

    ``alerted`` is 1 for rows at or above the alert threshold, ``listed`` for those at or above the digest threshold.
    What needs complaints and others, but has only one kind, cannot be told. A share of exactly none or all has the
    same value in every resample, so there the bound of the Wilson interval is taken.
    """
    ranked = _Ranked(truth, probability, alerted, listed)
    found = {name: float(one[0]) for name, one in ranked.figures(np.ones((1, len(truth)))).items()}
    parts = [ranked.figures(weights) for weights in resamples(len(truth), seed)]
    spread = {name: np.concatenate([part[name] for part in parts]) for name in found}
    figures = {name: _figure(value, spread[name]) for name, value in found.items()}
    complaints, alerts, right = int(truth.sum()), int(alerted.sum()), int((truth * alerted).sum())
    found_at_all = int((truth * listed).sum())
    if not 0 < complaints < len(truth):
        figures |= dict.fromkeys(("precision", "f1", "macro_f1", "auc", "digest_precision"), Figure())
    return Measured(
        rows=len(truth),
        complaints=complaints,
        alerts=alerts,
        precision=_widened(figures["precision"], Share(right, alerts)),
        recall=_widened(figures["recall"], Share(right, complaints)),
        f1=figures["f1"].value,
        macro_f1=figures["macro_f1"],
        auc=figures["auc"],
        ece=calibration_error(truth, probability),
        digest_precision=_widened(figures["digest_precision"], Share(found_at_all, int(listed.sum()))),
        digest_recall=_widened(figures["digest_recall"], Share(found_at_all, complaints)),
    )


def resamples(rows: int, seed: int, times: int = RESAMPLES) -> Iterator[Numbers]:
    """How often each row is in each of ``times`` resamples, in parts of shape (resamples, rows)."""
    chance = np.random.default_rng(seed)
    step = max(1, min(times, AT_ONCE // rows))
    for start in range(0, times, step):
        many = min(step, times - start)
        picks = chance.integers(0, rows, (many, rows)) + rows * np.arange(many)[:, None]
        yield np.bincount(picks.ravel(), minlength=many * rows).reshape(many, rows).astype(float)


class _Ranked:
    """Rows in the order of their probabilities, so that many weightings of them are measured at once."""

    def __init__(self, truth: Numbers, probability: Numbers, alerted: Numbers, listed: Numbers) -> None:
        self._order = np.argsort(probability, kind="stable")
        self._truth, self._alerted, self._listed = truth, alerted, listed
        self._starts = np.flatnonzero(np.diff(probability[self._order], prepend=-1.0))

    def figures(self, weights: Numbers) -> dict[str, Numbers]:
        """Every measure for each row of weights; NaN where it cannot be told."""
        rows, ones, said = weights.sum(1), weights @ self._truth, weights @ self._alerted
        hits, both = weights @ (self._truth * self._alerted), weights @ (self._truth * self._listed)
        f1 = _ratio(2 * hits, said + ones)
        f1_of_others = _ratio(2 * (rows - said - ones + hits), 2 * rows - said - ones)
        return {
            "precision": _ratio(hits, said),
            "recall": _ratio(hits, ones),
            "f1": f1,
            "macro_f1": (f1 + f1_of_others) / 2,
            "auc": self._auc(weights),
            "digest_precision": _ratio(both, weights @ self._listed),
            "digest_recall": _ratio(both, ones),
        }

    def _auc(self, weights: Numbers) -> Numbers:
        ones = np.add.reduceat((weights * self._truth)[:, self._order], self._starts, axis=1)
        noughts = np.add.reduceat((weights * (1 - self._truth))[:, self._order], self._starts, axis=1)
        below = np.cumsum(noughts, axis=1) - noughts / 2
        return _ratio((ones * below).sum(1), ones.sum(1) * noughts.sum(1))


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _figure(value: float, spread: Numbers) -> Figure:
    if np.isnan(value):
        return Figure()
    low, high = np.nanquantile(spread, (0.025, 0.975))
    return Figure(value, float(low), float(high))


def _widened(figure: Figure, share: Share) -> Figure:
    if figure.value not in (0.0, 1.0):
        return figure
    return Figure(figure.value, *share.interval)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with a probability from ``low`` up to ``high``; ``probability`` is their mean."""

    low: float
    high: float
    probability: float
    share: Share


def reliability(truth: Numbers, probability: Numbers, bins: int = 10) -> list[Bin]:
    """What share of the rows with about the same probability were complaints; bins without a row are left out."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    parts = [(number, place == number) for number in range(bins) if (place == number).any()]
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            float(probability[part].mean()),
            Share(int(truth[part].sum()), int(part.sum())),
        )
        for number, part in parts
    ]


@dataclass(frozen=True, slots=True)
class Point:
    """What precision and recall would be with a threshold."""

    threshold: float
    precision: float
    recall: float


def curve(truth: Numbers, probability: Numbers) -> list[Point]:
    """Precision and recall from the highest threshold to the lowest, thinned out evenly in recall's direction."""
    order = np.argsort(-probability, kind="stable")
    sure, right = probability[order], np.cumsum(truth[order])
    ends = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)
    if len(ends) > MOST_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, MOST_POINTS).round().astype(int))]
    ones = max(float(truth.sum()), 1.0)
    return [Point(float(sure[end]), float(right[end] / (end + 1)), float(right[end] / ones)) for end in ends]
