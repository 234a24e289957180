"""``umbrage once``: everything that is due, once; and what stands in its way."""

import json
from pathlib import Path

import pytest

from monitor.app import clock, open_store
from monitor.core.errors import Busy
from monitor.notifiers.console import ConsoleNotifier
from monitor.service import LEASE, LEASE_LENGTH
from monitor.settings import StoreSettings
from tests.cli.conftest import Umbrage
from tests.cli.test_looking import post


def test_once_reads_judges_and_tells(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1) + post(2, "nobody"), "utf-8")
    finished = umbrage("once")
    assert finished.code == 0
    assert "Answer today · " in finished.out
    assert "posts: 2 seen, 1 new, 1 about no watched brand" in finished.err
    assert "1 judged, 1 alerts decided, 1 messages sent" in finished.err
    again = umbrage("once")
    assert (again.code, again.out) == (0, "")
    assert "0 judged, 0 alerts decided, 0 messages sent" in again.err


def test_once_ends_with_6_when_a_source_fails_and_still_does_the_rest(
    umbrage: Umbrage, config: Path, tmp_path: Path
) -> None:
    more = '\n[sources.other]\nuse = "file"\npath = "other.jsonl"\n'
    config.write_text(config.read_text("utf-8") + more, "utf-8")
    (tmp_path / "other.jsonl").write_text(post(1), "utf-8")
    finished = umbrage("once")
    assert finished.code == 6
    assert "posts: posts.jsonl: there is no such file" in finished.err
    assert "Answer today · " in finished.out


def test_once_ends_with_5_when_the_classifier_is_missing_and_tells_people(
    umbrage: Umbrage, config: Path, tmp_path: Path
) -> None:
    text = config.read_text("utf-8").replace('use = "keywords"', f'use = "onnx"\nfolder = "{tmp_path}"')
    config.write_text(text, "utf-8")
    (tmp_path / "posts.jsonl").write_text(post(1), "utf-8")
    finished = umbrage("once")
    assert finished.code == 5
    assert "manifest.json" in finished.err
    assert "posts: 1 seen, 1 new" in finished.err, "collected, to wait"
    assert "Undecided: classifier onnx" in finished.out


def test_once_leaves_the_work_to_a_worker_that_is_there(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    store = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    store.lease(LEASE, "another", clock(), LEASE_LENGTH)
    store.engine.dispose()
    finished = umbrage("once")
    assert finished.code == 1
    assert "another worker is at work" in finished.err


def test_without_a_configuration_the_way_to_one_is_said(umbrage: Umbrage) -> None:
    finished = umbrage("once")
    assert finished.code == 3
    assert "no such file" in finished.err


def test_a_file_that_is_no_database_ends_with_4(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "umbrage.db").write_text("this is not a database, it is a poem " * 100, "utf-8")
    finished = umbrage("once")
    assert finished.code == 4
    assert "is not an SQLite database" in finished.err


def test_once_tells_a_machine_what_it_did(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"text": "hello Acme", "created_at": "2020-01-01T00:00:00Z"}\n')

    told = json.loads(umbrage("once", "--json").out.splitlines()[-1])

    assert told["sources"]["posts"]["skipped"] == {"older than the first look-back": 1}
    assert (told["judged"], told["alerts"], told["sent"]) == (0, 0, 0)


def test_with_json_the_alerts_do_not_stand_before_the_answer(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(post(1), "utf-8")
    finished = umbrage("once", "--json")
    assert json.loads(finished.out)["sent"] == 1
    assert "Answer today · " in finished.err


@pytest.mark.parametrize("command", ["once", "run"])
def test_without_targets_there_is_nobody_to_work_for(
    umbrage: Umbrage, config: Path, tmp_path: Path, command: str
) -> None:
    config.write_text(config.read_text("utf-8").partition("[targets")[0], "utf-8")
    finished = umbrage(command)
    assert finished.code == 3
    assert "nobody would be told" in finished.err
    assert not (tmp_path / "umbrage.db").exists()


def test_once_ends_with_6_while_a_target_is_in_trouble(
    umbrage: Umbrage, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Busy("the terminal is on fire")

    (tmp_path / "posts.jsonl").write_text(post(1), "utf-8")
    monkeypatch.setattr(ConsoleNotifier, "send", refuse)
    finished = umbrage("once", "--json")
    assert finished.code == 6
    assert "umbrage: team: the terminal is on fire" in finished.err
    assert json.loads(finished.out)["problems"] == ["team: the terminal is on fire"]
