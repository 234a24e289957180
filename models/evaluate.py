"""Measures the shipped model beside its rivals and writes the page about it: ``python -m models.evaluate --write``."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from models.compare import INDUSTRIES, SOURCES
from models.export import pretty
from models.prepare import Row, invented, read
from models.recipe import CACHE, INTENTS, MODEL, OURS, SENTIMENTS, read_labels
from monitor.classifiers import onnx
from monitor.core.calibration import Aim
from monitor.core.text import for_model
from monitor.encoder import HEADS, Encoder, Heads
from monitor.measures import Numbers, auc, macro_f1, precision_recall, quality, sigmoid
from monitor.model_files import Manifest, verified
from monitor.ports import Classifier

BASELINE_GROUPS = (*OURS, "acl", "control", "airline", "reviews", "invented")
"""What TF-IDF learns from: every group whose complaint label is more than an assumption about sentiment."""

SLICES: Mapping[str, Callable[[Row], bool]] = {
    "all rows": lambda row: row["group"] != "ours",
    "hand-labelled": lambda row: row["group"] in ("acl", "reviews"),
    "brand-facing (no control tweets)": lambda row: row["group"] not in ("control", "ours"),
    "airline, derived": lambda row: row["group"] == "airline",
    "ACL 2019, all rows": lambda row: row["group"] in ("acl", "control"),
    "ACL 2019, hand-labelled only": lambda row: row["group"] == "acl",
    "reviews, hand-labelled": lambda row: row["group"] == "reviews",
    "own, plain": lambda row: row["group"] == "ours" and row["kind"] == "plain",
    "own, hard": lambda row: row["group"] == "ours" and row["kind"] != "plain",
}

FEWEST = 10
"""A topic with fewer positives than this is not counted in a mean."""

Lines = Iterator[str]


@dataclass(frozen=True)
class Answered:
    """Rows with the shipped heads' logits, by head, of shape (rows, width)."""

    rows: Sequence[Row]
    logits: Mapping[str, NDArray[np.float32]]

    @property
    def probability(self) -> Numbers:
        return sigmoid(self.logits["complaint"][:, 0])


@cache
def shipped() -> tuple[Manifest, Encoder, Heads, Classifier]:
    """The model that ships, opened up."""
    manifest = verified(MODEL, (HEADS,))
    encoder = Encoder(MODEL, manifest.max_tokens)
    return manifest, encoder, Heads.load(MODEL / HEADS), onnx.create(onnx.Options(folder=MODEL))


def answer(rows: Sequence[Row]) -> Answered:
    """What the shipped model says about rows."""
    _, encoder, heads, _ = shipped()
    found = [heads.logits(encoder.read(encoder.seen(row["text"]))) for row in rows]
    return Answered(rows, {name: np.array([one[name] for one in found]) for name in found[0]})


@cache
def tested() -> Answered:
    """The labelled test part and our own evaluation posts."""
    test = [row | {"kind": "public"} for row in read(CACHE / "test.jsonl") if row["complaint"] is not None]
    kinds = [row["kind"] for row in read(MODEL / "eval.jsonl")]
    ours = invented(MODEL / "eval.jsonl", "ours", read_labels())
    return answer([*test, *(row | {"kind": kind} for row, kind in zip(ours, kinds, strict=True))])


def vader(rows: Sequence[Row]) -> Numbers:
    """Probability-like scores: 0.5 is VADER's own bound for negative."""
    analyser = SentimentIntensityAnalyzer()
    compounds = [analyser.polarity_scores(row["text"])["compound"] for row in rows]
    return np.array([min(1.0, max(0.0, 0.5 - (one + 0.05) / 2.1)) for one in compounds])


