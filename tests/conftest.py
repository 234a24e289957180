"""What tests of several folders share: databases made once and copied, a clock moved by hand, and nobody sleeps."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from monitor.store.connection import open_engine
from monitor.store.migrate import upgrade
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock
from tests import postgres

# Tests run side by side: arithmetic that takes every core for itself makes them wait for each other.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# How long an example takes says nothing on a machine that is shared.
settings.register_profile("umbrage", deadline=None)
settings.load_profile("umbrage")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sleeps: runs real processes and may wait for them")


@pytest.fixture(autouse=True)
def _nobody_sleeps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests of real processes and servers may wait: those marked ``sleeps``, ``slow`` or ``live``."""
    if any(request.node.get_closest_marker(name) for name in ("sleeps", "slow", "live")):
        return

    sleep = time.sleep  # noqa: TID251 - kept for what waits for a process

    def refuse(seconds: float) -> None:
        if sys._getframe(1).f_globals["__name__"] == "subprocess":
            # Waiting for a process to end; tests that run one have no other way.
            return sleep(seconds)
        raise AssertionError(f"a test waited for {seconds} s; time is an argument")

    monkeypatch.setattr(time, "sleep", refuse)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(sqlite_store: SqlStore) -> SqlStore:
    """An empty store, where the kind of database does not matter."""
    return sqlite_store


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    """Where PostgreSQL's server programs are; tests that need them are skipped without."""
    found = postgres.programs()
    if found is None:
        pytest.skip(postgres.MISSING)
    return found


@pytest.fixture(scope="session")
def postgres_server(postgres_programs: Path) -> Iterator[postgres.Server]:
    """A quick PostgreSQL server for this run of the tests."""
    with postgres.running(postgres_programs) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "umbrage.db"
    engine = open_engine(f"sqlite:///{path}", durable=False)
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty SQLite database with all tables."""
    path = tmp_path / "umbrage.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The address of an empty PostgreSQL database with all tables."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    engine = open_engine(sqlite_url, durable=False)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[SqlStore]:
    engine = open_engine(postgres_url)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database with all tables, on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def sql_store(request: pytest.FixtureRequest) -> SqlStore:
    """An empty store, on SQLite and on PostgreSQL."""
    store = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(store, SqlStore)
    return store
