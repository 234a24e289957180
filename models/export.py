"""Turns trained weights into the shipped files: ``python -m models.export``."""

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models import refit
from models.network import Network
from models.prepare import Row, read
from models.recipe import CACHE, INTENTS, MODEL, SENTIMENTS, Recipe, read_labels, read_recipe
from models.train import student
from monitor.core.calibration import Aim, Calibration, counted
from monitor.core.text import NORMALISATION
from monitor.encoder import HEADS, NETWORK, Encoder, Heads
from monitor.learning.fitting import scaling
from monitor.measures import Numbers, sigmoid
from monitor.tokens import TOKENIZERS

PARITY = 0.98
"""The share of decisions the quantized network must share with the exact one."""

LICENCE_NOTE = (
    "Some of the training sets are for non-commercial use or under platform terms. No text of them is in this "
    "repository. Whether weights trained on them may be used commercially is not settled: see CARD.md."
)


def readings(folder: Path, max_tokens: int, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Sequence[int]]]:
    """Pooled states and token numbers of each text by the network in a folder, one at a time as in the product."""
    encoder = Encoder(folder, max_tokens)
    found = [encoder.read(encoder.seen(text)) for text in texts]
    return np.stack([read.pooled for read in found]), [read.ids for read in found]


def heads_of(network: Network) -> Heads:
    """The trained heads as plain numbers."""
    named = {name: head.state_dict() for name, head in network.heads.items()}
    return Heads(
        {name: state["weight"].float().numpy() for name, state in named.items()},
        {name: state["bias"].float().numpy() for name, state in named.items()},
    )


def complaint_logits(heads: Heads, states: NDArray[np.float32]) -> Numbers:
    """The complaint head's answers to pooled states of shape (texts, width)."""
    found: Numbers = (states @ heads.weights["complaint"][0] + heads.bias["complaint"][0]).astype(float)
    return found


def calibrated(heads: Heads, logits: Numbers, truth: Numbers) -> Heads:
    """The same heads with a complaint head whose logits are the right probabilities (Platt scaling)."""
    slope, offset = scaling(truth, logits)
    bias = heads.bias["complaint"] * np.float32(slope) + np.float32(offset)
    return heads.with_complaint(heads.weights["complaint"] * np.float32(slope), bias)


def is_addressed(row: Row) -> bool:
    """Does a labelled row count for calibration? Control tweets, which nobody addressed to a brand, do not."""
    return row["complaint"] is not None and row["group"] != "control"


def manifest(recipe: Recipe, topics: Sequence[str], folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the folder says about itself."""
    aims = recipe.aims
    return {
        "name": recipe.name,
        "revision": recipe.revision,
        "normalisation": NORMALISATION,
        "files": {name: _fact(folder / name) for name in (NETWORK, tokenizer_in(folder).name, HEADS)},
        "base": {"name": recipe.base.name, "sha256": recipe.base.sha256, "licence": recipe.base.licence},
        "layers": list(recipe.layers),
        "topics": list(topics),
        "sentiments": list(SENTIMENTS),
        "intents": list(INTENTS),
        "aims": {"precision": aims.alert_precision, "digest_recall": aims.digest_recall},
        "topic_threshold": aims.topic,
        "max_tokens": recipe.max_tokens,
        **facts,
        "metrics": {},
        "seed": recipe.seed,
        "data": list(recipe.data),
        "licence_note": LICENCE_NOTE,
    }


def tokenizer_in(folder: Path) -> Path:
    """The tokenizer that the product would read in a folder."""
    return next(folder / name for name in TOKENIZERS if (folder / name).exists())


def _fact(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def mean_of(kept: Sequence[Path]) -> dict[str, torch.Tensor]:
    """The mean of the weights kept after several epochs: one network, steadier than any of them."""
    states = [torch.load(path, weights_only=True)["network"] for path in kept]
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


@dataclass(frozen=True)
class Posts:
    """Labelled posts: those that heads are fitted to, and those that parity and calibration are measured on."""

    train: Sequence[Row]
    validation: Sequence[Row]


def export(
    recipe: Recipe, network: Network, topics: Sequence[str], base: Path, posts: Posts, folder: Path
) -> dict[str, Any]:
    """Write network, tokenizer, heads and manifest; refuse a network that quantization changed too much."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_in(base)
    shutil.copyfile(tokenizer, folder / tokenizer.name)
    texts, heads = [row["text"] for row in posts.validation], heads_of(network)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch)
        network.to_onnx(exact / NETWORK, folder / NETWORK)
        shutil.copyfile(tokenizer, exact / tokenizer.name)
        wanted = complaint_logits(heads, readings(exact, recipe.max_tokens, texts)[0])
    found = complaint_logits(heads, readings(folder, recipe.max_tokens, texts)[0])
    parity = float(np.mean((wanted >= 0) == (found >= 0)))
    if parity < PARITY:
        raise SystemExit(f"quantized and exact network agree on {parity:.1%} of {len(texts)} decisions only")
    train = refit.chosen_rows(posts.train)
    if train:
        print(f"fitting the other heads to {len(train)} posts", flush=True)
        heads = refit.refitted(heads, train, *readings(folder, recipe.max_tokens, [row["text"] for row in train]))
    counts = _calibrate(heads, posts.validation, found, folder)
    reached = counts.thresholds(Aim(precision=recipe.aims.alert_precision, digest_recall=recipe.aims.digest_recall))
    facts = {
        "calibration": {" ".join(recipe.languages): asdict(counts) | {"posts": f"{counts.rows} {recipe.measured_on}"}},
        "also_reads": list(recipe.also_reads),
        "thresholds": {"digest": reached.digest, "alert": reached.alert},
        "parity_with_fp32": round(parity, 4),
    }
    written = manifest(recipe, topics, folder, facts)
    (folder / "manifest.json").write_text(pretty(written), "utf-8")
    return written


