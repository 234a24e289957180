"""Trains the large teacher and writes down its word on every post: ``python -m models.distil``."""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from models.network import Network, from_base
from models.prepare import Row, read
from models.recipe import CACHE, Recipe, read_labels, read_recipe
from models.train import Run, answers, tokenizer_of, train

HEADS = ("complaint", "topics", "sentiment")
"""What the teacher teaches; intent, severity and arousal have too few labels to gain from it."""

GROUPS = {
    "acl": 0,
    "control": 0,
    "airline": 0,
    "reviews": 0,
    "own": 0,
    "more": 0,
    "topics": 0,
    "unlabelled": 0,
    "semeval": 5_000,
}
"""Whose posts the teacher judges, and how many of a group (0: all)."""

PORTION = 512


def teacher_of(recipe: Recipe, base: Path, topics: int) -> Network:
    """The large network before training."""
    assert recipe.teacher is not None, "the recipe names no teacher"
    sizes = {"complaint": 1, "topics": topics, "sentiment": 3}
    return from_base(base, sizes, frozen=recipe.teacher.frozen)


def chosen_rows(rows: Sequence[Row], seed: int) -> list[Row]:
    """The posts that the teacher judges."""
    found: list[Row] = []
    for group, most in GROUPS.items():
        members = [row for row in rows if row["group"] == group]
        found += random.Random(seed).sample(members, most) if most and most < len(members) else members
    return found


def teach(network: Network, rows: Sequence[Row], tokenizer: Tokenizer, path: Path) -> None:
    """Append the teacher's logits on each post to a file, going on where it stopped."""
    done = {row["text"] for row in read(path)} if path.exists() else set()
    waiting = sorted((row for row in rows if row["text"] not in done), key=lambda row: len(row["text"]))
    with path.open("a", encoding="utf-8") as file:
        for start in range(0, len(waiting), PORTION):
            part = waiting[start : start + PORTION]
            for row, found in zip(part, answers(network, part, tokenizer, 32), strict=True):
                taught = {name: [round(value, 3) for value in found[name]] for name in HEADS}
                file.write(json.dumps({"text": row["text"], "taught": taught}, ensure_ascii=False) + "\n")
            file.flush()
            print(f"taught {start + len(part)} of {len(waiting)}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(options.parse_args().threads)
    recipe = read_recipe()
    assert recipe.teacher is not None
    seed, stages = recipe.teacher.seed, recipe.teacher.stages
    torch.manual_seed(seed)
    rows = list(read(CACHE / "train.jsonl"))
    network = teacher_of(recipe, CACHE / "teacher-base", len(read_labels().topics))
    tokenizer = tokenizer_of(CACHE / "teacher-base", recipe.train_tokens)
    validation = list(read(CACHE / "val.jsonl"))
    train(network, tokenizer, Run(recipe, stages, seed, rows, validation, CACHE / "teacher"))
    posts = chosen_rows([*rows, *read(CACHE / "unlabelled.jsonl")], seed)
    teach(network, posts, tokenizer, CACHE / "taught.jsonl")


if __name__ == "__main__":
    main()
