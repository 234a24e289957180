"""Do questions that are shown together belong together? ``python -m tests.benchmarks.gathering``; needs ../shared.

1,500 of the 10,003 questions that customers of a bank asked in their own words (banking77, 77 intents), in any order.
B-cubed precision, recall and F1 over all of them (https://doi.org/10.1007/s10791-008-9066-8), and of the groups of five
and more, which alone are shown: how many, how many questions in them, and the share that has the group's main intent.
Against: every question by itself, all in one, and TF-IDF with k-means into 77 and into 300.
"""

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from monitor.core import gathering
from monitor.core.gathering import NEAR, Space

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "intent" / "banking77_train.jsonl"
QUESTIONS, SHOWN = 1_500, 5


def bcubed(found: Sequence[int], labels: Sequence[str]) -> tuple[float, float, float]:
    together, alike = defaultdict(list), defaultdict(list)
    for number, (group, label) in enumerate(zip(found, labels, strict=True)):
        together[group].append(number)
        alike[label].append(number)
    precision = recall = 0.0
    for group, label in zip(found, labels, strict=True):
        same = sum(labels[number] == label for number in together[group])
        precision += same / len(together[group]) / len(found)
        recall += same / len(alike[label]) / len(found)
    return precision, recall, 2 * precision * recall / (precision + recall)


def shown(found: Sequence[int], labels: Sequence[str]) -> tuple[int, int, float]:
    groups = defaultdict(list)
    for group, label in zip(found, labels, strict=True):
        groups[group].append(label)
    large = [group for group in groups.values() if len(group) >= SHOWN]
    count = sum(map(len, large))
    right = sum(Counter(group).most_common(1)[0][1] for group in large)
    return len(large), count, right / count if count else 0.0


def ours(texts: Sequence[str], near: float) -> list[int]:
    gathering.NEAR = near
    found = [0] * len(texts)
    for group, one in enumerate(Space(texts).gather(range(len(texts)))):
        for member in one.members:
            found[member] = group
    return found


def by_means(texts: Sequence[str], groups: int) -> list[int]:
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    found: list[int] = KMeans(groups, n_init=3, random_state=1).fit_predict(vectors).tolist()
    return found


def main() -> None:
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    random.Random(1).shuffle(rows)
    texts, labels = [row["text"] for row in rows[:QUESTIONS]], [row["label"] for row in rows[:QUESTIONS]]
    ways: dict[str, Callable[[], list[int]]] = {
        f"ours, from {near:.2f} on": partial(ours, texts, near) for near in (0.25, 0.3, NEAR, 0.4, 0.45)
    }
    ways |= {"each by itself": lambda: list(range(QUESTIONS)), "all in one": lambda: [0] * QUESTIONS}
    ways |= {f"TF-IDF, k-means into {groups}": partial(by_means, texts, groups) for groups in (77, 300)}
    print(f"{'way':<28}{'precision':>10}{'recall':>8}{'F1':>7}   groups of five, questions in them, right among them")
    for name, way in ways.items():
        begun = time.process_time()
        found = way()
        spent = time.process_time() - begun
        precision, recall, both = bcubed(found, labels)
        groups, count, right = shown(found, labels)
        large = f"{groups}, {count}, {right:.2f}   {spent:.1f} s"
        print(f"{name:<28}{precision:>10.2f}{recall:>8.2f}{both:>7.2f}   {large}")


if __name__ == "__main__":
    main()
