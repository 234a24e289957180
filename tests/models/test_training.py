"""The whole road from labelled posts to a scoring model, with a network small enough to train in seconds."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing
from transformers import BertConfig

from models import refit
from models.export import Posts, export, fit_heads_anew
from models.network import Network, from_config
from models.prepare import invented, tables
from models.recipe import INTENTS, MODEL, Recipe, Stage, heads_of, read_labels, read_recipe
from models.train import Run, draw, tokenizer_of, train
from monitor import measures
from monitor.classifiers import onnx
from monitor.core.text import for_model
from monitor.encoder import HEADS, Heads

BAD = ("late", "broken", "awful", "lost", "rude")
GOOD = ("great", "lovely", "early", "perfect", "thanks")
THINGS = ("parcel", "phone", "train", "order", "app", "bill", "driver", "shop")
TOPICS = ("delivery", "other")


def posts(start: int) -> list[dict[str, Any]]:
    rows = []
    for number in range(80):
        bad = number % 2
        thing = THINGS[(number // 2 + start) % len(THINGS)]
        word = (BAD if bad else GOOD)[(number // 16) % 5]
        about = [int(thing in ("parcel", "driver")), int(thing not in ("parcel", "driver"))]
        rows.append(
            {
                "id": f"{start}:{number}",
                "group": "acl",
                "industry": None,
                "text": f"@user my {thing} is {word} {'so ' * (number % 3)}",
                "complaint": bad,
                "sentiment": 0 if bad else 2,
                "topics": about if bad else None,
                "intent": INTENTS.index("complaint" if bad else "praise"),
                "severity": 1 + number % 2 if bad else None,
                "arousal": bad,
            }
        )
    return rows


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "@", "user", "my", "is", "so", *BAD, *GOOD, *THINGS]
    tokenizer = Tokenizer(WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    stages = (Stage("joint", 3, 5e-3, {"acl": 4}),)
    return replace(read_recipe(), stages=stages, batch=16, label_smoothing=0.0, average=(1,))


def run_of(recipe: Recipe, folder: Path) -> Run:
    return Run(recipe, recipe.stages, recipe.seed, posts(0), posts(3), folder)


def network() -> Network:
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=32,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    return from_config(config, heads_of(TOPICS))


@pytest.fixture(scope="module")
def trained(base: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Path]:
    folder = tmp_path_factory.mktemp("training")
    made = network()
    train(made, tokenizer_of(base, 32), run_of(recipe, folder))
    return made, folder


def test_from_posts_to_scores(trained: tuple[Network, Path], base: Path, recipe: Recipe, tmp_path: Path) -> None:
    written = export(recipe, trained[0], TOPICS, base, Posts([], posts(3)), tmp_path)
    assert written["parity_with_fp32"] >= 0.98
    model = onnx.create(onnx.Options(folder=tmp_path, other_languages=False))
    bad, good = model.score(["@orlo my parcel is late", "@orlo my parcel is lovely"])
    assert model.model == f"complaints@{recipe.revision}"
    assert bad.complaint > model.cutoffs.of("en").alert > good.complaint
    assert [name for name, _ in bad.topics] == ["delivery"]
    assert (bad.intent, good.intent) == ("complaint", "praise")
    assert (bad.sentiment, good.sentiment) == ("negative", "positive")


def test_other_heads_are_fitted_anew_and_verdicts_stay(
    trained: tuple[Network, Path], base: Path, recipe: Recipe, tmp_path: Path
) -> None:
    export(recipe, trained[0], TOPICS, base, Posts([], posts(3)), tmp_path)
    before = Heads.load(tmp_path / HEADS)
    labelled = [
        row | {"group": "own", "severity": row["severity"] and number % 3} for number, row in enumerate(posts(0) * 8)
    ]
    labelled += [row | {"text": "@user my bill is so", "sentiment": 1} for row in labelled[:40]]
    fit_heads_anew(recipe, labelled, tmp_path)
    after = Heads.load(tmp_path / HEADS)
    assert np.array_equal(after.weights["complaint"], before.weights["complaint"])
    assert not np.array_equal(after.weights["sentiment"], before.weights["sentiment"])
    score = onnx.create(onnx.Options(folder=tmp_path, other_languages=False)).score
    assert [one.sentiment for one in score(["@orlo my parcel is lost", "@orlo my phone is great"])] == [
        "negative",
        "positive",
    ]


def test_of_a_large_group_only_so_many_posts_fit_the_heads() -> None:
    rows = [{"group": group, "id": number} for group in ("semeval", "chatter", "else") for number in range(21_000)]
    chosen = [row["group"] for row in refit.chosen_rows(rows)]
    assert (chosen.count("semeval"), chosen.count("chatter"), chosen.count("else")) == (20_000, 7_000, 0)


def test_training_goes_on_where_it_stopped(
    trained: tuple[Network, Path], base: Path, recipe: Recipe, tmp_path: Path
) -> None:
    tokenizer = tokenizer_of(base, 32)
    train(network(), tokenizer, run_of(recipe, tmp_path), stop_after=1)
    assert not (tmp_path / "epoch-2.pt").exists()
    resumed = network()
    train(resumed, tokenizer, run_of(recipe, tmp_path))
    for one, other in zip(trained[0].parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_an_epoch_repeats_small_groups_and_samples_large_ones() -> None:
    rows = [{"group": "acl", "id": i} for i in range(5)] + [{"group": "semeval", "id": i} for i in range(100)]
    drawn = draw(rows, Stage("joint", 1, 1e-4, {"acl": 2, "semeval": 30, "absent": 3}), random.Random(1))
    groups = [row["group"] for row in drawn]
    assert (groups.count("acl"), groups.count("semeval")) == (10, 30)


def test_no_text_of_the_test_part_is_trained_on(tmp_path: Path) -> None:
    shared = {"source": "complaints_acl2019", "label_kind": "hand", "complaint": 1, "sentiment": "negative"}
    texts = {
        "train": ["@a it broke", "@b only in training"],
        "val": ["@d it broke", "@c only in val"],
        "test": ["@z it broke"],
    }
    for part, lines in texts.items():
        write(tmp_path / "complaints" / f"{part}.jsonl", [{"id": f"{part}{t}", "text": t, **shared} for t in lines])
        write(tmp_path / "topics" / f"{part}.jsonl", [])
    for path in ("sentiment/semeval_train", "emotion/goemotions_train", "intent/banking77_train", "intent/bitext"):
        write(tmp_path / f"{path}.jsonl", [])
    made = tables(tmp_path, read_labels())
    assert [row["text"] for row in made["train"] if row["group"] == "acl"] == ["@user only in training"]
    assert made["unlabelled"] == []
    assert [row["text"] for row in made["val"]] == ["@user only in val"]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_our_own_posts_are_well_formed_and_cover_every_topic() -> None:
    labels = read_labels()
    rows = list(invented(MODEL / "topics_extra.jsonl", "own", labels))
    assert all(row["text"] == for_model(row["text"]) for row in rows)
    covered = np.array([row["topics"] for row in rows if row["topics"]]).sum(0)
    assert dict(zip(labels.topics, covered >= 30, strict=True)) == dict.fromkeys(labels.topics, True)


def test_no_post_of_our_own_ratchet_set_is_trained_on() -> None:
    labels = read_labels()
    trained, kept = (
        {row["text"] for row in invented(MODEL / f"{name}.jsonl", "own", labels)} for name in ("topics_extra", "eval")
    )
    assert len(kept) >= 100
    assert not trained & kept


def test_measures_agree_with_hand_counts() -> None:
    found = measures.quality([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1])
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert (found.auc, found.macro_f1) == (0.75, 0.5)
    truth, probability = np.array([1.0, 1.0, 0.0, 1.0]), np.array([0.9, 0.8, 0.7, 0.2])
    assert measures.threshold_for_precision(truth, probability, 1.0) == 0.71
    assert measures.threshold_for_recall(truth, probability, 1.0) == 0.2
    assert measures.temperature(np.array([1.0, 0.0] * 50), np.array([6.0, 6.0] * 50)) == pytest.approx(4.0)
