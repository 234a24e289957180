"""Trains the network of the recipe, epoch by epoch, going on where it stopped: ``python -m models.train``."""

import argparse
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models.network import Network, from_base
from models.prepare import Row, read
from models.recipe import CACHE, Recipe, Stage, read_labels, read_recipe

PASSES = 20
"""A ``take`` up to this counts passes over a group, above it rows."""

REPORT_EVERY = 50


@dataclass(frozen=True)
class Batch:
    """Texts as numbers, and what is known about them (NaN or -100: nothing)."""

    ids: Tensor
    mask: Tensor
    complaint: Tensor
    sentiment: Tensor
    topics: Tensor


def draw(rows: Sequence[Row], stage: Stage, chance: random.Random) -> list[Row]:
    """The rows of one epoch of a stage, in random order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    drawn: list[Row] = []
    for name, amount in stage.take.items():
        group = groups.get(name, [])
        drawn += group * amount if amount <= PASSES else chance.sample(group, min(amount, len(group)))
    chance.shuffle(drawn)
    return drawn


def batches(rows: Sequence[Row], tokenizer: Tokenizer, size: int, topics: int) -> Iterator[Batch]:
    """Batches of texts of like length: sorted within windows, so that little is spent on padding."""
    window = size * 32
    for start in range(0, len(rows), window):
        part = rows[start : start + window]
        coded = [encoding.ids for encoding in tokenizer.encode_batch([row["text"] for row in part])]
        order = sorted(range(len(part)), key=lambda i: len(coded[i]))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            yield _batch([part[i] for i in chosen], [coded[i] for i in chosen], topics)


def _batch(rows: Sequence[Row], coded: Sequence[Sequence[int]], topics: int) -> Batch:
    width = max(len(ids) for ids in coded)
    nothing = [None] * topics
    return Batch(
        ids=torch.tensor([[*ids, *[0] * (width - len(ids))] for ids in coded]),
        mask=torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in coded]),
        complaint=_numbers([row["complaint"] for row in rows]),
        sentiment=torch.tensor([-100 if row["sentiment"] is None else row["sentiment"] for row in rows]),
        topics=torch.stack([_numbers(row["topics"] or nothing) for row in rows]),
    )


def _numbers(values: Sequence[int | None]) -> Tensor:
    return torch.tensor([float("nan") if value is None else float(value) for value in values])


def topic_weights(rows: Sequence[Row]) -> Tensor:
    """How much more a rare topic counts where it is present: the root of its rarity, at most six."""
    labelled = torch.stack([_numbers(row["topics"]) for row in rows if row["topics"]])
    present = (labelled == 1).sum(0).clamp(min=1)
    absent = (labelled == 0).sum(0)
    return (absent / present).sqrt().clamp(1.0, 6.0)


def loss_of(
    outputs: tuple[Tensor, Tensor, Tensor], batch: Batch, recipe: Recipe, stage: Stage, weights: Tensor
) -> Tensor:
    """The weighted sum of the heads' losses over what is labelled."""
    complaint, sentiment, topics = (logits.float() for logits in outputs)
    total = _binary(complaint, batch.complaint, recipe.label_smoothing)
    total = total + stage.topic_weight * _binary(topics, batch.topics, 0.0, weights)
    if bool((batch.sentiment >= 0).any()):
        total = total + recipe.sentiment_weight * functional.cross_entropy(sentiment, batch.sentiment)
    return total


