"""What the documentation says is true: settings, commands, links."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from monitor.cli import umbrage
from monitor.config import settings_from
from monitor.registry import KINDS, load, names
from monitor.settings import Settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config" / "monitor.toml"
ROUTES = ROOT / "config" / "routes.toml"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_WRITTEN = {"options"}


def settings_of(model: type[BaseModel]) -> Iterator[str]:
    """Every setting's name, through all tables."""
    for name, field in model.model_fields.items():
        if name not in NOT_WRITTEN:
            yield name
        for inner in _models_in(field.annotation):
            if inner.__name__ not in ("Secret", "FieldMap"):
                yield from settings_of(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def test_the_example_configuration_is_valid() -> None:
    settings_from(tomllib.loads(EXAMPLE.read_text("utf-8")))


def test_every_setting_appears_in_the_example() -> None:
    text = EXAMPLE.read_text("utf-8")
    wanted = set(settings_of(Settings))
    for kind in KINDS:
        for name in names(kind):
            wanted |= set(settings_of(load(kind, name).Options))
            assert f'use = "{name}"' in text, f"the {kind[:-1]} {name} is not shown"
    missing = {
        name for name in wanted if not re.search(rf"(^|[\s{{#]){name} = |\[\[?(\w+\.)*{name}[.\]]", text, re.MULTILINE)
    }
    assert missing == set()


def test_every_commented_table_of_the_example_is_valid_when_it_is_used() -> None:
    uncommented = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    parts = re.split(r"^(?=\[)", uncommented, flags=re.MULTILINE)
    classifiers = [part for part in parts if part.startswith("[classifier]")]
    rest = "".join(part for part in parts if part not in classifiers)
    for classifier in classifiers:
        settings_from(tomllib.loads(rest + classifier))


def test_the_routes_in_a_file_of_their_own_are_those_of_the_example() -> None:
    def routes(text: str) -> Any:
        return tomllib.loads(re.sub(r"^# (?=\[\[routes|\w+ = )", "", text, flags=re.MULTILINE))["routes"]

    text = EXAMPLE.read_text("utf-8")
    assert tomllib.loads(ROUTES.read_text("utf-8")) == {}, "all of it is commented out"
    assert routes(ROUTES.read_text("utf-8")) == routes(text[text.index("# [[routes]]") : text.index("# ── How often")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_pages_show_exist(page: Path) -> None:
    shown = re.findall(
        r"^\s*(?:\$ )?umbrage ([a-z][a-z-]*)|`umbrage ([a-z][a-z-]*)", page.read_text("utf-8"), re.MULTILINE
    )
    assert {first or second for first, second in shown} <= set(umbrage.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_pitfall_has_a_test_that_exists() -> None:
    table = re.findall(
        r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", (ROOT / "docs/measurements/pitfalls.md").read_text("utf-8"), re.M
    )
    assert [int(number) for number, _ in table] == list(range(1, 68))
    sources = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "monitor" / "testing").glob("*.py")]
    known = {
        f"`{path.stem.removeprefix('test_')}`: {name}"
        for path in sources
        for name in re.findall(r"def test_(\w+)", path.read_text("utf-8"))
    }
    assert [cell for _, cells in table for cell in cells.split(", ") if cell not in known] == []


def test_every_source_has_a_page() -> None:
    plain = {"replay"}
    pages = {path.stem for path in (ROOT / "docs" / "platforms").glob("*.md")}
    told = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "platforms").glob("*.md"))
    missing = [name for name in names("collectors") if name not in pages | plain and f'use = "{name}"' not in told]
    assert missing == []


def test_every_command_shows_an_example() -> None:
    def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            yield f"{path} {name}", command
            if hasattr(command, "commands"):
                yield from commands(command, f"{path} {name}")

    without = [path for path, command in commands(umbrage, "umbrage") if "Example" not in (command.help or "")]
    assert without == []