def words_and_letters() -> Any:
    """The features of a plain linear model."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    return make_union(words, letters)


def tfidf(test: Sequence[Row]) -> Numbers:
    """Logistic regression on words and letters, its strength chosen on the validation part."""
    rows = [row for row in read(CACHE / "train.jsonl") if row["complaint"] is not None]
    rows = [row for row in rows if row["group"] in BASELINE_GROUPS]
    val = [row for row in read(CACHE / "val.jsonl") if row["complaint"] is not None]
    best: tuple[float, Any] = (-1.0, None)
    for strength in (3.0, 10.0):
        model = make_pipeline(words_and_letters(), LogisticRegression(C=strength, max_iter=2000))
        model.fit([row["text"] for row in rows], [row["complaint"] for row in rows])
        found = model.predict([row["text"] for row in val])
        right = float(np.mean(found == np.array([row["complaint"] for row in val])))
        best = max(best, (right, model), key=lambda pair: pair[0])
    return np.asarray(best[1].predict_proba([row["text"] for row in test])[:, 1])


def runs(name: str) -> list[dict[str, float]]:
    """What the runs of a variant said about each public test row, by id."""
    paths = sorted((CACHE / "variants").glob(f"{name}-[0-9]*.json"))
    return [{row["id"]: float(sigmoid(row["logit"])) for row in json.loads(path.read_text())} for path in paths]


def quality_lines() -> Lines:
    """Section 1: the shipped model, its rivals, its teacher and other seeds, by slice."""
    found = tested()
    rivals = {"VADER": vader(found.rows), "TF-IDF + LR": tfidf(found.rows), "**shipped, int8**": found.probability}
    several = {"plain fine-tuning, 6 layers": runs("plain"), "teacher, 109 M": runs("teacher")}
    several |= {"this recipe, fp32": runs("recipe"), "this recipe, 6 layers, fp32": runs("recipe6")}
    several |= {"states not kept, fp32": runs("unkept"), "r3's recipe (fewer own posts), fp32": runs("fewer")}
    several |= {"all own posts, without the teacher": runs("short"), "without non-commercial data": runs("free")}
    yield "| posts | model | n (complaints) | macro-F1 | precision | recall | F1 | AUC | ECE |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, belongs in SLICES.items():
        chosen = [i for i, row in enumerate(found.rows) if belongs(row)]
        truth = [found.rows[i]["complaint"] for i in chosen]
        for who, said in rivals.items():
            one = quality(truth, [float(said[i]) for i in chosen])
            spread = f"{one.macro_f1:.3f} ({one.low:.3f} to {one.high:.3f})"
            yield _quality_row(f"{name} | {who} | {len(truth)} ({sum(truth)})", spread, [vars(one)])
        for who, seeds in several.items():
            known = [seed for seed in seeds if all(found.rows[i]["id"] in seed for i in chosen)]
            each = [vars(quality(truth, [seed[found.rows[i]["id"]] for i in chosen])) for seed in known]
            if each:
                scores = [one["macro_f1"] for one in each]
                spread = f"{np.mean(scores):.3f}"
                spread += f" ± {np.std(scores, ddof=1):.3f}, {len(each)} seeds" if len(each) > 1 else ""
                yield _quality_row(f"{name} | {who} | {len(truth)} ({sum(truth)})", spread, each)


def _quality_row(where: str, spread: str, each: Sequence[Mapping[str, float]]) -> str:
    means = [float(np.mean([one[key] for one in each])) for key in ("precision", "recall", "f1", "auc", "ece")]
    return f"| {where} | {spread} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |"


def left_out_lines() -> Lines:
    """Section 2: how a recipe does on an industry or a source that it was not trained on."""
    yield "| left out | n (complaints) | macro-F1 | AUC | brand-facing: n | macro-F1 | AUC |"
    yield "|---|---|---|---|---|---|---|"
    named = [f"without-{name}" for name in INDUSTRIES] + [f"without-source-{name}" for name in SOURCES]
    pooled: list[Row] = []
    for name in named:
        for path in sorted((CACHE / "variants").glob(f"{name}-[0-9]*.json")):
            rows = json.loads(path.read_text())
            if name.removeprefix("without-") in INDUSTRIES:
                pooled += rows
            yield f"| {name.removeprefix('without-')} | " + " | ".join(_left_out(rows)) + " |"
    if pooled:
        by_hand = [row for row in pooled if row["group"] in ("acl", "reviews")]
        yield "| all industries, each judged unseen | " + " | ".join(_left_out(pooled)) + " |"
        yield "| of them labelled by hand (all but airlines) | " + " | ".join(_left_out(by_hand)) + " |"


def _left_out(rows: Sequence[Row]) -> Iterator[str]:
    facing = [row for row in rows if row["group"] != "control"]
    for number, part in enumerate((rows, facing)):
        truth = np.array([float(row["complaint"]) for row in part])
        said = sigmoid([row["logit"] for row in part])
        yield f"{len(part)} ({int(truth.sum())})" if not number else f"{len(part)}"
        yield f"{macro_f1(truth, (said >= 0.5).astype(float)):.3f}"
        yield f"{auc(truth, said):.3f}"


def sentiment_lines(data: Path) -> Lines:
    """Section 3: sentiment on public benchmarks, and how often sarcasm is seen through."""
    yield "| set | rows | measure | shipped | published |"
    yield "|---|---|---|---|---|"
    rows, recall, _ = _sentiments(data / "sentiment" / "tweeteval_val.jsonl", None)
    published = "test part: RoBERTa-base 0.713, FastText 0.629"
    yield f"| TweetEval sentiment, validation | {rows} | macro-recall | {recall:.3f} | {published} |"
    rows, _, f1 = _sentiments(data / "sentiment" / "umsab_val.jsonl", "en")
    published = "test part: XLM-T 0.706, FastText 0.509"
    yield f"| UMSAB, English, validation | {rows} | macro-F1 | {f1:.3f} | {published} |"
    for name, said in _sarcasm(data):
        yield f"| {name} | | | {said} | |"


def _sentiments(path: Path, language: str | None) -> tuple[int, float, float]:
    """Rows, macro-recall and macro-F1 of the sentiment head."""
    rows = [row for row in read(path) if language in (None, row["lang"])]
    names = [str(row["label"]) for row in rows]
    truth = np.array([SENTIMENTS.index(name) if name in SENTIMENTS else int(name) for name in names])
    said = answer([{"text": for_model(row["text"])} for row in rows]).logits["sentiment"].argmax(1)
    each = [precision_recall((truth == i).astype(float), (said == i).astype(float)) for i in range(3)]
    return len(rows), float(np.mean([one[1] for one in each])), float(np.mean([one[2] for one in each]))


def _sarcasm(data: Path) -> Iterator[tuple[str, str]]:
    limits = shipped()[3].cutoffs.of("en")
    reviews = [row for part in ("val", "test") for row in read(data / "complaints" / f"{part}.jsonl")]
    sets = {
        "reviews: complaints marked sarcastic": [r for r in reviews if r.get("sarcastic") and r["complaint"]],
        "own: sarcastic complaints": [r for r in tested().rows if r["kind"] == "sarcasm" and r["complaint"]],
    }
    for name, rows in sets.items():
        said = answer([{"text": for_model(row["text"])} for row in rows]).probability
        alerted, kept = np.mean(said >= limits.alert), np.mean(said >= limits.digest)
        yield name, f"of {len(rows)}: {alerted:.0%} alerted, {kept:.0%} at least in the digest"
    tweets = list(read(data / "irony" / "tweeteval_val.jsonl"))
    said = answer([{"text": for_model(row["text"])} for row in tweets]).probability
    for ironic in ("irony", "non_irony"):
        chosen = [(str(row["label"]) in ("1", "irony")) == (ironic == "irony") for row in tweets]
        taken = np.mean(said[chosen] >= limits.alert)
        yield f"TweetEval irony, validation: {ironic}", f"of {sum(chosen)}: {taken:.1%} taken for complaints"


def topic_lines() -> Lines:
    """Section 4, topics: beside TF-IDF with class weights, at a threshold of 0.5 each."""
    parts = {name: [row for row in read(CACHE / f"{name}.jsonl") if row["topics"]] for name in ("train", "test")}
    ours = [row for row in invented(MODEL / "eval.jsonl", "ours", read_labels()) if row["topics"]]
    linear = make_pipeline(
        words_and_letters(), OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", max_iter=1000))
    )
    present = np.array([[int(topic == 1) for topic in row["topics"]] for row in parts["train"]])
    linear.fit([row["text"] for row in parts["train"]], present)
    sides = []
    for rows in (parts["test"], ours):
        said = linear.predict_proba([row["text"] for row in rows])
        sides.append((rows, sigmoid(answer(rows).logits["topics"]), said))
    yield "| topic | public: positives | F1 | TF-IDF F1 | own: positives | F1 | TF-IDF F1 |"
    yield "|---|---|---|---|---|---|---|"
    table: list[list[float]] = []
    for column, name in enumerate(read_labels().topics):
        each = [[_topic_f1(rows, said, column) for said in (mine, other)] for rows, mine, other in sides]
        table.append([f1 if count >= FEWEST else np.nan for pair in each for count, f1 in pair])
        cells = (f"{mine[0]} | {mine[1]:.3f} | {other[1]:.3f}" for mine, other in each)
        yield f"| {name} | {' | '.join(cells)} |"
    means = np.nanmean(np.array(table), axis=0)
    shown = f"**{means[0]:.3f}** | {means[1]:.3f} | | **{means[2]:.3f}** | {means[3]:.3f}"
    yield f"| macro-F1 over topics with {FEWEST} or more | | {shown} |"


def _topic_f1(rows: Sequence[Row], said: Numbers, column: int) -> tuple[int, float]:
    known = np.array([row["topics"][column] is not None for row in rows])
    truth = np.array([float(row["topics"][column] or 0) for row in rows])[known]
    return int(truth.sum()), precision_recall(truth, (said[known, column] >= 0.5).astype(float))[2]


def other_head_lines() -> Lines:
    """Section 4, intent, severity and arousal: what they are worth, with a second annotator's agreement beside it."""
    found = tested()
    second = [line.split()[1:] for line in (MODEL / "eval-second.txt").read_text("utf-8").splitlines()]
    ours = [i for i, row in enumerate(found.rows) if row["group"] == "ours"]
    yield "| question | rows | share right | macro-F1 | a second annotator: share right | macro-F1 |"
    yield "|---|---|---|---|---|---|"
    for place, name in enumerate(("complaint", "intent", "severity", "arousal")):
        known = [(number, i) for number, i in enumerate(ours) if found.rows[i][name] is not None]
        truth = np.array([found.rows[i][name] for _, i in known])
        said = (found.probability >= 0.5).astype(int) if name == "complaint" else found.logits[name].argmax(1)
        other = np.array([_as_number(name, second[number][place]) for number, _ in known])
        answers = said[[i for _, i in known]], other
        cells = (f"{np.mean(one == truth):.3f} | {_many_f1(truth, one):.3f}" for one in answers)
        yield f"| own: {name} | {len(known)} | {' | '.join(cells)} |"
    yield from _severity_lines(found)


