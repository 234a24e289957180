"""On SQLite, what runs all the time finds its rows by an index: reading whole tables would grow with the history."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from monitor.core.days import Window
from monitor.core.message import Message
from monitor.ports import Receipt, Unfiled
from monitor.store.sql import SqlStore
from monitor.testing.fakes import a_complaint
from monitor.testing.store_contract import NOW

MINUTE = timedelta(minutes=1)


def plans(store: SqlStore, step: Callable[[], object]) -> list[str]:
    """How SQLite goes about every statement of a step: one line of its plan after the other."""
    said: list[tuple[str, tuple[object, ...]]] = []

    def note(connection: object, cursor: object, statement: str, given: object, context: object, many: bool) -> None:
        said.append((statement, given[0] if many else given))  # type: ignore[index, arg-type]

    event.listen(store.engine, "before_cursor_execute", note)
    step()
    event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        return [
            str(row.detail)
            for statement, given in said
            if statement != "BEGIN" and not statement.startswith("BEGIN ")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        ]


def scans(lines: list[str], table: str) -> list[str]:
    """The lines that read a table from end to end, by an index or not."""
    return [line for line in lines if line.startswith(f"SCAN {table}")]


def test_what_waits_for_a_verdict_is_found_by_its_index(sqlite_store: SqlStore) -> None:
    found = plans(sqlite_store, lambda: sqlite_store.unjudged(10))
    assert any("mentions USING INDEX ix_mentions_due" in line for line in found), found
    assert not scans(found, "mentions")
    assert not any("TEMP B-TREE" in line for line in found), "it is sorted already"


@pytest.mark.parametrize("waiting", [0, 1], ids=["nothing is due", "something is due"])
def test_what_is_due_is_found_and_claimed_by_its_index(sqlite_store: SqlStore, waiting: int) -> None:
    with sqlite_store.begin() as transaction:
        for _ in range(waiting):
            transaction.enqueue("team", Message(key="a", title="A", thread="b"), NOW)
    found = plans(sqlite_store, lambda: sqlite_store.claim_deliveries("team", NOW, MINUTE, 1))
    used = [line for line in found if "outbox USING INDEX ix_outbox_due (target=?)" in line]
    assert len(used) == 1 + waiting, found
    assert not [line for line in found if "SCAN outbox" in line or "SCAN parent" in line], found


def test_what_stands_under_a_case_is_found_by_indexes(sqlite_store: SqlStore) -> None:
    complaint = a_complaint()

    def look() -> None:
        with sqlite_store.begin() as transaction:
            transaction.author(complaint)
            transaction._similar(SimpleNamespace(id=1, ended_at=NOW, remedy="a new parcel"))
            transaction.groups_of(1)

    found = plans(sqlite_store, look)
    assert not scans(found, "mentions"), found
    assert not scans(found, "own"), found
    assert not scans(found, "outbox"), found


def test_the_last_message_to_a_target_is_found_by_its_index(sqlite_store: SqlStore) -> None:
    found = plans(sqlite_store, lambda: sqlite_store.last_sent("team"))
    assert any("ix_outbox_sent (target=?" in line for line in found), found


def test_handing_over_touches_one_row(sqlite_store: SqlStore) -> None:
    with sqlite_store.begin() as transaction:
        transaction.enqueue("team", Message(key="a", title="A"), NOW)
    (delivery,) = sqlite_store.claim_deliveries("team", NOW, MINUTE, 1)
    found = plans(sqlite_store, lambda: sqlite_store.sent(delivery, Receipt(), NOW))
    assert found == ["SEARCH outbox USING INTEGER PRIMARY KEY (rowid=?)"]


def test_what_triage_asks_for_is_found_by_its_index(sqlite_store: SqlStore) -> None:
    def ask() -> None:
        with sqlite_store.begin() as transaction:
            transaction.unfiled(10)
            transaction.open_causes()

    found = plans(sqlite_store, ask)
    assert sum("mentions USING INDEX ix_mentions_due" in line for line in found) == 2, found
    assert not scans(found, "mentions")


def test_what_is_due_to_be_looked_at_is_found_by_its_index(sqlite_store: SqlStore) -> None:
    found = plans(sqlite_store, lambda: sqlite_store.due_looks("x", NOW, NOW, 100))
    assert any("ix_mentions_missed" in line for line in found), found
    assert any("ix_mentions_look" in line for line in found), found
    assert not scans(found, "mentions")
    assert not any("TEMP B-TREE" in line for line in found), "it is sorted already"


def test_forgetting_an_account_finds_its_posts_by_an_index(sqlite_store: SqlStore) -> None:
    def forget() -> None:
        with sqlite_store.begin() as transaction:
            transaction.forget("bluesky", ["at://ann/", "at://bob/1"], NOW)

    assert not scans(plans(sqlite_store, forget), "mentions")


def test_what_filing_asks_for_is_found_by_its_indexes(sqlite_store: SqlStore) -> None:
    complaint = Unfiled(
        mention=1,
        brand="Acme",
        topics=("delivery",),
        posted_at=NOW,
        platform="social",
        author="ann",
        text="lost",
        fingerprint="f00",
        reply_to="0",
    )

    def ask() -> None:
        with sqlite_store.begin() as transaction:
            transaction.overruled([complaint])
            transaction.threads([complaint], 2)
            transaction.like(["a Acme", "b Acme"], ["f00"])
            transaction.cases_of_voices([1, 2], ["ann", "bob"])
            transaction.writers([1, 2], ["ann", "bob"])
            transaction.reported(["reported:1", "reported:2"])
            transaction.talk(10)
            transaction.settle_talk([1, 2])
            transaction.wake_answers([1, 2])
        sqlite_store.first_words([1, 2])

    found = plans(sqlite_store, ask)
    for table in ("mentions", "copies", "corrections"):
        assert not scans(found, table), found


def test_complaints_without_a_theme_are_found_by_their_index(sqlite_store: SqlStore) -> None:
    found = plans(sqlite_store, lambda: sqlite_store.ungathered(10))
    assert found == ["SCAN mentions USING INDEX ix_mentions_ungathered"]


def test_themes_and_what_they_say_are_found_by_their_indexes(sqlite_store: SqlStore) -> None:
    def ask() -> None:
        with sqlite_store.begin() as transaction:
            transaction.themes("Acme", "space")
            transaction.texts_of_theme(1, 10)
            transaction.texts_in_themes("Acme", "space", 10)

    themes, of_one, *of_space = plans(sqlite_store, ask)
    assert "ix_themes_live (brand=? AND space=?)" in themes
    assert "ix_mentions_theme (theme_id=?)" in of_one
    assert any("ix_mentions_posted (brand=?)" in line for line in of_space), of_space


@pytest.mark.parametrize("count", ["talk", "topics", "opened"])
def test_what_a_digest_counts_is_read_from_an_index_alone(sqlite_store: SqlStore, count: str) -> None:
    found = plans(sqlite_store, lambda: getattr(sqlite_store, count)("Acme", Window(start=NOW - MINUTE, end=NOW)))
    table, name = ("cases", "ix_cases_opened") if count == "opened" else ("mentions", "ix_mentions_complaint")
    assert any(line.startswith(f"SEARCH {table} USING COVERING INDEX {name} (") for line in found), found


def test_one_question_finds_by_an_index_which_brands_are_busy(sqlite_store: SqlStore) -> None:
    brands = [f"Brand {number}" for number in range(500)]
    found = plans(sqlite_store, lambda: sqlite_store.busy(brands, Window(start=NOW - 24 * 60 * MINUTE, end=NOW), 8))
    assert found == [
        "SEARCH mentions USING COVERING INDEX ix_mentions_posted (brand=? AND posted_at>? AND posted_at<?)"
    ]
