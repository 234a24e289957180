"""Trains variants of the recipe, to learn what each part is worth: ``python -m models.compare plain free``."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from models.distil import teacher_of
from models.export import mean_of
from models.network import Network
from models.prepare import Row, invented, read
from models.recipe import CACHE, MODEL, OURS, Recipe, Stage, read_labels, read_recipe
from models.train import Run, answers, recipe_run, student, tokenizer_of, train

SIX = (0, 1, 2, 3, 4, 5)

PLAIN = Stage("plain", 3, 8e-5, {"acl": 1, "control": 1, "airline": 1, "reviews": 1})
"""Complaint labels only, three epochs: what fine-tuning gives without anything clever."""

SHORT = Stage(
    "short",
    2,
    1e-4,
    {
        "acl": 2,
        "control": 1,
        "airline": 2500,
        "reviews": 1,
        "own": 1,
        "hard": 1,
        "more": 1,
        "more_hard": 1,
        "invented": 500,
        "semeval": 1500,
        "chatter": 700,
    },
)
"""A mixture like the recipe's, with all our own posts and without the teacher, who has seen every industry."""

FREE = Stage(
    "free",
    3,
    1e-4,
    {"own": 2, "hard": 2, "more": 2, "more_hard": 2, "invented": 1, "questions": 1, "chatter": 2000},
)
"""Only what may be used commercially: our own posts, GoEmotions, Banking77, Bitext."""

FEWER: Mapping[str, Mapping[str, int]] = {"broad": {"own": 1}, "joint": {"own": 2}, "settle": {"own": 2, "hard": 2}}
"""What the stages read of our own posts where those in ``more/`` are left out."""

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


def run(variant: Variant, recipe: Recipe, seed: int, folder: Path) -> list[Row]:
    """Train a variant and judge what it is measured on: the test part, or everything that it was not shown."""
    torch.manual_seed(seed)
    kept = recipe if not variant.layers else recipe.with_layers(variant.layers)
    left_out = variant.left_out or (lambda _: False)
    rows = [row for row in read(CACHE / "train.jsonl") if not left_out(row)]
    validation = [row for row in read(CACHE / "val.jsonl") if not left_out(row)]
    network: Network = student(kept, CACHE / "base", read_labels().topics)
    tokenizer = tokenizer_of(CACHE / "base", recipe.train_tokens)
    train(network, tokenizer, Run(kept, variant.stages, seed, rows, validation, folder))
    parts = ("test",) if variant.left_out is None else ("train", "val", "test")
    chosen = [row for part in parts for row in read(CACHE / f"{part}.jsonl") if not variant.left_out or left_out(row)]
    judged = answered(network, chosen, tokenizer_of(CACHE / "base", recipe.max_tokens))
    for state in folder.glob("epoch-*.pt"):
        state.unlink()
    return judged


def unkept(recipe: Recipe) -> Recipe:
    """The recipe without what holds the states to those of the base."""
    return replace(recipe, stages=tuple(replace(stage, keep=0.0) for stage in recipe.stages))


def with_fewer(recipe: Recipe) -> Recipe:
    """The recipe of 2026-11-r3: without the posts in ``more/``, less of the teacher's word, and states not kept."""
    broad, joint, settle = (replace(stage, take=_fewer(stage)) for stage in unkept(recipe).stages)
    return replace(recipe, stages=(broad, replace(joint, soft=0.5), replace(settle, soft=0.25, otherwise=0.2)))


def _fewer(stage: Stage) -> Mapping[str, int]:
    others = {name: amount for name, amount in stage.take.items() if name not in OURS}
    return {**FEWER[stage.name], **others}


RECIPES: Mapping[str, Callable[[Recipe], Recipe]] = {
    "recipe": lambda recipe: recipe,
    "recipe6": lambda recipe: recipe.with_layers(SIX),
    "unkept": unkept,
    "fewer": with_fewer,
}
"""The recipe itself, with six layers, without keeping the states, and as it was before that and before ``more/``."""


def run_recipe(name: str, recipe: Recipe, seed: int) -> list[Row]:
    """Train as ``models.train`` does, or go on where it stopped, and judge the test part and our own posts."""
    network, tokenizer, run = recipe_run(RECIPES[name](recipe), seed)
    if name in ("unkept", "fewer"):
        run = replace(run, folder=CACHE / "variants" / f"{name}-{seed}")
    train(network, tokenizer, run)
    network.load_state_dict(mean_of([run.folder / f"epoch-{number}.pt" for number in recipe.average]))
    return answered(network, measured(), tokenizer_of(CACHE / "base", recipe.max_tokens))


def run_teacher(recipe: Recipe) -> list[Row]:
    """Let the teacher that ``models.distil`` trained judge the test part and our own posts."""
    network = teacher_of(recipe, CACHE / "teacher-base", len(read_labels().topics))
    network.load_state_dict(mean_of(sorted((CACHE / "teacher").glob("epoch-*.pt"))[-1:]))
    tokenizer = tokenizer_of(CACHE / "teacher-base", recipe.max_tokens)
    return answered(network, measured(), tokenizer)


def measured() -> list[Row]:
    """The public test part, and our own posts that measure."""
    return [*read(CACHE / "test.jsonl"), *invented(MODEL / "eval.jsonl", "ours", read_labels())]


def answered(network: Network, rows: Sequence[Row], tokenizer: Tokenizer) -> list[Row]:
    """The complaint logits of the rows that have a label."""
    judged = [row for row in rows if row["complaint"] is not None]
    marks = ("id", "group", "industry", "complaint")
    return [
        {mark: row[mark] for mark in marks} | {"logit": round(one["complaint"][0], 4)}
        for row, one in zip(judged, answers(network, judged, tokenizer), strict=True)
    ]


def judgements(name: str, recipe: Recipe, seed: int) -> list[Row]:
    """What a variant, the recipe itself or its teacher says with a seed."""
    if name == "teacher":
        return run_teacher(recipe)
    if name in RECIPES:
        return run_recipe(name, recipe, seed)
    return run(VARIANTS[name], recipe, seed, CACHE / "variants" / f"{name}-{seed}")


def main() -> None:
    names = [*VARIANTS, *RECIPES, "teacher"]
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", default=names, help=", ".join(names))
    options.add_argument("--seeds", type=int, nargs="*", default=[13])
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    recipe = read_recipe()
    for name in chosen.names:
        for seed in chosen.seeds:
            kept = CACHE / "variants" / f"{name}-{seed}.json"
            if not kept.exists():
                print(f"{name}, seed {seed}", flush=True)
                found = judgements(name, recipe, seed)
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
