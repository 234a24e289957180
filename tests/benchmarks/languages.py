"""Complaints in other languages than English: ``python -m tests.benchmarks.languages``.

Measured on our own posts that no training saw and, where ../shared/data is there, on public sets, each within its
source. Beside the product: the English network alone, and letters (character n-grams) with logistic regression on the
same posts of our own. ``others`` are posts that are no complaints.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from monitor.classifiers import onnx
from monitor.core.calibration import Share
from monitor.core.text import for_model
from monitor.core.verdict import Score
from monitor.measures import Numbers, auc, macro_f1, quality
from monitor.ports import Classifier

LANGUAGES = Path(__file__).parents[2] / "models" / "languages"
SENTIMENTS = ("negative", "neutral", "positive")

Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def complaints(rows: Sequence[Row]) -> Numbers:
    return np.array([float(row["complaint"]) for row in rows])


def probabilities(scores: Sequence[Score]) -> Numbers:
    return np.array([score.complaint for score in scores])


def of(values: Numbers, rows: Sequence[Row], language: str) -> Numbers:
    return values[[number for number, row in enumerate(rows) if row["lang"] == language]]


def own_lines(rows: Sequence[Row], shipped: Classifier, english: Classifier) -> Iterator[str]:
    """Our own posts by language, and what the thresholds make of them."""
    scores = shipped.score([row["text"] for row in rows])
    alone = probabilities(english.score([row["text"] for row in rows]))
    letters = letters_of(rows)
    found, truth = probabilities(scores), complaints(rows)
    alerted = np.array([one.complaint >= shipped.cutoffs.of(one.language).alert for one in scores])
    listed = np.array([one.complaint >= shipped.cutoffs.of(one.language).digest for one in scores])
    yield "| language | posts | macro-F1 at 0.5 / AUC | English network | letters | alerts right | alerted | listed |"
    yield "|---|---|---|---|---|---|---|---|"
    for language in [*sorted({row["lang"] for row in rows}), ""]:
        chosen = np.array([not language or row["lang"] == language for row in rows])
        t = truth[chosen]
        both = [
            f"{macro_f1(t, (p[chosen] >= 0.5).astype(float)):.2f} / {auc(t, p[chosen]):.2f}"
            for p in (found, alone, letters)
        ]
        hits = int((t[alerted[chosen]] == 1).sum())
        right = Share(hits, int(alerted[chosen].sum()))
        caught = Share(hits, int(t.sum()))
        seen = Share(int((t[listed[chosen]] == 1).sum()), int(t.sum()))
        yield f"| {language or 'all'} | {len(t)} | {' | '.join(both)} | {right} | {caught} | {seen} |"
    whole = quality(truth.astype(int).tolist(), found.tolist())
    interval = f"{whole.low:.3f} to {whole.high:.3f}"
    yield f"All: macro-F1 {whole.macro_f1:.3f} ({interval}), calibration error {whole.ece:.3f}."


def kind_lines(rows: Sequence[Row], shipped: Classifier) -> Iterator[str]:
    """Our own posts by what makes them hard."""
    scores = shipped.score([row["text"] for row in rows])
    yield "| kind | complaints alerted | others alerted |"
    yield "|---|---|---|"
    for kind in dict.fromkeys(row["kind"] for row in rows):
        told = [
            (row["complaint"], one.complaint >= shipped.cutoffs.of(one.language).alert)
            for row, one in zip(rows, scores, strict=True)
            if row["kind"] == kind
        ]
        shares = [[said for truth, said in told if truth == side] for side in (1, 0)]
        yield f"| {kind} | " + " | ".join(str(Share(sum(side), len(side))) if side else "–" for side in shares) + " |"


def facet_lines(rows: Sequence[Row], shipped: Classifier) -> Iterator[str]:
    """Sentiment and topics of our own posts."""
    scores = shipped.score([row["text"] for row in rows])
    right = Share(sum(row["sentiment"] == one.sentiment for row, one in zip(rows, scores, strict=True)), len(rows))
    about = [(row, [name for name, _ in one.topics]) for row, one in zip(rows, scores, strict=True) if row["topics"]]
    first = Share(sum(bool(names) and names[0] in row["topics"] for row, names in about), len(about))
    yield f"Sentiment right: {right}. First topic named is one of the labelled: {first} (where one is named)."


def deletion_lines(rows: Sequence[Row], shipped: Classifier) -> Iterator[str]:
    """How often the three words named for a complaint matter more than three others."""
    chance, more, tried = random.Random(13), 0, 0
    for row in rows:
        words = for_model(row["text"]).split()
        named = [word.text for word in shipped.explain(row["text"], 3)] if row["complaint"] else []
        if len(named) < 3 or len(words) < 6:
            continue
        carried = {next(i for i, word in enumerate(words) if name in word) for name in named}
        others = set(chance.sample([i for i in range(len(words)) if i not in carried], len(carried)))
        left = [" ".join(word for i, word in enumerate(words) if i not in gone) for gone in (carried, others)]
        without, by_chance = probabilities(shipped.score(left))
        tried += 1
        more += int(without < by_chance)
    yield f"The three words named matter more than three others in {Share(more, tried)} complaints of six words up."


def letters_of(rows: Sequence[Row]) -> Numbers:
    """What letters make of the posts, learnt from the same posts of our own as the network."""
    learnt = rows_of(LANGUAGES / "own.jsonl")
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=500),
    )
    model.fit([for_model(row["text"]) for row in learnt], complaints(learnt))
    found: Numbers = model.predict_proba([for_model(row["text"]) for row in rows])[:, 1]
    return found


def public_lines(data: Path, shipped: Classifier, english: Classifier) -> Iterator[str]:
    """The test parts of public sets, each within its source."""
    rows = rows_of(data / "complaints_multilingual" / "test.jsonl")
    yield "| set | posts | product | English network |"
    yield "|---|---|---|---|"
    for source in dict.fromkeys(row["source"] for row in rows if row.get("complaint") is not None):
        part = [row for row in rows if row["source"] == source]
        truth, texts = complaints(part), [row["text"] for row in part]
        cells = []
        for model in (shipped, english):
            scores = model.score(texts)
            p = probabilities(scores)
            if truth.min() == truth.max():
                alerted, listed = (Share(count, len(part)) for count in tiers(model, scores))
                cells.append(f"{alerted} alerted, {listed} at least in the digest")
            else:
                cells.append(f"{macro_f1(truth, (p >= 0.5).astype(float)):.2f} / {auc(truth, p):.2f}")
        yield f"| {source} ({part[0]['lang']}) | {len(part)} | {' | '.join(cells)} |"


def tiers(model: Classifier, scores: Sequence[Score]) -> tuple[int, int]:
    """How many are alerted, and how many are at least in the digest."""
    limits = [(one.complaint, model.cutoffs.of(one.language)) for one in scores]
    return sum(p >= at.alert for p, at in limits), sum(p >= at.digest for p, at in limits)


def false_lines(data: Path, shipped: Classifier) -> Iterator[str]:
    """How many posts are alerted that nobody meant as a complaint: positive and neutral ones of UMSAB."""
    rows = rows_of(data / "sentiment" / "umsab_val.jsonl")
    for language in ("de", "es", "fr", "it", "pt"):
        found = []
        for label in SENTIMENTS:
            texts = [row["text"] for row in rows if row["lang"] == language and row["label"] == label]
            found.append(f"{label} {Share(tiers(shipped, shipped.score(texts))[0], len(texts))}")
        yield f"alerted in {language}: {', '.join(found)}"


def sentiment_lines(data: Path, shipped: Classifier) -> Iterator[str]:
    """Sentiment on UMSAB's validation part by language, macro-F1."""
    rows = rows_of(data / "sentiment" / "umsab_val.jsonl")
    said = [score.sentiment for score in shipped.score([row["text"] for row in rows])]
    cells = []
    for language in sorted({row["lang"] for row in rows}):
        pairs = [(row["label"], one) for row, one in zip(rows, said, strict=True) if row["lang"] == language]
        cells.append(f"{language} {np.mean([_f1(pairs, name) for name in SENTIMENTS]):.3f}")
    yield "UMSAB, sentiment, macro-F1: " + ", ".join(cells) + "."


