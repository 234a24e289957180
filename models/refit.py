"""Fits every head but the complaint's anew, on the quantized network's states and on words: seconds, no PyTorch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from models.prepare import Row
from models.recipe import OURS
from monitor.encoder import Heads, Words

States = NDArray[np.float32]

TAKEN = (*OURS, "acl", "control", "airline", "reviews", "topics", "questions", "invented", "semeval", "chatter")
MOST = {"semeval": 20_000}
MOST_OF_OTHERS = 7_000
"""Of a group so many rows at most; of tweets about anything only SemEval's have a sentiment that people labelled."""

OFTEN = 5
"""A token that fewer labelled posts have is no feature."""

BY_STATE, BY_WORD = 1 / 3.0, 2.0
"""How the two kinds of features are scaled against each other before they are regularized alike."""

HAND = 5.0
"""Labels given by hand count so many times more than those given by rule, for heads that have both."""

BOTH = ("intent", "arousal")
LOOSE = {"sentiment": 0.1, "severity": 0.1, "intent": 0.3, "arousal": 0.3}
"""How far a head may go to fit its labels (``C``)."""


def chosen_rows(rows: Sequence[Row]) -> list[Row]:
    """The labelled rows that heads are fitted to, of the large groups the first."""
    counts: Counter[str] = Counter()
    found = []
    for row in rows:
        counts[row["group"]] += 1
        if row["group"] in TAKEN and counts[row["group"]] <= MOST.get(row["group"], MOST_OF_OTHERS):
            found.append(row)
    return found


def refitted(heads: Heads, rows: Sequence[Row], states: States, ids: Sequence[Sequence[int]]) -> Heads:
    """The same complaint head, and every other one fitted to the labels of rows with these states and tokens."""
    labelled = [i for i, row in enumerate(rows) if row["topics"] or row["group"] in OURS]
    words = vocabulary([ids[i] for i in labelled])
    features = _features(states, ids, words)
    weights, bias = dict(heads.weights), dict(heads.bias)
    by_word: dict[str, States] = {}
    width = states.shape[1]
    fitted = {"topics": _topics(rows, features)}
    for name in LOOSE:
        fitted[name] = _one_of_several(name, rows, features, len(bias[name]))
    for name, (coefficients, intercepts) in fitted.items():
        weights[name], bias[name] = coefficients[:, :width] * BY_STATE, intercepts
        by_word[name] = coefficients[:, width:] * BY_WORD
    return Heads({name: _small(one) for name, one in weights.items()}, bias, words, by_word)


def vocabulary(ids: Sequence[Sequence[int]]) -> Words:
    """The tokens that enough posts have, with their rarity."""
    counts = Counter(number for one in ids for number in set(one))
    kept = sorted(number for number, count in counts.items() if count >= OFTEN)
    return Words(kept, [round(float(np.log(len(ids) / counts[number]) + 1), 4) for number in kept])


def _features(states: States, ids: Sequence[Sequence[int]], words: Words) -> csr_matrix:
    rows, columns, values = [], [], []
    for row, one in enumerate(ids):
        places, weights = words.found(one)
        rows += [row] * len(places)
        columns += places
        values += weights.tolist()
    bag = csr_matrix((values, (rows, columns)), shape=(len(ids), len(words.ids)))
    return hstack([csr_matrix(states * BY_STATE), bag * BY_WORD]).tocsr()


def _topics(rows: Sequence[Row], features: csr_matrix) -> tuple[States, States]:
    """One yes-or-no model a topic, of the rows whose label says something about it."""
    labelled = [i for i, row in enumerate(rows) if row["topics"]]
    weights, bias = [], []
    for column in range(len(rows[labelled[0]]["topics"])):
        known = [i for i in labelled if rows[i]["topics"][column] is not None]
        truth = np.array([rows[i]["topics"][column] for i in known])
        model = LogisticRegression(C=1.0, max_iter=300, class_weight="balanced").fit(features[known], truth)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return _small(np.array(weights)), _small(np.array(bias))


def _one_of_several(name: str, rows: Sequence[Row], features: csr_matrix, answers: int) -> tuple[States, States]:
    known = [i for i, row in enumerate(rows) if row[name] is not None]
    truth = np.array([rows[i][name] for i in known])
    by_hand = np.array([name in BOTH and rows[i]["group"] in OURS for i in known])
    model = LogisticRegression(C=LOOSE[name], max_iter=200, class_weight=None if name == "arousal" else "balanced")
    model.fit(features[known], truth, sample_weight=np.where(by_hand, HAND, 1.0))
    weights, bias = np.zeros((answers, features.shape[1])), np.full(answers, -8.0)
    weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return _small(weights), _small(bias)


def _small(values: NDArray[Any]) -> States:
    return np.asarray(values, dtype=np.float32)
