"""Help: every command explains itself with an example, and exit codes are documented."""

from collections.abc import Iterator

import click
import pytest

from monitor import __version__
from monitor.cli import umbrage as root
from tests.cli.conftest import Umbrage


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands(root)), ids=" ".join)
def test_every_command_has_an_example(umbrage: Umbrage, path: tuple[str, ...]) -> None:
    shown = umbrage(*path, "--help")
    assert shown.code == 0
    assert "Example" in shown.out
    assert f"umbrage {' '.join(path[:1])}" in shown.out


def test_all_promised_commands_are_there() -> None:
    promised = {"demo", "run", "once", "check", "plugins", "try", "send-test", "classify", "replay", "explain", "init"}
    assert promised | {"db", "outbox"} <= set(root.commands)


def test_the_exit_codes_are_documented(umbrage: Umbrage) -> None:
    shown = umbrage("-h").out
    for code in range(7):
        assert f"  {code}  " in shown


def test_the_version_is_told(umbrage: Umbrage) -> None:
    assert __version__ in umbrage("--version").out


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["replay"], ["outbox", "retry", "x"], ["db", "x"]])
def test_what_is_not_understood_ends_with_2(umbrage: Umbrage, arguments: list[str]) -> None:
    finished = umbrage(*arguments)
    assert finished.code == 2
    assert finished.out == ""
    assert "Error" in finished.err or "Usage" in finished.err
