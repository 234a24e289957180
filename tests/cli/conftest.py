"""Runs the command line in this process, as a shell would see it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main

CONFIG = """
[[brands]]
name = "Acme"
terms = ["Acme"]
[sources.posts]
use = "file"
path = "posts.jsonl"
[classifier]
use = "keywords"
[targets.team]
use = "console"
"""


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The output as JSONL."""
        return [json.loads(line) for line in self.out.splitlines()]


Umbrage = Callable[..., Finished]


@pytest.fixture
def umbrage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Umbrage:
    """``umbrage("classify", "-", stdin=b"…")`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, stdin: bytes = b"") -> Finished:
        (tmp_path / ".stdin").write_bytes(stdin)
        capfd.readouterr()
        with (tmp_path / ".stdin").open(encoding="utf-8") as source, monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["umbrage", *map(str, arguments)])
            patch.setattr(sys, "stdin", source)
            try:
                main()
                code = 0
            except SystemExit as stopped:
                code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
        out, err = capfd.readouterr()
        return Finished(code, out, err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small configuration that needs no model."""
    path = tmp_path / "monitor.toml"
    path.write_text(CONFIG, "utf-8")
    return path
