"""Reads recorded posts from JSONL, CSV or Parquet files once, in their order: for replays, trials and tests."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import ConfigError, Unavailable, Unreadable
from monitor.core.mention import Mention, Page
from monitor.fields import FieldMap
from monitor.ports import Round
from monitor.records import batches, check, rows

MOST_BRANDS = 10_000


class Options(BaseModel):
    """``paths``: the files, read one after the other. A page holds at most ``page`` rows and spans ``step`` seconds.

    ``fields`` says which column holds what; ``platform`` is for posts that do not name theirs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: tuple[Path, ...] = Field(min_length=1)
    fields: FieldMap = FieldMap()
    platform: str = Field(default="file", min_length=1)
    page: int = Field(default=500, ge=1, le=10_000)
    step: float = Field(default=60, gt=0, le=86_400)


def create(options: Options) -> "Replay":
    """The collector; raises ``ConfigError`` when a file is missing or has not the columns needed."""
    _check(options.paths, options.fields)
    return Replay(options)


def brands(paths: Sequence[Path], fields: FieldMap) -> list[str]:
    """The brands the files name, in order of first appearance, at most ``MOST_BRANDS``."""
    _check(paths, fields)
    found: dict[str, None] = {}
    for path in paths:
        for row in rows(path, fields):
            if isinstance(row.found, Mention) and row.found.brand:
                found[row.found.brand] = None
                if len(found) >= MOST_BRANDS:
                    return list(found)
    return list(found)


class Replay:
    """Streams files in their own order. It never looks at the clock: whoever drives it decides when a page is due."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def pages(self, asked: Round) -> Iterator[Page]:
        """Everything after the cursor. ``since`` does not matter: a recording is read whole."""
        options = self._options
        names = [str(path) for path in options.paths]
        reached, offset = _position(asked.cursor)
        first = names.index(reached) if reached in names else 0
        for name, path in zip(names[first:], options.paths[first:], strict=True):
            start = offset if name == reached else 0
            try:
                found = rows(path, options.fields, platform=options.platform, start=start)
                for batch in batches(found, options.page, timedelta(seconds=options.step)):
                    position = json.dumps({"path": name, "offset": batch.end})
                    yield Page(mentions=batch.mentions, cursor=position, skipped=batch.skipped)
            except OSError as error:
                raise Unavailable(f"{path}: {error.strerror}") from None
            except ConfigError as error:
                raise Unreadable(str(error)) from None


def _position(cursor: str | None) -> tuple[str | None, int]:
    """The file and offset a cursor means; a cursor that is not ours starts from the beginning."""
    try:
        position = json.loads(cursor or "{}")
        return str(position["path"]), max(0, int(position["offset"]))
    except (ValueError, KeyError, TypeError):
        return None, 0


def _check(paths: Sequence[Path], fields: FieldMap) -> None:
    problems: list[str] = []
    for path in paths:
        try:
            check(path, fields)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
