"""The shipped model keeps the contract, and its answers make sense."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.classifiers import onnx
from monitor.core.errors import ModelError
from monitor.ports import Classifier
from monitor.testing.classifier_contract import POSTS, ClassifierContract


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return onnx.create(onnx.Options())


class TestOnnx(ClassifierContract):
    @pytest.fixture
    def classifier(self, shipped: Classifier) -> Classifier:
        return shipped


def test_a_score_is_the_same_in_any_company(shipped: Classifier) -> None:
    """Quantized networks let the texts of one batch change each other's scores: exactly equal, not nearly."""
    posts = [*POSTS, *(f"{post} {'and so on ' * length}" for length, post in enumerate(POSTS))]
    alone = {post: shipped.score([post])[0] for post in posts}
    chance = random.Random(3)
    for _ in range(5):
        chance.shuffle(posts)
        assert shipped.score(posts) == [alone[post] for post in posts]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("@shop my parcel says delivered but there is nothing here, where is my order?", "delivery"),
        ("@telco internet down again, third evening this week", "delay_or_outage"),
        ("You charged my card twice and won't give me my money back", "billing_refund"),
        ("Can't log in to the app since the update, it just crashes", "account_app"),
        ("on hold for two hours, does anybody answer the phone at your company?", "unreachable"),
    ],
)
def test_a_plain_complaint_is_one_and_has_its_topic(shipped: Classifier, text: str, topic: str) -> None:
    (score,) = shipped.score([text])
    assert score.complaint >= shipped.thresholds.alert
    assert topic in [name for name, _ in score.topics]


@pytest.mark.parametrize(
    "text",
    [
        "@shop thank you, parcel came a day early and the driver was lovely",
        "What are the opening hours of your store on Sunday?",
        "Good morning everyone, lovely weather today",
        "Win two tickets! Follow us and share this post to enter",
    ],
)
def test_what_is_no_complaint_raises_no_alert(shipped: Classifier, text: str) -> None:
    (score,) = shipped.score([text])
    assert score.complaint < shipped.thresholds.alert


def test_other_is_never_named_beside_a_real_topic(shipped: Classifier) -> None:
    for score in shipped.score(POSTS):
        names = [name for name, _ in score.topics]
        assert "other" not in names or names == ["other"]


@pytest.mark.parametrize(
    ("text", "language", "is_measured"),
    [
        ("my parcel is three weeks late and nobody answers", "en", True),
        ("ok", None, True),
        ("mijn pakket is al drie weken te laat en niemand reageert", "nl", False),
        ("荷物が三週間届かない、誰も答えない", "ja", False),
    ],
)
def test_a_language_that_nobody_measured_is_marked(
    shipped: Classifier, text: str, language: str | None, is_measured: bool
) -> None:
    (score,) = shipped.score([text])
    assert (score.language, score.is_measured) == (language, is_measured)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where can I find the opening hours for the Leeds shop?", "question"),
        ("Thank you so much, wonderful service, best shop in town!", "praise"),
        ("Avoid this company, do not buy anything from them. Never got my order.", "warn_off"),
        ("Broken on arrival and nobody answers my mails", "complaint"),
    ],
)
def test_a_plain_post_has_its_intent(shipped: Classifier, text: str, intent: str) -> None:
    assert shipped.score([text])[0].intent == intent


def test_every_facet_is_well_formed(shipped: Classifier) -> None:
    for score in shipped.score(POSTS):
        assert score.sentiment in ("negative", "neutral", "positive")
        assert score.severity is not None
        assert 1 <= score.severity.low <= score.severity.high <= 4
        assert 0.7 <= score.severity.probability <= 1
        assert score.arousal is not None
        assert 0 <= score.arousal <= 1


def test_shouting_is_more_stirred_than_calm_words(shipped: Classifier) -> None:
    calm, loud = shipped.score(
        ["The parcel has not arrived yet.", "WHERE IS MY PARCEL!!! this is fucking ridiculous 😡😡"]
    )
    assert calm.arousal is not None
    assert loud.arousal is not None
    assert calm.arousal < loud.arousal


def test_runs_without_torch() -> None:
    script = (
        "import sys\n"
        "from monitor.classifiers import onnx\n"
        "assert not {'onnxruntime', 'tokenizers', 'numpy'} & set(sys.modules), 'imported before create'\n"
        "onnx.create(onnx.Options()).score(['broken again'])\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json"):
        onnx.create(onnx.Options(folder=tmp_path))


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError):
        onnx.Options.model_validate({"batch": 32})
