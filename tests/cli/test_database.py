"""``umbrage db`` and ``umbrage outbox``."""

import json
from pathlib import Path

import pytest

from monitor.app import clock, open_store
from monitor.settings import StoreSettings
from monitor.store.sql import SqlStore
from monitor.testing.fakes import a_message
from tests.cli.conftest import Umbrage


@pytest.fixture
def database(config: Path, tmp_path: Path) -> SqlStore:
    """Three messages: one waits, one was refused, one was sent."""
    from datetime import timedelta

    from monitor.ports import Receipt

    store = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    with store.begin() as transaction:
        for key in ("refused", "sent", "waiting"):
            transaction.enqueue("team", a_message(key, title=f"The {key} one"), clock())
    now = clock()
    refused, sent = store.claim_deliveries("team", now, timedelta(minutes=1), 2)
    store.bury(refused, "channel_not_found", now)
    store.sent(sent, Receipt(), now)
    store.engine.dispose()
    return store


def test_upgrade_makes_the_tables_and_is_content_the_second_time(umbrage: Umbrage, config: Path) -> None:
    assert "was empty" in umbrage("db", "upgrade").out
    again = umbrage("db", "upgrade")
    assert (again.code, "nothing to do" in again.out) == (0, True)


def test_check_counts_and_changes_nothing(umbrage: Umbrage, database: SqlStore) -> None:
    finished = umbrage("db", "check")
    assert finished.code == 0
    assert "fits this release" in finished.out
    assert "messages              3" in finished.out


def test_check_of_an_empty_database_says_what_to_do(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("db", "check")
    assert finished.code == 4
    assert "is empty; run: umbrage db upgrade" in finished.err


def test_a_newer_database_is_refused_and_left_alone(umbrage: Umbrage, database: SqlStore) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for command in (["db", "check"], ["db", "upgrade"], ["once"]):
        finished = umbrage(*command)
        assert finished.code == 4
        assert "written by a newer release" in finished.err
    database.engine.dispose()


def test_a_password_in_the_address_is_refused_and_not_shown(umbrage: Umbrage, config: Path) -> None:
    config.write_text('[store]\nurl = "postgresql://me:canary@db.example/x"\n' + config.read_text("utf-8"), "utf-8")
    finished = umbrage("db", "check")
    assert finished.code == 3
    assert "canary" not in finished.err


def test_the_outbox_is_listed(umbrage: Umbrage, database: SqlStore) -> None:
    finished = umbrage("outbox", "ls")
    lines = finished.out.splitlines()
    assert lines[0] == "3 messages"
    assert [line.split()[3] for line in lines[1:]] == ["dead", "sent", "pending"]
    assert lines[1].endswith("The refused one  (channel_not_found)")


def test_the_outbox_is_listed_for_machines_and_by_state(umbrage: Umbrage, database: SqlStore) -> None:
    (line,) = umbrage("outbox", "ls", "--state", "dead", "--json").out.splitlines()
    row = json.loads(line)
    assert (row["state"], row["title"], row["error"], row["target"]) == (
        "dead",
        "The refused one",
        "channel_not_found",
        "team",
    )


def states(umbrage: Umbrage) -> list[str]:
    return [row["state"] for row in umbrage("outbox", "ls", "--json").rows]


def test_a_message_that_was_set_aside_can_be_sent_again(umbrage: Umbrage, database: SqlStore) -> None:
    finished = umbrage("outbox", "retry", 1)
    assert (finished.code, "is due again" in finished.out) == (0, True)
    assert states(umbrage) == ["pending", "sent", "pending"]
    assert "2 messages sent" in umbrage("once").err


@pytest.mark.parametrize("number", [1, 3])
def test_a_message_that_was_not_sent_can_be_dropped(umbrage: Umbrage, database: SqlStore, number: int) -> None:
    assert umbrage("outbox", "drop", number).code == 0
    assert states(umbrage)[number - 1] == "dropped"


@pytest.mark.parametrize("arguments", [["retry", 2], ["retry", 3], ["retry", 99], ["drop", 2], ["drop", 99]])
def test_what_cannot_be_done_is_said(umbrage: Umbrage, database: SqlStore, arguments: list[object]) -> None:
    before = states(umbrage)
    finished = umbrage("outbox", *arguments)
    assert finished.code == 1
    assert "see: umbrage outbox ls" in finished.err
    assert states(umbrage) == before


def test_db_check_for_a_machine(umbrage: Umbrage, config: Path) -> None:
    umbrage("db", "upgrade")
    assert json.loads(umbrage("db", "check", "--json").out)["mentions"] == 0
