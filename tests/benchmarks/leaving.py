"""Who leaves for a rival: rules against labels. ``python -m tests.benchmarks.leaving``; needs ../shared.

69 of the 154 posts of 2015 to airlines that name two of them, drawn by a hash of their words; the rules were written
with the other 85. Labelled by reading, before the rules were run on them: *leaving* is whoever says that they went, go
or will go with another airline instead of the one they write to, *coming* the other way round. ``leaving.json`` holds
the ids.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from monitor.core.leaving import Way, Ways

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
NAMES = {
    "united": ("united", "unitedair", "united airlines"),
    "usairways": ("usairways", "us airways", "us air", "usair"),
    "americanair": ("americanair", "american airlines", "americanairlines", "aa"),
    "southwestair": ("southwest", "southwestair", "southwest air", "swa"),
    "delta": ("delta",),
    "virginamerica": ("virginamerica", "virgin america", "virginatlantic"),
    "jetblue": ("jetblue", "jet blue"),
}
_HANDLE = re.compile("@(" + "|".join(NAMES) + ")", re.IGNORECASE)


def texts() -> Iterator[tuple[str, str]]:
    for path in (SHARED / "replay" / "airlines_2015" / "posts.jsonl", *(SHARED / "complaints").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                post = json.loads(line)
                yield post["id"], post["text"]


def way(text: str) -> str:
    """What the rules say of a post, for whom it is written to, over all other airlines."""
    handle = _HANDLE.search(text)
    ours = handle.group(1).lower() if handle else "united"
    found = {Ways(NAMES[ours], theirs).of(text) for name, theirs in NAMES.items() if name != ours} - {None}
    return str(found.pop()) if len(found) == 1 else "neither"


def main() -> None:
    labels = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    label = {number: name for name, numbers in labels.items() for number in numbers}
    found = {number: way(text) for number, text in texts() if number in label}
    print(f"{len(found)} of {len(label)} posts")
    for kind in Way:
        said = [number for number in found if found[number] == kind]
        right = sum(label[number] == kind for number in said)
        print(f"{kind:<8} {right} of {len(said)} found are right, {right} of {len(labels[kind])} are found")


if __name__ == "__main__":
    main()
