"""A complaint head that learns from a few labels without forgetting the rest."""

import numpy as np
import pytest

from monitor.core.text import fingerprint
from monitor.learning.fitting import Fitted, Numbers, Rows, fit, is_held_back, log_loss, scaling

WIDTH = 8


def cloud(rows: int, direction: Numbers, seed: int) -> tuple[Numbers, Numbers]:
    """Random states, and truths that follow a direction with noise."""
    chance = np.random.default_rng(seed)
    states = chance.normal(size=(rows, WIDTH))
    truth = (states @ direction + chance.normal(scale=0.5, size=rows) > 0).astype(float)
    return states, truth


def test_a_head_turns_towards_new_labels() -> None:
    old, new = np.eye(WIDTH)[0] * 3, np.eye(WIDTH)[1] * 3
    states, truth = cloud(400, new, 1)
    fitted = fit(Rows.of_equal_weight(states, truth), old, 0.0)
    unseen, answer = cloud(400, new, 2)
    right = ((unseen @ fitted.weights + fitted.bias > 0) == (answer == 1)).mean()
    assert right > 0.85
    assert ((unseen @ old > 0) == (answer == 1)).mean() < 0.65


def test_a_few_labels_do_not_carry_it_away() -> None:
    old = np.eye(WIDTH)[0] * 3
    states, truth = cloud(12, old, 3)
    truth[:3] = 1 - truth[:3]
    fitted = fit(Rows.of_equal_weight(states, truth), old, 0.0)
    unseen, answer = cloud(400, old, 4)
    assert ((unseen @ fitted.weights + fitted.bias > 0) == (answer == 1)).mean() > 0.85


def test_what_is_rehearsed_is_not_forgotten() -> None:
    old = np.eye(WIDTH)[0] * 3
    chance = np.random.default_rng(9)
    states = chance.normal(size=(60, WIDTH)) * 0.3 + np.eye(WIDTH)[1] * 3
    rows = Rows.of_equal_weight(states, (states[:, 2] > 0).astype(float))
    also = Rows.of_equal_weight(*cloud(600, old, 10))
    unseen, answer = cloud(400, old, 11)

    def right(fitted: Fitted) -> float:
        return float(((unseen @ fitted.weights + fitted.bias > 0) == (answer == 1)).mean())

    assert right(fit(rows, old, 0.0, also)) > max(0.9, right(fit(rows, old, 0.0)))


def test_what_cross_validation_says_comes_from_heads_that_had_not_seen_the_row() -> None:
    states, _ = cloud(200, np.eye(WIDTH)[0], 5)
    noise = np.random.default_rng(6).integers(0, 2, 200).astype(float)
    fitted = fit(Rows.of_equal_weight(states, noise), np.zeros(WIDTH), 0.0)
    assert log_loss(noise, fitted.probability) > 0.65


def test_probabilities_are_put_right() -> None:
    chance = np.random.default_rng(7)
    logits = chance.normal(scale=2, size=4_000)
    truth = (chance.random(4_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))).astype(float)
    slope, offset = scaling(truth, logits)
    assert [slope, offset] == pytest.approx([0.5, -1], abs=0.12)


def test_one_sided_labels_break_nothing() -> None:
    states, _ = cloud(20, np.eye(WIDTH)[0], 8)
    fitted = fit(Rows.of_equal_weight(states, np.ones(20)), np.zeros(WIDTH), 0.0)
    assert np.isfinite(fitted.weights).all()
    assert np.isfinite(scaling(np.ones(20), np.linspace(-3, 3, 20))).all()


def test_the_same_rows_are_held_back_again() -> None:
    marks = [fingerprint(f"post {number}") for number in range(1_000)]
    held = is_held_back(marks)
    assert 0.25 < held.mean() < 0.35
    assert (held[:100] == is_held_back(marks[:100])).all()
