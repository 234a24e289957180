"""The shipped model keeps the contract, and its answers make sense."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor import model_files
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


FOREIGN = (
    "Seit drei Wochen warte ich auf mein Paket, und keiner geht ans Telefon. Unverschämt!",
    "Llevo tres semanas esperando mi pedido y nadie contesta el teléfono. ¡Una vergüenza!",
    "Trois semaines que j'attends mon colis et personne ne répond au téléphone. C'est une honte !",
    "Sono tre settimane che aspetto il pacco e nessuno risponde al telefono. Che vergogna!",
    "Há três semanas à espera da encomenda e ninguém atende o telefone. Uma vergonha!",
    "Три недели жду посылку, и никто не берёт трубку. Позор!",
    "Üç haftadır kargomu bekliyorum, telefona da bakan yok. Rezalet!",
    "等了三个星期快递还没到，客服电话也没人接，太差劲了！",
)


def test_a_score_is_the_same_in_any_company(shipped: Classifier) -> None:
    """Quantized networks let the texts of one batch change each other's scores: exactly equal, not nearly."""
    posts = [*POSTS, *FOREIGN, *(f"{post} {'and so on ' * length}" for length, post in enumerate(POSTS))]
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
    assert score.complaint >= shipped.cutoffs.of("en").alert
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
    assert score.complaint < shipped.cutoffs.of("en").alert


@pytest.mark.parametrize("text", FOREIGN)
def test_a_plain_complaint_in_another_language_reaches_the_digest(shipped: Classifier, text: str) -> None:
    (score,) = shipped.score([text])
    assert score.is_measured
    assert score.complaint >= max(0.5, shipped.cutoffs.of(score.language).digest)
    assert {name for name, _ in score.topics} & {"delivery", "unreachable"}
    assert score.sentiment == "negative"


def test_most_plain_complaints_in_other_languages_are_alerted(shipped: Classifier) -> None:
    scores = shipped.score(FOREIGN)
    assert sum(score.complaint >= shipped.cutoffs.of(score.language).alert for score in scores) >= 6


def test_a_verdict_in_another_language_is_explained_by_its_own_words(shipped: Classifier) -> None:
    assert {word.text for word in shipped.explain(FOREIGN[0])} & {"Paket", "Telefon", "warte", "keiner"}


def test_clauses_stand_for_words_that_have_no_spaces(shipped: Classifier) -> None:
    found = shipped.explain("昨天收到了，屏幕是裂的，客服还不给换")
    assert found
    assert all(len(word.text) < 12 for word in found)


@pytest.mark.parametrize(
    "text",
    [
        "Danke, das Paket kam einen Tag früher und der Fahrer war sehr nett",
        "¿A qué hora abre la tienda de Sevilla los domingos?",
        "Merci beaucoup, livraison rapide et conseillère adorable",
        "Buongiorno a tutti, splendida giornata oggi",
        "Спасибо, всё пришло вовремя, очень довольна",
    ],
)
def test_what_is_no_complaint_in_another_language_raises_no_alert(shipped: Classifier, text: str) -> None:
    (score,) = shipped.score([text])
    assert score.complaint < shipped.cutoffs.of(score.language).alert


def test_the_second_network_is_loaded_when_it_is_needed() -> None:
    model = onnx._Onnx(_networks())
    model.score(["my parcel is three weeks late and nobody answers"])
    assert "encoder" not in vars(model._networks[1])
    model.score([FOREIGN[0]])
    assert "encoder" in vars(model._networks[1])


def test_without_the_second_network_other_languages_are_scored_and_marked() -> None:
    model = onnx.create(onnx.Options(other_languages=False))
    (score,) = model.score([FOREIGN[0]])
    assert (score.language, score.is_measured) == ("de", False)
    assert set(model.calibrations) == {"en"}


def test_a_model_of_one_s_own_reads_the_languages_it_was_measured_in() -> None:
    first, second = _networks()
    counts = first.manifest.calibration["en"]
    first.manifest = first.manifest.model_copy(update={"calibration": {"en": counts, "de": counts}})
    assert onnx._Onnx([first, second])._reading("de") is first
    assert onnx._Onnx([first, second])._reading("fr") is second
    assert onnx._Onnx([first, second])._reading("ja") is second
    assert onnx._Onnx([first, second])._reading("fi") is first
    assert onnx._Onnx([first, second])._reading(None) is first


def _networks() -> list[onnx._Network]:
    folders = (model_files.shipped(), model_files.shipped(model_files.LANGUAGES))
    return [onnx._Network(folder, model_files.verified(folder, onnx.FILES), 1) for folder in folders]


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