def _severity_lines(found: Answered) -> Lines:
    public = [i for i, r in enumerate(found.rows) if r["group"] in ("acl", "reviews") and r["severity"] is not None]
    truth = np.array([found.rows[i]["severity"] for i in public])
    said = found.logits["severity"][public].argmax(1)
    right = f"{np.mean(said == truth):.3f} | {_many_f1(truth, said):.3f}"
    yield f"| public: severity | {len(public)} | {right} | – | published, ACL part: 0.557 |"
    bands = [shipped()[3].score([found.rows[i]["text"]])[0].severity for i in public]
    known = [(band, level + 1) for band, level in zip(bands, truth, strict=True) if band is not None]
    inside = np.mean([band.low <= level <= band.high for band, level in known])
    width = np.mean([band.high - band.low + 1 for band, _ in known])
    name = f"public: severity within the shown band, {width:.1f} of 4 levels wide"
    yield f"| {name} | {len(known)} | {inside:.3f} | | | |"


def _as_number(name: str, said: str) -> int:
    if name == "intent":
        return INTENTS.index(said)
    return int(said) - (name == "severity")


def _many_f1(truth: NDArray[Any], said: NDArray[Any]) -> float:
    """The mean F1 over the answers that occur."""
    present = sorted(set(truth.tolist()))
    return float(np.mean([precision_recall((truth == i).astype(float), (said == i).astype(float))[2] for i in present]))


