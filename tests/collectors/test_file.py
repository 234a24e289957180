"""The collector of files that appear and grow."""

import io
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from monitor.collectors import file
from monitor.core.errors import PartlyRead, Unavailable, Unreadable
from monitor.core.mention import Mention, Page
from monitor.ports import Round
from monitor.testing.collector_contract import FileCollectorContract, last_cursor, mentions
from monitor.testing.fakes import NOON

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
HEAD = "id,message,date,author\n"


def mention(n: int, author: str | None = "sam") -> Mention:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return Mention(platform="survey", id=str(n), text="Acme, again", posted_at=at, author=author)


class TestFile(FileCollectorContract):
    plugin = file
    file_name = "posts.csv"
    answer = (HEAD + '1,"Acme, again",2026-03-01 12:00,sam\n2,"Acme, again",2026-03-01T12:00Z,\n').encode()
    malformed = answer + b"3,when?,never,sam\n4,too,many,2026-03-01,sam\n"
    expected = (mention(1), mention(2, author=None))

    def options(self, place: str) -> dict[str, Any]:
        return {"path": place, "platform": "survey"}


def parquet(*rows: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), out, row_group_size=2)
    return out.getvalue()


WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class TestParquet(FileCollectorContract):
    plugin = file
    file_name = "posts.parquet"
    answer = parquet(
        {"id": 1, "text": "Acme, again", "date": WHEN, "author": "sam", "stars": 1.0},
        {"id": 2, "text": "Acme, again", "date": WHEN, "author": None, "stars": None},
    )
    malformed = parquet(
        {"id": 1, "text": "Acme, again", "date": WHEN, "author": "sam", "stars": 1.0},
        {"id": 3, "text": None, "date": WHEN, "author": None, "stars": None},
        {"id": 4, "text": "when?", "date": None, "author": None, "stars": None},
        {"id": 2, "text": "Acme, again", "date": WHEN, "author": None, "stars": None},
    )
    expected = (replace(mention(1), rating=1), mention(2, author=None))

    def options(self, place: str) -> dict[str, Any]:
        return {"path": place, "platform": "survey", "page": 1}


def test_a_parquet_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rounds = Rounds(path)
    path.write_bytes(parquet({"id": 1, "text": "x", "time": 0}))
    assert (rounds.ids(), rounds.ids()) == (["1"], [])
    path.write_bytes(parquet({"id": 1, "text": "x", "time": 0}, {"id": 2, "text": "y", "time": 0}))
    assert (rounds.ids(), rounds.ids()) == (["1", "2"], [])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 half of it", parquet({"words": "x"})])
def test_what_is_no_parquet_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        Rounds(path).pages()
    assert "a.parquet: " in str(caught.value)


class Rounds:
    """A collector whose cursor is kept from round to round."""

    def __init__(self, path: object) -> None:
        self.collector = file.create(file.Options(path=str(path), page=2))
        self.cursor: str | None = None

    def ids(self) -> list[str]:
        return [found.id for found in mentions(self.pages())]

    def pages(self) -> list[Page]:
        pages: list[Page] = []
        try:
            for page in self.collector.pages(Round(watches=(), cursor=self.cursor, since=SINCE, now=NOON)):
                pages.append(page)  # noqa: PERF402 (pages before an error count)
        finally:
            self.cursor = last_cursor(pages) or self.cursor
        return pages


def line(n: int) -> str:
    return f'{{"id": {n}, "text": "x", "time": 0}}\n'


def test_what_is_added_is_read(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path / "*.jsonl")
    assert rounds.ids() == []
    (tmp_path / "b.jsonl").write_text(line(1) + line(2) + line(3))
    assert rounds.ids() == ["1", "2", "3"]
    assert rounds.pages() == []
    (tmp_path / "a.jsonl").write_text(line(4))
    with (tmp_path / "b.jsonl").open("a") as end:
        end.write(line(5))
    assert rounds.ids() == ["4", "5"]
    assert rounds.ids() == []


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rounds = Rounds(path)
    for content in (line(1) + line(2)[:9], line(1) + line(2)[:15], line(1) + line(2)[:15]):
        path.write_text(content)
        rounds.pages()
    path.write_text(line(1) + line(2))
    pages = rounds.pages()
    assert [m.id for m in mentions(pages)] == ["2"]
    assert not any(page.skipped for page in pages)


def test_a_csv_row_without_line_end_is_read_when_the_file_rests(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rounds = Rounds(path)
    path.write_text("id,text,time\n1,x,2026-03-01\n2,x,2026-03")
    assert rounds.ids() == ["1"]
    path.write_text("id,text,time\n1,x,2026-03-01\n2,x,2026-03-01")
    assert rounds.ids() == []
    assert rounds.ids() == ["2"]
    assert rounds.pages() == []


def test_a_file_that_was_cut_or_replaced_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line(1) + line(2))
    rounds = Rounds(path)
    assert rounds.ids() == ["1", "2"]
    path.write_text(line(3))
    assert rounds.ids() == ["3"]
    (tmp_path / "new").write_text(line(4) + line(5) + line(6))
    (tmp_path / "new").rename(path)
    assert rounds.ids() == ["4", "5", "6"]


def test_a_file_that_was_overwritten_in_place_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rounds = Rounds(path)
    for content, ids in (
        (line(1) + line(2), ["1", "2"]),
        (line(3) + line(4), ["3", "4"]),
        (line(5) + line(6) + line(7), ["5", "6", "7"]),
        (line(5) + line(6) + line(7) + line(8), ["8"]),
        (line(5) + line(6) + line(7) + line(8), []),
    ):
        inode = path.stat().st_ino if path.exists() else None
        path.write_text(content)
        assert inode in (None, path.stat().st_ino)
        assert rounds.ids() == ids


def test_a_cursor_of_an_older_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line(1) + line(2))
    rounds = Rounds(path)
    rounds.cursor = json.dumps({str(path): [len(line(1)), path.stat().st_ino, len(line(1))]})
    assert rounds.ids() == ["2"]
    path.write_text(line(3) + line(4))
    assert rounds.ids() == ["3", "4"]


def test_posts_stay_out_of_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "private", "time": 0}\n')
    rounds = Rounds(tmp_path / "a.jsonl")
    assert rounds.ids() == ["1"]
    assert "priv" not in str(rounds.cursor)


def test_a_broken_file_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nr,words\n1,x\n")
    (tmp_path / "b.jsonl").write_text(line(1))
    rounds = Rounds(tmp_path / "*")
    with pytest.raises(PartlyRead, match="the columns are: nr, words"):
        rounds.ids()
    assert rounds.cursor is not None
    assert "b.jsonl" in rounds.cursor
    assert "a.csv" not in rounds.cursor


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_we_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch(mode=0)
    with pytest.raises(Unavailable, match="Permission denied"):
        Rounds(tmp_path / "a.jsonl").pages()


def test_a_missing_file_is_told_but_a_pattern_may_match_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no such file"):
        Rounds(tmp_path / "a.jsonl").pages()
    assert Rounds(tmp_path / "*.jsonl").pages() == []


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(Unavailable, match="Is a directory"):
        Rounds(tmp_path / "a.jsonl").pages()


def test_files_that_went_away_are_forgotten(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path / "*.jsonl")
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text(line(1))
    rounds.pages()
    (tmp_path / "a.jsonl").unlink()
    (tmp_path / "c.jsonl").write_text(line(2))
    rounds.pages()
    assert rounds.cursor is not None
    assert "a.jsonl" not in rounds.cursor
