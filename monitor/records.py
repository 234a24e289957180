"""Posts from JSONL, CSV and Parquet files, one at a time, however large the file is and whatever is wrong in it."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from monitor.core.errors import ConfigError
from monitor.core.mention import Mention
from monitor.fields import FieldMap, MentionReader

LINE_LIMIT = 1_000_000
"""Bytes; a longer line is passed over without being held in memory."""

_PARQUET_BATCH = 1_000
_TOO_LONG = "a line longer than 1 MB"
_NOT_JSON = "not JSON, or only half of it"


@dataclass(frozen=True, slots=True)
class Row:
    """One line or record: the mention in it, or why there is none, and where it ends: a byte, in Parquet a number."""

    end: int
    found: Mention | str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows together: their mentions, what was skipped for which reason, and where the last one ends."""

    end: int
    mentions: tuple[Mention, ...]
    skipped: tuple[tuple[str, int], ...]


def check(path: Path, fields: FieldMap) -> None:
    """Raise ``ConfigError`` for a file that is missing, has no known suffix or, as CSV, not the columns needed."""
    try:
        with path.open("rb") as file:
            if _is_parquet(path):
                _parquet(file, path, fields)
            elif _is_csv(path):
                _header(file, path, fields)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from None


def rows(
    path: Path, fields: FieldMap, *, platform: str = "file", start: int = 0, is_complete: bool = True
) -> Iterator[Row]:
    """Every row of a JSONL or CSV file from the byte ``start`` on, of Parquet after so many rows; needs little memory.

    A bad row comes as the reason why, in words, and never stops the others. Bytes that are not UTF-8 become
    replacement characters. While the file is still being written (``is_complete`` is false) an unfinished row at its
    end is left for the next time. Raises ``ConfigError`` like :func:`check`, and ``OSError``.
    """
    with path.open("rb") as file:
        if _is_parquet(path):
            yield from _parquet_rows(_parquet(file, path, fields), MentionReader(fields, platform), start)
            return
        if not _is_csv(path):
            file.seek(start)
            yield from _jsonl_rows(file, fields, platform, is_complete)
            return
        names, delimiter = _header(file, path, fields)
        file.seek(max(start, file.tell()))
        to_mention = MentionReader(fields, platform)
        for end, cells in _records(file, delimiter, len(names), is_complete):
            yield Row(end, cells if isinstance(cells, str) else to_mention(dict(zip(names, cells, strict=False))))


def batches(rows: Iterable[Row], size: int, step: timedelta | None = None) -> Iterator[Batch]:
    """Rows in batches of at most ``size``, none reaching further than ``step`` beyond its first post."""
    mentions: list[Mention] = []
    skipped: Counter[str] = Counter()
    end = 0
    for row in rows:
        if len(mentions) + skipped.total() >= size or (step and mentions and _is_later(row, mentions[0], step)):
            yield Batch(end, tuple(mentions), tuple(skipped.items()))
            mentions, skipped = [], Counter()
        end = row.end
        if isinstance(row.found, str):
            skipped[row.found] += 1
        else:
            mentions.append(row.found)
    if mentions or skipped:
        yield Batch(end, tuple(mentions), tuple(skipped.items()))


def _is_later(row: Row, first: Mention, step: timedelta) -> bool:
    return isinstance(row.found, Mention) and row.found.posted_at - first.posted_at > step


def _is_csv(path: Path) -> bool:
    suffix = path.suffix.casefold()
    if suffix not in (".jsonl", ".ndjson", ".csv", ".tsv"):
        raise ConfigError([f"{path}: the name must end in .jsonl, .ndjson, .csv, .tsv or .parquet"])
    return suffix in (".csv", ".tsv")


def _is_parquet(path: Path) -> bool:
    return path.suffix.casefold() == ".parquet"


