"""A probability becomes a label in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.verdict import Label, Score, Thresholds, judge
from monitor.testing.fakes import NOON

THRESHOLDS = Thresholds(digest=0.5, alert=0.8)


@pytest.mark.parametrize(
    ("complaint", "label"),
    [
        (0.0, Label.OTHER),
        (0.499, Label.OTHER),
        (0.5, Label.UNSURE),
        (0.799, Label.UNSURE),
        (0.8, Label.COMPLAINT),
        (1.0, Label.COMPLAINT),
    ],
)
def test_a_threshold_belongs_to_the_tier_above(complaint: float, label: Label) -> None:
    assert judge(Score(complaint=complaint), "fake@1", THRESHOLDS, NOON).label is label


def test_a_verdict_says_who_judged_when_and_about_what() -> None:
    score = Score(complaint=0.9, topics=(("delivery", 0.8), ("price", 0.3)))
    verdict = judge(score, "fake@1", THRESHOLDS, NOON)
    assert (verdict.model, verdict.at, verdict.topics, verdict.complaint) == (
        "fake@1",
        NOON,
        ("delivery", "price"),
        0.9,
    )


@pytest.mark.parametrize(("digest", "alert"), [(0.9, 0.8), (-0.1, 0.8), (0.5, 1.1), (float("nan"), 0.5)])
def test_thresholds_must_be_in_order(digest: float, alert: float) -> None:
    with pytest.raises(ValueError, match="digest <= alert"):
        Thresholds(digest=digest, alert=alert)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_likelier_complaint_is_never_in_a_lower_tier(first: float, second: float, middle: float) -> None:
    low, high = sorted([first, second])
    thresholds = Thresholds(digest=middle / 2, alert=middle)
    tiers = [Label.OTHER, Label.UNSURE, Label.COMPLAINT]
    labels = [judge(Score(complaint=p), "m", thresholds, NOON).label for p in (low, high)]
    assert tiers.index(labels[0]) <= tiers.index(labels[1])
