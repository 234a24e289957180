"""``umbrage gaps``: what could not be read, and what was filled from elsewhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import open_store
from monitor.core.mention import Gap
from monitor.settings import StoreSettings
from monitor.store.sql import SqlStore
from tests.cli.conftest import Umbrage

START = datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.fixture
def store(umbrage: Umbrage, config: Path, tmp_path: Path) -> SqlStore:
    """A store with two gaps of a source."""
    found = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    hour, later = timedelta(hours=1), START + timedelta(days=1)
    with found.begin() as transaction:
        listing = [Gap(at, at + hour, "the listing ends at 1,000") for at in (START, later)]
        transaction.add_gaps("posts", listing, later + hour)
    return found


@pytest.mark.usefixtures("store")
def test_they_are_listed_for_people_and_machines(umbrage: Umbrage) -> None:
    line = "   1  posts          2026-11-01 10:00 UTC to 2026-11-01 11:00 UTC: the listing ends at 1,000"
    assert line in umbrage("gaps").out
    first, _ = umbrage("gaps", "--json").rows
    assert (first["number"], first["source"], first["start"]) == (1, "posts", START.isoformat())


def test_one_that_was_filled_is_closed(umbrage: Umbrage, store: SqlStore) -> None:
    assert umbrage("gaps", "--filled", 1).code == 0
    assert [gap.id for gap in store.open_gaps()] == [2]
    assert "there is no open gap 1; umbrage gaps lists them" in umbrage("gaps", "--filled", 1).err
    assert umbrage("gaps", "--filled", 2).code == 0
    assert "no gaps" in umbrage("gaps").err
