"""Classify: give every stored mention that waits for one a verdict."""

import logging
from collections.abc import Sequence
from datetime import datetime

from monitor.core.calibration import Cutoffs
from monitor.core.errors import ModelError
from monitor.core.verdict import Score, judge
from monitor.ports import Classifier, Store, Unjudged

log = logging.getLogger(__name__)

BATCH = 64
PLAIN = "hello"
"""A text that no working classifier stumbles over."""


def classify(classifier: Classifier, cutoffs: Cutoffs, store: Store, now: datetime, limit: int = BATCH) -> int:
    """Judge one batch and return its size; 0 means nothing waits.

    A classifier that fails raises ``ModelError``: the mentions wait, and nothing downstream guesses. A single text it
    cannot do is set aside.
    """
    waiting = store.unjudged(limit)
    if not waiting:
        return 0
    scores = _scores(classifier, waiting)
    verdicts = [
        (mention, judge(score, classifier.model, cutoffs.of(score.language), now)) for mention, score in scores.items()
    ]
    with store.begin() as transaction:
        transaction.add_verdicts(verdicts)
        transaction.set_aside(item.mention for item in waiting if item.mention not in scores)
    return len(waiting)


def _scores(classifier: Classifier, waiting: Sequence[Unjudged]) -> dict[int, Score]:
    """The scores by mention; without those the classifier cannot do, while it can do others."""
    try:
        return dict(
            zip([item.mention for item in waiting], _answers(classifier, [i.text for i in waiting]), strict=True)
        )
    except ModelError:
        _answers(classifier, [PLAIN])
    scores = {}
    for item in waiting:
        try:
            scores[item.mention] = _one(classifier, item.text)
        except ModelError as error:
            _answers(classifier, [PLAIN])
            log.error("mention=%s set aside: %s", item.mention, error)
    return scores


def _one(classifier: Classifier, text: str) -> Score:
    """The score of one text, asked twice: a classifier on the network may stumble over anything once."""
    try:
        return _answers(classifier, [text])[0]
    except ModelError:
        return _answers(classifier, [text])[0]


def _answers(classifier: Classifier, texts: Sequence[str]) -> Sequence[Score]:
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
