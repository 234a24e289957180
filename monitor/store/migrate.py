"""Bringing a database to this release's tables, and refusing one that is newer."""

import os
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from monitor.core.errors import StoreError
from monitor.store.connection import place, reading, writing

HEAD = "0007"
"""The newest step in ``migrations/versions``; equal to it, a database needs nothing and Alembic is not imported."""

_LOCK = 7_286_311


class Standing(StrEnum):
    """How a database compares with this release."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"


def standing(engine: Engine) -> Standing:
    """Compare without changing anything, not even by making an empty file."""
    if _is_yet_to_be_made(engine):
        return Standing.EMPTY
    with reading(engine) as connection:
        return _standing(connection)


def upgrade(engine: Engine) -> Standing:
    """Bring the database to HEAD in one transaction and return how it stood before.

    Several starters at once are safe: one works, the others wait and find nothing to do. Raises ``StoreError`` for a
    newer or foreign database.
    """
    before = standing(engine)
    if before is Standing.CURRENT:
        return before
    _refuse(engine, before)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _standing(connection) is not Standing.CURRENT:
            _run(connection)
    return before


def require_current(engine: Engine) -> None:
    """Raise ``StoreError`` with the cure unless the database has this release's tables."""
    found = standing(engine)
    _refuse(engine, found)
    if found is not Standing.CURRENT:
        raise StoreError(f"the database {place(engine)} is {found}; run: umbrage db upgrade")


def refuse(engine: Engine) -> None:
    """Raise ``StoreError`` for a database of a newer release or of another program."""
    _refuse(engine, standing(engine))


def _refuse(engine: Engine, found: Standing) -> None:
    if found is Standing.NEWER:
        raise StoreError(
            f"the database {place(engine)} was written by a newer release of Umbrage; "
            "install that release, or restore the backup made before the upgrade"
        )
    if found is Standing.FOREIGN:
        raise StoreError(
            f"the database {place(engine)} holds tables of another program; name another database in store.url"
        )


def _standing(connection: Connection) -> Standing:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        return Standing.FOREIGN if tables else Standing.EMPTY
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision == HEAD:
        return Standing.CURRENT
    if "outbox" not in tables:
        return Standing.FOREIGN
    return Standing.OLDER if revision is not None and revision < HEAD else Standing.NEWER


def _is_yet_to_be_made(engine: Engine) -> bool:
    """Is it an SQLite file that does not exist, where one can be made?"""
    if engine.dialect.name != "sqlite" or not engine.url.database or engine.url.database == ":memory:":
        return False
    path = Path(engine.url.database).absolute()
    return not path.exists() and os.access(path.parent, os.W_OK)


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
