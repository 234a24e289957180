"""Makes the model for other languages than English: ``python -m models.multilingual prepare``, ``train``, ``export``.

Labelled complaints are English but for posts of our own. The published network lays sentences of 16 languages that mean
the same near each other, so that what it learns in one carries over to the others.
"""

import argparse
import json
import random
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from models import lean
from models.export import Posts, export, mean_of
from models.network import Network
from models.prepare import Row, fetch_base, invented, read, sentiments, tables, unlabelled
from models.recipe import CACHE as ENGLISH
from models.recipe import LANGUAGES, SENTIMENTS, Labels, Recipe, heads_of, read_labels, read_recipe
from models.train import Run, tokenizer_of, train
from models.universal import (
    WIDTH,
    FourBits,
    OneText,
    Universal,
    published,
    sentence_pieces,
    tokenizer,
    universal,
    weights,
)
from monitor.encoder import HEADS, Encoder, Heads
from monitor.model_files import shipped, verified
from monitor.tokens import SENTENCE_PIECES, WORD_PIECES

CACHE = ENGLISH.parent / "languages"
GRAPH = "embedding_model_quantized.onnx"
TOKENS = 128_000
"""The pieces of the tokenizer; the few rows of the table behind them are never asked for."""

SCALE = 2.0
"""What posts say lies between -1 and 1; heads learn faster from larger numbers."""

TAUGHT = ("complaint", "topics", "sentiment")
"""What the English model teaches."""

DERIVED = ("germeval2017", "sentirueval", "waimai", "indo_cellular")
"""Sets that call a post negative about a railway, telecoms, food, a network: an answer each of a head that is not kept.

As labels of complaints they lifted their own source only.
"""

REAL = "site"
"""The group of what customers wrote. The shipped weights are the mean of two runs, one with it and one without: the
first knows its own kind of complaint best, the second the rest, and their mean nearly as much of each."""

SITES, REVIEWS, REVIEWS_TAKEN = ("reclameaqui", "sikayetvar"), "waimai", 0.15
"""Complaint sites, whose posts are all complaints, and reviews whose bad ones our guidelines call complaints."""

NEGATIVE = SENTIMENTS.index("negative")
LENGTHS, LEAST, MOST, FROM_THE_START = (80, 140, 220, 300), 15, 400, 0.6
"""Excerpts: the characters that one tries to have, the least of a sentence, the most of all; how many are openings."""

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")

UNCERTAIN = ("semeval", "chatter", "questions")
"""Posts that count as no complaints only by where they come from: here the English model has the word."""


