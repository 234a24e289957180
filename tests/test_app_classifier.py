"""The configured classifier: thresholds by hand, by aim or its own, and words that never hold back an alert."""

from collections.abc import Mapping, Sequence

import pytest

from monitor.app import LazyClassifier, build_cutoffs
from monitor.core.calibration import Calibration, counted
from monitor.core.errors import ConfigError
from monitor.core.verdict import Score, Thresholds, Word
from monitor.ports import Classifier
from monitor.settings import AimSettings, ClassifierSettings
from monitor.testing.fakes import FakeClassifier

EVEN = counted([(step / 100, step > 50 or step % 3 == 0) for step in range(100) for _ in range(20)])
HOPELESS = counted([(0.9, False), (0.9, True)] * 100)


class Measured(FakeClassifier):
    def __init__(self, counts: Mapping[str, Calibration]) -> None:
        super().__init__()
        self.counts = counts

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return dict(self.counts)


def settings(**given: object) -> ClassifierSettings:
    return ClassifierSettings.model_validate({"use": "fake", **given})


def test_an_aim_sets_the_thresholds_of_each_language() -> None:
    cutoffs = build_cutoffs(Measured({"en": EVEN, "de": EVEN}), settings(aim={"precision": 0.95}))
    assert cutoffs.of("en") == cutoffs.of("de") == cutoffs.of("nl")
    assert EVEN.precision(cutoffs.of("en").alert).value >= 0.95


def test_a_language_that_cannot_keep_the_aim_gets_the_thresholds_of_the_first() -> None:
    cutoffs = build_cutoffs(Measured({"en": EVEN, "de": HOPELESS}), settings(aim={"precision": 0.95}))
    assert cutoffs.of("de") == cutoffs.of("en")


def test_an_aim_that_cannot_be_kept_is_an_error_with_the_best_there_is() -> None:
    with pytest.raises(ConfigError, match=r"precision of 0\.95 is reached at no threshold; the best is 0\.50"):
        build_cutoffs(Measured({"en": HOPELESS}), settings(aim={"precision": 0.95}))


def test_an_aim_without_figures_is_an_error() -> None:
    with pytest.raises(ConfigError, match="nobody has measured how right fake@1 is"):
        build_cutoffs(FakeClassifier(), settings(aim={"recall": 0.9}))


def test_thresholds_by_hand_win() -> None:
    cutoffs = build_cutoffs(Measured({"en": EVEN}), settings(aim={"recall": 0.9}, alert=0.77, digest=0.33))
    assert cutoffs.of("en") == Thresholds(digest=0.33, alert=0.77)


@pytest.mark.parametrize("aim", [{}, {"precision": 0.9, "recall": 0.9}])
def test_an_aim_has_one_aim(aim: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="precision"):
        AimSettings.model_validate(aim)


class Given(LazyClassifier):
    """A classifier that is there once it was asked for."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__(settings())
        self.given = classifier

    def _create(self) -> Classifier:
        return self.given


class Broken(FakeClassifier):
    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        raise RuntimeError(text)

    def score(self, texts: Sequence[str]) -> list[Score]:
        return super().score(texts)


def test_words_are_named_once_the_classifier_is_loaded() -> None:
    lazy = Given(FakeClassifier())
    assert lazy.words("my parcel is LATE") == ()
    lazy.get()
    assert lazy.words("my parcel is LATE") == ("LATE",)


def test_a_failing_explanation_holds_nothing_back_and_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    lazy = Given(Broken())
    lazy.get()
    assert lazy.words("a secret post") == ()
    assert "secret" not in caplog.text


def test_only_the_model_that_made_a_verdict_explains_it() -> None:
    lazy = Given(FakeClassifier())
    assert [word.text for word in lazy.explained("LATE", "fake@1")] == ["LATE"]
    assert lazy.explained("LATE", "another@1") == ()


def test_a_classifier_with_a_network_lends_it_for_causes_and_another_has_the_shipped_one() -> None:
    own = LazyClassifier(ClassifierSettings.model_validate({"use": "onnx"}))
    other = LazyClassifier(ClassifierSettings.model_validate({"use": "keywords"}))
    english, german = "They told me to wait again", "Die Bahn kam schon wieder eine Stunde zu spät"
    assert own.meaning_of(english).space == other.meaning_of(english).space
    assert own.meaning_of(german).space == other.meaning_of(german).space != own.meaning_of(english).space


def test_without_a_model_there_is_no_meaning_and_no_harm() -> None:
    broken = LazyClassifier(ClassifierSettings.model_validate({"use": "onnx", "folder": "/nowhere"}))
    assert broken.meaning_if_any() is None
