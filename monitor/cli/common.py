"""What several commands share: the configuration option, errors in words, logging."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from monitor.core.errors import ConfigError, DeliveryError, ModelError, SourceError, StoreError, UmbrageError

if TYPE_CHECKING:
    from monitor.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_CONFIG = Path("monitor.toml")

_EXIT_CODES: tuple[tuple[type[UmbrageError], int], ...] = (
    (ConfigError, 3),
    (StoreError, 4),
    (ModelError, 5),
    (SourceError, 6),
    (DeliveryError, 6),
)


def with_config(command: F) -> F:
    """The option ``-c``; the command gets it as ``config``."""
    option = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=DEFAULT_CONFIG,
        show_default=True,
        help="The configuration file.",
    )
    return option(command)


def as_json(command: F) -> F:
    """The option ``--json``; the command gets it as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for a machine to read.")(command)


def settings_of(config: Path) -> "Settings":
    """The validated settings of a file."""
    from monitor.config import read

    return read(config)


def exit_code(error: UmbrageError) -> int:
    """The documented exit code of an error."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1)


def show_error(error: UmbrageError) -> None:
    """Print an error for people; several problems one per line."""
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        click.echo(f"{len(error.problems)} problems in the configuration:", err=True)
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
    else:
        click.echo(f"umbrage: {error}", err=True)


def set_up_logging(*, verbose: bool) -> None:
    """One line per event on standard error; other libraries never below INFO, where some print secrets."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for name in ("httpx", "httpcore", "slack_sdk", "urllib3", "apscheduler", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # A step that takes longer than its turn is left to finish, which the scheduler would tell twice a second.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
