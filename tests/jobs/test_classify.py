"""Classify: a verdict for every mention, and none that is a guess."""

import pytest

from monitor.core.errors import ModelError
from monitor.core.verdict import Thresholds
from monitor.explain import explain
from monitor.jobs.classify import classify
from monitor.testing.fakes import FakeClassifier, a_mention, crowd
from tests.jobs.pipeline import Pipeline


def test_every_waiting_mention_is_judged_once(pipeline: Pipeline) -> None:
    pipeline.collector.add(*crowd(150))
    pipeline.collect()
    assert [classify(pipeline.classifier, Thresholds(), pipeline.store, pipeline.clock()) for _ in range(4)] == [
        64,
        64,
        22,
        0,
    ]
    assert len(pipeline.classifier.seen) == 150


def test_verdicts_carry_model_time_and_topics(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme price and delivery!!"), a_mention("Acme is fine", "2"), a_mention("Acme?", "3")])
    (post,) = pipeline.report.posts("1")
    (verdict,) = pipeline.report.verdicts_on(post["id"])
    assert (verdict["model"], verdict["label"], verdict["topics"], verdict["at"]) == (
        "fake@1",
        "complaint",
        ["delivery", "price"],
        pipeline.clock(),
    )
    assert [row["label"] for row in pipeline.report.all_verdicts()] == ["complaint", "other", "other"]


@pytest.mark.parametrize(
    "classifier",
    [
        FakeClassifier(error=ModelError("the model is cut off")),
        FakeClassifier(error=RuntimeError("a bug")),
        FakeClassifier(error=MemoryError()),
        FakeClassifier(lambda _: float("nan")),
        FakeClassifier(lambda _: 1.5),
        FakeClassifier(lambda _: -0.1),
    ],
    ids=["broken", "a bug", "no memory", "not a number", "above one", "below zero"],
)
def test_with_a_broken_classifier_mentions_wait(pipeline: Pipeline, classifier: FakeClassifier) -> None:
    pipeline.collector.add(a_mention(), a_mention("Acme again!!", "2"))
    pipeline.collect()
    healthy, pipeline.classifier = pipeline.classifier, classifier
    with pytest.raises(ModelError, match=r"cut off|please report"):
        pipeline.judge()
    assert len(pipeline.store.unjudged(10)) == 2
    assert pipeline.triage().filed == 0
    pipeline.classifier = healthy
    assert pipeline.judge() == 2


def test_a_classifier_that_forgets_an_answer_is_broken(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.collector.add(a_mention())
    pipeline.collect()
    monkeypatch.setattr(FakeClassifier, "score", lambda *_: [])
    with pytest.raises(ModelError, match="one probability per text"):
        pipeline.judge()
    assert len(pipeline.store.unjudged(10)) == 1


def stumble(text: str) -> float:
    if "Zalgo" in text:
        raise RecursionError(text)
    return 0.9


def test_a_text_the_classifier_stumbles_over_is_set_aside_and_the_others_are_judged(pipeline: Pipeline) -> None:
    pipeline.classifier = FakeClassifier(stumble)
    pipeline.hear([a_mention("Acme one", "1"), a_mention("Acme Zalgo", "2"), a_mention("Acme three", "3")])
    assert [row["native_id"] for row in pipeline.report.all_verdicts()] == ["1", "3"]
    assert pipeline.told() == {"team": [["1", "3"]]}
    assert pipeline.judge() == 0, "it does not wait"
    story = explain(pipeline.report, "2", pipeline.rules, pipeline.clock())
    assert story[-1] == "judged     not: the classifier cannot do it"


def test_a_classifier_that_cannot_do_a_plain_text_sets_nothing_aside(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme one", "1"), a_mention("Acme Zalgo", "2"))
    pipeline.collect()
    pipeline.classifier = FakeClassifier(lambda text: 0.9 if text == "Acme one" else float("nan"))
    with pytest.raises(ModelError):
        pipeline.judge()
    assert len(pipeline.store.unjudged(10)) == 2
    pipeline.classifier = FakeClassifier()
    assert pipeline.judge() == 2


def test_an_uncertain_post_is_kept_but_not_told(pipeline: Pipeline) -> None:
    pipeline.classifier = FakeClassifier(lambda _: 0.6)
    pipeline.hear([a_mention()])
    assert [row["label"] for row in pipeline.report.all_verdicts()] == ["unsure"]
    assert pipeline.wire.wire == []
