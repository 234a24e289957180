"""The word list keeps the contract and is honest about what it is."""

import pytest

from monitor.classifiers import keywords
from monitor.ports import Classifier
from monitor.testing.classifier_contract import ClassifierContract


class TestKeywords(ClassifierContract):
    @pytest.fixture
    def classifier(self) -> Classifier:
        return keywords.create(keywords.Options())


@pytest.fixture
def complaint() -> Classifier:
    return keywords.create(keywords.Options())


def test_finds_a_plain_complaint_and_its_topics(complaint: Classifier) -> None:
    (score,) = complaint.score(["Still waiting for my parcel, worst courier ever. I want a refund."])
    assert score.complaint >= complaint.cutoffs.of(None).alert
    assert {"delivery", "billing_refund"} <= {name for name, _ in score.topics}


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for the great service!",
        "No problems at all with my parcel",
        "What time do you open?",
        "I can't complain, everything arrived",
    ],
)
def test_leaves_praise_and_questions_alone(complaint: Classifier, text: str) -> None:
    (score,) = complaint.score([text])
    assert score.complaint < complaint.cutoffs.of(None).digest


def test_more_words_are_surer_but_never_sure(complaint: Classifier) -> None:
    one, more, most = complaint.score(["broken", "broken and useless", "broken useless pathetic garbage scam fraud"])
    assert one.complaint < more.complaint < most.complaint <= keywords.CEILING