def calibration_lines() -> Lines:
    """Section 5: calibration, and whether thresholds reach what they promise on posts that did not set them."""
    found = tested()
    manifest, *_ = shipped()
    public = [i for i, row in enumerate(found.rows) if row["group"] != "ours"]
    facing = [i for i in public if found.rows[i]["group"] != "control"]
    for name, chosen in (("all public test rows", public), ("those addressed to a brand", facing)):
        one = quality([found.rows[i]["complaint"] for i in chosen], [float(found.probability[i]) for i in chosen])
        yield f"ECE (ten bins) on {name}: **{one.ece:.3f}** ({one.rows} rows)."
        yield ""
    truth = np.array([float(found.rows[i]["complaint"]) for i in facing])
    yield "| asked for | threshold | precision reached on the test part | recall reached |"
    yield "|---|---|---|---|"
    aims = [Aim(precision=aim) for aim in (0.85, 0.9, 0.95)] + [Aim(recall=aim) for aim in (0.8, 0.9, 0.95)]
    for aim in aims:
        threshold = manifest.calibrations["en"].thresholds(aim).alert
        precision, recall, _ = precision_recall(truth, (found.probability[facing] >= threshold).astype(float))
        asked = f"precision {aim.precision}" if aim.precision else f"recall {aim.recall}"
        yield f"| {asked} | {threshold:.2f} | {precision:.3f} | {recall:.3f} |"


