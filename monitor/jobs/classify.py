"""Classify: give every stored mention that waits for one a verdict."""

from datetime import datetime

from monitor.core.verdict import Thresholds, judge
from monitor.ports import Classifier, Store

BATCH = 64


def classify(classifier: Classifier, thresholds: Thresholds, store: Store, now: datetime, limit: int = BATCH) -> int:
    """Judge one batch and return its size; 0 means nothing waits.

    A classifier that fails raises ``ModelError``: the mentions wait, and nothing downstream guesses.
    """
    waiting = store.unjudged(limit)
    if not waiting:
        return 0
    scores = classifier.score([item.text for item in waiting])
    verdicts = [
        (item.mention, judge(score, classifier.model, thresholds, now))
        for item, score in zip(waiting, scores, strict=True)
    ]
    with store.begin() as transaction:
        transaction.add_verdicts(verdicts)
    return len(waiting)
