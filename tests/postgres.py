"""A private PostgreSQL server for the tests, started from whatever server programs this machine has."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import text

from monitor.store.connection import open_engine
from monitor.store.migrate import upgrade
from monitor.store.schema import metadata

MISSING = "no PostgreSQL server programs found; install the package postgresql"
TEMPLATE = "migrated"

_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def programs() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``: on the path, where Debian keeps them, or where pg_config says."""
    folders = [Path(found).resolve().parent for name in ("initdb", "postgres") if (found := shutil.which(name))]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if config := shutil.which("pg_config"):
        asked = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(asked.stdout.strip()))
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


class Server:
    """A running server that listens on a socket in its own folder and trusts everybody who can reach it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = count(1)
        self._free: list[str] = []
        self._admin = open_engine(self.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")

    def url(self, database: str) -> str:
        return f"postgresql://umbrage@/{database}?host={self._folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database with all tables and nothing in them; creating one takes longer than emptying it."""
        name = self._free.pop() if self._free else self._create(TEMPLATE)
        yield self.url(name)
        engine = open_engine(self.url(name))
        with engine.begin() as connection:
            tables = ", ".join(table.name for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
        engine.dispose()
        self._free.append(name)

    @contextmanager
    def many(self) -> Iterator[Callable[[], str]]:
        """A function that gives such an address each time it is called."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(self.database())

    @contextmanager
    def bare_database(self) -> Iterator[str]:
        """The address of a database without any tables."""
        name = self._create("template0")
        yield self.url(name)
        self.do(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, template: str) -> str:
        name = f"test_{next(self._names)}"
        self.do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def do(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def make_template(self) -> None:
        self.do(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        engine = open_engine(self.url(TEMPLATE))
        upgrade(engine)
        engine.dispose()

    def close(self) -> None:
        self._admin.dispose()


@contextmanager
def running(found: Path, *, durable: bool = False) -> Iterator[Server]:
    """Start a server with the programs in a folder, as another user when we are root, and stop it whatever happens."""
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="umbrage-pg-"))
    data, log = folder / "data", folder / "log"
    if user is not None:
        os.chown(folder, user, -1)

    def run(program: str, *arguments: str) -> None:
        # A file and not a pipe: the server inherits it and would hold a pipe open.
        with (folder / "out").open("ab") as out:
            done = subprocess.run(
                [found / program, "-D", data, *arguments],
                user=user,
                extra_groups=[] if user is not None else None,
                cwd=folder,
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            said = [path.read_text(errors="replace") for path in (folder / "out", log) if path.exists()]
            raise RuntimeError(f"{program} failed:\n" + "\n".join(said))

    try:
        run("initdb", "--no-sync", "--auth=trust", "--username=umbrage", "--encoding=UTF8", "--locale=C")
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "60"}
        settings |= {} if durable else _QUICK
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        run("pg_ctl", "start", "-w", "-l", str(log))
        try:
            server = Server(folder)
            server.make_template()
            yield server
            server.close()
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> int | None:
    """Another user's number when we are root: the server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user.pw_uid for user in pwd.getpwall()}
    return known.get("postgres", known.get("nobody", 65534))