def _f1(pairs: Sequence[tuple[str, str | None]], name: str) -> float:
    hits = sum(truth == said == name for truth, said in pairs)
    named = sum(truth == name for truth, _ in pairs) + sum(said == name for _, said in pairs)
    return 2 * hits / named if named else 0.0


def cost_lines(rows: Sequence[Row]) -> Iterator[str]:
    """CPU time to the first verdict in another language, and after it."""
    model = onnx.create(onnx.Options())
    model.score(["my parcel is late again and nobody answers"])
    texts = [row["text"] for row in rows]
    started = time.process_time()
    model.score(texts[:1])
    first = time.process_time() - started
    started = time.process_time()
    model.score(texts)
    speed = len(texts) / (time.process_time() - started)
    yield f"First verdict in another language: {first:.2f} CPU s more; then {speed:.0f} posts per CPU s."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of labelled sets")
    chosen = options.parse_args()
    rows = rows_of(LANGUAGES / "eval.jsonl")
    shipped, english = onnx.create(onnx.Options()), onnx.create(onnx.Options(other_languages=False))
    parts = [own_lines(rows, shipped, english), kind_lines(rows, shipped), facet_lines(rows, shipped), cost_lines(rows)]
    parts.append(deletion_lines(rows, shipped))
    if chosen.data.exists():
        parts += [public_lines(chosen.data, shipped, english), false_lines(chosen.data, shipped)]
        parts.append(sentiment_lines(chosen.data, shipped))
    for lines in parts:
        print("\n".join(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