def _calibrate(heads: Heads, rows: Sequence[Row], found: Numbers, folder: Path) -> Calibration:
    """Write the heads with a calibrated complaint head, and count the rows by its probabilities."""
    truth = np.array([float(row["complaint"]) for row in rows])
    chosen = np.array([is_addressed(row) for row in rows])
    slope, offset = scaling(truth[chosen], found[chosen])
    calibrated(heads, found[chosen], truth[chosen]).write(folder / HEADS)
    probability = sigmoid(found[chosen] * slope + offset)
    return counted(zip(probability.tolist(), (truth[chosen] == 1).tolist(), strict=True))


def fit_heads_anew(recipe: Recipe, posts: Sequence[Row], folder: Path) -> None:
    """Fit every head but the complaint's of an exported network anew; verdicts and thresholds stay as they are."""
    train = refit.chosen_rows(posts)
    heads = Heads.load(folder / HEADS)
    found = readings(folder, recipe.max_tokens, [row["text"] for row in train])
    refit.refitted(heads, train, *found).write(folder / HEADS)
    path = folder / "manifest.json"
    written = json.loads(path.read_text("utf-8"))
    written["files"][HEADS] = _fact(folder / HEADS)
    path.write_text(pretty(written), "utf-8")


def pretty(table: Mapping[str, Any]) -> str:
    """JSON for people: one line per entry, lists of numbers on one line."""
    lines = [f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--run", type=Path, help="the folder with the trained epochs (default: the recipe's)")
    options.add_argument("--layers", type=int, nargs="*", help="the layers it was trained with, if not the recipe's")
    options.add_argument("--to", type=Path, default=MODEL, help="where to write the model")
    options.add_argument("--heads", action="store_true", help="only fit the other heads of what is there anew")
    chosen = options.parse_args()
    recipe, labels = read_recipe(), read_labels()
    posts = list(read(CACHE / "train.jsonl"))
    if chosen.heads:
        fit_heads_anew(recipe, posts, chosen.to)
        return
    if chosen.layers:
        recipe = recipe.with_layers(chosen.layers)
    run = chosen.run or recipe.folder(recipe.seed)
    network = student(recipe, CACHE / "base", labels.topics)
    network.load_state_dict(mean_of([run / f"epoch-{number}.pt" for number in recipe.average]))
    validation = [row for row in read(CACHE / "val.jsonl") if row["complaint"] is not None]
    written = export(recipe, network, labels.topics, CACHE / "base", Posts(posts, validation), chosen.to)
    print(json.dumps({name: written[name] for name in ("files", "thresholds", "parity_with_fp32")}))


if __name__ == "__main__":
    main()
