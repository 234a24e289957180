"""Bringing databases up to date, and what is said about those that cannot be used."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, event, inspect, text

from monitor.core.errors import StoreError
from monitor.core.routing import Route
from monitor.core.watch import Matcher
from monitor.jobs.classify import classify
from monitor.jobs.collect import Source, collect
from monitor.jobs.deliver import Target, deliver
from monitor.jobs.triage import TriageRules, triage
from monitor.store import migrate
from monitor.store.connection import open_engine, reading
from monitor.store.migrate import HEAD, Standing, require_current, standing, upgrade
from monitor.store.schema import metadata
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, FakeClassifier, FakeCollector, FakeNotifier, a_mention, a_watch
from tests import postgres
from tests.store import releases

MIGRATIONS = Path(migrate.__file__).parent / "migrations"
ROOT = Path(__file__).parents[2]
Open = Callable[[str], Engine]


@pytest.fixture
def open_url() -> Iterator[Open]:
    """Opens engines and closes them after the test."""
    opened: list[Engine] = []

    def open_it(url: str) -> Engine:
        opened.append(open_engine(url, durable=False))
        return opened[-1]

    yield open_it
    for engine in opened:
        engine.dispose()


@pytest.fixture
def sqlite_bare_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bare.db'}"


@pytest.fixture
def postgres_bare_url(postgres_server: postgres.Server) -> Iterator[str]:
    with postgres_server.bare_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    return str(request.getfixturevalue(f"{request.param}_bare_url"))


def do(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


# What the steps make


def test_the_steps_make_the_tables_that_the_schema_says(bare_url: str, open_url: Open) -> None:
    engine = open_url(bare_url)
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found, made = inspect(connection), MetaData()
        made.reflect(connection)
        for table in metadata.sorted_tables:
            mine = {index.name for index in table.indexes}
            assert {index["name"] for index in found.get_indexes(table.name)} >= mine
            assert {c.name: c.nullable for c in table.columns} == {
                c.name: c.nullable for c in made.tables[table.name].columns
            }


def test_the_newest_step_is_the_one_that_this_release_asks_for() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [HEAD]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True), "standing() compares revisions as text"


def test_an_empty_database_is_brought_up_to_date_once(bare_url: str, open_url: Open) -> None:
    engine = open_url(bare_url)
    assert standing(engine) is Standing.EMPTY
    with pytest.raises(StoreError, match="is empty; run: umbrage db upgrade"):
        require_current(engine)
    assert upgrade(engine) is Standing.EMPTY
    assert upgrade(engine) is Standing.CURRENT
    require_current(engine)


def test_four_that_start_at_once_all_find_the_tables(bare_url: str) -> None:
    script = "import sys; from monitor.store import migrate as m, connection as c; sys.stdin.readline();"
    script += "m.upgrade(c.open_engine(sys.argv[1])); print('fine')"
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", script, bare_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for starter in starters:
        assert starter.stdin
        starter.stdin.write("go\n")
        starter.stdin.flush()
    assert [starter.communicate()[0] for starter in starters] == ["fine\n"] * 4


# What is refused


def test_the_database_of_a_newer_release_is_refused(bare_url: str, open_url: Open) -> None:
    engine = open_url(bare_url)
    upgrade(engine)
    do(engine, "UPDATE alembic_version SET version_num = '9999'")
    for step in (upgrade, require_current):
        with pytest.raises(StoreError, match="newer release of Umbrage; install that release, or restore the backup"):
            step(engine)
    assert standing(engine) is Standing.NEWER


@pytest.mark.parametrize(
    "tables",
    [
        ["CREATE TABLE songs (id INTEGER PRIMARY KEY)"],
        ["CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('0a1b2c')"],
    ],
    ids=["without alembic", "with alembic"],
)
def test_the_database_of_another_program_is_refused_and_left_alone(
    bare_url: str, open_url: Open, tables: list[str]
) -> None:
    engine = open_url(bare_url)
    do(engine, *tables)
    before = inspect(engine).get_table_names()
    for step in (upgrade, require_current):
        with pytest.raises(StoreError, match=r"tables of another program; name another database in store\.url"):
            step(engine)
    assert inspect(engine).get_table_names() == before


def test_the_file_of_another_program_is_not_changed_by_a_look(tmp_path: Path, open_url: Open) -> None:
    path = tmp_path / "songs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (id INTEGER PRIMARY KEY)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError):
        upgrade(open_url(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path, open_url: Open) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match=r"not an SQLite database; name another file in store\.url"):
        upgrade(open_url(f"sqlite:///{path}"))
    assert path.read_text().startswith("Dear diary")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"folder of the database .*gone/umbrage\.db does not exist; create it"):
        open_engine(f"sqlite:///{tmp_path / 'gone' / 'umbrage.db'}")


def test_a_folder_in_place_of_a_file_cannot_be_opened(tmp_path: Path, open_url: Open) -> None:
    with pytest.raises(StoreError, match="cannot be opened; check that the path exists"):
        upgrade(open_url(f"sqlite:///{tmp_path}"))


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path, open_url: Open) -> None:
    with pytest.raises(StoreError, match="does not answer; check that the server runs") as caught:
        upgrade(open_url(f"postgresql://umbrage:canary@/umbrage?host={tmp_path}"))
    assert "canary" not in str(caught.value)


@contextmanager
def nobody_special() -> Iterator[None]:
    """Without the rights of root, to whom every file is writable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_file_is_named_and_used_again_once_it_is_writable(
    sqlite_url: str, tmp_path: Path, open_url: Open
) -> None:
    path = tmp_path / "umbrage.db"
    store = SqlStore(open_url(sqlite_url))
    with store.begin() as transaction:
        transaction.set_cursor("source", "1", NOON)
    store.engine.dispose()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    with (
        nobody_special(),
        pytest.raises(StoreError, match=r"writable for this user|this user may write there"),
        store.begin() as transaction,
    ):
        transaction.set_cursor("source", "2", NOON)
    tmp_path.chmod(0o755)
    path.chmod(0o644)
    store.engine.dispose()
    assert store.cursor("source") == "1"
    with store.begin() as transaction:
        transaction.set_cursor("source", "2", NOON)
    assert store.cursor("source") == "2"


