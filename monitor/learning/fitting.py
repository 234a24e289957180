"""Fits the complaint head of a model to a user's own labels: logistic regression that starts from what is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FOLDS = 5
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""How strongly the head is held to where it was; which is best is found out by cross-validation."""

ROUNDS = 30

FORGONE = 0.1
"""So much of the possible gain is given up for a head that stays closer to where it was."""


@dataclass(frozen=True)
class Rows:
    """Pooled states of shape (rows, width), 1 for complaints and 0 for others, and how much each row counts."""

    states: Numbers
    truth: Numbers
    weight: Numbers

    @classmethod
    def of_equal_weight(cls, states: Numbers, truth: Numbers) -> "Rows":
        return cls(states, truth, np.ones(len(truth)))

    def of(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        return Rows(self.states[chosen], self.truth[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Fitted:
    """A complaint head, ``weights`` of shape (width,), and what cross-validation says about it.

    ``probability`` holds, for each row trained on, what a head that had not seen it says.
    """

    weights: Numbers
    bias: float
    strength: float
    probability: Numbers


def fit(
    rows: Rows, weights: Numbers, bias: float, also: Rows | None = None, least: float = 0.0, seed: int = 13
) -> Fitted:
    """The head that fits rows best without straying far from ``weights`` and ``bias``.

    ``also`` are rows that it must not forget: all of them together weigh as much as ``rows``. The tie to the old head
    is the strongest, and at least ``least``, whose out-of-fold log-loss is within one standard error of the best, or
    has nine tenths of the possible gain: few labels move little.
    """
    fold = np.random.default_rng(seed).permutation(len(rows.truth)) % FOLDS
    tried = {}
    for strength in (one for one in STRENGTHS if one >= least):
        found = np.empty(len(rows.truth))
        for out in range(FOLDS):
            w, b = _newton(_joined(rows.of(fold != out), also), weights, bias, strength)
            found[fold == out] = _sigmoid(rows.states[fold == out] @ w + b)
        tried[strength] = (_losses(rows.truth, found), found)
    lowest = min((losses for losses, _ in tried.values()), key=lambda losses: float(losses.mean()))
    gain = log_loss(rows.truth, _sigmoid(rows.states @ weights + bias)) - lowest.mean()
    bound = lowest.mean() + max(lowest.std() / np.sqrt(len(lowest)), FORGONE * gain)
    strength = max(strength for strength, (losses, _) in tried.items() if losses.mean() <= bound)
    w, b = _newton(_joined(rows, also), weights, bias, strength)
    return Fitted(w, b, strength, tried[strength][1])


def _joined(rows: Rows, also: Rows | None) -> Rows:
    """Both, the second weighted down to no more than the first."""
    if also is None or not len(also.truth):
        return rows
    weight = min(1.0, len(rows.truth) / len(also.truth))
    return Rows(
        np.concatenate([rows.states, also.states]),
        np.concatenate([rows.truth, also.truth]),
        np.concatenate([rows.weight, also.weight * weight]),
    )


def scaling(truth: Numbers, logits: Numbers) -> tuple[float, float]:
    """Slope and offset that turn logits into the likeliest probabilities (Platt scaling, held weakly to 1 and 0)."""
    weights, offset = _newton(Rows.of_equal_weight(logits[:, None], truth), np.ones(1), 0.0, 1.0)
    return float(weights[0]), offset


def log_loss(truth: Numbers, probability: Numbers) -> float:
    """The mean negative log-likelihood of the truth."""
    return float(_losses(truth, probability).mean())


def is_held_back(fingerprints: Sequence[str], share: float = 0.3) -> NDArray[np.bool_]:
    """Which rows are kept for judging and never trained on: the same ones again when more labels come."""
    return np.array([int(one[:8], 16) / 0x1_0000_0000 < share for one in fingerprints])


def _losses(truth: Numbers, probability: Numbers) -> Numbers:
    safe = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(-(truth * np.log(safe) + (1 - truth) * np.log(1 - safe)))


def _newton(rows: Rows, weights: Numbers, bias: float, strength: float) -> tuple[Numbers, float]:
    """Newton's method with halved steps on the log-loss plus ``strength / 2`` times the squared way from the start."""
    start = np.append(weights, bias).astype(float)
    states = np.column_stack([rows.states, np.ones(len(rows.truth))]).astype(float)
    tie = np.append(np.full(len(weights), strength), 1e-3)

    def cost(head: Numbers) -> float:
        logits = states @ head
        losses = rows.weight * (np.logaddexp(0, logits) - rows.truth * logits)
        return float(losses.sum() + 0.5 * (tie * (head - start) ** 2).sum())

    now, paid = start.copy(), cost(start)
    for _ in range(ROUNDS):
        probability = _sigmoid(states @ now)
        slope = states.T @ (rows.weight * (probability - rows.truth)) + tie * (now - start)
        spread = rows.weight * probability * (1 - probability)
        step = np.linalg.solve((states * spread[:, None]).T @ states + np.diag(tie), slope)
        while float(np.abs(step).max()) > 1e-6 and cost(now - step) > paid:
            step = step / 2
        now, paid = now - step, cost(now - step)
        if float(np.abs(step).max()) < 1e-5:
            break
    return now[:-1], float(now[-1])


def _sigmoid(logits: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -40, 40))))
