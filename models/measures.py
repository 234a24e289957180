"""How right probabilities are: precision, recall, F1, area under the curve, calibration, thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


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
