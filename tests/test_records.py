"""Files with everything in them that files in the wild have."""

import json
import time
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.core.mention import Kind, Mention
from monitor.fields import FieldMap, MentionReader, moment
from monitor.records import LINE_LIMIT, Row, batches, check, rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = {"id": "1", "text": "no parcel", "created_at": "2026-03-01T12:00:00Z"}
REPLAYS = Path(__file__).parents[2] / "shared" / "data" / "replay"


def write(path: Path, *lines: bytes | dict[str, Any]) -> Path:
    path.write_bytes(b"".join((x if isinstance(x, bytes) else json.dumps(x).encode()) + b"\n" for x in lines))
    return path


def found(path: Path, **options: Any) -> list[Mention | str]:
    return [row.found for row in rows(path, FieldMap(), **options)]


def only(row: dict[str, Any]) -> Mention:
    mention = MentionReader(FieldMap(), "file")(row)
    assert isinstance(mention, Mention), mention
    return mention


def test_all_fields(tmp_path: Path) -> None:
    full = GOOD | {
        "platform": "Twitter", "lang": "en", "brand": "Acme", "author": "sam", "url": "https://x.example/1",
        "followers": 12, "retweet_count": 3, "in_reply_to": "0", "from_brand": True, "is_bot": "yes",
    }  # fmt: skip
    assert found(write(tmp_path / "a.jsonl", full)) == [
        Mention(
            platform="twitter", id="1", text="no parcel", posted_at=NOON, url="https://x.example/1", author="sam",
            language="en", followers=12, reposts=3, reply_to="0", kind=Kind.REPLY, brand="Acme", own=True, by_bot=True,
        )
    ]  # fmt: skip


def test_other_names_are_known() -> None:
    row = {"Post-ID": 5, "Body": "x", "Published At": "2026-03-01 12:00", "User Name": "sam", "Permalink": "http://x.y"}
    assert only(row) == Mention(platform="file", id="5", text="x", posted_at=NOON, author="sam", url="http://x.y")


def test_names_can_be_given() -> None:
    mention = MentionReader(FieldMap(text="was", posted_at="wann"), "forum")({"was": "x", "wann": 0, "text": "y"})
    assert isinstance(mention, Mention)
    assert (mention.text, mention.posted_at.year, mention.platform) == ("x", 1970, "forum")


BAD = {
    b'{"id": "1", "text": "half': "not JSON, or only half of it",
    b"[1, 2]": "not a JSON object",
    b"17": "not a JSON object",
    b"[" * 100_000: "not JSON, or only half of it",
    b"9" * 10_000: "not JSON, or only half of it",
    b"\x00\xff\xfe": "not JSON, or only half of it",
    b'{"id": "1", "created_at": "2026-03-01"}': "no text",
    b'{"id": "1", "text": 5, "created_at": "2026-03-01"}': "no text",
    b'{"id": "1", "text": " \\n", "created_at": "2026-03-01"}': "no text",
    b'{"id": "1", "text": "x"}': "no time, or an impossible one",
    b'{"id": "1", "text": "x", "created_at": "2026-02-30"}': "no time, or an impossible one",
    b'{"id": "1", "text": "x", "created_at": "99999-01-01T00:00:00Z"}': "no time, or an impossible one",
    b'{"id": "1", "text": "x", "created_at": NaN}': "no time, or an impossible one",
    b'{"id": "1", "text": "x", "created_at": true}': "no time, or an impossible one",
    b'{"id": "1", "text": "x", "created_at": {"a": 1}}': "no time, or an impossible one",
}


def test_bad_rows_are_named_and_stop_nothing(tmp_path: Path) -> None:
    lines: list[bytes | dict[str, Any]] = []
    for line in BAD:
        lines += [line, GOOD]
    results = found(write(tmp_path / "a.jsonl", b"", *lines, b"   "))
    assert results[::2] == list(BAD.values())
    assert all(isinstance(result, Mention) for result in results[1::2])


def test_a_very_long_line_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    long = json.dumps(GOOD | {"text": "x" * 10_000_000}).encode()
    path = write(tmp_path / "a.jsonl", long, GOOD)
    tracemalloc.start()
    results = found(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert results[0] == "a line longer than 1 MB"
    assert isinstance(results[1], Mention)
    assert peak < 5 * LINE_LIMIT


def test_nul_and_lone_surrogates_leave_ids_and_authors_storable() -> None:
    mention = only(
        GOOD | {"id": "a\x00\ud800b", "author": "s\u0000a\nm\udfff", "brand": "\x07Ac\ud800me", "lang": "e\x00n"}
    )
    for value in (mention.id, mention.author, mention.brand, mention.language):
        assert value is not None
        assert value.encode()
        assert value.isprintable()


def test_bytes_that_are_not_utf_8_are_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"id": "1", "text": "gr\xfc\xdfe", "time": 0}')
    [mention] = found(path)
    assert isinstance(mention, Mention)
    assert mention.text == "gr\ufffd\ufffde"


