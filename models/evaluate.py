"""Measures the shipped model beside VADER and TF-IDF on the test part: ``python -m models.evaluate``."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from models.export import logits
from models.measures import Quality, precision_recall, quality, sigmoid
from models.prepare import Row, invented, read
from models.recipe import CACHE, MODEL, read_labels, read_recipe
from models.train import tokenizer_of
from monitor.classifiers import onnx

BASELINE_GROUPS = ("acl", "control", "airline", "reviews", "invented")
"""What TF-IDF learns from: every group whose complaint label is more than an assumption about sentiment."""

SLICES: Mapping[str, Callable[[Row], bool]] = {
    "all rows": lambda row: row["group"] != "own",
    "hand-labelled": lambda row: row["group"] in ("acl", "reviews"),
    "brand-facing (no control tweets)": lambda row: row["group"] not in ("control", "own"),
    "airline, derived": lambda row: row["group"] == "airline",
    "ACL 2019 with control tweets": lambda row: row["group"] in ("acl", "control"),
    "ACL 2019, hand-labelled only": lambda row: row["group"] == "acl",
    "reviews, hand-labelled": lambda row: row["group"] == "reviews",
    "our own hard posts (invented)": lambda row: row["group"] == "own",
}

SPEED = """
import sys, time
from pathlib import Path
from monitor.classifiers import onnx
texts = Path(sys.argv[1]).read_text('utf-8').split('\\x00')
model = onnx.create(onnx.Options())
model.score(texts[:1])
first = start = time.process_time()
model.score(texts)
spent = time.process_time() - start
memory = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]
print(first, len(texts) / spent, int(memory) / 1024)
"""


def vader(rows: Sequence[Row]) -> list[float]:
    """Probability-like scores: 0.5 is VADER's own bound for negative."""
    analyser = SentimentIntensityAnalyzer()
    compounds = [analyser.polarity_scores(row["text"])["compound"] for row in rows]
    return [min(1.0, max(0.0, 0.5 - (one + 0.05) / 2.1)) for one in compounds]


def tfidf(train: Sequence[Row], val: Sequence[Row], test: Sequence[Row]) -> list[float]:
    """Logistic regression on words and letters, its strength chosen on the validation part."""
    rows = [row for row in train if row["complaint"] is not None and row["group"] in BASELINE_GROUPS]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    best: tuple[float, Any] = (-1.0, None)
    for strength in (1.0, 3.0, 10.0):
        model = make_pipeline(make_union(words, letters), LogisticRegression(C=strength, max_iter=2000))
        model.fit([row["text"] for row in rows], [row["complaint"] for row in rows])
        found = model.predict([row["text"] for row in val])
        right = float(np.mean(found == np.array([row["complaint"] for row in val])))
        best = max(best, (right, model), key=lambda pair: pair[0])
    return [float(one) for one in best[1].predict_proba([row["text"] for row in test])[:, 1]]


def topic_quality(rows: Sequence[Row], folder: Path) -> dict[str, Any]:
    """Per topic: precision, recall and F1 on rows whose label says something about it."""
    recipe, topics = read_recipe(), read_labels().topics
    labelled = [row for row in rows if row["topics"]]
    _, found = logits(folder / "model.onnx", tokenizer_of(folder, recipe.max_tokens), labelled)
    probability = sigmoid(found)
    table: dict[str, Any] = {}
    for column, name in enumerate(topics):
        known = np.array([row["topics"][column] is not None for row in labelled])
        truth = np.array([float(row["topics"][column] or 0) for row in labelled])[known]
        precision, recall, f1 = precision_recall(truth, (probability[known, column] >= recipe.aims.topic).astype(float))
        figures = {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3)}
        table[name] = {"positive": int(truth.sum()), **figures}
    first = [row["topics"][int(np.argmax(one))] for row, one in zip(labelled, probability, strict=True)]
    decided = [hit for hit in first if hit is not None]
    return {"rows": len(labelled), "likeliest_right": round(sum(decided) / len(decided), 3), "topics": table}


