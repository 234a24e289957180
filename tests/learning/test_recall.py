"""Estimates of recall: by hand, and by drawing hundreds of samples from posts whose labels are all known."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from monitor.core.verdict import Label, Score, Thresholds, judge
from monitor.learning.recall import Unlabelled, estimate
from monitor.learning.sample import Design, Judged, Key, Part, draw

DATA = Path(__file__).parents[3] / "shared" / "data" / "complaints"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def key(number: int) -> Key:
    return ("social", str(number), "Acme")


def design(*parts: tuple[str, int, Iterable[int]]) -> Design:
    """A design of (tier, posts, numbers of the posts drawn)."""
    strata = tuple(
        Part(name=tier, tier=tier, posts=posts, expected_complaints=0, sample=tuple(map(key, drawn)))  # type: ignore[arg-type]
        for tier, posts, drawn in parts
    )
    alerted = sum(part.posts for part in strata if part.tier == "alert")
    every = sum(part.posts for part in strata)
    return Design(since=NOW, until=NOW, brand=None, seed=1, models={}, posts=every, alerted=alerted, strata=strata)


def labels(complaints: Iterable[int], others: Iterable[int]) -> dict[Key, bool]:
    return {key(n): True for n in complaints} | {key(n): False for n in others}


def test_recall_is_what_was_alerted_of_all_complaints() -> None:
    drawn = design(("alert", 100, range(10)), ("digest", 60, range(10, 20)), ("ignored", 1_000, range(20, 40)))
    found = estimate(drawn, labels([*range(8), *range(10, 15), 20], [8, 9, *range(15, 20), *range(21, 40)]))
    assert found.precision.value == 0.8
    assert found.missed.value == 60 * 0.5 + 1_000 / 20
    assert found.recall.value == pytest.approx(80 / (80 + 30 + 50))
    assert found.digest_recall.value == pytest.approx((80 + 30) / (80 + 30 + 50))
    assert [(one.labelled, one.complaints, one.estimated) for one in found.strata] == [
        (10, 8, 80),
        (10, 5, 30),
        (20, 1, 50),
    ]
    for figure in (found.recall, found.digest_recall, found.precision, found.missed):
        assert figure.value is not None
        assert figure.contains(figure.value)


def test_no_complaint_among_a_few_is_no_proof_that_there_is_none() -> None:
    drawn = design(("alert", 100, range(20)), ("ignored", 10_000, range(20, 60)))
    found = estimate(drawn, labels(range(20), range(20, 60)))
    assert found.recall.value == 1.0
    assert found.recall.high == 1.0
    assert found.recall.low is not None
    assert found.recall.low < 0.25, "a bootstrap would have said 1.0"


def test_what_is_labelled_to_the_last_post_is_certain() -> None:
    drawn = design(("alert", 10, range(10)), ("ignored", 20, range(10, 30)))
    found = estimate(drawn, labels([*range(8), 10, 11], [8, 9, *range(12, 30)]))
    assert (found.recall.low, found.recall.value, found.recall.high) == (0.8, 0.8, 0.8)


def test_more_labels_make_the_interval_narrower() -> None:
    widths = []
    for count in (10, 100):
        drawn = design(("alert", 1_000, range(count)), ("ignored", 5_000, range(count, 2 * count)))
        half, tenth = count // 2, count // 10
        known = labels(
            [*range(half), *range(count, count + tenth)], [*range(half, count), *range(count + tenth, 2 * count)]
        )
        found = estimate(drawn, known).recall
        widths.append((found.high or 0) - (found.low or 0))
    assert widths[1] < widths[0] / 2


def test_a_post_without_a_label_counts_for_nothing() -> None:
    drawn = design(("alert", 100, range(10)), ("ignored", 100, range(10, 20)))
    found = estimate(drawn, labels([0, 1, 10], [2, 3, 11, 12, 13]))
    assert [one.labelled for one in found.strata] == [4, 4]
    assert found.recall.value == pytest.approx(50 / 75)


def test_without_any_complaint_or_alert_there_is_no_share_of_them() -> None:
    found = estimate(design(("ignored", 100, range(10))), labels([], range(10)))
    assert (found.recall.value, found.precision.value, found.missed.value) == (None, None, 0)


def test_a_stratum_nobody_labelled_is_named() -> None:
    drawn = design(("alert", 100, range(10)), ("ignored", 5_000, range(10, 20)))
    with pytest.raises(Unlabelled, match=r"none of the 10 posts drawn from the stratum 'ignored' .* its 5,000 posts"):
        estimate(drawn, labels(range(10), []))


@dataclass(frozen=True)
class Simulated:
    """What many samples of posts with known labels gave."""

    coverage: float
    bias: float


def simulated(posts: Sequence[Judged], truth: Mapping[Key, bool], size: int, samples: int) -> Simulated:
    """Draw and estimate over and over, and compare with the recall there is."""
    alerted = [key(post.mention) for post in posts if post.label is Label.COMPLAINT]
    recall = sum(truth[one] for one in alerted) / sum(truth.values())
    found = []
    for seed in range(samples):
        drawn = draw(posts, size, seed)
        keys = {mention: key(mention) for mention in drawn.shuffled(seed)}
        known = drawn.design(keys, since=NOW, until=NOW, brand=None, seed=seed)
        found.append(estimate(known, {one: truth[one] for one in keys.values()}).recall)
    values = [figure.value for figure in found if figure.value is not None]
    return Simulated(sum(figure.contains(recall) for figure in found) / samples, sum(values) / len(values) - recall)


def judged(scores: Iterable[float], thresholds: Thresholds) -> list[Judged]:
    verdicts = (judge(Score(complaint=score), "test@1", thresholds, NOW) for score in scores)
    return [Judged(number, one.label, one.complaint, one.model) for number, one in enumerate(verdicts)]


@pytest.mark.parametrize("error", [0.0, 0.02], ids=["scores right", "scores too low"])
def test_intervals_hold_the_truth_on_invented_numbers(error: float) -> None:
    chance = Random(5)
    scores = [chance.betavariate(0.12, 1.2) for _ in range(4_000)]
    truth = {key(number): chance.random() < score + error for number, score in enumerate(scores)}
    found = simulated(judged(scores, Thresholds(digest=0.11, alert=0.65)), truth, size=150, samples=100)
    assert found.coverage >= 0.9
    assert abs(found.bias) <= 0.03


@pytest.fixture(scope="session")
def real_posts() -> tuple[list[Judged], dict[Key, bool]]:
    """Public labelled posts, as the shipped model judges them."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is not there: the simulation on real posts needs it")
    from monitor.classifiers import onnx
    from monitor.core.text import clean

    lines = [line for part in ("test", "val") for line in (DATA / f"{part}.jsonl").read_bytes().splitlines()]
    rows = [row for row in map(json.loads, lines) if row["complaint"] is not None]
    model = onnx.create(onnx.Options())
    scores = [score.complaint for score in model.score([clean(row["text"]) for row in rows])]
    truth = {key(number): bool(row["complaint"]) for number, row in enumerate(rows)}
    return judged(scores, model.cutoffs.of("en")), truth


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_intervals_hold_the_truth_on_real_posts(real_posts: tuple[list[Judged], dict[Key, bool]]) -> None:
    found = simulated(*real_posts, size=150, samples=200)
    print(f"recall of 200 samples of 150 posts: coverage {found.coverage:.3f}, bias {found.bias:+.4f}")
    assert found.coverage >= 0.9
    assert abs(found.bias) <= 0.03
