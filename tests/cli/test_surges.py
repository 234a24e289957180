"""``umbrage surges``: listed, and said to be known, false or muted, without Slack."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.app import open_store
from monitor.core.routing import Matching
from monitor.core.surge import Kind, Scope
from monitor.settings import StoreSettings
from monitor.store.sql import SqlStore
from tests.cli.conftest import Umbrage

NOW = datetime.now(UTC)  # noqa: TID251 - the commands look at the real clock


@pytest.fixture
def store(umbrage: Umbrage, config: Path, tmp_path: Path) -> SqlStore:
    """A store with one surge that goes on."""
    found = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    with found.begin() as transaction:
        transaction.open_surge("Acme", Scope(topic="delivery"), Kind.SURGE, NOW, 20, 4.5, NOW)
    return found


@pytest.mark.usefixtures("store")
def test_they_are_listed_for_people_and_machines(umbrage: Umbrage) -> None:
    assert "   1  Surge of complaints · delivery · Acme  20 people  " in umbrage("surges").out
    (row,) = umbrage("surges", "--json").rows
    assert (row["topic"], row["platform"], row["people"], row["mark"]) == ("delivery", "", 20, None)


@pytest.mark.parametrize(
    ("what", "title"),
    [("known", "Surge of complaints, known issue"), ("false", "False alarm"), ("mute", "Surge of complaints")],
)
def test_what_is_said_is_kept_with_who_and_where(umbrage: Umbrage, store: SqlStore, what: str, title: str) -> None:
    assert umbrage("surges", 1, what, "--by", "ann", "--hours", "24").code == 0
    assert f"  {title} · delivery · Acme  " in umbrage("surges").out
    with store.begin() as transaction:
        (said,) = transaction.surge_facts(1)
    assert (said.by, said.via) == ("ann", "cli")
    muted = [one.matching for one in store.silences(NOW)]
    assert muted == ([Matching(brands=("Acme",), topics=("delivery",))] if what == "mute" else [])


@pytest.mark.usefixtures("store")
def test_what_cannot_be_said_is_answered_with_the_cure(umbrage: Umbrage) -> None:
    assert "say what it is: umbrage surges 1 known|false|real|mute|incident" in umbrage("surges", 1).err
    assert "there is no surge 9; umbrage surges lists them" in umbrage("surges", 9, "false").err
