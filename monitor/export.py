"""Complaints as a table for other programs: CSV that no spreadsheet takes for formulas, or Parquet."""

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError, UmbrageError

COLUMNS = (
    "posted_at",
    "brand",
    "platform",
    "author",
    "text",
    "url",
    "language",
    "complaint",
    "topic",
    "level",
    "case",
    "state",
    "owner",
    "opened_at",
    "answered_at",
    "ended_at",
)
BATCH = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell may not begin with (https://owasp.org/www-community/attacks/CSV_Injection), and the wide forms of it."""


def write(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write rows, each with COLUMNS, into a new file ``.csv`` or ``.parquet``, and return how many there were.

    Raises ``ConfigError`` for another ending and ``UmbrageError`` when the file cannot be written.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    if path.suffix.lower() not in writers:
        raise ConfigError([f"{path}: the name must end in .csv or .parquet"])
    try:
        return writers[path.suffix.lower()](rows, path)
    except OSError as error:
        raise UmbrageError(f"{path}: cannot be written: {error.strerror}") from None


def harmless(value: Any) -> Any:
    """A cell that a spreadsheet shows as it stands: what would be a formula gets an apostrophe before it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA) else value


def _write_csv(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    count = 0
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([harmless(row[name]) for name in COLUMNS])
            count += 1
    return count


def _write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigError([f"{path}: writing Parquet needs pyarrow: pip install 'umbrage[parquet]'"]) from None

    moment, text = pyarrow.timestamp("us", tz="UTC"), pyarrow.string()
    kinds = {"complaint": pyarrow.float64(), "level": pyarrow.int8()}
    kinds |= dict.fromkeys(("posted_at", "opened_at", "answered_at", "ended_at"), moment)
    schema = pyarrow.schema([(name, kinds.get(name, text)) for name in COLUMNS])
    count = 0
    with path.open("xb") as file, parquet.ParquetWriter(file, schema) as writer:
        every = iter(rows)
        while found := [{name: row[name] for name in COLUMNS} for row in islice(every, BATCH)]:
            writer.write_table(pyarrow.Table.from_pylist(found, schema=schema))
            count += len(found)
    return count
