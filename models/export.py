"""Turns trained weights into the shipped files: ``python -m models.export``."""

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from models.measures import (
    Numbers,
    precision_recall,
    sigmoid,
    temperature,
    threshold_for_precision,
    threshold_for_recall,
)
from models.network import Network, from_base
from models.prepare import Row, read
from models.recipe import CACHE, MODEL, SENTIMENTS, Aims, Recipe, read_labels, read_recipe
from models.train import tokenizer_of
from monitor.core.text import NORMALISATION

OUTPUTS = ["complaint", "sentiment", "topics"]
PARITY = 0.98
"""The share of decisions the quantized network must share with the exact one."""

DATA = (
    "ACL 2019 complaint tweets (Preotiuc-Pietro et al.; no licence stated)",
    "Twitter US Airline Sentiment (CC BY-NC-SA 4.0)",
    "CESAMARD product reviews (repository MIT, text scraped)",
    "SemEval-2017 task 4 sentiment (platform terms)",
    "TWCS topics, ERICSSON (CC BY-NC-SA 4.0 origin)",
    "Banking77 (CC BY 4.0)",
    "Bitext customer support (CDLA-Sharing 1.0, synthetic)",
    "our own invented posts (Apache-2.0)",
)
LICENCE_NOTE = (
    "Some of the training sets are for non-commercial use or under platform terms. No text of them is in this "
    "repository. Whether weights trained on them may be used commercially is not settled: see CARD.md."
)


def to_onnx(network: Network, path: Path) -> None:
    """The exact network as an ONNX file with free batch and length."""
    network.eval()
    example = (torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long))
    free = {name: {0: "batch", 1: "length"} for name in ("input_ids", "attention_mask")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter announces its retirement at length
        torch.onnx.export(
            network,
            example,
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=OUTPUTS,
            dynamic_axes=free | {name: {0: "batch"} for name in OUTPUTS},
            opset_version=17,
            dynamo=False,
        )


def quantize(exact: Path, small: Path) -> None:
    """The network with 8-bit weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantize_dynamic(str(exact), str(small), weight_type=QuantType.QInt8, per_channel=True)


def logits(path: Path, tokenizer: Tokenizer, rows: Sequence[Row]) -> tuple[Numbers, Numbers]:
    """Complaint and topic logits of each row, one row at a time, as the product does it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    complaints, topics = [], []
    for row in rows:
        ids = np.array([tokenizer.encode(row["text"]).ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        complaint, topic = session.run(["complaint", "topics"], feed)
        complaints.append(float(complaint[0]))
        topics.append(topic[0])
    return np.array(complaints), np.array(topics, dtype=float)


def calibrate(rows: Sequence[Row], found: Numbers, aims: Aims) -> dict[str, Any]:
    """Temperature and thresholds from validation posts, and what they reach there."""
    chosen = np.array([row["complaint"] is not None and row["group"] != "control" for row in rows])
    truth = np.array([float(row["complaint"] or 0) for row in rows])[chosen]
    heat = temperature(truth, found[chosen])
    probability = sigmoid(found[chosen] / heat)
    alert = threshold_for_precision(truth, probability, aims.alert_precision)
    digest = min(alert, threshold_for_recall(truth, probability, aims.digest_recall))
    tiers: dict[str, Any] = {"digest": digest, "alert": alert, "measured_on": f"{len(truth)} validation posts"}
    for name, threshold in (("digest", digest), ("alert", alert)):
        precision, recall, _ = precision_recall(truth, (probability >= threshold).astype(float))
        tiers[f"{name}_reached"] = {"precision": round(precision, 3), "recall": round(recall, 3)}
    return {"temperature": heat, "thresholds": tiers}


def manifest(
    recipe: Recipe, topics: Sequence[str], folder: Path, calibrated: Mapping[str, Any], parity: float
) -> dict[str, Any]:
    """What the folder says about itself."""
    return {
        "name": recipe.name,
        "revision": recipe.revision,
        "normalisation": NORMALISATION,
        "files": {name: _fact(folder / name) for name in ("model.onnx", "tokenizer.json")},
        "base": {"name": recipe.base.name, "sha256": recipe.base.sha256, "licence": recipe.base.licence},
        "outputs": OUTPUTS,
        "sentiments": list(SENTIMENTS),
        "topics": list(topics),
        **calibrated,
        "topic_threshold": recipe.aims.topic,
        "max_tokens": recipe.max_tokens,
        "languages": ["en"],
        "parity_with_fp32": round(parity, 4),
        "metrics": {},
        "seed": recipe.seed,
        "data": list(DATA),
        "licence_note": LICENCE_NOTE,
    }


def mean_of(kept: Sequence[Path]) -> dict[str, torch.Tensor]:
    """The mean of the weights kept after several epochs: one network, steadier than any of them."""
    states = [torch.load(path, weights_only=True)["network"] for path in kept]
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def _fact(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def export(
    recipe: Recipe, network: Network, topics: Sequence[str], base: Path, rows: Sequence[Row], folder: Path
) -> dict[str, Any]:
    """Write model, tokenizer and manifest into a folder; refuse a network that quantization changed too much."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of(base, recipe.max_tokens)
    shutil.copyfile(base / "tokenizer.json", folder / "tokenizer.json")
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        to_onnx(network, exact)
        quantize(exact, folder / "model.onnx")
        wanted, _ = logits(exact, tokenizer, rows)
    found, _ = logits(folder / "model.onnx", tokenizer, rows)
    parity = float(np.mean((wanted >= 0) == (found >= 0)))
    if parity < PARITY:
        raise SystemExit(f"quantized and exact network agree on {parity:.1%} of {len(rows)} decisions only")
    written = manifest(recipe, topics, folder, calibrate(rows, found, recipe.aims), parity)
    (folder / "manifest.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return written


def main() -> None:
    recipe, labels = read_recipe(), read_labels()
    network = from_base(CACHE / "base", len(labels.topics))
    network.load_state_dict(mean_of([CACHE / f"epoch-{number}.pt" for number in recipe.average]))
    rows = [row for row in read(CACHE / "val.jsonl") if row["complaint"] is not None]
    written = export(recipe, network, labels.topics, CACHE / "base", rows, MODEL)
    print(json.dumps({name: written[name] for name in ("files", "temperature", "thresholds", "parity_with_fp32")}))


if __name__ == "__main__":
    main()
