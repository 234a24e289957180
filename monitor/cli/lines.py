"""How commands read texts: JSONL, CSV or plain lines, from a file or standard input; bad lines keep their place."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

import click

UNREADABLE = "error"
"""The field of a row that could not be read, with the reason."""


@contextmanager
def rows_in(file: Path, form: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
    """The rows of a file ("-": standard input), each with "text" or with ``UNREADABLE``, and a bar while they last.

    ``form`` is ``jsonl``, ``csv`` or ``lines``; it is guessed from the first line if not given.
    """
    with ExitStack() as stack:
        lines = _counted(_opened(file, stack), _progress(file, stack))
        first = next(lines, "")
        yield _READERS[form or _guess(first)](chain([first], lines) if first else iter(()))


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
