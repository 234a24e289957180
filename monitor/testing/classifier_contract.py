"""What every classifier must keep to, whatever it runs on."""

import time

import pytest

from monitor.core.verdict import Score
from monitor.ports import Classifier

POSTS = (
    "@brand my parcel is three weeks late and nobody answers. Worst service ever!",
    "Thank you @brand, everything arrived in time.",
    "When does the shop in Leeds open on Sunday?",
    "charged me twice AGAIN https://example.org/bill",
    "no internet since monday, third time this month 😡",
)

STRANGE = {
    "empty": "",
    "blank": " \n\t ",
    "emoji": "😡😡😡🤬",
    "link": "https://example.org/x",
    "long": "waiting " * 12_500,
    "one long word": "a" * 100_000,
    "handles": "@a" * 50_000,
    "entities": "&amp;" * 20_000,
    "right to left": "\u202eمنتج سيئ جدا\u202c و\u200fالخدمة",
    "nul": "my \x00 parcel \x00",
    "surrogate": "broken \ud83d emoji",
    "combining": "a" + "\u0301" * 5_000,
}


class ClassifierContract:
    """Subclass it and give a ``classifier`` fixture."""

    def test_names_its_model(self, classifier: Classifier) -> None:
        name, _, revision = classifier.model.rpartition("@")
        assert name
        assert revision

    def test_scores_all_in_order(self, classifier: Classifier) -> None:
        together = classifier.score(POSTS)
        assert len(together) == len(POSTS)
        for post, score in zip(POSTS, together, strict=True):
            assert same(classifier.score([post])[0], score)

    def test_same_text_same_score(self, classifier: Classifier) -> None:
        assert list(classifier.score(POSTS)) == list(classifier.score(POSTS))

    def test_neighbours_do_not_matter(self, classifier: Classifier) -> None:
        alone = [classifier.score([post])[0] for post in POSTS]
        crowd = [*reversed(POSTS), STRANGE["long"], "ok"]
        assert all(same(a, b) for a, b in zip(alone, reversed(classifier.score(crowd)[: len(POSTS)]), strict=True))

    def test_handles_and_links_do_not_matter(self, classifier: Classifier) -> None:
        one, other = classifier.score(["@orlo is down http://a.example/1", "@kite is down https://b.example/2"])
        assert one == other

    def test_nothing_asked_nothing_said(self, classifier: Classifier) -> None:
        assert list(classifier.score([])) == []

    def test_an_empty_text_is_no_complaint(self, classifier: Classifier) -> None:
        assert [score.complaint for score in classifier.score(["", "  \n"])] == [0.0, 0.0]

    @pytest.mark.parametrize("name", sorted(STRANGE))
    def test_takes_any_text_in_bounded_time(self, classifier: Classifier, name: str) -> None:
        started = time.process_time()
        (score,) = classifier.score([STRANGE[name]])
        assert time.process_time() - started < 2.0
        assert is_probable(score)

    def test_probabilities_and_topics_are_well_formed(self, classifier: Classifier) -> None:
        for score in classifier.score(POSTS):
            assert is_probable(score)
            assert [value for _, value in score.topics] == sorted((value for _, value in score.topics), reverse=True)
            assert len({name for name, _ in score.topics}) == len(score.topics)

    def test_explains_in_the_posts_own_words(self, classifier: Classifier) -> None:
        words = classifier.explain(POSTS[0], 3)
        assert len(words) <= 3
        assert all(word.text in POSTS[0] and word.weight > 0 for word in words)

    def test_has_nothing_to_explain_in_an_empty_text(self, classifier: Classifier) -> None:
        assert list(classifier.explain("")) == []

    def test_calibrations_are_usable(self, classifier: Classifier) -> None:
        for calibration in classifier.calibrations.values():
            assert calibration.rows > 0
            assert 0 < calibration.for_recall(0.9) < 1

    def test_thresholds_are_usable(self, classifier: Classifier) -> None:
        for limits in classifier.cutoffs.by_language.values():
            assert 0 < limits.digest <= limits.alert < 1


def same(one: Score, other: Score) -> bool:
    """Equal but for the rounding of a batch."""
    return (
        abs(one.complaint - other.complaint) < 1e-5
        and [name for name, _ in one.topics] == [name for name, _ in other.topics]
        and all(abs(a - b) < 1e-5 for (_, a), (_, b) in zip(one.topics, other.topics, strict=True))
    )


def is_probable(score: Score) -> bool:
    """All its probabilities are numbers from 0 to 1."""
    return all(0.0 <= value <= 1.0 for value in (score.complaint, *(value for _, value in score.topics)))
