"""``umbrage replay``: recorded posts, alerts printed with their times, and one report for machines."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Umbrage


def post(number: int, text: str = "Acme is terrible, worst and useless", **changed: object) -> str:
    row = {"id": f"p{number}", "text": text, "created_at": f"2026-11-02T12:{5 * number:02}:00Z", "author": f"a{number}"}
    return json.dumps(row | changed) + "\n"


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text(post(1) + post(2, "Acme is great, thank you") + "half\n" + post(3, "nobody"), "utf-8")
    return path


def test_the_report_is_one_json_object(umbrage: Umbrage, config: Path, posts: Path) -> None:
    finished = umbrage("replay", posts, "-c", config, "--json")
    assert finished.code == 0
    report = json.loads(finished.out)
    assert (report["posts"], report["stored"], report["skipped"]) == (4, 2, 2)
    (alert,) = report["alerts"]
    assert (alert["at"], alert["channel"], alert["mentions"]) == ("2026-11-02T12:05:00Z", "team", ["p1"])


def test_alerts_are_printed_with_the_time_the_team_would_have_seen_them(
    umbrage: Umbrage, config: Path, posts: Path
) -> None:
    finished = umbrage("replay", posts, "-c", config)
    assert finished.code == 0
    assert "Monday 02 November, 12:0" in finished.out
    assert "Acme is terrible" in finished.out
    assert "4 posts read, 2 stored as mentions" in finished.out
    assert "1 skipped: about no watched brand" in finished.out


def test_nothing_is_sent_to_the_targets_of_the_configuration(umbrage: Umbrage, config: Path, posts: Path) -> None:
    slack = '\n[targets.slack]\nuse = "slack"\nchannel = "C024BE91L"\ntoken = { env = "UMBRAGE_NOT_THERE" }\n'
    config.write_text(config.read_text("utf-8") + slack, "utf-8")
    report = json.loads(umbrage("replay", posts, "-c", config, "--json").out)
    assert {alert["channel"] for alert in report["alerts"]} == {"team", "slack"}


def test_the_database_can_be_kept_but_never_overwritten(
    umbrage: Umbrage, config: Path, posts: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.db"
    assert umbrage("replay", posts, "-c", config, "--database", kept).code == 0
    assert kept.exists()
    finished = umbrage("replay", posts, "-c", config, "--database", kept)
    assert finished.code == 1
    assert "exists already" in finished.err


def test_columns_can_be_named(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("nr;words;when\n1;Acme is terrible, worst and useless;2026-11-02 12:00\n", "utf-8")
    mapped = ["-m", "id=nr", "-m", "text=words", "-m", "posted_at=when"]
    report = json.loads(umbrage("replay", path, "-c", config, "--json", *mapped).out)
    assert list(report["verdicts"]) == ["1"]


@pytest.mark.parametrize(
    ("mapped", "code", "words"),
    [
        ("text", 2, "is not FIELD=COLUMN"),
        ("txet=words", 3, "unknown setting; did you mean text?"),
        ("text=wrods", 3, "did you mean"),
    ],
)
def test_a_bad_map_is_explained(
    umbrage: Umbrage, config: Path, tmp_path: Path, mapped: str, code: int, words: str
) -> None:
    path = tmp_path / "export.csv"
    path.write_text("id,words,date\n1,Acme,2026-11-02\n", "utf-8")
    finished = umbrage("replay", path, "-c", config, "-m", mapped)
    assert finished.code == code
    assert words in finished.err


@pytest.mark.parametrize("name", ["nothing.jsonl", "posts.xlsx"])
def test_a_file_that_cannot_be_read_is_named(umbrage: Umbrage, config: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "posts.xlsx").write_text("x", "utf-8")
    finished = umbrage("replay", tmp_path / name, "-c", config)
    assert finished.code in (2, 3)
    assert name in finished.err


def test_without_a_configuration_files_that_name_no_brand_are_refused(umbrage: Umbrage, posts: Path) -> None:
    finished = umbrage("replay", posts)
    assert finished.code == 3
    assert "the files name no brand" in finished.err


def test_spellings_of_one_brand_in_a_file_are_one_brand(tmp_path: Path) -> None:
    from monitor.cli.recorded import _settings_for
    from monitor.fields import FieldMap

    path = tmp_path / "posts.jsonl"
    path.write_text(post(1, brand="Delta") + post(2, brand="DELTA") + post(3, brand="United"), "utf-8")
    brands = _settings_for((path,), FieldMap()).brands
    assert [(brand.name, brand.terms) for brand in brands] == [("Delta", ("Delta", "DELTA")), ("United", ("United",))]
