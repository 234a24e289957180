"""A pipeline over the store of this test."""

import pytest

from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock
from tests.jobs.pipeline import Pipeline


@pytest.fixture
def pipeline(store: SqlStore, clock: Clock) -> Pipeline:
    return Pipeline(store, clock)
