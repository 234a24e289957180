"""Imports posts from JSONL, CSV and Parquet files as they appear and grow: exports, archives, another program's log."""

import glob
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import ConfigError, PartlyRead, SourceError, Unavailable, Unreadable
from monitor.core.mention import Page
from monitor.fields import FieldMap
from monitor.ports import Round
from monitor.records import batches, rows

_TAIL = 64
"""Bytes before the place that was reached by which a file is recognised."""


class Options(BaseModel):
    """``path``: one file, or a pattern such as ``imports/*.csv``. ``fields`` says which column holds what.

    ``platform`` is for posts that do not name theirs. At most ``page`` rows are stored at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    fields: FieldMap = FieldMap()
    platform: str = Field(default="file", min_length=1)
    page: int = Field(default=500, ge=1, le=10_000)


def create(options: Options) -> "Files":
    """The collector. The files need not exist yet."""
    return Files(options)


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far a file was read, and what it was then; ``tail`` is a digest, empty in cursors of older versions."""

    offset: int = 0
    inode: int = 0
    size: int = -1
    tail: str = ""


class Files:
    """Reads what was added to the files since the last round.

    A file that was replaced, overwritten or cut is read again.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    def pages(self, asked: Round) -> Iterator[Page]:
        """New rows of all files. A file that cannot be read is reported after the others have been read."""
        matching = glob.glob(self._options.path, recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
        paths = [Path(name) for name in sorted(matching)]
        if not paths and not glob.has_magic(self._options.path):
            raise Unavailable(f"{self._options.path}: there is no such file")
        known = _reached(asked.cursor)
        reached = {name: known[name] for name in map(str, paths) if name in known}
        problems: list[SourceError] = []
        for path in paths:
            try:
                yield from self._new_rows(path, reached)
            except OSError as error:
                problems.append(Unavailable(f"{path}: {error.strerror}"))
            except ConfigError as error:
                problems.append(Unreadable(str(error)))
        if problems:
            raise problems[0] if len(problems) == len(paths) else PartlyRead(str(problems[0]))

    def _new_rows(self, path: Path, reached: dict[str, _Reached]) -> Iterator[Page]:
        """Pages of one file; ``reached`` is moved on with each.

        A CSV row without a line end may be half written. It is read once the file has stayed as it is for a round.
        """
        options, before = self._options, reached.get(str(path), _Reached())
        status = path.stat()
        if not _goes_on(path, status, before):
            before = _Reached()
        is_complete = path.suffix.casefold() in (".csv", ".tsv") and status.st_size == before.size
        end = before.offset
        found = rows(path, options.fields, platform=options.platform, start=end, is_complete=is_complete)
        for batch in batches(found, options.page):
            end = batch.end
            reached[str(path)] = _Reached(end, status.st_ino, status.st_size, _tail(path, end))
            yield Page(mentions=batch.mentions, cursor=_cursor(reached), skipped=batch.skipped)
        now = _Reached(end, status.st_ino, status.st_size, _tail(path, end))
        if reached.get(str(path)) != now:
            reached[str(path)] = now
            yield Page(mentions=(), cursor=_cursor(reached))


def _goes_on(path: Path, status: os.stat_result, before: _Reached) -> bool:
    """Is this still the file that was read, as far as it was read? A copy over it keeps the inode."""
    if status.st_ino != before.inode or status.st_size < before.offset:
        return False
    if path.suffix.casefold() == ".parquet" and status.st_size != before.size:
        # Such a file is written as a whole; nothing is ever added to one.
        return False
    return not before.tail or before.tail == _tail(path, before.offset)


def _tail(path: Path, end: int) -> str:
    """A digest of the last bytes before ``end``; posts themselves have no place in a cursor."""
    start = max(0, end - _TAIL)
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.blake2b(file.read(end - start), digest_size=8).hexdigest()


def _cursor(reached: dict[str, _Reached]) -> str:
    return json.dumps({name: [at.offset, at.inode, at.size, at.tail] for name, at in reached.items()})


def _reached(cursor: str | None) -> dict[str, _Reached]:
    """Where each file was left; a cursor that is not ours starts from the beginning."""
    try:
        return {str(name): _place(*at) for name, at in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _place(offset: Any, inode: Any, size: Any, tail: Any = "") -> _Reached:
    return _Reached(int(offset), int(inode), int(size), str(tail))
