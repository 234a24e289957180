"""Plugins are found by their file name or as an entry point of an installed package."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.registry import KINDS, load, names, nearest, summary

MODULE = '''"""Reads pigeons: a post for each bird.

It needs a roof.
"""
from pydantic import BaseModel


class Options(BaseModel):
    roof: str


def create(options: Options) -> object:
    return options.roof
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with an entry point where Python finds it."""

    def put(
        name: str, *, group: str = "monitor.collectors", module: str = "pigeon_source", source: str = MODULE
    ) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / "pigeons-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put


def test_a_plugin_of_an_installed_package_is_found(install: Install) -> None:
    install("pigeons")
    assert "pigeons" in names("collectors")
    module = load("collectors", "pigeons")
    assert module.create(module.Options(roof="red")) == "red"
    assert summary("collectors", "pigeons") == "Reads pigeons: a post for each bird."


def test_listing_imports_nothing(install: Install) -> None:
    install("pigeons", source="raise RuntimeError('imported')")
    assert "pigeons" in names("collectors")


def test_an_installed_plugin_is_of_its_own_kind_only(install: Install) -> None:
    install("pigeons", group="monitor.notifiers")
    assert "pigeons" not in names("collectors")
    assert "pigeons" in names("notifiers")


def test_a_name_claimed_twice_is_refused(install: Install) -> None:
    install("rss")
    with pytest.raises(
        ConfigError, match="'rss' is both a built-in and an installed collector; uninstall pigeon_source"
    ):
        load("collectors", "rss")


@pytest.mark.parametrize("lacking", ["Options", "create"])
def test_a_module_that_is_no_plugin_is_refused(install: Install, lacking: str) -> None:
    install("pigeons", source=MODULE.replace(lacking, "Nothing"))
    with pytest.raises(ConfigError, match=f"'pigeons': the module pigeon_source lacks {lacking}"):
        load("collectors", "pigeons")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_answered_with_the_known_ones(kind: str) -> None:
    with pytest.raises(ConfigError, match=f"no {kind[:-1]} is called 'xyzzy'; known: {', '.join(names(kind))}"):
        load(kind, "xyzzy")


@pytest.mark.parametrize("name", ["", ".", "..", "__init__", "os", "monitor.app", "../core/errors", "file\0"])
def test_only_plugins_can_be_loaded(name: str) -> None:
    with pytest.raises(ConfigError):
        load("collectors", name)


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("slak", ["slack", "console"], "; did you mean slack?"),
        ("slack", [], ""),
        ("xyzzy", ["slack", "console"], ""),
        ("", ["slack"], ""),
    ],
)
def test_the_nearest_name_is_offered(name: str, known: list[str], words: str) -> None:
    assert nearest(name, known) == words
