"""``umbrage status`` says how everything stands, and its exit code says whether somebody should look."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.health import Health
from monitor.core.mention import Gap
from monitor.store.connection import open_engine
from monitor.store.sql import SqlStore
from tests.cli.conftest import Umbrage
from tests.cli.test_looking import post

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the command reads the clock


@pytest.fixture
def store(umbrage: Umbrage, config: Path, tmp_path: Path) -> SqlStore:
    """The store of a small set-up after one round."""
    (tmp_path / "posts.jsonl").write_text(post(1) + post(2, "Acme is a shop"), "utf-8")
    umbrage("once")
    return SqlStore(open_engine(f"sqlite:///{tmp_path / 'umbrage.db'}"))


def test_all_is_well(umbrage: Umbrage, store: SqlStore) -> None:
    finished = umbrage("status")
    assert finished.code == 0
    assert (
        "posts          file         works  last post under a minute ago  2 posts, 1 complaints in 24 h" in finished.out
    )
    assert "team           console" in finished.out
    assert "0 posts to be judged, 0 complaints to be filed, 0 messages to be sent, 0 messages set aside" in finished.out


def test_what_automated_accounts_wrote_is_counted(umbrage: Umbrage, store: SqlStore, tmp_path: Path) -> None:
    with (tmp_path / "posts.jsonl").open("a", encoding="utf-8") as file:
        file.write(post(3, by_bot=True) + post(4, by_bot=True))
    umbrage("once")
    said = umbrage("status")
    assert "4 posts (2 by automated accounts, not judged), 1 complaints in 24 h" in said.out
    assert json.loads(umbrage("status", "--json").out)["sources"][0]["by_bots_24h"] == 2


def test_trouble_is_shown_with_its_cure_and_the_next_try(umbrage: Umbrage, store: SqlStore, now: datetime) -> None:
    problem = "the token is refused; renew it"
    with store.begin() as transaction:
        transaction.set_health(
            Health(
                name="source/posts", troubled_since=now - 2 * HOUR, problem=problem, resting_until=now + HOUR, streak=3
            )
        )
    finished = umbrage("status")
    assert finished.code == 1
    assert "in trouble for 2 h" in finished.out
    assert f"{problem} (next try " in finished.out


def test_a_quiet_source_is_not_well(umbrage: Umbrage, store: SqlStore, now: datetime) -> None:
    with store.begin() as transaction:
        transaction.set_health(Health(name="quiet/posts", troubled_since=now, problem="0 posts in the last 5 h"))
    finished = umbrage("status")
    assert finished.code == 1
    assert "quiet" in finished.out
    assert "0 posts in the last 5 h" in finished.out


def test_gaps_are_listed_until_they_are_closed(umbrage: Umbrage, store: SqlStore) -> None:
    start = datetime(2026, 11, 1, 10, tzinfo=UTC)
    with store.begin() as transaction:
        transaction.add_gaps("posts", [Gap(start, start + HOUR, "the listing ends at 1,000")], start)
    shown = "posts          2026-11-01 10:00 UTC to 2026-11-01 11:00 UTC: the listing ends at 1,000"
    assert shown in umbrage("status").out
    with store.begin() as transaction:
        transaction.close_gap(store.open_gaps()[0].id, start)
    assert "not seen" not in umbrage("status").out


def test_a_machine_can_read_it(umbrage: Umbrage, store: SqlStore) -> None:
    found = json.loads(umbrage("status", "--json").out)
    assert found["sources"][0]["complaints_24h"] == 1
    assert found["waiting"]["posts to be judged"] == 0
    assert found["gaps"] == []


def test_what_was_never_started_says_so(umbrage: Umbrage, config: Path) -> None:
    assert umbrage("status").code == 4
    umbrage("db", "upgrade")
    finished = umbrage("status")
    assert finished.code == 1
    assert "not started yet" in finished.out
