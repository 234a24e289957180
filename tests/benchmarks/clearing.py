"""Could something cheaper clear what is plainly no complaint, before the network reads it?

``python -m tests.benchmarks.clearing``; it needs ../shared. Two ways: a first stage of words and letters (TF-IDF,
logistic regression), and leaving the shipped network early, after one, two or three of its layers. Each learns from the
public training part, our own training posts and chatter; its threshold lets 99.5 % of the complaints of the validation
part through. Reported on the test part, on talk that nobody monitors (GoEmotions), and on three airlines' week: what it
loses, what it clears, and how much sooner all is read then. Times are CPU seconds of one process, one core.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from tokenizers import Tokenizer

from monitor.classifiers import onnx as product
from monitor.core.calibration import Share
from monitor.core.text import for_model
from monitor.ports import Classifier

MODEL = Path(__file__).parents[2] / "models" / "complaints"
DATA = Path(__file__).parents[2].parent / "shared" / "data"
LET_THROUGH, CHATTER, TIMED, TOKENS = 0.995, 7_000, 600, 128

Numbers = NDArray[np.float64]
Judge = Callable[[Sequence[str]], Numbers]
"""The probability of each text that it is a complaint."""


@dataclass(frozen=True)
class Posts:
    texts: list[str]
    labels: Numbers


def posts(paths: Iterable[Path], most: int | None = None, label: int | None = None) -> Posts:
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    found = [(row["text"], row.get("complaint") if label is None else label) for row in rows]
    found = [pair for pair in found if pair[1] is not None][:most]
    return Posts([for_model(text) for text, _ in found], np.array([float(one) for _, one in found]))


def words_and_letters(taught: Posts) -> Judge:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return _judging(make_pipeline(make_union(words, letters), LogisticRegression(C=4, max_iter=1000)), taught)


def words_alone(taught: Posts) -> Judge:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return _judging(make_pipeline(words, LogisticRegression(C=4, max_iter=1000)), taught)


def leaving_after(layers: int, taught: Posts, folder: Path) -> Judge:
    """A head on the mean state after so many layers of the shipped network."""
    name = f"/layers.{layers - 1}/settle/LayerNormalization_output_0"
    cut = folder / f"{layers}.onnx"
    onnx.utils.extract_model(str(MODEL / "model.onnx"), str(cut), ["input_ids"], [name], check_model=False)
    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(str(cut), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)

    def states(texts: Sequence[str]) -> Numbers:
        ids = (np.array(tokenizer.encode(text).ids, dtype=np.int64) for text in texts)
        return np.array([session.run([name], {"input_ids": one})[0].mean(axis=0) for one in ids])

    head = LogisticRegression(C=1, max_iter=2000).fit(states(taught.texts), taught.labels)
    return lambda texts: head.predict_proba(states(texts))[:, 1]


def _judging(model: Any, taught: Posts) -> Judge:
    model.fit(taught.texts, taught.labels)
    return lambda texts: model.predict_proba(texts)[:, 1]


def seconds(work: Callable[[list[str]], object], texts: list[str]) -> float:
    """CPU seconds a text, the best of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        work(texts)
        spent.append((time.process_time() - start) / len(texts))
    return min(spent)


def report(name: str, judge: Judge, shipped: Classifier) -> None:
    validation, test = (posts([DATA / "complaints" / f"{part}.jsonl"]) for part in ("val", "test"))
    limit = np.quantile(judge(validation.texts)[validation.labels == 1], 1 - LET_THROUGH)
    cleared = judge(test.texts) < limit
    are, count = test.labels == 1, int(test.labels.sum())
    lost = [text for text, is_lost in zip(test.texts, cleared & are, strict=True) if is_lost]
    seen = sum(score.complaint >= 0.5 for score in shipped.score(lost))
    through = Share(count - len(lost), count)
    chatter = posts([DATA / "emotion" / "goemotions_dev.jsonl"], label=0).texts
    week = posts([DATA / "replay" / "airlines_2015" / "posts.jsonl"], label=0).texts
    streams = {"test": test.texts, "chatter": chatter, "airlines": week}
    shares = {stream: float((judge(texts) < limit).mean()) for stream, texts in streams.items()}
    stage, whole = seconds(judge, chatter[:TIMED]), seconds(shipped.score, chatter[:TIMED])
    print(f"{name}: let through of complaints {through} = {through.value:.1%}; {seen} others known to the network")
    print(f"  of those that are none cleared {cleared[~are].mean():.0%}; {1e6 * stage:.0f} µs a text", end="")
    print(f" beside {1e6 * whole:.0f}")
    early = name.startswith("after")
    for stream, share in shares.items():
        spent = stage + (1 - share) * (whole - stage if early else whole)
        print(f"  {stream}: {share:.0%} cleared, {whole / spent:.2f} times as quick")


def main() -> None:
    shipped = product.create(product.Options(other_languages=False))
    labelled = posts([DATA / "complaints" / "train.jsonl", *sorted((MODEL / "own").iterdir()), MODEL / "hard.jsonl"])
    chatter = posts([DATA / "emotion" / "goemotions_train.jsonl"], CHATTER, label=0)
    taught = Posts(labelled.texts + chatter.texts, np.concatenate([labelled.labels, chatter.labels]))
    report("words", words_alone(taught), shipped)
    report("words and letters", words_and_letters(taught), shipped)
    with tempfile.TemporaryDirectory() as folder:
        for layers in (1, 2, 3):
            report(f"after {layers} of 4 layers", leaving_after(layers, taught, Path(folder)), shipped)


if __name__ == "__main__":
    main()
