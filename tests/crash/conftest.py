"""Fresh databases for lives that are cut short."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgres

Databases = Callable[[], str]


@pytest.fixture(scope="module")
def durable_postgres(postgres_programs: Path) -> Iterator[postgres.Server]:
    """A server that writes to the disk as a careful one does."""
    with postgres.running(postgres_programs, durable=True) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Gives a fresh database with all tables each time it is called."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield lambda: f"sqlite:///{shutil.copyfile(template, tmp_path / f'{random.getrandbits(64):x}.db')}"
    else:
        server: postgres.Server = request.getfixturevalue("durable_postgres")
        with server.many() as fresh:
            yield fresh
