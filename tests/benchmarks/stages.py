"""Stage and touchpoint of complaints: the airline pack against labels. ``python -m tests.benchmarks.stages``.

Needs ../shared. 250 of the 4,000 negative posts to three airlines of February 2015, drawn by a hash of their ids and
labelled by one reader; ``stages.json`` holds ids and labels. *first* (150) was labelled before the pack was rewritten,
*fresh* (100) after it, before its verdicts were seen: the figure to believe. The words were chosen from 180 others.

The guideline: the stage is that of what the post is about. Before is until the booking is done, during is from then on
until the customer has arrived (changes and cancellations too), after is what is left then: baggage that did not come,
refunds, claims, miles. The touchpoint is the one place that the complaint is about, not each that is named; service
without a place is unknown, and so is what only makes sense beside a post that is not there.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.classifiers.onnx import Options, create
from monitor.industry import pack

POSTS = Path(__file__).parents[2].parent / "shared" / "data" / "replay" / "airlines_2015" / "posts.jsonl"
UNKNOWN = "unknown"
Placed = tuple[str, str]


def figures(name: str, labels: Sequence[Placed], found: Sequence[Placed]) -> Iterator[str]:
    """How many of what the rules say is right, and how many of what there is they find."""
    for kind, which in (("stage", 0), ("touchpoint", 1)):
        pairs = [(label[which], said[which]) for label, said in zip(labels, found, strict=True)]
        said = sum(one != UNKNOWN for _, one in pairs)
        there = sum(label != UNKNOWN for label, _ in pairs)
        right = sum(label == one != UNKNOWN for label, one in pairs)
        yield (
            f"{name:<24} {kind:<10} precision {right / said:.2f} ({right} of {said}), "
            f"recall {right / there:.2f} ({right} of {there})"
        )


def main() -> None:
    with POSTS.open(encoding="utf-8") as lines:
        texts = {post["id"]: post["text"] for post in map(json.loads, lines)}
    classifier, words = create(Options()), pack("airline")
    samples = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    for sample, rows in samples.items():
        labels = [(stage, place) for _, stage, place in rows]
        said = [texts[number] for number, _, _ in rows]
        topics = [score.topics[0][0] if score.topics else "other" for score in classifier.score(said)]
        for name, given in (("rules", [""] * len(said)), ("rules and model", topics)):
            found = [words.place(text, topic) for text, topic in zip(said, given, strict=True)]
            placed = [(str(stage), place) for stage, place in found]
            print("\n".join(figures(f"{sample}, {name}", labels, placed)))


if __name__ == "__main__":
    main()
