"""Fits the heads anew on the quantized network's own states: linear models that need seconds and no PyTorch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from models.prepare import Row
from monitor.encoder import Heads
from monitor.measures import precision_recall

States = NDArray[np.float32]

TAKEN = ("acl", "control", "airline", "reviews", "topics", "questions", "own", "hard", "invented", "semeval", "chatter")
MOST = 7_000
"""Of a group so many rows at most."""

FOLDS = 3
STRENGTH = {"topics": 1.0, "sentiment": 0.3, "intent": 1.0, "severity": 0.1, "arousal": 0.3}
"""The inverse of the regularization; chosen by hand, of the validation part only the topics'."""

HAND = 5.0
"""Labels given by hand count so many times more than those given by rule."""


def chosen_rows(rows: Sequence[Row]) -> list[Row]:
    """The labelled rows that heads are fitted to, of the large groups the first."""
    counts: dict[str, int] = {}
    found = []
    for row in rows:
        counts[row["group"]] = counts.get(row["group"], 0) + 1
        if row["group"] in TAKEN and counts[row["group"]] <= MOST:
            found.append(row)
    return found


def refitted(heads: Heads, rows: Sequence[Row], states: States) -> Heads:
    """The same complaint head, and every other one fitted to the labels of rows with these states."""
    weights, bias = dict(heads.weights), dict(heads.bias)
    weights["topics"], bias["topics"] = _topics(rows, states)
    for name in ("sentiment", "intent", "severity", "arousal"):
        weights[name], bias[name] = _one_of_several(name, rows, states, len(bias[name]))
    return Heads(weights, bias)


def _topics(rows: Sequence[Row], states: States) -> tuple[States, States]:
    """One yes-or-no model a topic, its bias shifted to where F1 is best at a probability of 0.5."""
    labelled = [i for i, row in enumerate(rows) if row["topics"]]
    columns = len(rows[labelled[0]]["topics"])
    weights, bias = [], []
    for column in range(columns):
        known = [i for i in labelled if rows[i]["topics"][column] is not None]
        truth = np.array([rows[i]["topics"][column] for i in known])
        model = LogisticRegression(C=STRENGTH["topics"], max_iter=300, class_weight=_mild(truth))
        said = cross_val_predict(model, states[known], truth, cv=FOLDS, method="decision_function")
        model.fit(states[known], truth)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0] - _best_cut(truth, said))
    return np.array(weights, dtype=np.float32), np.array(bias, dtype=np.float32)


def _mild(truth: NDArray[np.int64]) -> dict[int, float]:
    """Rare answers count more, by the root of their rarity."""
    share = float(truth.mean())
    return {0: 1.0, 1: ((1 - share) / max(share, 1e-3)) ** 0.5}


def _best_cut(truth: NDArray[np.int64], said: NDArray[np.float64]) -> float:
    cuts = np.quantile(said, np.linspace(0.3, 0.999, 150))
    scores = [precision_recall(truth.astype(float), (said >= cut).astype(float))[2] for cut in cuts]
    return float(cuts[int(np.argmax(scores))])


def _one_of_several(name: str, rows: Sequence[Row], states: States, answers: int) -> tuple[States, States]:
    known = [i for i, row in enumerate(rows) if row[name] is not None]
    truth = np.array([rows[i][name] for i in known])
    by_hand = np.array([rows[i]["group"] in ("own", "hard") or name in ("sentiment", "severity") for i in known])
    model = LogisticRegression(C=STRENGTH[name], max_iter=300, class_weight="balanced" if name != "arousal" else None)
    model.fit(
        states[known], truth, sample_weight=np.where(by_hand, HAND, 1.0) if name in ("intent", "arousal") else None
    )
    weights, bias = np.zeros((answers, states.shape[1])), np.full(answers, -8.0)
    weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weights.astype(np.float32), bias.astype(np.float32)
