"""The variants read what there is, and no post that measures is one that trains."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.compare import RECIPES, VARIANTS, unkept, with_fewer
from models.prepare import invented, read
from models.recipe import MODEL, Stage, read_labels, read_recipe

MEASURING = ("eval.jsonl", "pairs.jsonl")
TRAINING = [*sorted((MODEL / "own").glob("*.jsonl")), MODEL / "hard.jsonl", *sorted((MODEL / "more").rglob("*.jsonl"))]
GROUPS = {
    "acl",
    "control",
    "airline",
    "reviews",
    "topics",
    "semeval",
    "questions",
    "chatter",
    "invented",
    "own",
    "hard",
    "more",
    "more_hard",
    "unlabelled",
}


def stages() -> Iterator[Stage]:
    for variant in VARIANTS.values():
        yield from variant.stages
    for made in RECIPES.values():
        yield from made(read_recipe()).stages


def test_every_group_that_a_stage_takes_is_one_that_prepare_makes() -> None:
    for stage in stages():
        assert set(stage.take) <= GROUPS, stage.name


def test_the_recipe_without_a_part_is_the_same_in_all_others() -> None:
    recipe = read_recipe()
    for whole, loose, few in zip(recipe.stages, unkept(recipe).stages, with_fewer(recipe).stages, strict=True):
        assert whole.keep > loose.keep == few.keep == 0
        assert replace(loose, keep=whole.keep) == whole
        assert set(whole.take) - set(few.take) <= {"more", "more_hard", "hard"}
        assert not {"more", "more_hard"} & set(few.take)


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.name)
def test_our_own_training_posts_are_labelled_in_full(path: Path) -> None:
    rows, labels = list(read(path)), read_labels()
    assert len({row["text"] for row in rows}) == len(rows)
    for row, made in zip(rows, invented(path, "own", labels), strict=True):
        assert set(row["topics"]) <= set(labels.topics), row["text"]
        assert (made["complaint"] == 1) == (made["severity"] is not None), row["text"]
        assert made["arousal"] in (0, 1, 2), row["text"]


def test_no_post_that_measures_trains() -> None:
    measuring = {
        row[side] for name in MEASURING for row in read(MODEL / name) for side in ("text", "a", "b") if side in row
    }
    assert not measuring & {row["text"] for path in TRAINING for row in read(path)}
