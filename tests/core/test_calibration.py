"""Thresholds that follow from counts of labelled posts, and intervals that do not boast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.calibration import DEFAULT, STEPS, Aim, Calibration, Cutoffs, Share, counted, step_of
from monitor.core.verdict import Thresholds

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300)


def graded() -> Calibration:
    """One hundred posts at each hundredth; at probability p, p of them are complaints."""
    return Calibration(complaints=tuple(range(STEPS)), others=tuple(STEPS - n for n in range(STEPS)))


@pytest.mark.parametrize(("hits", "of", "low", "high"), [(8, 10, 0.490, 0.943), (0, 20, 0.0, 0.161), (0, 0, 0.0, 1.0)])
def test_intervals_are_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert list(Share(hits, of).interval) == pytest.approx([low, high], abs=5e-4)


def test_a_share_says_how_sure_it_is() -> None:
    assert str(Share(8, 10)) == "80% (49% to 94% of 10)"


def test_a_precision_is_kept_from_the_threshold_up() -> None:
    calibration = graded()
    threshold = calibration.for_precision(0.9)
    assert calibration.precision(threshold).value >= 0.9
    assert calibration.precision(threshold - 0.01).value < 0.9


def test_a_precision_that_is_never_reached_needs_an_impossible_threshold() -> None:
    assert counted([(0.99, False), (0.98, True)] * 50).for_precision(0.9) == 1.0


def test_a_few_lucky_posts_at_the_top_set_no_threshold() -> None:
    few = [(0.99, True)] * 5 + [(0.5, False)] * 100
    assert counted(few).for_precision(0.9) == 1.0


@given(PAIRS, st.floats(0.05, 0.99))
def test_a_recall_is_kept(pairs: list[tuple[float, bool]], aim: float) -> None:
    calibration = counted(pairs)
    threshold = calibration.for_recall(aim)
    if any(complaint and probability >= 0.01 for probability, complaint in pairs) and threshold > 0.01:
        assert calibration.recall(threshold).value >= aim


@given(PAIRS)
def test_every_post_is_counted_once(pairs: list[tuple[float, bool]]) -> None:
    calibration = counted(pairs)
    assert calibration.rows == len(pairs)
    assert calibration.precision(0).of == len(pairs)


def test_the_digest_never_starts_above_the_alerts() -> None:
    for aim in (Aim(precision=0.6), Aim(recall=0.99), Aim(precision=0.95, digest_recall=0.5)):
        thresholds = graded().thresholds(aim)
        assert thresholds.digest <= thresholds.alert


def test_an_aim_must_aim_at_something() -> None:
    with pytest.raises(ValueError, match="precision or recall"):
        graded().thresholds(Aim())


def test_counts_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="100 counts"):
        Calibration(complaints=(1,), others=(2,))


@pytest.mark.parametrize(("probability", "step"), [(0.0, 0), (0.29, 29), (0.999, 99), (1.0, 99)])
def test_a_probability_has_its_hundredth(probability: float, step: int) -> None:
    assert step_of(probability) == step


def test_a_language_without_its_own_thresholds_gets_the_default() -> None:
    german, rest = Thresholds(digest=0.2, alert=0.5), Thresholds(digest=0.3, alert=0.8)
    cutoffs = Cutoffs({"de": german, DEFAULT: rest})
    assert (cutoffs.of("de"), cutoffs.of("nl"), cutoffs.of(None)) == (german, rest, rest)
