"""The shape of the code, counted: small functions, small modules, one clock, and a sentence at the top of each file."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "monitor").rglob("*.py"))
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400

LONG_FUNCTIONS: set[str] = {"monitor/store/migrations/versions/0001_first_release.py:upgrade"}
"""What is longer and may be; this list may only shrink. A migration is a list of tables and is never changed."""

LONG_MODULES: set[str] = {"monitor/testing/store_contract.py"}
"""Likewise. A contract is a list of examples, read from the top, and has no parts that know each other."""

PRINTING = ("monitor/cli", "monitor/notifiers/console.py")
CLOCK = "monitor/app.py"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def long_functions(path: Path) -> set[str]:
    return {
        f"{name_of(path)}:{node.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }


def test_functions_are_short() -> None:
    found = set().union(*(long_functions(path) for path in MODULES))
    assert found - LONG_FUNCTIONS == set(), "too long"
    assert LONG_FUNCTIONS - found == set(), "shrink the list"


def test_modules_are_short() -> None:
    found = {name_of(path) for path in MODULES if len(path.read_text("utf-8").splitlines()) > LONGEST_MODULE}
    assert found - LONG_MODULES == set(), "too long"
    assert LONG_MODULES - found == set(), "shrink the list"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_begins_with_a_sentence_that_a_stranger_understands(path: Path) -> None:
    words = ast.get_docstring(tree(path)) or ""
    first = words.split("\n\n")[0]
    assert first, "no docstring"
    assert first.rstrip().endswith((".", "?")), "not a sentence"


def called(path: Path) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_composition_root_reads_the_clock(path: Path) -> None:
    reads = {call for call in called(path) if call.endswith(("datetime.now", "datetime.utcnow", "datetime.today"))}
    assert not reads or name_of(path) == CLOCK


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_what_people_look_at_prints(path: Path) -> None:
    assert "print" not in called(path) or name_of(path).startswith(PRINTING)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_sleeps(path: Path) -> None:
    assert not {"time.sleep", "sleep"} & called(path)
