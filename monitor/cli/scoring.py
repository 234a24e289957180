"""The command ``classify``: texts in, probabilities out."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from monitor.cli.common import settings_of

if TYPE_CHECKING:
    from monitor.core.verdict import Thresholds
    from monitor.ports import Classifier

BATCH = 64
UNREADABLE = "error"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False, exists=True), default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "lines"]),
    help="What the input is; guessed from its first line if not given.",
)
@click.option("-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Take the classifier from here.")
def classify(file: Path, form: str | None, config: Path | None) -> None:
    """Judge texts: JSONL with "text", CSV with a text column, or plain lines; "-" is standard input.

    Writes JSONL in the same order: every input field, plus complaint (probability 0 to 1), label, topics and model.
    A line that cannot be read comes out with "error" instead, and the exit code is 1.

    \b
    Examples:  echo "my parcel never arrived" | umbrage classify
               umbrage classify posts.jsonl > judged.jsonl
    """
    from monitor.app import LazyClassifier
    from monitor.settings import ClassifierSettings

    settings = settings_of(config).classifier if config else ClassifierSettings()
    classifier, thresholds = LazyClassifier(settings).get()
    failed = 0
    with ExitStack() as stack:
        lines = _counted(_opened(file, stack), _progress(file, stack))
        first = next(lines, "")
        rows = _READERS[form or _guess(first)](chain([first], lines) if first else iter(()))
        while batch := list(islice(rows, BATCH)):
            failed += _judge(batch, classifier, thresholds)
    if failed:
        click.echo(f"umbrage: {failed} lines could not be read; each carries its error in the output", err=True)
        raise click.exceptions.Exit(1)


def _judge(batch: list[dict[str, Any]], classifier: "Classifier", thresholds: "Thresholds") -> int:
    """Write one batch, and return how many of its rows could not be read."""
    from monitor.app import clock
    from monitor.core.text import clean
    from monitor.core.verdict import judge

    readable = [row for row in batch if UNREADABLE not in row]
    scores = iter(classifier.score([clean(row["text"]) for row in readable]))
    for row in batch:
        if UNREADABLE not in row:
            score = next(scores)
            verdict = judge(score, classifier.model, thresholds, clock())
            row |= {"complaint": round(verdict.complaint, 4), "label": verdict.label, "topics": list(verdict.topics)}
            row["model"] = verdict.model
        click.echo(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    return len(batch) - len(readable)


def _jsonl(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield {UNREADABLE: f"line {number}: not a JSON object"}
            continue
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            yield {**(row if isinstance(row, dict) else {}), UNREADABLE: f'line {number}: has no "text"'}
        else:
            row.pop(UNREADABLE, None)
            yield row


def _csv(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(line.replace("\0", "") for line in lines)
    if "text" not in (reader.fieldnames or ()):
        found = ", ".join(reader.fieldnames or ()) or "none"
        raise click.ClickException(f"the CSV needs a column called text; its columns are: {found}")
    try:
        for row in reader:
            row.pop(None, None)
            yield {**row, "text": row["text"] or ""}
    except csv.Error as error:
        yield {UNREADABLE: f"line {reader.line_num}: {error}; the rest of the file is not read"}


def _plain(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield {"id": number, "text": line.rstrip("\r\n")}


_READERS = {"jsonl": _jsonl, "csv": _csv, "lines": _plain}


def _guess(first: str) -> str:
    if first.lstrip().startswith("{"):
        return "jsonl"
    names = [name.strip().strip('"') for name in first.split(",")]
    return "csv" if len(names) > 1 and "text" in names else "lines"


def _opened(file: Path, stack: ExitStack) -> IO[str]:
    source = sys.stdin.fileno() if str(file) == "-" else file
    return stack.enter_context(
        open(source, encoding="utf-8-sig", errors="replace", newline="", closefd=str(file) != "-")
    )


def _progress(file: Path, stack: ExitStack) -> Callable[[int], None]:
    """A bar on standard error when that is a terminal and the length is known."""
    if str(file) == "-" or not sys.stderr.isatty():
        return lambda _: None
    length = max(file.stat().st_size, 1)
    bar = stack.enter_context(click.progressbar(length=length, label="judging", file=sys.stderr))
    return bar.update


def _counted(lines: IO[str], advance: Callable[[int], None]) -> Iterator[str]:
    for line in lines:
        yield line
        advance(len(line.encode("utf-8", "replace")))


COMMANDS = (classify,)
