"""Makes a model better at one workspace's posts: new heads on the same network, kept only if nothing got worse."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from monitor.core.calibration import Aim, counted
from monitor.core.errors import ModelError
from monitor.core.text import fingerprint
from monitor.encoder import HEADS, NETWORK, Encoder, Heads
from monitor.learning.fitting import Numbers, Rows, fit, is_held_back, log_loss, scaling
from monitor.learning.labels import Labelled
from monitor.measures import auc, macro_f1
from monitor.model_files import MANIFEST, verified

FEWEST = 60
"""Labels that are needed at least; of each answer a quarter of it."""

ENOUGH = 200
"""From so many labels on, thresholds follow from them and no longer from the model's own calibration."""

TOLERANCE = (0.01, 0.05)
"""So much AUC may be lost, and log-loss gained, on the ratchet set, which is about other brands than yours."""

ROUNDING = 1e-4
"""Figures that differ by less are the same."""

SUREST = 1.0
"""Calibration may make a new head less sure of itself, never surer: a few easy labels would."""

TIES = (0.0, 10.0, 30.0, 100.0)
"""How strongly the new head is tied to the old one at least: tried in turn until nothing has got worse."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Figures:
    """How well a head does on rows, at a probability of 0.5; ``log_loss`` is better when it is smaller."""

    rows: int
    macro_f1: float
    auc: float
    log_loss: float


@dataclass(frozen=True)
class Outcome:
    """Before and after on the held-back labels and on the ratchet set, and why the new head was refused, if it was."""

    trained: int
    held_back: tuple[Figures, Figures]
    ratchet: tuple[Figures, Figures]
    refused: str | None


@dataclass(frozen=True)
class Shelf:
    """Posts that ship with a model: those to rehearse while learning, and those that judge what was learnt."""

    rehearsal: Sequence[Labelled]
    ratchet: Sequence[Labelled]


def retrain(
    source: Path, labelled: Sequence[Labelled], shelf: Shelf, target: Path, name: str, progress: Progress
) -> Outcome:
    """Fit the complaint head of the model in ``source`` to labels, and install the better model in ``target``.

    Three tenths of the labels are held back, always the same ones. The new model replaces the one in ``target`` (or
    comes in place of ``source``) only if it is better on them and no worse on the ratchet set; what was there moves to
    ``target.previous``. ``progress`` is called with the number of posts read since the last call. Raises
    ``ModelError`` when there are too few labels.
    """
    rows = _distinct(labelled)
    _require_enough(rows)
    manifest = verified(source, (NETWORK, HEADS))
    encoder, heads = Encoder(source, manifest.max_tokens), Heads.load(source / HEADS)
    held = is_held_back([fingerprint(row.text) for row in rows])
    mine = _read(encoder, rows, progress)
    kept, seen = mine.of(held), mine.of(~held)
    if not 0 < kept.truth.sum() < len(kept.truth):
        raise ModelError("the labels that were held back are all of one kind: label some more of the other")
    rehearsal, ratchet = (_read(encoder, posts, progress) for posts in (shelf.rehearsal, shelf.ratchet))
    in_use = _in_use(source, target) or heads
    for least in TIES:
        new, probability = _fitted(heads, seen, rehearsal, least)
        outcome = _compared(len(seen.truth), (in_use, heads, new), kept, ratchet)
        if outcome.refused is None:
            said = np.concatenate([_said(new, kept), probability]).tolist()
            truth = (np.concatenate([kept.truth, seen.truth]) == 1).tolist()
            _install(source, new, list(zip(said, truth, strict=True)), target, name)
            break
    return outcome


def _fitted(heads: Heads, rows: Rows, rehearsal: Rows, least: float) -> tuple[Heads, Numbers]:
    """New heads, and what heads that had not seen a row say about it; both calibrated on the latter."""
    weights, bias = heads.weights["complaint"][0].astype(float), float(heads.bias["complaint"][0])
    fitted = fit(rows, weights, bias, rehearsal, least)
    safe = fitted.probability.clip(1e-6, 1 - 1e-6)
    unseen = np.log(safe / (1 - safe))
    slope, offset = scaling(rows.truth, unseen)
    slope = min(slope, SUREST)
    new = heads.with_complaint(
        (fitted.weights[None, :] * slope).astype(np.float32),
        np.array([fitted.bias * slope + offset], dtype=np.float32),
    )
    return new, np.asarray(1 / (1 + np.exp(-(unseen * slope + offset))))


def undo(target: Path) -> None:
    """Put back the model that the last training replaced. Raises ``ModelError`` when there is none."""
    previous = _previous(target)
    if not previous.is_dir():
        raise ModelError(f"{previous}: there is no earlier model to go back to")
    aside = target.with_name(target.name + ".undone")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    previous.rename(target)


def _in_use(source: Path, target: Path) -> Heads | None:
    """The heads that an earlier training installed on this very network; none after an upgrade of the network."""
    if not (target / MANIFEST).is_file():
        return None
    networks = [verified(folder, (NETWORK, HEADS)).files[NETWORK].sha256 for folder in (source, target)]
    return Heads.load(target / HEADS) if networks[0] == networks[1] else None


def _distinct(labelled: Sequence[Labelled]) -> list[Labelled]:
    """The last label of each wording: people change their minds, and copies are one post."""
    return list({fingerprint(row.text): row for row in labelled}.values())


def _require_enough(rows: Sequence[Labelled]) -> None:
    complaints = sum(row.complaint for row in rows)
    fewest = min(complaints, len(rows) - complaints)
    if len(rows) < FEWEST or fewest < FEWEST // 4:
        raise ModelError(
            f"{len(rows)} different labelled posts, {complaints} of them complaints, are too few to learn from: "
            f"label at least {FEWEST}, and {FEWEST // 4} of each kind (umbrage sample draws some)"
        )


def _read(encoder: Encoder, rows: Sequence[Labelled], progress: Progress) -> Rows:
    states = []
    for row in rows:
        states.append(encoder.pooled(row.text))
        progress(1)
    return Rows.of_equal_weight(np.array(states, dtype=float), np.array([float(row.complaint) for row in rows]))


def _said(heads: Heads, rows: Rows) -> Numbers:
    logits = rows.states @ heads.weights["complaint"][0].astype(float) + float(heads.bias["complaint"][0])
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))))


def _figures(heads: Heads, rows: Rows) -> Figures:
    said = _said(heads, rows)
    return Figures(
        rows=len(rows.truth),
        macro_f1=macro_f1(rows.truth, (said >= 0.5).astype(float)),
        auc=auc(rows.truth, said),
        log_loss=log_loss(rows.truth, said),
    )


def _compared(trained: int, heads: tuple[Heads, Heads, Heads], kept: Rows, ratchet: Rows) -> Outcome:
    """The new heads against those in use on the held-back labels, and against the shipped ones on the ratchet set.

    Always against the shipped ones: against those in use, many small losses could add up.
    """
    in_use, shipped, fresh = heads
    old, new = _figures(in_use, kept), _figures(fresh, kept)
    before, after = _figures(shipped, ratchet), _figures(fresh, ratchet)
    refused = None
    if new.auc < old.auc - ROUNDING or new.log_loss > old.log_loss - ROUNDING:
        refused = "it is not better on the labels that were held back"
    elif after.auc < before.auc - TOLERANCE[0] or after.log_loss > before.log_loss + TOLERANCE[1]:
        refused = "it is worse on the posts that ship with umbrage"
    return Outcome(trained=trained, held_back=(old, new), ratchet=(before, after), refused=refused)


def _install(source: Path, heads: Heads, pairs: Sequence[tuple[float, bool]], target: Path, name: str) -> None:
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    table = json.loads((source / MANIFEST).read_text("utf-8"))
    for file in table["files"]:
        shutil.copyfile(source / file, fresh / file)
    heads.write(fresh / HEADS)
    content = (fresh / HEADS).read_bytes()
    table["files"][HEADS] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    bare = re.sub(r"[^\w.-]+", "-", name) or "own"
    table["revision"] = f"{table['revision'].partition('+')[0]}+{bare}.{table['files'][HEADS]['sha256'][:8]}"
    counts = counted(pairs)
    if len(pairs) >= ENOUGH and counts.thresholds(Aim(**table["aims"])).alert < 1.0:
        posts = f"{len(pairs)} labelled posts of this workspace"
        first = next(iter(table["calibration"]))
        table["calibration"] = table["calibration"] | {first: {**asdict(counts), "posts": posts}}
    (fresh / MANIFEST).write_text(json.dumps(table, ensure_ascii=False) + "\n", "utf-8")
    shutil.rmtree(_previous(target), ignore_errors=True)
    if target.exists():
        target.rename(_previous(target))
    fresh.rename(target)


def _previous(target: Path) -> Path:
    return target.with_name(target.name + ".previous")
