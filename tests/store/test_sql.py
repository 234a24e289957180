"""What is particular to the store over SQL: what people ask of it, and databases that fail in the middle."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.core.errors import StoreError
from monitor.core.verdict import Label
from monitor.store import connection
from monitor.store.connection import open_engine
from monitor.store.report import Report
from monitor.store.sql import SqlStore
from monitor.testing.store_contract import NOW, about, post
from tests import postgres


def add(store: SqlStore, number: int) -> None:
    with store.begin() as transaction:
        transaction.add_mentions("source", [(post(number), about())], NOW)


def test_corrections_are_kept_with_who_and_why(sql_store: SqlStore) -> None:
    add(sql_store, 1)
    (waiting,) = sql_store.unjudged(1)
    sql_store.correct(waiting.mention, Label.OTHER, "ann", "irony 😡", NOW)
    sql_store.correct(waiting.mention, Label.COMPLAINT, "bob", "no irony", NOW)
    found = Report(sql_store.engine).corrections_of(waiting.mention)
    assert [(row["label"], row["by"], row["why"], row["at"]) for row in found] == [
        ("other", "ann", "irony 😡", NOW),
        ("complaint", "bob", "no irony", NOW),
    ]


def test_a_post_is_in_no_error(sqlite_store: SqlStore) -> None:
    with pytest.raises(Exception, match=r"NOT NULL") as caught, sqlite_store.begin() as transaction:
        transaction.add_mentions("source", [(post(1, text="canary", kind=None), about())], NOW)
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in str(error)
        error = error.__cause__


def test_a_database_that_another_program_holds_is_named(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.01)
    store = SqlStore(open_engine(sqlite_url, durable=False))
    holder = sqlite3.connect(tmp_path / "umbrage.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="used by another program for too long; stop it and try again"):
        add(store, 1)
    assert store.unjudged(1) == [], "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    add(store, 1)
    assert len(store.unjudged(2)) == 1
    store.engine.dispose()


def test_a_server_that_cuts_the_connection_loses_nothing_but_the_transaction(
    postgres_store: SqlStore, postgres_server: postgres.Server
) -> None:
    name = postgres_store.engine.url.database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    add(postgres_store, 1)
    postgres_server.do(cut)
    add(postgres_store, 2)
    with pytest.raises(StoreError, match="does not answer"), postgres_store.begin() as transaction:
        transaction.set_cursor("source", "1", NOW)
        postgres_server.do(cut)
        transaction.set_cursor("source", "2", NOW)
    assert postgres_store.cursor("source") is None
    assert len(postgres_store.unjudged(10)) == 2


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ('connection to server failed: FATAL:  password authentication failed for user "u"', "refuses the password"),
        ("connection failed: fe_sendauth: no password supplied", "refuses the password"),
        ("connection failed: failed to resolve host 'db.example'", "cannot be found; check the server's name"),
        ('could not translate host name "db.example" to address', "cannot be found; check the server's name"),
        ('connection failed: FATAL:  role "u" does not exist', "does not know this user; create it"),
        ('connection failed: FATAL:  database "x" does not exist', "does not exist on the server; create it"),
        ("connection timeout expired", "does not answer"),
        ("server closed the connection unexpectedly", "does not answer"),
    ],
)
def test_what_a_server_says_is_answered_with_what_to_do(said: str, cure: str) -> None:
    assert str(connection._cure(said)).startswith(cure)


def test_a_missing_table_is_not_taken_for_a_missing_database() -> None:
    assert connection._cure('relation "mentions" does not exist') is None


@pytest.mark.parametrize(
    ("old", "new", "cure"),
    [
        ("umbrage@", "stranger@", "does not know this user"),
        ("/postgres?", "/nowhere?", "does not exist on the server"),
        ("@/postgres", "@db.invalid/postgres", "cannot be found"),
    ],
    ids=["user", "database", "host"],
)
def test_a_wrong_address_is_named_part_by_part(postgres_server: postgres.Server, old: str, new: str, cure: str) -> None:
    url = postgres_server.url("postgres").replace(old, new)
    store = SqlStore(open_engine(url.partition("?")[0] if "invalid" in url else url))
    with pytest.raises(StoreError, match=cure):
        store.unjudged(1)
    store.engine.dispose()


def test_a_server_has_ten_seconds_to_answer_unless_the_address_says_otherwise(postgres_server: postgres.Server) -> None:
    for more, expected in (("", "10"), ("&connect_timeout=3", "3")):
        engine = open_engine(postgres_server.url("postgres") + more)
        with engine.connect() as found:
            driver = found.connection.driver_connection
            assert driver is not None
            assert driver.info.get_parameters()["connect_timeout"] == expected
        engine.dispose()


def test_sqlite_is_read_while_it_is_written_and_survives_a_power_cut(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as found:
        assert found.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert found.execute(text("PRAGMA synchronous")).scalar() == 2
        assert found.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()