def test_a_missing_id_is_derived_and_stable() -> None:
    row = {"text": "x", "created_at": "2026-03-01", "author": "sam"}
    assert only(row).id == only(dict(reversed(row.items()))).id
    others = (
        {**row, "text": "y"},
        {**row, "author": "kim"},
        {**row, "platform": "x"},
        {**row, "created_at": "2026-03-02"},
    )
    assert len({only(other).id for other in (row, *others)}) == 5
    assert only(row | {"id": "9" * 5_000}).id.startswith("derived:")
    assert only(row | {"id": True}).id.startswith("derived:")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T05:00:00-07:00", NOON),
        ("2026-03-01 12:00", NOON),
        ("2026-03-01 14:00:00 +0200", NOON),
        ("2026-03-01 12:00:00 UTC", NOON),
        ("Sun Mar 01 12:00:00 +0000 2026", NOON),
        ("Sun, 01 Mar 2026 13:00:00 +0100", NOON),
        ("1772366400", NOON),
        (1772366400, NOON),
        (1772366400.0, NOON),
        ("1772366400000", NOON),
        (1772366400000, NOON),
        (1772366400000000, NOON),
        ("20260301", NOON.replace(hour=0)),
        ("1412010112345", datetime(2014, 9, 29, 17, 1, 52, 345000, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("1812-01-01", None),
        (10**40, None),
        (6.8e25, None),
        (float("inf"), None),
        (-1, None),
        ("yesterday", None),
        ("", None),
        ("\x00", None),
        (None, None),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_words_for_true_and_counts() -> None:
    assert only(GOOD | {"is_retweet": "true"}).kind is Kind.REPOST
    assert only(GOOD | {"is_retweet": "0"}).kind is Kind.POST
    assert only(GOOD | {"kind": "review"}).kind is Kind.REVIEW
    assert only(GOOD | {"from_brand": "1"}).own
    for value, count in {"1,234": 1234, "": None, "many": None, "-1": None, "1e300": None, "nan": None}.items():
        assert only(GOOD | {"followers": value}).followers == count


def test_only_web_addresses_are_kept() -> None:
    assert only(GOOD | {"url": "javascript:alert(1)"}).url is None
    assert only(GOOD | {"url": "https://x.example/" + "a" * 5_000}).url is None


def test_unknown_languages_are_none() -> None:
    assert [only(GOOD | {"lang": tag}).language for tag in ("und", "qst", "", None, "tr")] == [None] * 4 + ["tr"]


def test_reading_goes_on_at_a_position(tmp_path: Path) -> None:
    lines = [GOOD | {"id": str(n), "text": "ü" * n + "x"} for n in range(20)]
    for path in (write(tmp_path / "a.jsonl", *lines), as_csv(tmp_path / "a.csv", lines)):
        everything = list(rows(path, FieldMap()))
        assert everything[-1].end == path.stat().st_size
        for number, row in enumerate(everything, 1):
            assert list(rows(path, FieldMap(), start=row.end)) == everything[number:]


def as_csv(path: Path, lines: list[dict[str, Any]]) -> Path:
    text = "id;text;created_at\r\n" + "".join(f'{x["id"]};"{x["text"]}\n";{x["created_at"]}\r\n' for x in lines)
    path.write_bytes(text.encode("utf-8-sig"))
    return path


def test_unfinished_ends_wait(tmp_path: Path) -> None:
    half = write(tmp_path / "a.jsonl", GOOD)
    half.write_bytes(half.read_bytes() + b'{"id": "2", "te')
    assert len(found(half, is_complete=False)) == 1
    assert found(half)[1] == "not JSON, or only half of it"
    half.write_bytes(json.dumps(GOOD).encode())
    assert len(found(half, is_complete=False)) == 1
    table = tmp_path / "a.csv"
    for end in ("2,b,2026-03-0", '2,"b\nc'):
        table.write_text("id,text,time\n1,a,2026-03-01\n" + end)
        assert len(found(table, is_complete=False)) == 1


def test_csv_rows_with_something_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "id,text,time\n"
        '1,"never closed,2026-03-01\n'
        '2,"two\nlines, and ""quotes""",2026-03-01\n'
        "3,too,many,2026-03-01\n"
        "4,too few\n"
        "\n"
        "5,fine,2026-03-01,,\n"
        f"6,{'x' * 200_000},2026-03-01\n"
        f"7,{'x' * 2_000_000},2026-03-01\n"
        "8,fine,2026-03-01\n"
        '9,"open to the end,2026-03-01\n'
        "10,fine,2026-03-01\n"
    )
    results = found(path)
    assert [x.id for x in results if isinstance(x, Mention)] == ["2", "5", "8", "10"]
    assert Counter(x for x in results if isinstance(x, str)) == {
        "not as many columns as the header": 3,
        "not CSV (field larger than field limit (131072))": 1,
        "a line longer than 1 MB": 1,
        "a quote that is never closed": 1,
    }


def test_wrong_columns_are_told_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr,txet,postedat\n1,x,2026-03-01\n")
    with pytest.raises(ConfigError) as caught:
        check(path, FieldMap(author="autor"))
    assert len(caught.value.problems) == 3
    text = str(caught.value)
    assert "the columns are: nr, txet, postedat" in text
    assert 'did you mean "txet"' in text
    assert 'did you mean "postedat"' in text
    assert '"autor" for author' in text
    with pytest.raises(ConfigError):
        next(rows(path, FieldMap()))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b""), ("a.csv", "id,text,time\n".encode("utf-16")), ("a.xlsx", b"PK"), ("a.csv", b"\x00" * 200_000)],
)
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=name):
        check(tmp_path / name, FieldMap())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        check(tmp_path / "none.jsonl", FieldMap())


