"""Commands about the database: ``db`` and ``outbox``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import as_json, settings_of, with_config

if TYPE_CHECKING:
    from monitor.store.report import Report


@click.group()
def db() -> None:
    """Look after the database.

    \b
    Example:  umbrage db upgrade -c monitor.toml
    """


@db.command("upgrade")
@with_config
def upgrade_command(config: Path) -> None:
    """Bring the database to this release's tables (``umbrage run`` does this by itself).

    \b
    Example:  umbrage db upgrade
    """
    from monitor.app import open_engine_of
    from monitor.store.migrate import HEAD, Standing, upgrade

    before = upgrade(open_engine_of(settings_of(config).store))
    click.echo(f"was {before}, is at {HEAD}" if before is not Standing.CURRENT else f"is at {HEAD}, nothing to do")


@db.command("check")
@as_json
@with_config
def check_command(config: Path, as_json: bool) -> None:
    """Say whether the database fits this release and how much is in it. Changes nothing.

    \b
    Example:  umbrage db check
    """
    from monitor.app import open_engine_of
    from monitor.store.connection import place
    from monitor.store.migrate import require_current
    from monitor.store.report import Report

    engine = open_engine_of(settings_of(config).store)
    require_current(engine)
    counts = Report(engine).counts()
    if as_json:
        click.echo(json.dumps({"database": place(engine), **counts}))
        return
    click.echo(f"{place(engine)}: fits this release")
    for name, count in counts.items():
        click.echo(f"  {name:10} {count:>12,}")


@click.group()
def outbox() -> None:
    """Look at messages and decide about those that were set aside.

    \b
    Example:  umbrage outbox ls --state dead
    """


@outbox.command("ls")
@click.option("--state", type=click.Choice(["pending", "sending", "sent", "dead", "dropped"]), help="Only these.")
@as_json
@with_config
def ls_command(state: str | None, as_json: bool, config: Path) -> None:
    """List the newest thousand messages with their state, target and last problem.

    \b
    Example:  umbrage outbox ls --state dead --json
    """
    from monitor.store.stages import State

    rows = _report(config).outbox(State(state) if state else None)
    if not as_json:
        click.echo(f"{len(rows)} message{'' if len(rows) == 1 else 's'}")
    for row in rows:
        if as_json:
            shown = ("id", "target", "key", "state", "attempts", "created_at", "due_at", "sent_at", "error")
            click.echo(
                json.dumps({name: row[name] for name in shown} | {"title": row["message"]["title"]}, default=str)
            )
        else:
            problem = f"  ({row['error']})" if row["error"] else ""
            click.echo(
                f"{row['id']:>6}  {row['created_at']:%Y-%m-%d %H:%M}  {row['state']:8} {row['target']:14} "
                f"{row['message']['title']}{problem}"
            )


@outbox.command("retry")
@click.argument("number", type=int)
@with_config
def retry_command(number: int, config: Path) -> None:
    """Send a message that was set aside once more.

    \b
    Example:  umbrage outbox retry 17
    """
    from monitor.app import clock

    if not _report(config).retry(number, clock()):
        raise click.ClickException(f"no message {number} was set aside; see: umbrage outbox ls --state dead")
    click.echo(f"message {number} is due again")


@outbox.command("drop")
@click.argument("number", type=int)
@with_config
def drop_command(number: int, config: Path) -> None:
    """Give up a message that was not sent.

    \b
    Example:  umbrage outbox drop 17
    """
    if not _report(config).drop(number):
        raise click.ClickException(f"no unsent message {number}; see: umbrage outbox ls")
    click.echo(f"message {number} was dropped")


def _report(config: Path) -> "Report":
    from monitor.app import open_engine_of
    from monitor.store.migrate import require_current
    from monitor.store.report import Report

    engine = open_engine_of(settings_of(config).store)
    require_current(engine)
    return Report(engine)


COMMANDS = (db, outbox)
