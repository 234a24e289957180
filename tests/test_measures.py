"""Measures agree with counts by hand, and their intervals with the plain bootstrap."""

import time

import numpy as np
import pytest

from monitor import measures
from monitor.core.calibration import Share
from monitor.measures import Figure, Numbers

ALERT, DIGEST = 0.65, 0.2


def rows(count: int, seed: int = 3, *, coarse: bool = False) -> tuple[Numbers, Numbers]:
    """Labels and probabilities that have to do with each other; ``coarse``: with many ties."""
    chance = np.random.default_rng(seed)
    probability = chance.beta(0.5, 0.7, count)
    truth = (chance.random(count) < probability).astype(float)
    return truth, np.round(probability, 1) if coarse else probability


def measured(truth: Numbers, probability: Numbers) -> measures.Measured:
    return measures.measured(
        truth, probability, (probability >= ALERT).astype(float), (probability >= DIGEST).astype(float)
    )


@pytest.mark.parametrize("coarse", [False, True], ids=["distinct", "ties"])
def test_measured_at_once_is_what_each_measure_says(coarse: bool) -> None:
    truth, probability = rows(200, coarse=coarse)
    found, said = measured(truth, probability), (probability >= ALERT).astype(float)
    precision, recall, f1 = measures.precision_recall(truth, said)
    assert (found.rows, found.complaints, found.alerts) == (200, truth.sum(), said.sum())
    assert [found.precision.value, found.recall.value, found.f1] == pytest.approx([precision, recall, f1])
    assert found.macro_f1.value == pytest.approx(measures.macro_f1(truth, said))
    assert found.auc.value == pytest.approx(measures.auc(truth, probability))
    assert found.ece == measures.calibration_error(truth, probability)
    assert found.digest_recall.value == pytest.approx(truth[probability >= DIGEST].sum() / truth.sum())
    assert found.digest_precision.value == pytest.approx(truth[probability >= DIGEST].mean())


def test_intervals_are_those_of_the_plain_bootstrap() -> None:
    truth, probability = rows(150, coarse=True)
    chance = np.random.default_rng(13)
    picks = [chance.integers(0, 150, 150) for _ in range(1_000)]
    plain = np.quantile([measures.auc(truth[pick], probability[pick]) for pick in picks], (0.025, 0.975))
    found = measured(truth, probability)
    assert [found.auc.low, found.auc.high] == pytest.approx(list(plain))
    same = measures.quality([int(one) for one in truth], list(probability), ALERT)
    assert (found.macro_f1.low, found.macro_f1.high) == pytest.approx((same.low, same.high))


def test_the_same_rows_give_the_same_intervals() -> None:
    truth, probability = rows(100)
    assert measured(truth, probability) == measured(truth, probability)


def test_resamples_are_of_the_size_of_the_rows() -> None:
    parts = list(measures.resamples(3, seed=1, times=7))
    assert sum(len(part) for part in parts) == 7
    assert all((part.sum(1) == 3).all() for part in parts)


@pytest.mark.parametrize("kind", [0.0, 1.0])
def test_what_compares_two_kinds_needs_both(kind: float) -> None:
    found = measured(np.full(30, kind), rows(30)[1])
    assert found.f1 is None
    assert found.precision == found.macro_f1 == found.auc == found.digest_precision == Figure()
    assert (found.recall.value is None) == (kind == 0)


def test_a_classifier_that_never_alerts_has_no_precision() -> None:
    truth, probability = rows(60)
    found = measured(truth, probability / 10)
    assert found.precision == Figure()
    assert (found.recall.value, found.f1) == (0.0, 0.0)
    assert found.recall.high == pytest.approx(Share(0, found.complaints).interval[1])


def test_all_right_is_not_taken_for_certainty() -> None:
    truth = np.array([1.0] * 12 + [0.0] * 12)
    found = measured(truth, truth * 0.9)
    assert (found.precision.value, found.precision.low) == (1.0, Share(12, 12).interval[0])


def test_five_thousand_rows_take_less_than_two_seconds() -> None:
    truth, probability = rows(5_000)
    begun = time.process_time()
    measured(truth, probability)
    assert time.process_time() - begun < 2


def test_reliability_by_hand() -> None:
    low, high = measures.reliability(np.array([0.0, 1.0, 1.0]), np.array([0.12, 0.18, 1.0]))
    assert (low.low, low.high, low.share) == (0.1, 0.2, Share(1, 2))
    assert low.probability == pytest.approx(0.15)
    assert (high.high, high.share) == (1.0, Share(1, 1))


def test_a_curve_by_hand() -> None:
    found = measures.curve(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert [(one.threshold, one.precision, one.recall) for one in found] == [
        (0.9, 1.0, 0.5),
        (0.5, pytest.approx(2 / 3), 1.0),
        (0.1, 0.5, 1.0),
    ]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    truth, probability = rows(3_000)
    found = measures.curve(truth, probability)
    assert len(found) <= measures.MOST_POINTS
    assert (found[0].threshold, found[-1].threshold, found[-1].recall) == (probability.max(), probability.min(), 1.0)