def test_a_full_disk_loses_nothing(sqlite_url: str, open_url: Open, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_url(sqlite_url)
    room: list[int | None] = [None]

    @event.listens_for(engine, "begin")
    def limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {room[0] or 1_000_000}")

    store, collector, watch = SqlStore(engine), FakeCollector(), a_watch()
    source = Source(name="s", collector=collector, look_back=timedelta(days=1))

    def read(minutes: int) -> None:
        collect(source, [watch], Matcher([watch]), store, NOON + timedelta(minutes=minutes), 0.0)

    collector.add(a_mention(id="first"))
    read(0)
    with reading(engine) as connection:
        room[0] = connection.execute(text("PRAGMA page_count")).scalar_one()
    collector.add(*(a_mention(f"Acme {'long ' * 500} {n}!!", id=str(n)) for n in range(50)))
    for minute in (1, 2):
        with pytest.raises(StoreError, match="no room: the disk is full; free some space") as caught:
            read(minute)
        assert "long long" not in repr(caught.value.__cause__), "a post is in the error"
        assert (store.cursor("s"), len(store.unjudged(100))) == ("1", 1)
    assert store.health("source/s").problem is None, "the source is not to blame"
    assert "long long" not in caplog.text, "a post is in the log"
    room[0] = None
    read(3)
    assert (store.cursor("s"), len(store.unjudged(100))) == ("2", 51)
    with reading(engine) as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


# What earlier releases left


@pytest.mark.parametrize("dump", releases.DUMPS, ids=lambda dump: dump.stem)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_database_of_an_earlier_release_is_kept_and_its_work_goes_on(
    kind: str, dump: Path, tmp_path: Path, open_url: Open, request: pytest.FixtureRequest
) -> None:
    old = open_url(f"sqlite:///{tmp_path / 'old.db'}")
    releases.load(dump, tmp_path / "old.db")
    engine = old if kind == "sqlite" else open_url(request.getfixturevalue("postgres_bare_url"))
    if kind == "postgres":
        _copy(old, engine, dump.stem)
    before = _rows(engine)
    assert before.keys() >= {"mentions", "outbox", "told", "verdicts"}
    expected = Standing.CURRENT if dump.stem == HEAD else Standing.OLDER
    assert upgrade(engine) is expected
    require_current(engine)
    after = _rows(engine)
    for table, rows in before.items():
        now = after[table]
        if dump.stem < "0004":
            # What were cases before the fourth step are causes since.
            now = after["causes" if table == "cases" else table]
            rows = [{("cause_id" if name == "case_id" else name): value for name, value in row.items()} for row in rows]
        assert len(now) == len(rows)
        for row, kept in zip(rows, now, strict=True):
            assert kept.items() >= row.items() or table == "alembic_version"
    _go_on(SqlStore(engine))


def _go_on(store: SqlStore) -> None:
    """What was pending is sent, what was under way is looked for, what waited is told, and nothing is told twice."""
    now = releases.NOW + timedelta(hours=2)
    notifier = FakeNotifier()
    target = Target(name=releases.TARGET, notifier=notifier)
    rules = TriageRules(routes=(Route(name="all", targets=(releases.TARGET, "mail")),))
    assert store.cursor("news") == "cursor-17"
    assert [item.text for item in store.unjudged(10)] == ["Acme 📦 is new"]
    assert classify(FakeClassifier(lambda _: 0.9, ["new"]), FakeClassifier().cutoffs, store, now) == 1
    assert triage(store, rules, now).filed == 2
    while deliver(target, store, lambda: now, lambda: 0.0):
        pass
    # The sent, dead and dropped ones stay where they are; "told" and "waiting" are in the sent one.
    assert notifier.keys[:3] == ["sending", "doubtful", "pending"]
    assert sorted(notifier.lookups) == ["doubtful", "sending"]
    assert notifier.threads[notifier.keys.index("pending")] is not None
    fresh = [message for message in notifier.wire if message.key not in releases.STATES]
    assert sorted(quote.text for message in fresh for quote in message.quotes) == [
        "Acme 📦 is complaint",
        "Acme 📦 is new",
    ]


def _rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as the database gives it."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row._mapping) for row in connection.execute(table.select().order_by(*table.primary_key.columns))
            ]
            for table in found.sorted_tables
        }


def _copy(old: Engine, new: Engine, revision: str) -> None:
    """The rows of an SQLite database in a PostgreSQL database that stands at the same step."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with new.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    tables, rows = MetaData(), _rows(old)
    tables.reflect(new)
    with new.begin() as connection:
        connection.execute(text("SET TIME ZONE 'UTC'"))
        for table in tables.sorted_tables:
            if rows[table.name] and table.name != "alembic_version":
                connection.execute(table.insert(), rows[table.name])
            if "id" in table.columns:
                highest = max((row["id"] for row in rows[table.name]), default=0)
                connection.execute(text(f"SELECT setval('{table.name}_id_seq', {highest + 1})"))


def test_there_is_a_dump_of_every_release() -> None:
    steps = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert [dump.stem for dump in releases.DUMPS] == steps
