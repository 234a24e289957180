"""Classify: a verdict for every mention, and none that is a guess."""

from collections.abc import Sequence

import pytest

from monitor.core.calibration import DEFAULT, Cutoffs
from monitor.core.errors import ModelError
from monitor.core.verdict import Band, Score, Thresholds
from monitor.explain import explain
from monitor.jobs.classify import classify
from monitor.testing.fakes import FakeClassifier, a_mention, crowd
from tests.jobs.pipeline import Pipeline


def test_every_waiting_mention_is_judged_once(pipeline: Pipeline) -> None:
    pipeline.collector.add(*crowd(150))
    pipeline.collect()
    cutoffs = Cutoffs.everywhere(Thresholds())
    counts = [classify(pipeline.classifier, cutoffs, pipeline.store, pipeline.clock()) for _ in range(4)]
    assert counts == [64, 64, 22, 0]
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


class Flapping(FakeClassifier):
    """Fails at the given calls, as an endpoint on the network does."""

    def __init__(self, failing: set[int]) -> None:
        super().__init__()
        self.failing = failing
        self.calls = 0

    def score(self, texts: Sequence[str]) -> list[Score]:
        self.calls += 1
        if self.calls in self.failing:
            raise ModelError("the endpoint was cut off")
        return super().score(texts)


def test_a_passing_failure_sets_no_text_aside(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme one", "1"), a_mention("Acme two", "2"))
    pipeline.collect()
    pipeline.classifier = Flapping({1, 3})
    assert pipeline.judge() == 2
    assert [row["native_id"] for row in pipeline.report.all_verdicts()] == ["1", "2"]


def test_an_outage_in_the_middle_sets_no_text_aside(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme one", "1"), a_mention("Acme two", "2"))
    pipeline.collect()
    pipeline.classifier = Flapping({1, 4, 5, 6})
    with pytest.raises(ModelError):
        pipeline.judge()
    assert len(pipeline.store.unjudged(10)) == 2


def test_each_language_is_judged_by_its_own_thresholds(pipeline: Pipeline) -> None:
    class Polyglot(FakeClassifier):
        def score(self, texts: Sequence[str]) -> list[Score]:
            return [Score(complaint=0.6, language=text.split()[-1]) for text in texts]

    pipeline.collector.add(a_mention("Acme x de", "1"), a_mention("Acme x en", "2"), a_mention("Acme x nl", "3"))
    pipeline.collect()
    cutoffs = Cutoffs({"de": Thresholds(digest=0.2, alert=0.5), DEFAULT: Thresholds(digest=0.5, alert=0.8)})
    classify(Polyglot(), cutoffs, pipeline.store, pipeline.clock())
    assert [row["label"] for row in pipeline.report.all_verdicts()] == ["complaint", "unsure", "unsure"]


def test_what_the_classifier_says_beyond_yes_or_no_is_kept(pipeline: Pipeline) -> None:
    class Talkative(FakeClassifier):
        def score(self, texts: Sequence[str]) -> list[Score]:
            band = Band(low=2, high=3, probability=0.75)
            said = Score(complaint=0.9, intent="leaving", severity=band, arousal=0.5, language="nl", is_measured=False)
            return [said] * len(texts)

    pipeline.classifier = Talkative()
    pipeline.hear([a_mention()])
    (post,) = pipeline.report.posts("1")
    (verdict,) = pipeline.report.verdicts_on(post["id"])
    assert (verdict["intent"], verdict["arousal"], verdict["language"]) == ("leaving", 0.5, "nl")
    assert verdict["severity"] == {"low": 2, "high": 3, "probability": 0.75}
    assert "not measured in this language: nl" in pipeline.wire.wire[0].why


def test_an_uncertain_post_is_kept_but_not_told(pipeline: Pipeline) -> None:
    pipeline.classifier = FakeClassifier(lambda _: 0.6)
    pipeline.hear([a_mention()])
    assert [row["label"] for row in pipeline.report.all_verdicts()] == ["unsure"]
    assert pipeline.wire.wire == []
