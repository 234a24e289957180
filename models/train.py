"""Trains a network through the stages of the recipe, going on where it stopped: ``python -m models.train``."""

import argparse
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models.augment import said_otherwise
from models.keeping import Keeper
from models.network import Network, from_base
from models.prepare import Row, read
from models.recipe import CACHE, SOFTMAX, Recipe, Stage, heads_of, read_labels, read_recipe

PASSES = 20
"""A ``take`` up to this counts passes over a group, above it rows."""

HEAD_RATE = 10.0
"""The heads start from nothing and may move so many times faster than the encoder."""

RARE = 6.0
"""A rare topic counts at most so many times more where it is present."""

REPORT_EVERY = 50
NOTHING = -100

Answers = dict[str, Tensor]
Logits = dict[str, list[float]]


@dataclass(frozen=True)
class Batch:
    """Texts as numbers, and what labels (NaN or -100: nothing) and teacher (NaN: nothing) say, by head."""

    ids: Tensor
    mask: Tensor
    labels: Answers
    taught: Answers = field(default_factory=dict)


def draw(rows: Sequence[Row], stage: Stage, chance: random.Random) -> list[Row]:
    """The rows of one epoch of a stage, in random order, a share of them said otherwise."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    drawn: list[Row] = []
    for name, amount in stage.take.items():
        group = groups.get(name, [])
        drawn += group * amount if amount <= PASSES else chance.sample(group, min(amount, len(group)))
    chance.shuffle(drawn)
    if stage.otherwise:
        drawn = [_otherwise(row, chance) if chance.random() < stage.otherwise else row for row in drawn]
    return drawn


def _otherwise(row: Row, chance: random.Random) -> Row:
    """The same facts in other words; arousal, which is tone, is no longer known."""
    return row | {"text": said_otherwise(row["text"], chance), "arousal": None}


def batches(rows: Sequence[Row], tokenizer: Tokenizer, size: int, heads: Mapping[str, int]) -> Iterator[Batch]:
    """Batches of texts of like length: sorted within windows, so that little is spent on padding."""
    window = size * 32
    for start in range(0, len(rows), window):
        part = rows[start : start + window]
        coded = [encoding.ids for encoding in tokenizer.encode_batch([row["text"] for row in part])]
        order = sorted(range(len(part)), key=lambda i: len(coded[i]))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            yield _batch([part[i] for i in chosen], [coded[i] for i in chosen], heads)


def _batch(rows: Sequence[Row], coded: Sequence[Sequence[int]], heads: Mapping[str, int]) -> Batch:
    width = max(len(ids) for ids in coded)
    taught = {name: _numbers([_taught(row, name, size) for row in rows]) for name, size in heads.items()}
    return Batch(
        ids=torch.tensor([[*ids, *[0] * (width - len(ids))] for ids in coded]),
        mask=torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in coded]),
        labels={name: _labels(name, size, rows) for name, size in heads.items()},
        taught={name: values for name, values in taught.items() if not bool(values.isnan().all())},
    )


def _labels(name: str, size: int, rows: Sequence[Row]) -> Tensor:
    if name in SOFTMAX:
        return torch.tensor([NOTHING if row.get(name) is None else row[name] for row in rows])
    if size == 1:
        return _numbers([[row[name]] for row in rows])
    return _numbers([row.get(name) or [None] * size for row in rows])


def _taught(row: Row, name: str, size: int) -> list[float | None]:
    given: list[float | None] | None = row.get("taught", {}).get(name)
    return given or [None] * size


def _numbers(rows: Sequence[Sequence[float | None]]) -> Tensor:
    return torch.tensor([[float("nan") if value is None else float(value) for value in row] for row in rows])


def rarity(rows: Sequence[Row]) -> Tensor:
    """How much more a rare topic counts where it is present: the root of its rarity, at most ``RARE``."""
    labelled = _numbers([row["topics"] for row in rows if row["topics"]])
    present = (labelled == 1).sum(0).clamp(min=1)
    absent = (labelled == 0).sum(0)
    return (absent / present).sqrt().clamp(1.0, RARE)


def loss_of(outputs: Answers, batch: Batch, recipe: Recipe, soft: float, rare: Tensor) -> Tensor:
    """The weighted sum of the heads' losses: against the labels, and against the teacher's word where there is one."""
    total = torch.zeros(())
    for name, logits in outputs.items():
        one = _against_labels(name, logits.float(), batch.labels[name], recipe.label_smoothing, rare)
        if soft and name in batch.taught:
            one = (1 - soft) * one + soft * _against_teacher(name, logits.float(), batch.taught[name])
        total = total + recipe.weights.get(name, 1.0) * one
    return total


def _against_labels(name: str, logits: Tensor, truth: Tensor, smoothing: float, rare: Tensor) -> Tensor:
    if name in SOFTMAX:
        known = truth != NOTHING
        return functional.cross_entropy(logits[known], truth[known]) if bool(known.any()) else logits.sum() * 0.0
    if name == "complaint":
        return _binary(logits, truth * (1 - smoothing) + smoothing / 2)
    return _binary(logits, truth, rare if name == "topics" else None)


def _against_teacher(name: str, logits: Tensor, taught: Tensor) -> Tensor:
    if name not in SOFTMAX:
        return _binary(logits, taught.sigmoid())
    known = ~taught[:, 0].isnan()
    return functional.cross_entropy(logits[known], taught[known].softmax(-1))


def _binary(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    known = ~target.isnan()
    if not bool(known.any()):
        return logits.sum() * 0.0
    losses = functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(target), reduction="none", pos_weight=weights
    )
    return losses[known].sum() / known.sum()


@dataclass(frozen=True)
class Objective:
    """What a training aims at: the labels, the teacher's word, and states that still tell what posts are about."""

    recipe: Recipe
    rare: Tensor
    keeper: Keeper | None

    def of(self, network: Network, batch: Batch, stage: Stage) -> Tensor:
        """The loss of a batch in a stage."""
        with torch.autocast("cpu", torch.bfloat16):
            states = network.states(batch.ids, batch.mask)
            outputs = network.judged(states, batch.mask)
        loss = loss_of(outputs, batch, self.recipe, stage.soft, self.rare)
        if self.keeper and stage.keep:
            loss = loss + stage.keep * self.keeper.loss(states, batch.ids, batch.mask)
        return loss