class Sentences(Network):
    """Logits per head, from what the sentence encoder makes of a post: the same for each of its tokens."""

    def __init__(self, table: FourBits, encoder: Universal, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        super().__init__(encoder, WIDTH, heads, dropout)
        self.table = table

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        said: Tensor = self.encoder(self.table(input_ids), attention_mask) * SCALE
        return said.unsqueeze(1).expand(-1, input_ids.shape[1], -1)

    def to_onnx(self, exact: Path, small: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracing exporter announces its retirement at length
            torch.onnx.export(
                OneText(self.table, self.encoder, SCALE).eval(),
                (torch.ones(8, dtype=torch.long),),
                str(exact),
                input_names=["input_ids"],
                output_names=["states"],
                dynamic_axes={"input_ids": {0: "tokens"}},
                opset_version=17,
                dynamo=False,
            )
        lean.quantize(exact, small, ["MatMul"], kept="/project/")  # word vectors have outliers that 8 bits cannot hold


def rows_of(data: Path, recipe: Recipe, labels: Labels) -> Iterator[Row]:
    """The training posts: English ones with what the shipped model says of them, others as they are labelled."""
    english = tables(data, labels)
    teacher = _Teacher()
    limits = {name: most for stage in recipe.stages for name, most in stage.take.items() if most > 20}
    taken: Counter[str] = Counter()
    rows = [*english["train"], *english["unlabelled"]]
    random.Random(recipe.seed).shuffle(rows)
    for row in rows:
        taken[row["group"]] += 1
        if taken[row["group"]] <= limits.get(row["group"], len(rows)):
            uncertain = {"complaint": None} if row["group"] in UNCERTAIN else {}
            yield row | uncertain | {"taught": teacher.word(row["text"])}
    yield from sentiments(data / "sentiment" / "umsab_train.jsonl", "umsab")
    foreign = list(read(data / "complaints_multilingual" / "train.jsonl"))
    yield from derived(foreign)
    yield from real(foreign, random.Random(recipe.seed))
    yield from invented(LANGUAGES / "own.jsonl", "many", labels)


def real(foreign: Sequence[Row], dice: random.Random) -> Iterator[Row]:
    """What customers wrote: excerpts of the complaint sites, where every post is a complaint, and reviews of food."""
    for row in foreign:
        if row["source"] in SITES:
            short = row | {"text": excerpt(row["text"], dice)}
            yield unlabelled(short, REAL) | {"complaint": 1, "sentiment": NEGATIVE}
        elif row["source"] == REVIEWS and dice.random() < REVIEWS_TAKEN:
            yield unlabelled(row, REAL) | {"complaint": row["complaint"]}


def excerpt(text: str, dice: random.Random) -> str:
    """A few sentences of a long complaint, mostly the first ones, so that its length gives nothing away."""
    sentences = [one for one in _SENTENCE.split(text.replace("\\n", " ")) if len(one) > LEAST] or [text]
    first = 0 if dice.random() < FROM_THE_START else dice.randrange(max(1, len(sentences) - 1))
    length, found = dice.choice(LENGTHS), ""
    for sentence in sentences[first:]:
        if found and len(found) + len(sentence) > length:
            break
        found = f"{found} {sentence}".strip()
    return found[:MOST]


def derived(foreign: Sequence[Row]) -> Iterator[Row]:
    """Posts whose label was derived from a sentiment or a rating: they teach the encoder, not the complaint head."""
    for row in foreign:
        if row["source"] in DERIVED:
            answers = [row["complaint"] if row["source"] == source else None for source in DERIVED]
            yield unlabelled(row, "derived") | {"derived": answers}


class _Teacher:
    """The shipped English model."""

    def __init__(self) -> None:
        folder = shipped()
        self._encoder = Encoder(folder, verified(folder, ()).max_tokens)
        self._heads = Heads.load(folder / HEADS)

    def word(self, text: str) -> dict[str, list[float]]:
        found = self._heads.logits(self._encoder.read(text))
        return {name: [round(logit, 3) for logit in found[name]] for name in TAUGHT}


def untrained(base: Path, topics: Sequence[str]) -> Sentences:
    """The published network with heads that know nothing."""
    found = weights(published(base / GRAPH))
    return Sentences(FourBits(found["table"][:TOKENS]), universal(found), heads_of(topics) | {"derived": len(DERIVED)})


def prepare(recipe: Recipe, labels: Labels, data: Path, packages: Path | None) -> None:
    """Get the published network and write the training rows."""
    base = CACHE / "base"
    if not (base / GRAPH).exists():
        fetch_base(recipe.base, packages, base, [GRAPH])
    graph = published(base / GRAPH)
    (base / SENTENCE_PIECES).write_bytes(sentence_pieces(graph))
    tokenizer(graph).save(str(base / WORD_PIECES), pretty=False)
    counts: Counter[str] = Counter()
    with (CACHE / "train.jsonl").open("w", encoding="utf-8") as file:
        for row in rows_of(data, recipe, labels):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            counts[row["group"]] += 1
            if not sum(counts.values()) % 5_000:
                print(f"{sum(counts.values()):,} posts", flush=True)
    print(dict(counts))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("step", choices=["prepare", "train", "export"])
    options.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of labelled sets")
    options.add_argument("--packages", type=Path, help="a folder with the package of base weights (default: pip)")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--seed", type=int, help="another seed than the recipe's, kept in a folder of its own")
    options.add_argument("--to", type=Path, default=LANGUAGES, help="where to write the model")
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    recipe, labels = read_recipe(LANGUAGES / "recipe.toml"), read_labels()
    if chosen.step == "prepare":
        prepare(recipe, labels, chosen.data, chosen.packages)
        return
    seed = recipe.seed if chosen.seed is None else chosen.seed
    network = untrained(CACHE / "base", labels.topics)
    validation = list(invented(LANGUAGES / "val.jsonl", "many", labels))
    folders = [CACHE / f"trained-{seed}", CACHE / f"trained-{seed}-without-{REAL}"]
    if chosen.step == "train":
        tokens = tokenizer_of(CACHE / "base", recipe.train_tokens)
        for folder, left_out in zip(folders, (None, REAL), strict=True):
            torch.manual_seed(seed)
            rows = [row for row in read(CACHE / "train.jsonl") if row["group"] != left_out]
            run = Run(recipe, recipe.stages, seed, rows, validation, folder)
            train(untrained(CACHE / "base", labels.topics), tokens, run)
        return
    kept = [folder / f"epoch-{number}.pt" for folder in folders for number in recipe.average]
    network.load_state_dict(mean_of(kept))
    del network.heads["derived"]
    written = export(recipe, network, labels.topics, CACHE / "base", Posts([], validation), chosen.to)
    print(json.dumps({name: written[name] for name in ("files", "thresholds", "parity_with_fp32")}))


if __name__ == "__main__":
    main()