def _binary(logits: Tensor, truth: Tensor, smoothing: float, weights: Tensor | None = None) -> Tensor:
    known = ~truth.isnan()
    if not bool(known.any()):
        return logits.sum() * 0.0
    target = torch.nan_to_num(truth) * (1 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none", pos_weight=weights)
    return losses[known].sum() / known.sum()


def train_stage_epoch(
    network: Network,
    optimizer: torch.optim.Optimizer,
    rows: Sequence[Row],
    tokenizer: Tokenizer,
    recipe: Recipe,
    progress: tuple[Stage, int],
) -> None:
    """One epoch; the rate rises over the first tenth of its stage and falls to nothing at the end of it."""
    stage, done = progress
    topics = network.topics.out_features
    weights = topic_weights(rows)
    planned = list(batches(rows, tokenizer, recipe.batch, topics))
    random.Random(recipe.seed + done).shuffle(planned)
    steps = len(planned) * stage.epochs
    started, seen, running = time.monotonic(), 0, 0.0
    network.train()
    for number, batch in enumerate(planned):
        step = number + done * len(planned)
        optimizer.param_groups[0]["lr"] = stage.rate * _shape(step / steps)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(batch.ids, batch.mask)
        loss = loss_of(outputs, batch, recipe, stage, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        seen += len(batch.complaint)
        running = float(loss.detach()) if not number else 0.98 * running + 0.02 * float(loss.detach())
        if (number + 1) % REPORT_EVERY == 0:
            speed = seen / (time.monotonic() - started)
            print(f"{stage.name} {done}: {number + 1}/{len(planned)} loss {running:.3f}, {speed:.0f}/s", flush=True)


def _shape(part: float) -> float:
    return part / 0.1 if part < 0.1 else (1.0 - part) / 0.9


@torch.no_grad()
def answers(network: Network, rows: Sequence[Row], tokenizer: Tokenizer, size: int = 64) -> list[tuple[float, ...]]:
    """The complaint logit and the topic logits of each row, in order."""
    network.eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]["text"]))
    found: dict[int, tuple[float, ...]] = {}
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        coded = [encoding.ids for encoding in tokenizer.encode_batch([rows[i]["text"] for i in chosen])]
        batch = _batch([rows[i] for i in chosen], coded, network.topics.out_features)
        complaint, _, topics = network(batch.ids, batch.mask)
        for i, one, many in zip(chosen, complaint.tolist(), topics.tolist(), strict=True):
            found[i] = (one, *many)
    return [found[i] for i in range(len(rows))]


def tokenizer_of(folder: Path, tokens: int) -> Tokenizer:
    """The tokenizer in a folder, cutting texts at a number of tokens and never padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


def train(
    recipe: Recipe, network: Network, tokenizer: Tokenizer, folder: Path, *, stop_after: int | None = None
) -> None:
    """Train through the recipe's epochs, keeping the state after each in ``folder/epoch-N.pt``."""
    rows = list(read(folder / "train.jsonl"))
    position = 0
    for stage in recipe.stages:
        optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=stage.rate)
        for done in range(stage.epochs):
            position += 1
            kept = folder / f"epoch-{position}.pt"
            if kept.exists():
                state = torch.load(kept, weights_only=True)
                network.load_state_dict(state["network"])
                optimizer.load_state_dict(state["optimizer"])
                continue
            if stop_after is not None and position > stop_after:
                return
            torch.manual_seed(recipe.seed + position)
            drawn = draw(rows, stage, random.Random(recipe.seed + position))
            train_stage_epoch(network, optimizer, drawn, tokenizer, recipe, (stage, done))
            torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, kept)
            print(f"epoch {position} of {recipe.epochs}: {_validation(network, folder, tokenizer)}", flush=True)


def _validation(network: Network, folder: Path, tokenizer: Tokenizer) -> str:
    rows = [row for row in read(folder / "val.jsonl") if row["complaint"] is not None]
    pairs: list[Mapping[str, Any]] = [
        {"right": (found[0] >= 0) == bool(row["complaint"]), "group": row["group"]}
        for row, found in zip(rows, answers(network, rows, tokenizer), strict=True)
    ]
    groups = sorted({pair["group"] for pair in pairs})
    shares = {name: [pair["right"] for pair in pairs if pair["group"] == name] for name in groups}
    return json.dumps({name: round(sum(right) / len(right), 3) for name, right in shares.items()})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stop-after", type=int, help="train only this many epochs now")
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    recipe = read_recipe()
    torch.manual_seed(recipe.seed)
    network = from_base(CACHE / "base", len(read_labels().topics))
    tokenizer = tokenizer_of(CACHE / "base", recipe.train_tokens)
    train(recipe, network, tokenizer, CACHE, stop_after=chosen.stop_after)


if __name__ == "__main__":
    main()