def tiers(rows: Sequence[Row], probability: Sequence[float], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """What the shipped thresholds reach on test posts addressed to a brand."""
    chosen = [i for i, row in enumerate(rows) if row["group"] != "control"]
    truth = np.array([float(rows[i]["complaint"]) for i in chosen])
    found = np.array([probability[i] for i in chosen])
    reached = {}
    for name, threshold in thresholds.items():
        precision, recall, _ = precision_recall(truth, (found >= threshold).astype(float))
        reached[name] = {"threshold": threshold, "precision": round(precision, 3), "recall": round(recall, 3)}
    return reached


def speed(rows: Sequence[Row]) -> dict[str, float]:
    """Processor seconds from a fresh interpreter: until the first score, and posts per second after it."""
    texts = CACHE / "speed.txt"
    texts.write_text("\x00".join(row["text"] for row in rows[:500]), "utf-8")
    started = time.monotonic()
    answer = subprocess.run([sys.executable, "-c", SPEED, str(texts)], check=True, capture_output=True, text=True)
    first, rate, memory = map(float, answer.stdout.split())
    return {
        "cpu_seconds_to_first_score": round(first, 2),
        "posts_per_cpu_second": round(rate),
        "memory_mb": round(memory),
        "wall_seconds": round(time.monotonic() - started, 1),
    }


def measure() -> dict[str, Any]:
    """Everything, as one table."""
    own = list(invented(MODEL / "eval.jsonl", "own", read_labels()))
    test = [row for row in read(CACHE / "test.jsonl") if row["complaint"] is not None]
    public = len(test)
    test += [row | {"group": "own"} for row in own]
    val = [row for row in read(CACHE / "val.jsonl") if row["complaint"] is not None]
    model = onnx.create(onnx.Options(folder=MODEL))
    shipped = [score.complaint for score in model.score([row["text"] for row in test])]
    answers = {
        "VADER": vader(test),
        "TF-IDF + LR": tfidf(list(read(CACHE / "train.jsonl")), val, test),
        f"umbrage {model.model}, int8": shipped,
    }
    slices: dict[str, dict[str, Quality]] = {}
    for name, belongs in SLICES.items():
        chosen = [i for i, row in enumerate(test) if belongs(row)]
        truth = [test[i]["complaint"] for i in chosen]
        slices[name] = {who: quality(truth, [given[i] for i in chosen]) for who, given in answers.items()}
    limits = {"digest": model.thresholds.digest, "alert": model.thresholds.alert}
    return {
        "model": model.model,
        "slices": {name: {who: one.rounded() for who, one in each.items()} for name, each in slices.items()},
        "tiers": tiers(test[:public], shipped, limits),
        "topics": topic_quality(list(read(CACHE / "test.jsonl")), MODEL),
        "own_topics": topic_quality(own, MODEL),
        "speed": speed(test[:public]),
    }


def markdown(found: Mapping[str, Any]) -> str:
    """The measurements as a page."""
    lines = [
        f"# The complaint model, measured ({found['model']})",
        "",
        "Command: `python -m models.prepare && python -m models.evaluate --write`. Threshold 0.5, one training seed.",
        "The interval is a 95 % bootstrap over test posts. ECE is the calibration error. Test posts were never trained",
        "on, nor was any threshold chosen on them. TF-IDF was trained on the same",
        "complaint labels, but for those assumed from sentiment; its strength was chosen on the validation part.",
        "",
        "| posts | model | n (complaints) | macro-F1 (interval) | precision | recall | F1 | AUC | ECE |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in found["slices"].items():
        for who, one in each.items():
            ece = "" if who == "VADER" else f"{one['ece']:.3f}"
            lines.append(
                f"| {name} | {who} | {one['rows']} ({one['positive']}) | {one['macro_f1']:.3f} "
                f"({one['low']:.3f} to {one['high']:.3f}) | {one['precision']:.3f} | {one['recall']:.3f} "
                f"| {one['f1']:.3f} | {one['auc']:.3f} | {ece} |"
            )
    lines += [*_tier_lines(found), *_topic_lines(found), *_speed_lines(found["speed"])]
    return "\n".join(lines) + "\n"


def _tier_lines(found: Mapping[str, Any]) -> list[str]:
    lines = ["", "## Thresholds", "", "On test posts addressed to a brand (control tweets left out):", ""]
    lines += ["| tier | threshold | precision | recall |", "|---|---|---|---|"]
    for name, one in found["tiers"].items():
        lines.append(f"| {name} | {one['threshold']:.2f} | {one['precision']:.3f} | {one['recall']:.3f} |")
    return lines


def _topic_lines(found: Mapping[str, Any]) -> list[str]:
    public, own = found["topics"], found["own_topics"]
    lines = ["", "## Topics", ""]
    lines += [
        f"Public: {public['rows']} complaints with a published topic, mapped by `models/complaints/labels.toml`;",
        "topics about which a label says nothing are left out.",
        f"The likeliest topic is right in {public['likeliest_right']:.1%}.",
        f"Own: the {own['rows']} complaints of `models/complaints/eval.jsonl`, invented and never trained on.",
        f"The likeliest topic is right in {own['likeliest_right']:.1%}. Their author also wrote the invented training",
        "posts, so real posts will be harder. Topics without public positives are measured on invented posts only.",
        "",
        "| topic | public: positives | precision | recall | F1 | own: positives | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in public["topics"]:
        figures = " | ".join(_figures(each["topics"][name]) for each in (public, own))
        lines.append(f"| {name} | {figures} |")
    return lines


def _figures(one: Mapping[str, float]) -> str:
    if not one["positive"]:
        return "0 | - | - | -"
    return f"{one['positive']} | {one['precision']:.3f} | {one['recall']:.3f} | {one['f1']:.3f}"


def _speed_lines(found: Mapping[str, float]) -> list[str]:
    return [
        "",
        "## Speed",
        "",
        f"One core, one post at a time, text to probability: {found['posts_per_cpu_second']:.0f} posts per CPU-second; "
        f"{found['cpu_seconds_to_first_score']:.2f} CPU-seconds from a fresh interpreter to the first score; "
        f"{found['memory_mb']:.0f} MB at most.",
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="write docs/measurements/model.md and the manifest")
    chosen = options.parse_args()
    found = measure()
    page = markdown(found)
    print(page)
    (CACHE / "evaluation.json").write_text(json.dumps(found, indent=1), "utf-8")
    if chosen.write:
        target = MODEL.parent.parent / "docs" / "measurements" / "model.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, "utf-8")
        path = MODEL / "manifest.json"
        kept = json.loads(path.read_text("utf-8"))
        kept["metrics"] = {name: each[f"umbrage {found['model']}, int8"] for name, each in found["slices"].items()}
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