def kind_lines() -> Lines:
    """Where it fails: our own posts by kind, at the alert threshold."""
    found = tested()
    limits, said = shipped()[3].cutoffs.of("en"), found.probability
    yield "| kind | complaints | alerted | at least digest | no complaints | wrongly alerted |"
    yield "|---|---|---|---|---|---|"
    for kind in dict.fromkeys(row["kind"] for row in found.rows if row["group"] == "ours"):
        yes, no = ([i for i, r in enumerate(found.rows) if (r["kind"], r["complaint"]) == (kind, c)] for c in (1, 0))
        caught = f"{np.mean(said[yes] >= limits.alert):.0%} | {np.mean(said[yes] >= limits.digest):.0%}"
        yield f"| {kind} | {len(yes)} | {caught} | {len(no)} | {np.mean(said[no] >= limits.alert):.0%} |"


def length_lines() -> Lines:
    """By length of the public test posts."""
    found = tested()
    yield "| characters | rows (complaints) | macro-F1 | AUC |"
    yield "|---|---|---|---|"
    for low, high in ((0, 60), (60, 100), (100, 140), (140, 280), (280, 100_000)):
        chosen = [i for i, row in enumerate(found.rows) if row["group"] != "ours" and low <= len(row["text"]) < high]
        one = quality([found.rows[i]["complaint"] for i in chosen], [float(found.probability[i]) for i in chosen])
        name = f"{low} to {high - 1}" if high < 100_000 else f"{low} and more"
        yield f"| {name} | {one.rows} ({one.positive}) | {one.macro_f1:.3f} | {one.auc:.3f} |"


def fairness_lines() -> Lines:
    """Section 7: pairs of posts that state the same facts."""
    pairs = list(read(MODEL / "pairs.jsonl"))
    limits = shipped()[3].cutoffs.of("en")
    first, second = (answer([{"text": for_model(pair[side])} for pair in pairs]).probability for side in "ab")
    yield "| differ in | pairs | mean change | its size | 95 % within | other decision | complaints alerted: a / b |"
    yield "|---|---|---|---|---|---|---|"
    for kind in dict.fromkeys(pair["kind"] for pair in pairs):
        here = np.array([pair["kind"] == kind for pair in pairs])
        yes = here & np.array([pair["complaint"] == 1 for pair in pairs])
        change = (second - first)[here]
        differ = ((first >= limits.alert) != (second >= limits.alert))[here]
        caught = f"{np.mean(first[yes] >= limits.alert):.0%} / {np.mean(second[yes] >= limits.alert):.0%}"
        sizes = f"{change.mean():+.3f} | {np.abs(change).mean():.3f} | {np.quantile(np.abs(change), 0.95):.3f}"
        yield f"| {kind} | {here.sum()} | {sizes} | {differ.mean():.0%} | {caught} |"


