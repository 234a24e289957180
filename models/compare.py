"""Trains variants of the recipe, to learn what each part is worth: ``python -m models.compare plain free``."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from models.network import Network
from models.prepare import Row, read
from models.recipe import CACHE, Recipe, Stage, read_labels, read_recipe
from models.train import Run, answers, student, tokenizer_of, train

SIX = (0, 1, 2, 3, 4, 5)

PLAIN = Stage("plain", 3, 8e-5, {"acl": 1, "control": 1, "airline": 1, "reviews": 1})
"""Complaint labels only, three epochs: what fine-tuning gives without anything clever."""

SHORT = Stage(
    "short",
    2,
    1e-4,
    {"acl": 2, "control": 1, "airline": 2500, "reviews": 1, "own": 1, "invented": 500, "semeval": 1500, "chatter": 700},
)
"""The recipe's mixture without the teacher, who has seen every industry."""

FREE = Stage("free", 3, 1e-4, {"own": 3, "invented": 1, "questions": 1, "chatter": 2000})
"""Only what may be used commercially: our own posts, GoEmotions, Banking77, Bitext."""

Belongs = Callable[[Row], bool]

INDUSTRIES: Mapping[str, tuple[str, ...]] = {
    "airline": ("airline",),
    "electronics": ("Electronics", "electronics"),
    "fashion-retail": ("Fashion", "apparel", "retail"),
    "software": ("software",),
    "services-other": ("services", "other"),
}
SOURCES: Mapping[str, tuple[str, ...]] = {"acl": ("acl", "control"), "reviews": ("reviews",)}


@dataclass(frozen=True)
class Variant:
    """Another way to train; ``left_out`` rows are not trained on, and are what it is measured on."""

    stages: Sequence[Stage]
    layers: tuple[int, ...] = ()
    left_out: Belongs | None = None


def _of_industry(names: tuple[str, ...]) -> Belongs:
    return lambda row: row["industry"] in names


def _of_group(names: tuple[str, ...]) -> Belongs:
    return lambda row: row["group"] in names


VARIANTS: Mapping[str, Variant] = {
    "plain": Variant([PLAIN], SIX),
    "short": Variant([SHORT]),
    "free": Variant([FREE]),
    **{f"without-{name}": Variant([SHORT], left_out=_of_industry(names)) for name, names in INDUSTRIES.items()},
    **{f"without-source-{name}": Variant([SHORT], left_out=_of_group(names)) for name, names in SOURCES.items()},
}


def run(name: str, variant: Variant, recipe: Recipe, seed: int, cache: Path) -> list[Row]:
    """Train a variant and judge what it is measured on; the answers are also kept in ``variants/NAME-SEED.json``."""
    torch.manual_seed(seed)
    kept = recipe if not variant.layers else recipe.with_layers(variant.layers)
    left_out = variant.left_out or (lambda _: False)
    rows = [row for row in read(cache / "train.jsonl") if not left_out(row)]
    validation = [row for row in read(cache / "val.jsonl") if not left_out(row)]
    network: Network = student(kept, cache / "base", read_labels().topics)
    tokenizer = tokenizer_of(cache / "base", recipe.train_tokens)
    folder = cache / "variants" / f"{name}-{seed}"
    train(network, tokenizer, Run(kept, variant.stages, seed, rows, validation, folder))
    parts = ("test",) if variant.left_out is None else ("train", "val", "test")
    judged = [row for part in parts for row in read(cache / f"{part}.jsonl") if row["complaint"] is not None]
    if variant.left_out is not None:
        judged = [row for row in judged if left_out(row)]
    found = answers(network, judged, tokenizer_of(cache / "base", recipe.max_tokens))
    marks = ("id", "group", "industry", "complaint")
    answered = [
        {mark: row[mark] for mark in marks} | {"logit": round(one["complaint"][0], 4)}
        for row, one in zip(judged, found, strict=True)
    ]
    folder.with_suffix(".json").write_text(json.dumps(answered), "utf-8")
    for state in folder.glob("epoch-*.pt"):
        state.unlink()
    return answered


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", default=list(VARIANTS), help=", ".join(VARIANTS))
    options.add_argument("--seeds", type=int, nargs="*", default=[13])
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    recipe = read_recipe()
    for name in chosen.names:
        for seed in chosen.seeds:
            if not (CACHE / "variants" / f"{name}-{seed}.json").exists():
                print(f"{name}, seed {seed}", flush=True)
                run(name, VARIANTS[name], recipe, seed, CACHE)


if __name__ == "__main__":
    main()