def optimizer_of(network: Network, rate: float) -> torch.optim.Optimizer:
    """AdamW over what may move; the heads faster than the encoder."""
    encoder = [one for one in network.encoder.parameters() if one.requires_grad]
    heads = list(network.heads.parameters())
    groups = [{"params": encoder, "peak": rate}, {"params": heads, "peak": rate * HEAD_RATE}]
    return torch.optim.AdamW(groups, lr=rate)


def train_epoch(
    network: Network,
    optimizer: torch.optim.Optimizer,
    planned: list[Batch],
    objective: Objective,
    progress: tuple[Stage, int],
) -> None:
    """One epoch; the rates rise over the first tenth of its stage and fall to nothing at the end of it."""
    stage, done = progress
    steps = len(planned) * stage.epochs
    started, seen, running = time.monotonic(), 0, 0.0
    network.train()
    for number, batch in enumerate(planned):
        part = _shape((number + done * len(planned)) / steps)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * part
        loss = objective.of(network, batch, stage)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        seen += len(batch.ids)
        running = float(loss.detach()) if not number else 0.98 * running + 0.02 * float(loss.detach())
        if (number + 1) % REPORT_EVERY == 0:
            speed = seen / (time.monotonic() - started)
            print(f"{stage.name} {done}: {number + 1}/{len(planned)} loss {running:.3f}, {speed:.0f}/s", flush=True)


def _shape(part: float) -> float:
    return part / 0.1 if part < 0.1 else (1.0 - part) / 0.9


@torch.no_grad()
def answers(
    network: Network, rows: Sequence[Row], tokenizer: Tokenizer, size: int = 64
) -> list[dict[str, list[float]]]:
    """The logits of each row by head, in order."""
    network.eval()
    heads: dict[str, int] = {name: head.out_features for name, head in network.heads.items()}  # type: ignore[misc]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]["text"]))
    found: dict[int, Logits] = {}
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        coded = [encoding.ids for encoding in tokenizer.encode_batch([rows[i]["text"] for i in chosen])]
        batch = _batch([rows[i] for i in chosen], coded, heads)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(batch.ids, batch.mask)
        for place, i in enumerate(chosen):
            found[i] = {name: logits[place].float().tolist() for name, logits in outputs.items()}
    return [found[i] for i in range(len(rows))]


