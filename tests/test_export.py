"""Tables for other programs: whole, and harmless in a spreadsheet."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from monitor.core.errors import ConfigError, UmbrageError
from monitor.export import COLUMNS, harmless, write

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(text: str = "No parcel", **changed: Any) -> dict[str, Any]:
    fields = dict.fromkeys(COLUMNS) | {"posted_at": NOON, "brand": "Acme", "text": text, "complaint": 0.9, "level": 3}
    return fields | changed


@given(text=st.one_of(st.text(), st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\u00a0@x"])))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    found = harmless(text)
    assert not found.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert found.endswith(text), "and nothing is lost"


def test_csv_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert write([row('He said "no",\nthen left'), row("=HYPERLINK(1)", author="@sam")], path) == 2
    with path.open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert first["text"] == 'He said "no",\nthen left'
    assert first["posted_at"] == "2026-11-24T12:00:00+00:00"
    assert first["ended_at"] == ""
    assert (second["text"], second["author"]) == ("'=HYPERLINK(1)", "'@sam")


def test_parquet_keeps_kinds_and_text(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert write((row(f"=text {n}") for n in range(7)), path) == 7
    found = parquet.read_table(path).to_pylist()
    assert found[0]["posted_at"] == NOON
    assert found[6]["text"] == "=text 6"
    assert found[0]["level"] == 3


def test_nothing_at_all_is_a_table_too(tmp_path: Path) -> None:
    for name in ("out.csv", "out.parquet"):
        assert write([], tmp_path / name) == 0
        assert (tmp_path / name).exists()


def test_another_ending_and_a_missing_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must end in"):
        write([], tmp_path / "out.xlsx")
    with pytest.raises(UmbrageError, match="cannot be written"):
        write([], tmp_path / "nowhere" / "out.csv")
