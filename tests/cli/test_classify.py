"""``umbrage classify``: every line in comes out in its place, judged or with its error."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Finished, Umbrage

BAD, GOOD = "terrible, worst service ever, useless", "what a lovely day"


@pytest.fixture
def classify(umbrage: Umbrage, config: Path) -> Umbrage:
    def run(*arguments: object, stdin: bytes = b"") -> Finished:
        return umbrage("classify", "-c", config, *arguments, stdin=stdin)

    return run


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_jsonl_passes_through_in_order(classify: Umbrage) -> None:
    rows = [{"id": n, "text": BAD if n % 2 else GOOD, "extra": {"n": [n]}} for n in range(200)]
    finished = classify(stdin=jsonl(*rows))
    assert finished.code == 0
    assert [{name: row[name] for name in ("id", "text", "extra")} for row in finished.rows] == rows
    assert [row["label"] for row in finished.rows] == ["other", "complaint"] * 100
    assert all(0 <= row["complaint"] <= 1 and row["model"] == "keywords@1" for row in finished.rows)
    assert all(isinstance(row["topics"], list) for row in finished.rows)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"id": 1, "text": "half', "line 2: not a JSON object"),
        (b"[1]", 'line 2: has no "text"'),
        (b'{"id": 9}', 'line 2: has no "text"'),
        (b'{"text": null}', 'line 2: has no "text"'),
        (b'{"text": 5}', 'line 2: has no "text"'),
        (b"not json", "line 2: not a JSON object"),
        (b"\xff\xfe", "line 2: not a JSON object"),
        (b"[" * 100_000, "line 2: not a JSON object"),
        (b'{"id": ' + b"9" * 10_000 + b', "text": "x"}', "line 2: not a JSON object"),
    ],
)
def test_a_bad_line_carries_its_error_in_its_place(classify: Umbrage, line: bytes, error: str) -> None:
    finished = classify("--format", "jsonl", stdin=jsonl({"text": BAD}) + line + b"\n" + jsonl({"text": GOOD}))
    assert finished.code == 1
    assert [row.get("error") for row in finished.rows] == [None, error, None]
    assert "complaint" not in finished.rows[1]
    assert "1 lines could not be read" in finished.err


def test_a_bad_line_keeps_what_could_be_read(classify: Umbrage) -> None:
    assert classify(stdin=jsonl({"text": BAD}, {"id": 7})).rows[1]["id"] == 7


def test_empty_lines_are_no_posts(classify: Umbrage) -> None:
    finished = classify(stdin=jsonl({"text": BAD}) + b"\n  \n" + jsonl({"text": GOOD}))
    assert (finished.code, len(finished.rows)) == (0, 2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ter\0rible \0 worst", True),
        ("\ud83d terrible worst", True),
        ("terrible worst \u200b\ufeff 😡", True),
        ("", False),
        (" \n ", False),
    ],
    ids=["NUL", "lone surrogate", "invisible", "empty", "blank"],
)
def test_hostile_text_is_judged(classify: Umbrage, text: str, complaint: bool) -> None:
    finished = classify(stdin=jsonl({"text": text}))
    assert finished.code == 0
    assert (finished.rows[0]["label"] == "complaint") is complaint


def test_a_line_of_ten_megabytes_is_judged_like_any_other(classify: Umbrage) -> None:
    finished = classify(stdin=jsonl({"id": 1, "text": "terrible worst " * 700_000}, {"id": 2, "text": GOOD}))
    assert finished.code == 0
    assert [(row["id"], row["label"]) for row in finished.rows] == [(1, "complaint"), (2, "other")]


def test_plain_lines_are_numbered(classify: Umbrage) -> None:
    finished = classify(stdin=f"{BAD}\r\n\n{GOOD}".encode())
    assert [(row["id"], row["text"], row["label"]) for row in finished.rows] == [
        (1, BAD, "complaint"),
        (3, GOOD, "other"),
    ]


def test_csv_keeps_its_columns(classify: Umbrage, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f'id,text,place\n1,"{BAD}",here\n2,"two\nlines",there\n3,,nowhere\n', "utf-8-sig")
    finished = classify(path)
    assert finished.code == 0
    assert [(row["id"], row["text"], row["place"]) for row in finished.rows] == [
        ("1", BAD, "here"),
        ("2", "two\nlines", "there"),
        ("3", "", "nowhere"),
    ]
    assert finished.rows[0]["label"] == "complaint"


def test_csv_without_a_text_column_says_which_there_are(classify: Umbrage) -> None:
    finished = classify("--format", "csv", stdin=b"id,body\n1,hello\n")
    assert finished.code == 1
    assert "a column called text; its columns are: id, body" in finished.err
    assert finished.out == ""


def test_csv_that_breaks_says_where(classify: Umbrage) -> None:
    finished = classify("--format", "csv", stdin=b"id,text\n1,fine\n2," + b"x" * 200_000 + b"\n")
    assert finished.code == 1
    assert finished.rows[0]["text"] == "fine"
    assert "the rest of the file is not read" in finished.rows[1]["error"]


@pytest.mark.parametrize("form", [None, "jsonl", "lines"])
def test_nothing_in_nothing_out(classify: Umbrage, form: str | None) -> None:
    finished = classify(*(["--format", form] if form else []), stdin=b"")
    assert (finished.code, finished.out) == (0, "")


@pytest.mark.parametrize("name", ["nothing.jsonl", "."])
def test_a_file_that_is_not_there_ends_with_2(classify: Umbrage, name: str) -> None:
    assert classify(name).code == 2


def test_a_file_and_standard_input_give_the_same(classify: Umbrage, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(jsonl({"text": BAD}))
    assert classify(path).out == classify("-", stdin=path.read_bytes()).out == classify(stdin=path.read_bytes()).out


def test_a_broken_classifier_ends_with_5(umbrage: Umbrage, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(f'[classifier]\nuse = "onnx"\nfolder = "{tmp_path / "nowhere"}"', "utf-8")
    finished = umbrage("classify", "-c", path, stdin=b"hello\n")
    assert (finished.code, finished.out) == (5, "")
    assert "manifest.json" in finished.err


def test_a_bad_configuration_ends_with_3(umbrage: Umbrage, tmp_path: Path) -> None:
    finished = umbrage("classify", "-c", tmp_path / "nothing.toml", stdin=b"hello\n")
    assert finished.code == 3
    assert "no such file" in finished.err