def tokenizer_of(folder: Path, tokens: int) -> Tokenizer:
    """The tokenizer in a folder, cutting texts at a number of tokens and never padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


@dataclass(frozen=True)
class Run:
    """What a training goes by: its stages, seed, rows and where its state is kept after each epoch."""

    recipe: Recipe
    stages: Sequence[Stage]
    seed: int
    rows: Sequence[Row]
    validation: Sequence[Row]
    folder: Path
    keeper: Keeper | None = None


def train(network: Network, tokenizer: Tokenizer, run: Run, *, stop_after: int | None = None) -> None:
    """Train through the stages, keeping the state after each epoch in ``epoch-N.pt`` of the run's folder."""
    position = 0
    heads: dict[str, int] = {name: head.out_features for name, head in network.heads.items()}  # type: ignore[misc]
    objective = Objective(run.recipe, rarity(run.rows), run.keeper)
    run.folder.mkdir(parents=True, exist_ok=True)
    for stage in run.stages:
        optimizer = optimizer_of(network, stage.rate)
        for done in range(stage.epochs):
            position += 1
            kept = run.folder / f"epoch-{position}.pt"
            if kept.exists():
                state = torch.load(kept, weights_only=True)
                network.load_state_dict(state["network"])
                optimizer.load_state_dict(state["optimizer"])
                continue
            if stop_after is not None and position > stop_after:
                return
            torch.manual_seed(run.seed + position)
            chance = random.Random(run.seed + position)
            planned = list(batches(draw(run.rows, stage, chance), tokenizer, run.recipe.batch, heads))
            chance.shuffle(planned)
            train_epoch(network, optimizer, planned, objective, (stage, done))
            torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, kept)
            print(f"epoch {position}: {validated(network, run.validation, tokenizer)}", flush=True)


def validated(network: Network, rows: Sequence[Row], tokenizer: Tokenizer) -> str:
    """The share of right complaint decisions by group, as JSON."""
    known = [row for row in rows if row["complaint"] is not None]
    found = answers(network, known, tokenizer)
    right: dict[str, list[bool]] = {}
    for row, answer in zip(known, found, strict=True):
        right.setdefault(row["group"], []).append((answer["complaint"][0] >= 0) == bool(row["complaint"]))
    return json.dumps({name: round(sum(hits) / len(hits), 3) for name, hits in sorted(right.items())})


def student(recipe: Recipe, base: Path, topics: Sequence[str]) -> Network:
    """The small network before training: the base's chosen layers."""
    return from_base(base, heads_of(topics), layers=recipe.layers)


def taught_rows(cache: Path) -> list[Row]:
    """The training rows with the teacher's word where ``models.distil`` has left it."""
    words: dict[str, Any] = {}
    if (cache / "taught.jsonl").exists():
        words = {row["text"]: row["taught"] for row in read(cache / "taught.jsonl")}
    rows = [*read(cache / "train.jsonl"), *read(cache / "unlabelled.jsonl")]
    return [row | {"taught": words[row["text"]]} if row["text"] in words else row for row in rows]


def recipe_run(recipe: Recipe, seed: int) -> tuple[Network, Tokenizer, Run]:
    """What trains the recipe's network with a seed, in a folder of its own."""
    torch.manual_seed(seed)
    network = student(recipe, CACHE / "base", read_labels().topics)
    tokenizer = tokenizer_of(CACHE / "base", recipe.train_tokens)
    validation = list(read(CACHE / "val.jsonl"))
    keeper = Keeper(from_base(CACHE / "base", {}), tokenizer)
    rows, folder = taught_rows(CACHE), recipe.folder(seed)
    return network, tokenizer, Run(recipe, recipe.stages, seed, rows, validation, folder, keeper)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stop-after", type=int, help="train only this many epochs of each network now")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument(
        "--seeds", type=int, nargs="*", help="others than the recipe's, each kept in a folder of its own"
    )
    options.add_argument("--layers", type=int, nargs="*", help="other layers than the recipe's, likewise")
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    recipe = read_recipe()
    if chosen.layers:
        recipe = recipe.with_layers(chosen.layers)
    for seed in chosen.seeds or [recipe.seed]:
        network, tokenizer, run = recipe_run(recipe, seed)
        train(network, tokenizer, run, stop_after=chosen.stop_after)


if __name__ == "__main__":
    main()