def _parquet(file: BinaryIO, path: Path, fields: FieldMap) -> Any:
    """The opened file; its columns are known to hold what is needed."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ConfigError([f"{path}: reading Parquet needs pyarrow: pip install 'umbrage[parquet]'"]) from None
    try:
        found = ParquetFile(file)
    except (ArrowException, OSError, ValueError) as error:
        raise ConfigError([f"{path}: this is no Parquet file, or half of one ({type(error).__name__})"]) from None
    if problems := fields.problems(list(found.schema_arrow.names)):
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return found


def _parquet_rows(file: Any, to_mention: MentionReader, start: int) -> Iterator[Row]:
    number = 0
    for batch in file.iter_batches(batch_size=_PARQUET_BATCH):
        if number + batch.num_rows <= start:
            number += batch.num_rows
            continue
        for row in batch.to_pylist():
            number += 1
            if number > start:
                yield Row(number, to_mention(row))


def _jsonl_rows(file: BinaryIO, fields: FieldMap, platform: str, is_complete: bool) -> Iterator[Row]:
    to_mention = MentionReader(fields, platform)
    end = file.tell()
    while line := file.readline(LINE_LIMIT + 1):
        end += len(line)
        if len(line) > LINE_LIMIT:
            end += _pass_over(file, line)
            yield Row(end, _TOO_LONG)
            continue
        found = _from_json(line, to_mention)
        if not is_complete and not line.endswith(b"\n") and found == _NOT_JSON:
            return
        if found is not None:
            yield Row(end, found)


def _from_json(line: bytes, to_mention: MentionReader) -> Mention | str | None:
    text = _decode(line).strip("\ufeff \t\r\n")
    if not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _NOT_JSON
    return to_mention(value) if isinstance(value, dict) else "not a JSON object"


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(errors="replace")


def _pass_over(file: BinaryIO, line: bytes) -> int:
    """Read to the end of a line that is too long; how many bytes that was."""
    passed = 0
    while line and not line.endswith(b"\n"):
        line = file.readline(LINE_LIMIT)
        passed += len(line)
    return passed


class _Lines:
    """The lines of one CSV record, with a note when the file ended before the record did."""

    def __init__(self, file: BinaryIO, first: bytes) -> None:
        self._file = file
        self._next: bytes | None = first
        self.count = 0
        self.last = first
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LINE_LIMIT) if self._next is None else self._next
        self._next = None
        if not line:
            self.ended = True
            raise StopIteration
        self.count += 1
        self.last = line
        return _decode(line)


def _header(file: BinaryIO, path: Path, fields: FieldMap) -> tuple[list[str], str]:
    first = file.readline(LINE_LIMIT)
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError([f"{path}: this is UTF-16; save it as UTF-8"])
    first = first.removeprefix(b"\xef\xbb\xbf")
    line = _decode(first)
    delimiter = max(",;\t|", key=line.count)
    try:
        names = [name.strip() for name in next(csv.reader(_Lines(file, first), delimiter=delimiter), [])]
    except csv.Error as error:
        raise ConfigError([f"{path}: the first line is no CSV header ({error})"]) from None
    if problems := fields.problems(names):
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return names, delimiter


def _records(file: BinaryIO, delimiter: str, width: int, is_complete: bool) -> Iterator[tuple[int, list[str] | str]]:
    """Records as lists of ``width`` cells. After a bad one reading goes on at the next *line*.

    A quote that is never closed would otherwise swallow the rows after it.
    """
    while first := file.readline(LINE_LIMIT + 1):
        after = file.tell()
        if len(first) > LINE_LIMIT:
            _pass_over(file, first)
            yield file.tell(), _TOO_LONG
            continue
        if not first.strip():
            continue
        lines = _Lines(file, first)
        cells = _cells(lines, delimiter, width)
        is_unfinished = lines.ended or not lines.last.endswith(b"\n")
        if not is_complete and is_unfinished:
            return
        if isinstance(cells, str) and lines.count > 1:
            file.seek(after)
        yield file.tell(), cells


def _cells(lines: _Lines, delimiter: str, width: int) -> list[str] | str:
    try:
        cells = next(csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        return f"not CSV ({error})"
    if lines.ended:
        return "a quote that is never closed"
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells if len(cells) == width else "not as many columns as the header"
