"""Opening a database: engines, pragmas, transactions, and errors that say what to do."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from monitor.core.errors import ConfigError, StoreError

BUSY_SECONDS = 30
ANSWER_SECONDS = 10


def open_engine(url: str, *, durable: bool = True) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql://…``; nothing is read or written yet.

    A database that is thrown away after use need not be ``durable``: a power cut may then damage it.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed.database or ":memory:", durable)
        if parsed.get_backend_name() == "postgresql":
            return _postgres(parsed)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError(["store.url: not a database address, such as sqlite:///umbrage.db"]) from None
    except ModuleNotFoundError:
        raise ConfigError(["store.url: PostgreSQL needs its driver: pip install 'umbrage[postgres]'"]) from None
    raise ConfigError(["store.url: must begin with sqlite:/// or postgresql://"])


def _postgres(url: URL) -> Engine:
    # Without a limit a server that swallows packets holds a worker for minutes.
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": ANSWER_SECONDS}
    address = url.set(drivername="postgresql+psycopg")
    return create_engine(address, connect_args=patience, pool_pre_ping=True, hide_parameters=True)


def _sqlite(path: str, durable: bool) -> Engine:
    if path != ":memory:" and not Path(path).absolute().parent.is_dir():
        raise StoreError(f"the folder of the database {path} does not exist; create it or change store.url")
    # Parameters are people's posts, which have no place in errors and logs.
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None
        if not _is_foreign(connection):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A read that turns into a write fails at once under WAL, so writers say so at the start.
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _is_foreign(connection: sqlite3.Connection) -> bool:
    """Another program's file, whose journal mode would stay changed."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return bool(tables) and "alembic_version" not in tables


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading, with database errors in words."""
    with _in_words(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction, committed at the end of the block."""
    with _in_words(engine), engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def _in_words(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        cure = _cure(str(error.orig))
        if cure is None:
            raise
        raise StoreError(f"the database {place(engine)} {cure}") from error


_CURES = {
    r"password authentication failed|no password supplied": "refuses the password; check the secret of store.url",
    r'role ".*" does not exist': "does not know this user; create it there or correct store.url",
    r'database ".*" does not exist': "does not exist on the server; create it there or correct store.url",
    r"failed to resolve host|could not translate host name": "cannot be found; check the server's name in store.url",
    r"unable to open": "cannot be opened; check that the path exists and that this user may write there",
    r"readonly": "is read-only; make the file and its folder writable for this user",
    r"read-only": "is read-only; make it writable for this user",
    r"disk is full|no space left": "has no room: the disk is full; free some space, nothing already stored is lost",
    r"disk i/o": "cannot be written (disk error or full); check the disk, nothing already stored is lost",
    r"not a database": "is not an SQLite database; name another file in store.url",
    r"malformed": "is damaged; restore a backup, or start with a new file",
    r"locked": "is used by another program for too long; stop it and try again",
    r"connection": "does not answer; check that the server runs and that store.url is right",
}
"""What to do, by what the database says. The first that fits wins: PostgreSQL says "connection" before all the rest."""


def _cure(said: str) -> str | None:
    return next((cure for sign, cure in _CURES.items() if re.search(sign, said, re.IGNORECASE)), None)


def place(engine: Engine) -> str:
    """Where the database is, without its password."""
    return engine.url.render_as_string(hide_password=True)
