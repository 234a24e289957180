"""Classify: give every stored mention that waits for one a verdict."""

import logging
from collections.abc import Sequence
from datetime import datetime

from monitor.core.errors import ModelError
from monitor.core.verdict import Score, Thresholds, judge
from monitor.ports import Classifier, Store

log = logging.getLogger(__name__)

BATCH = 64


def classify(classifier: Classifier, thresholds: Thresholds, store: Store, now: datetime, limit: int = BATCH) -> int:
    """Judge one batch and return its size; 0 means nothing waits.

    A classifier that fails raises ``ModelError``: the mentions wait, and nothing downstream guesses.
    """
    waiting = store.unjudged(limit)
    if not waiting:
        return 0
    scores = _scores(classifier, [item.text for item in waiting])
    verdicts = [
        (item.mention, judge(score, classifier.model, thresholds, now))
        for item, score in zip(waiting, scores, strict=True)
    ]
    with store.begin() as transaction:
        transaction.add_verdicts(verdicts)
    return len(waiting)


def _scores(classifier: Classifier, texts: Sequence[str]) -> Sequence[Score]:
    """The classifier's answers, or ``ModelError`` unless there is one to every text: "not a number" is not "no"."""
    try:
        scores = classifier.score(texts)
    except ModelError:
        raise
    except Exception as error:
        log.exception("model=%s failed unexpectedly", classifier.model)
        raise ModelError(f"unexpected {type(error).__name__} in {classifier.model}; please report it") from error
    if len(scores) != len(texts) or not all(0 <= score.complaint <= 1 for score in scores):
        raise ModelError(f"{classifier.model} does not answer with one probability per text; please report it")
    return scores
