"""A tiny checkpoint made on the spot shows that any local text classifier can be used."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers as library
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from monitor.classifiers import transformers
from monitor.core.errors import ModelError
from monitor.ports import Classifier
from monitor.testing.classifier_contract import POSTS, ClassifierContract

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "@", "user", "http", "my", "parcel", "is", "late", "down", "thank", "you"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = library.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    config = library.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        id2label={0: "fine", 1: "complaint", 2: "threat"},
        label2id={"fine": 0, "complaint": 1, "threat": 2},
        initializer_range=0.5,
    )
    library.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def load(folder: Path, label: str | tuple[str, ...] = "complaint", batch_tokens: int = 4096) -> Classifier:
    return transformers.create(
        transformers.Options(model=str(folder), complaint_label=label, batch_tokens=batch_tokens, device="cpu")
    )


class TestTransformers(ClassifierContract):
    @pytest.fixture
    def classifier(self, checkpoint: Path) -> Classifier:
        return load(checkpoint)


def test_small_batches_change_nothing(checkpoint: Path) -> None:
    wide, narrow = load(checkpoint).score(POSTS), load(checkpoint, batch_tokens=1).score(POSTS)
    assert [score.complaint for score in wide] == pytest.approx([score.complaint for score in narrow], abs=1e-5)


def test_several_labels_add_up(checkpoint: Path) -> None:
    one, other, both = (load(checkpoint, label) for label in ("complaint", "threat", ("complaint", "threat")))
    text = ["my parcel is late"]
    assert both.score(text)[0].complaint == pytest.approx(one.score(text)[0].complaint + other.score(text)[0].complaint)


def test_a_label_it_has_not_is_answered_with_those_it_has(checkpoint: Path) -> None:
    with pytest.raises(ModelError, match=r"has no label 'angry': .* fine, complaint, threat"):
        load(checkpoint, "angry")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        load(tmp_path / "nothing")


def test_pickled_weights_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    for path in checkpoint.iterdir():
        if path.name != "model.safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle that must never be opened")
    with pytest.raises(ModelError, match="safetensors"):
        load(tmp_path)


def test_without_torch_the_cure_is_named() -> None:
    script = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from monitor.classifiers import transformers\n"
        "from monitor.core.errors import ModelError\n"
        "try:\n"
        "    transformers.create(transformers.Options(model='any/model', complaint_label='x'))\n"
        "except ModelError as problem:\n"
        "    assert \"pip install 'umbrage[torch]'\" in str(problem), problem\n"
        "else:\n"
        "    sys.exit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
