"""One new platform is one file and one test: both must be there, in the shape that is promised."""

import inspect
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.registry import KINDS, load, summary

ROOT = Path(__file__).parent.parent
PLUGINS = [
    (kind, path.stem)
    for kind in KINDS
    for path in sorted((ROOT / "monitor" / kind).glob("*.py"))
    if not path.stem.startswith("_")
]

OTHER_TESTS = {"classifiers": {"model_files"}}
"""Tests of what several plugins of a kind share; may only shrink."""


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_has_a_test_of_its_name(kind: str, name: str) -> None:
    assert (ROOT / "tests" / kind / f"test_{name}.py").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_a_test_has_a_plugin_of_its_name(kind: str) -> None:
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / kind).glob("test_*.py")}
    assert tested - OTHER_TESTS.get(kind, set()) <= {name for other, name in PLUGINS if other == kind}
    assert OTHER_TESTS.get(kind, set()) <= tested, "shrink the list"


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_keeps_its_shape(kind: str, name: str) -> None:
    module = load(kind, name)
    assert issubclass(module.Options, BaseModel)
    assert module.Options.model_config.get("extra") == "forbid", "a misspelt option must be refused"
    assert module.Options.__doc__, "options are explained where they stand"
    assert list(inspect.signature(module.create).parameters) == ["options"]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_says_in_a_sentence_what_it_is(kind: str, name: str) -> None:
    sentence = summary(kind, name)
    assert sentence.endswith(".")
    assert len(sentence) < 150


def test_there_are_plugins_of_every_kind() -> None:
    assert {kind for kind, _ in PLUGINS} == set(KINDS)