def test_batches_end_by_size_and_by_time() -> None:
    def row(n: int, minute: int) -> Row:
        return Row(n, Mention(platform="x", id=str(n), text="x", posted_at=NOON + timedelta(minutes=minute)))

    stream = [row(1, 0), row(2, 1), Row(3, "bad"), row(4, 0), row(5, 2), row(6, 9), Row(7, "bad")]
    made = list(batches(stream, 4, timedelta(minutes=1)))
    assert [[m.id for m in batch.mentions] for batch in made] == [["1", "2", "4"], ["5"], ["6"]]
    assert [batch.end for batch in made] == [4, 5, 7]
    assert [batch.skipped for batch in made] == [(("bad", 1),), (), (("bad", 1),)]
    assert [len(batch.mentions) for batch in batches(stream, 2)] == [2, 1, 2, 0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    content=st.one_of(st.binary(max_size=400), st.text(alphabet='",;\n\r\x00ab1{}[]:', max_size=200).map(str.encode))
)
def test_no_bytes_break_the_reader(tmp_path: Path, content: bytes) -> None:
    lines, table = tmp_path / "f.jsonl", tmp_path / "f.csv"
    lines.write_bytes(content)
    table.write_bytes(b"id,text,time\n" + content)
    for path in (lines, table):
        ends = [row.end for is_complete in (True, False) for row in rows(path, FieldMap(), is_complete=is_complete)]
        assert all(0 < end <= path.stat().st_size for end in ends)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from([*FieldMap.model_fields, "created_at", "time", "lang"]),
        st.one_of(
            *(st.none(), st.booleans(), st.integers(), st.floats(), st.just({}), st.just([1])),
            *(st.datetimes().map(str), st.text(st.characters(codec=None, categories=None))),
        ),
    )
)
def test_no_values_break_the_reader(row: dict[str, Any]) -> None:
    result = MentionReader(FieldMap(), "file")(row)
    if isinstance(result, Mention):
        assert result.posted_at.utcoffset() == timedelta(0)
        for value in (result.id, result.platform, result.author, result.url, result.brand, result.language):
            assert value is None or value.encode()


def test_many_lines_need_no_memory_and_little_time(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    with path.open("w") as file:
        for n in range(10_000):
            file.write(json.dumps(GOOD | {"id": n, "author": f"user {n}", "text": f"post {n} " + "x" * 100}) + "\n")
    start = time.process_time()
    assert sum(1 for row in rows(path, FieldMap()) if isinstance(row.found, Mention)) == 10_000
    assert (time.process_time() - start) / 10_000 < 0.0002
    assert peak_of(path) < 2_000_000


@pytest.mark.slow
def test_very_many_lines_need_no_memory(tmp_path: Path) -> None:
    for path, head in ((tmp_path / "many.jsonl", ""), (tmp_path / "many.csv", "id,text,time\n")):
        with path.open("w") as file:
            file.write(head)
            for n in range(200_000):
                file.write(f'{n},"post {n}",2026-03-01\n' if head else json.dumps(GOOD | {"id": n}) + "\n")
        assert peak_of(path) < 2_000_000


def peak_of(path: Path) -> int:
    tracemalloc.start()
    for batch in batches(rows(path, FieldMap()), 500):
        assert batch.mentions
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.skipif(not REPLAYS.is_dir(), reason="the recorded posts are not on this machine")
def test_recorded_posts_are_all_read() -> None:
    for path in sorted(REPLAYS.glob("*/posts.jsonl")):
        reasons = Counter(row.found for row in rows(path, FieldMap()) if isinstance(row.found, str))
        assert set(reasons) <= {"no text"}, path