def deletion_lines(most: int = 300, draws: int = 5) -> Lines:
    """The deletion test: do the words named carry the verdict more than as many random ones?"""
    found, model = tested(), shipped()[3]
    limit = model.cutoffs.of("en").alert
    rows = [row for row, p in zip(found.rows, found.probability, strict=True) if row["complaint"] and p >= limit]
    rows = [row for row in rows if len(row["text"].split()) >= 7]
    chance = np.random.default_rng(13)
    chosen = [rows[i] for i in chance.permutation(len(rows))[:most]]
    better = 0
    for row in chosen:
        words = row["text"].split()
        named = [word.text for word in model.explain(row["text"])]
        texts = [" ".join(_left(words, named))]
        for _ in range(draws):
            gone = set(chance.permutation(len(words))[: len(named)].tolist())
            texts.append(" ".join(word for i, word in enumerate(words) if i not in gone))
        ours, *theirs = (score.complaint for score in model.score(texts))
        better += sum(ours < other for other in theirs)
    yield "Leaving out the words that `explain` names lowered the probability more than leaving out as many random"
    yield f"ones in **{better / (draws * len(chosen)):.1%}** of {draws} draws each for {len(chosen)} alerted complaints"
    yield "of seven words or more."


def _left(words: Sequence[str], named: Sequence[str]) -> list[str]:
    rest = list(words)
    for name in named:
        rest.remove(next(word for word in rest if name in word))
    return rest


HEAD = """# The complaint model, measured ({model})

Commands: `python -m models.prepare`, `python -m models.compare` (variants), `python -m models.evaluate --write`.
Threshold 0.5 unless said otherwise. An interval is a 95 % bootstrap over test posts; "±" is the standard deviation over
training seeds. ECE is the calibration error over ten bins. No test post was trained on, judged by the teacher, or used
to choose a threshold; brands, products or authors of the test part are not those of the training part. "own" are the
600 posts of `models/complaints/eval.jsonl`, invented by us and labelled by `GUIDELINES.md`, relative to a watched brand
that the model is not told. Variants are trained networks in full precision; "shipped" is the 8-bit file as the product
runs it. What each variant is, stands in `models/compare.py`.
"""


SECTIONS: Mapping[str, Callable[[], Lines]] = {
    "Is it a complaint?": quality_lines,
    "Industries and sources it was not trained on": left_out_lines,
    "Topics": topic_lines,
    "Intent, severity and arousal": other_head_lines,
    "Calibration and thresholds": calibration_lines,
    "Our own posts by kind": kind_lines,
    "Length": length_lines,
    "Fairness": fairness_lines,
    "Explanations": deletion_lines,
}


def page(data: Path) -> str:
    """The whole page."""
    manifest, *_ = shipped()
    parts = [HEAD.format(model=manifest.model)]
    for title, lines in SECTIONS.items():
        print(title, flush=True)
        parts += [f"\n## {title}\n", "\n".join(lines())]
        if title == "Industries and sources it was not trained on" and data.exists():
            parts += ["\n## Sentiment and sarcasm\n", "\n".join(sentiment_lines(data))]
    return "\n".join(parts) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of labelled sets")
    options.add_argument("--write", action="store_true", help="write docs/measurements/model.md and the manifest")
    chosen = options.parse_args()
    text = page(chosen.data)
    print(text)
    if chosen.write:
        (MODEL.parent.parent / "docs" / "measurements" / "model.md").write_text(text, "utf-8")
        _note_metrics(MODEL / "manifest.json")


def _note_metrics(path: Path) -> None:
    found = tested()
    metrics = {}
    for name, belongs in SLICES.items():
        chosen = [i for i, row in enumerate(found.rows) if belongs(row)]
        one = quality([found.rows[i]["complaint"] for i in chosen], [float(found.probability[i]) for i in chosen])
        metrics[name] = one.rounded()
    path.write_text(pretty(json.loads(path.read_text("utf-8")) | {"metrics": metrics}), "utf-8")


if __name__ == "__main__":
    main()
