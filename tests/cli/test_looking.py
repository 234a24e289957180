"""Commands that look without working: ``init``, ``check``, ``plugins``, ``try``, ``send-test``, ``explain``."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.registry import KINDS, names
from tests.cli.conftest import Umbrage

SLACK = '\n[targets.slack]\nuse = "slack"\nchannel = "C024BE91L"\ntoken = { env = "UMBRAGE_TEST_TOKEN" }\n'


def post(number: int, text: str = "Acme is terrible, worst and useless", *, by_bot: bool = False) -> str:
    at = datetime.now(UTC) - timedelta(minutes=5)  # noqa: TID251 - the command reads the clock
    row = {"id": str(number), "text": text, "created_at": at.isoformat(), "author": f"p{number}", "by_bot": by_bot}
    return json.dumps(row) + "\n"


def test_init_writes_a_configuration_that_needs_no_correction(umbrage: Umbrage, tmp_path: Path) -> None:
    assert umbrage("init").code == 0
    assert "[[brands]]" in (tmp_path / "monitor.toml").read_text("utf-8")
    from monitor.config import read

    assert read(tmp_path / "monitor.toml").brands


def test_init_overwrites_nothing(umbrage: Umbrage, config: Path) -> None:
    before = config.read_text("utf-8")
    finished = umbrage("init")
    assert finished.code == 1
    assert "exists already; nothing was changed" in finished.err
    assert config.read_text("utf-8") == before


def test_init_says_when_it_cannot_write(umbrage: Umbrage) -> None:
    finished = umbrage("init", "no/such/folder/monitor.toml")
    assert finished.code == 1
    assert "cannot be written" in finished.err


def test_check_is_content_with_a_good_file(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("check")
    assert finished.code == 0
    assert "no problems; 1 brand, 1 source, 1 target" in finished.out


@pytest.mark.parametrize(
    ("given", "words"),
    [("", "drop what comes twice, by its Umbrage-Key"), ('format = "slack"', "may stand there twice; the second one")],
)
def test_check_says_what_a_webhook_cannot_do(umbrage: Umbrage, config: Path, given: str, words: str) -> None:
    hook = f'[targets.hook]\nuse = "webhook"\nurl = "https://hooks.example/1"\n{given}\n'
    config.write_text(config.read_text("utf-8") + hook, "utf-8")
    finished = umbrage("check")
    assert (finished.code, "target hook:" in finished.out) == (0, True)
    assert words in finished.out


def test_check_finds_missing_secrets(umbrage: Umbrage, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(config.read_text("utf-8") + SLACK, "utf-8")
    monkeypatch.delenv("UMBRAGE_TEST_TOKEN", raising=False)
    finished = umbrage("check")
    assert finished.code == 3
    assert "targets.slack.token: the environment variable UMBRAGE_TEST_TOKEN is not set" in finished.err
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", "xoxb-canary")
    finished = umbrage("check")
    assert finished.code == 0
    assert "canary" not in finished.out + finished.err


def test_check_finds_missing_secrets_in_a_table_of_their_own(
    umbrage: Umbrage, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", "canary")
    monkeypatch.delenv("UMBRAGE_TEST_KEY", raising=False)
    keys = dict.fromkeys(("consumer_key", "consumer_secret", "access_secret"), "TOKEN") | {"access_token": "KEY"}
    lines = [f'{name} = {{ env = "UMBRAGE_TEST_{place}" }}' for name, place in keys.items()]
    table = ["[sources.x]", 'use = "x"', 'token = { env = "UMBRAGE_TEST_TOKEN" }', "[sources.x.account]", *lines]
    config.write_text("\n".join([config.read_text("utf-8"), *table]) + "\n", "utf-8")
    finished = umbrage("check")
    assert finished.code == 3
    assert "sources.x.account.access_token: the environment variable UMBRAGE_TEST_KEY is not set" in finished.err


def test_check_finds_everything_at_once(umbrage: Umbrage, tmp_path: Path) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(
        f'[store]\nurl = "sqlite:///no/such/folder/x.db"\n[classifier]\nuse = "onnx"\nfolder = "{tmp_path}"\n{SLACK}',
        "utf-8",
    )
    finished = umbrage("check")
    assert finished.code == 3
    for words in ("4 problems", "brands: none is watched", "targets.slack.token", "no/such/folder", "manifest.json"):
        assert words in finished.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "written by a newer release"),
        ("DROP TABLE alembic_version", "holds tables of another program"),
    ],
    ids=["newer", "foreign"],
)
def test_check_reports_a_database_that_is_not_ours(
    umbrage: Umbrage, config: Path, tmp_path: Path, change: str, words: str
) -> None:
    umbrage("db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "umbrage.db")) as database:
        database.execute(change)
        database.commit()
    finished = umbrage("check")
    assert finished.code == 3
    assert words in finished.err


def test_check_says_that_nobody_would_be_told(umbrage: Umbrage, tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text('[classifier]\nuse = "keywords"\n', "utf-8")
    assert "nobody would be told" in umbrage("check").err


@pytest.mark.parametrize("command", [["check"], ["db", "check"], ["explain", "1"], ["outbox", "ls"]])
def test_looking_makes_no_database(umbrage: Umbrage, config: Path, tmp_path: Path, command: list[str]) -> None:
    umbrage(*command)
    assert not (tmp_path / "umbrage.db").exists()


def test_plugins_are_listed_with_a_sentence_each(umbrage: Umbrage) -> None:
    finished = umbrage("plugins")
    assert finished.code == 0
    for kind in KINDS:
        for name in names(kind):
            assert f"  {name} " in finished.out
    assert "cannot be loaded" not in finished.out


def test_try_shows_what_would_match_and_stores_nothing(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1) + post(2, "about nobody") + "half a line {\n" + post(3), "utf-8")
    finished = umbrage("try", "posts")
    assert finished.code == 0
    assert finished.out.count("matches: Acme by Acme") == 2
    assert finished.out.count("matches: no watched brand") == 1
    assert "skipped 1: not JSON" in finished.err
    assert not (tmp_path / "umbrage.db").exists()


def test_try_says_what_an_automated_account_wrote(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1, by_bot=True) + post(2, "about nobody", by_bot=True), "utf-8")
    finished = umbrage("try", "posts")
    assert finished.out.count("matches: Acme by Acme (by an automated account: kept, not judged)\n") == 1
    assert finished.out.count("matches: no watched brand\n") == 1


def test_try_stops_at_its_limit(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text("".join(post(n) for n in range(30)), "utf-8")
    assert "5 posts shown" in umbrage("try", "posts", "-n", "5").err


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("try", "post", "no source is called 'post'; there are: posts; did you mean posts?"),
        ("send-test", "taem", "no target is called 'taem'; there are: team; did you mean team?"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    umbrage: Umbrage, config: Path, command: str, name: str, words: str
) -> None:
    finished = umbrage(command, name)
    assert finished.code == 1
    assert words in finished.err


def test_try_says_when_a_source_cannot_be_read(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("try", "posts")
    assert finished.code == 6
    assert "posts.jsonl" in finished.err


def test_send_test_delivers(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("send-test", "team")
    assert finished.code == 0
    assert "Test message from Umbrage" in finished.out
    assert "sent to team" in finished.err


def test_send_test_without_its_secret_ends_with_3(
    umbrage: Umbrage, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(config.read_text("utf-8") + SLACK, "utf-8")
    monkeypatch.delenv("UMBRAGE_TEST_TOKEN", raising=False)
    finished = umbrage("send-test", "slack")
    assert finished.code in (3, 6)
    assert "UMBRAGE_TEST_TOKEN" in finished.err


def test_explain_tells_a_story(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1), "utf-8")
    assert umbrage("once").code == 0
    finished = umbrage("explain", "1")
    assert finished.code == 0
    assert "matched    Acme, by: Acme" in finished.out
    assert "told       team" in finished.out


def test_explain_lists_the_posts_of_a_case(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1) + post(2, "Acme is awful, the worst, useless"), "utf-8")
    umbrage("once")
    (key,) = (word.rstrip(",") for word in umbrage("explain", "1").out.split() if word.startswith("topic-"))
    finished = umbrage("explain", key)
    assert finished.code == 0
    assert finished.out.startswith(f"{key}: 2 posts\n")
    for words in ("@p1", "“Acme is terrible, worst and useless”", "@p2", "“Acme is awful, the worst, useless”"):
        assert words in finished.out
    assert umbrage("explain", key.replace("acme", "apex")).code == 1, "the number alone is no name"


def test_explain_says_when_it_knows_nothing(umbrage: Umbrage, config: Path) -> None:
    umbrage("db", "upgrade")
    finished = umbrage("explain", "4711")
    assert finished.code == 1
    assert "4711" in finished.err


def test_explain_without_a_database_says_what_to_do(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("explain", "1")
    assert finished.code == 4
    assert "umbrage db upgrade" in finished.err


def test_plugins_for_a_machine(umbrage: Umbrage) -> None:
    found = json.loads(umbrage("plugins", "--json").out)
    assert found["notifiers"]["console"].startswith("Prints messages")
