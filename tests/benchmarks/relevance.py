"""Is a post with a brand's ambiguous name about the brand? ``python -m tests.benchmarks.relevance``.

Needs ../shared/data. The words for and against were written by us before the test part was looked at. Prints the table
of docs/measurements.md, on the English rows of the test part.
"""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor.core.watch import Matcher, Watch
from monitor.testing.fakes import a_mention

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "relevance"

Row = dict[str, Any]

APPLE = Watch(
    brand="apple",
    terms=("apple",),
    handles=("@apple",),
    ambiguous=("apple",),
    context=(
        *(
            "iphone",
            "ipad",
            "ipod",
            "mac",
            "macbook",
            "imac",
            "ios",
            "itunes",
            "siri",
            "icloud",
            "app",
            "store",
            "stock",
        ),
        *("battery", "screen", "update", "support", "steve jobs", "tim cook", "phone", "watch", "aapl", "software"),
    ),
    against=(
        "pie",
        "juice",
        "cider",
        "tree",
        "trees",
        "orchard",
        "fruit",
        "crumble",
        "eat",
        "ate",
        "big apple",
        "caramel",
    ),
)
GOOGLE = Watch(
    brand="google",
    terms=("google",),
    handles=("@google",),
    ambiguous=("google",),
    context=(
        *(
            "android",
            "gmail",
            "nexus",
            "chrome",
            "maps",
            "search",
            "galaxy",
            "samsung",
            "google+",
            "plus",
            "docs",
            "app",
        ),
        *("ice cream sandwich", "play", "youtube", "phone", "reader", "glass", "update"),
    ),
    against=("google it", "googled", "just google", "google for", "on google images"),
)


def main() -> None:
    if not DATA.is_dir():
        print(f"skipped: the labelled posts are not at {DATA}")
        return
    test = _rows("test")
    print(
        f"{len(test)} English posts of the test part, {sum(not row['relevant'] for row in test)} of them not relevant\n"
    )
    print("| rule | precision | recall | F1 | not relevant, left out |\n|---|---|---|---|---|")
    for name, rule in (
        ("the name alone", _rule(None)),
        ("with words for and against, least 0", _rule(0)),
        ("with words for and against, least 1", _rule(1)),
        ("learned (TF-IDF, logistic regression)", _learned()),
    ):
        kept = [rule(row) for row in test]
        figures = [_figures(test, kept)]
        dice = random.Random(1)
        samples = [[dice.randrange(len(test)) for _ in test] for _ in range(1_000)]
        figures += [_figures([test[i] for i in some], [kept[i] for i in some]) for some in samples]
        cells = [_cell([figure[n] for figure in figures]) for n in range(3)]
        out = sum(not keep for row, keep in zip(test, kept, strict=True) if not row["relevant"])
        print(f"| {name} | {' | '.join(cells)} | {out} of {sum(not row['relevant'] for row in test)} |")


def _rows(part: str) -> list[Row]:
    lines = (DATA / f"{part}.jsonl").read_text("utf-8").strip().split("\n")
    return [row for row in map(json.loads, lines) if row.get("lang_guess") == "en"]


def _rule(least: int | None) -> Callable[[Row], bool]:
    """The product's matcher; without ``least`` no word is ambiguous. The data's posts all name their brand."""
    watches = [APPLE, GOOGLE]
    chosen = [
        Watch(
            brand=watch.brand,
            terms=watch.terms,
            handles=watch.handles,
            ambiguous=watch.ambiguous if least is not None else (),
            context=watch.context,
            against=watch.against,
            least_context=least or 0,
        )
        for watch in watches
    ]
    matcher = Matcher(chosen)
    return lambda row: row["brand"] in {match.brand for match in matcher.matches(a_mention(row["text"]))}


def _learned() -> Callable[[Row], bool]:
    """What a classifier for each brand reaches with thousands of labels, which no operator has."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train = _rows("train") + _rows("val")
    made = {}
    for brand in ("apple", "google"):
        rows = [row for row in train if row["brand"] == brand]
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        made[brand] = make_pipeline(words, LogisticRegression(C=10, class_weight="balanced", max_iter=1_000))
        made[brand].fit([row["text"] for row in rows], [row["relevant"] for row in rows])
    return lambda row: bool(made[row["brand"]].predict([row["text"]])[0])


def _figures(rows: Sequence[Row], kept: Sequence[bool]) -> tuple[float, float, float]:
    right = sum(keep and row["relevant"] for row, keep in zip(rows, kept, strict=True))
    precision = right / max(1, sum(kept))
    recall = right / max(1, sum(row["relevant"] for row in rows))
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _cell(values: list[float]) -> str:
    ordered = sorted(values[1:])
    return f"{values[0]:.3f} ({ordered[25]:.3f} to {ordered[-26]:.3f})"


if __name__ == "__main__":
    main()
