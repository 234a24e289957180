"""The replay collector."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors import replay
from monitor.core.errors import ConfigError, SourceError
from monitor.core.mention import Mention, Page
from monitor.fields import FieldMap
from monitor.ports import Round
from monitor.testing.collector_contract import FileCollectorContract, mentions
from monitor.testing.fakes import NOON

SINCE = datetime(2000, 1, 1, tzinfo=UTC)


def line(n: int, minute: int, **more: object) -> bytes:
    post = {"id": n, "text": f"post {n} about Acme", "created_at": f"2026-03-01T12:{minute:02}:00", **more}
    return json.dumps(post).encode() + b"\n"


def mention(n: int, minute: int) -> Mention:
    at = datetime(2026, 3, 1, 12, minute, tzinfo=UTC)
    return Mention(platform="forum", id=str(n), text=f"post {n} about Acme", posted_at=at)


class TestReplay(FileCollectorContract):
    plugin = replay
    file_name = "posts.jsonl"
    answer = line(1, 0) + line(2, 1) + line(3, 20) + line(4, 10) + line(5, 59)
    malformed = line(1, 0) + b'{"id": 7, \n' + line(2, 1) + line(3, 20) + line(4, 10) + b"\xff\n" + line(5, 59)
    expected = (mention(1, 0), mention(2, 1), mention(3, 20), mention(4, 10), mention(5, 59))

    def options(self, place: str) -> dict[str, Any]:
        return {"paths": [place], "platform": "forum", "step": 60}


def pages(*paths: Path, cursor: str | None = None, **options: Any) -> list[Page]:
    collector = replay.create(replay.Options(paths=paths, **options))
    return list(collector.pages(Round(watches=(), cursor=cursor, since=SINCE, now=NOON)))


def test_pages_span_little_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(line(n, minute) for n, minute in enumerate((0, 1, 2, 2, 9, 3, 20))))
    assert [[m.id for m in page.mentions] for page in pages(path)] == [["0", "1"], ["2", "3"], ["4", "5"], ["6"]]
    assert [len(page.mentions) for page in pages(path, step=3_600, page=3)] == [3, 3, 1]


def test_files_follow_each_other_and_resume_exactly(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "posts.jsonl").write_bytes(line(1, 0, author=name) + line(2, 30, author=name))
    paths = [tmp_path / name / "posts.jsonl" for name in "ab"]
    everything = pages(*paths)
    assert [(m.author, m.id) for m in mentions(everything)] == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    for number, page in enumerate(everything, 1):
        assert pages(*paths, cursor=page.cursor) == everything[number:]


def test_brands_in_order_of_appearance(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(line(n, 0, brand=brand) for n, brand in enumerate(["b", None, "a", "b", "", "c"])) + b"{")
    assert replay.brands([path], FieldMap()) == ["b", "a", "c"]


def test_brands_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_BRANDS", 2)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(line(n, 0, brand=str(n)) for n in range(9)))
    assert replay.brands([path], FieldMap()) == ["0", "1"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nr,words\n1,x\n")
    with pytest.raises(ConfigError) as caught:
        pages(tmp_path / "a.csv", tmp_path / "b.jsonl", tmp_path / "c.txt")
    assert len(caught.value.problems) == 4


def test_a_file_that_vanishes_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1, 0))
    collector = replay.create(replay.Options(paths=(path,)))
    path.unlink()
    with pytest.raises(SourceError, match="No such file"):
        list(collector.pages(Round(watches=(), cursor=None, since=SINCE, now=NOON)))
