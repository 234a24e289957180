"""How far a careful reader agrees with the labels of public sets: ``python -m tests.benchmarks.readers``.

Needs ../shared. ``readers.json`` holds ids of posts and how sure each reader was, 0 to 100, that it is a complaint: all
of the test part of complaints_acl2019 with its control tweets, and 400 posts to airlines, drawn by a hash of their ids.
The readers were language models that had the definition in ``models/complaints/GUIDELINES.md`` and the words of the
posts, and saw neither labels nor each other. What they reach is what is to be had of these labels.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from monitor.classifiers.onnx import Options, create
from monitor.measures import Numbers, auc, macro_f1

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "complaints"
READ = Path(__file__).with_name("readers.json")


def main() -> None:
    if not DATA.is_dir():
        print(f"skipped: the labelled posts are not at {DATA}")
        return
    posts: dict[str, dict[str, Any]] = {}
    for part in ("train", "val", "test"):
        with (DATA / f"{part}.jsonl").open(encoding="utf-8") as lines:
            posts |= {post["id"]: post for post in map(json.loads, lines)}
    for name, rows in json.loads(READ.read_text("utf-8")).items():
        truth = np.array([float(posts[row[0]]["complaint"]) for row in rows])
        sure = np.array([row[1:] for row in rows]) / 100
        print(f"{name}: {len(rows)} posts, {int(truth.sum())} complaints by their labels")
        for number in range(sure.shape[1]):
            _say(f"reader {number + 1}", truth, sure[:, number])
        if name == "acl":
            scores = create(Options(other_languages=False)).score([posts[row[0]]["text"] for row in rows])
            _say("shipped model", truth, np.array([score.complaint for score in scores]))


def _say(name: str, truth: Numbers, sure: Numbers) -> None:
    said = (sure >= 0.5).astype(float)
    print(f"  {name:<14} macro-F1 {macro_f1(truth, said):.3f}, AUC {auc(truth, sure):.3f}")


if __name__ == "__main__":
    main()
