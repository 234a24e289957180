"""Importing is free of surprises: no network, no environment, no heavy library before it is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "monitor").rglob("*.py"))
    if "migrations" not in path.parts and path.stem != "__main__"
]
CORE = [module for module in MODULES if module.startswith("monitor.core")]

GUARDED = """
import importlib, json, os, socket, sys

def refuse(*arguments, **_):
    raise OSError("the network was asked for at import")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
asked = []
inside = lambda frame: os.sep + "monitor" + os.sep in frame.f_code.co_filename and frame.f_code.co_name == "<module>"

class Environment(type(os.environ)):
    def __getitem__(self, name):
        if inside(sys._getframe(1)) or inside(sys._getframe(2)):
            asked.append(name)
        return super().__getitem__(name)

os.environ.__class__ = Environment
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
print(json.dumps({"asked": asked, "loaded": sorted(sys.modules)}))
"""


def python(*arguments: str) -> str:
    environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(*modules: str) -> set[str]:
    """The top-level modules in memory after importing."""
    names: list[str] = json.loads(python("-c", GUARDED, json.dumps(modules)))["loaded"]
    return {name.partition(".")[0] for name in names}


def test_importing_everything_asks_neither_the_network_nor_the_environment() -> None:
    pytest.importorskip("transformers")
    wanted = [module for module in MODULES if not module.startswith("monitor.testing")]
    assert json.loads(python("-c", GUARDED, json.dumps(wanted)))["asked"] == []


HEAVY = {
    "sqlalchemy",
    "alembic",
    "pydantic",
    "numpy",
    "onnxruntime",
    "tokenizers",
    "sentencepiece",
    "slack_sdk",
    "httpx",
    "feedparser",
}
HEAVIER = {"torch", "transformers", "apscheduler", "psycopg", "matplotlib"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["replay", "--help"], ["db", "upgrade", "--help"], ["eval", "--help"]]
)
def test_help_is_instant(arguments: list[str]) -> None:
    script = (
        "import json, sys\nfrom monitor.cli import umbrage\n"
        f"try: umbrage.main({arguments!r})\nexcept SystemExit: pass\n"
        "print(); print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    loaded = set(json.loads(python("-c", script).splitlines()[-1]))
    assert loaded & (HEAVY | HEAVIER) == set()


def test_the_core_is_pure() -> None:
    assert CORE
    loaded = loaded_by(*CORE)
    assert loaded & (HEAVY | HEAVIER | {"asyncio", "sqlite3", "subprocess", "urllib3", "requests", "click"}) == set()


def test_the_jobs_know_no_database_and_no_platform() -> None:
    loaded = loaded_by(*(module for module in MODULES if module.startswith("monitor.jobs")), "monitor.ports")
    assert loaded & (HEAVY | HEAVIER | {"sqlite3"}) == set()


@pytest.mark.parametrize(
    ("module", "may_load"),
    [
        ("monitor.notifiers.console", {"pydantic"}),
        ("monitor.classifiers.keywords", {"pydantic"}),
        ("monitor.collectors.file", {"pydantic"}),
        ("monitor.config", {"pydantic"}),
    ],
)
def test_a_part_brings_only_what_it_needs(module: str, may_load: set[str]) -> None:
    assert loaded_by(module) & (HEAVY | HEAVIER) <= may_load
