"""``umbrage surges``: what was more than usual, and what people say about it."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.common import as_json, settings_of, with_config

if TYPE_CHECKING:
    from monitor.core.surge import Surge

SAID = ("known", "false", "real", "mute", "incident")


@click.command()
@click.argument("number", type=int, required=False)
@click.argument("what", type=click.Choice(SAID), required=False)
@click.option("--by", default="operator", show_default=True, help="Who says it.")
@click.option("--hours", type=click.Choice(["1", "24"]), default="1", show_default=True, help="For how long (mute).")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How far back to list.")
@as_json
@with_config
def surges(config: Path, number: int | None, what: str | None, by: str, hours: str, days: int, as_json: bool) -> None:
    """List surges, or say that one is a known issue, a false alarm or real after all, mute its topic, open an incident.

    The notice in its channel follows.

    \b
    Examples:  umbrage surges --days 30
               umbrage surges 12 false --by ann
               umbrage surges 12 mute --hours 24
    """
    from monitor.app import build, clock, open_store

    settings = settings_of(config)
    if number is None:
        found = open_store(settings.store, migrate=False).surges(clock() - timedelta(days=days))
        for one in found:
            click.echo(json.dumps(_row(one)) if as_json else _line(one))
        if not found and not as_json:
            click.echo("no surges", err=True)
        return
    if what is None:
        raise click.ClickException(f"say what it is: umbrage surges {number} {'|'.join(SAID)}")
    _say(build(settings), number, what, by, hours)


def _say(app: Any, number: int, what: str, by: str, hours: str) -> None:
    from monitor.core.case import NotAllowed
    from monitor.core.mark import MUTES, WORDS, Mark, Marked

    now: datetime = app.clock()
    mark = WORDS[what]
    until = now + MUTES[f"{hours}h"] if mark is Mark.MUTED else None
    key = f"{mark}/{now.isoformat()}/{by}"
    try:
        app.mark(number, Marked(mark=mark, by=by, name=by, via="cli", at=now, key=key, until=until))
    except NotAllowed as no:
        raise click.ClickException(f"{no}; umbrage surges lists them") from None
    click.echo(f"kept: {mark}, by {by}", err=True)


def _line(surge: "Surge") -> str:
    from monitor.core.message import moment
    from monitor.core.surge_message import title

    until = moment(surge.ended_at) if surge.ended_at else "now"
    return f"{surge.id:>4}  {title(surge)}  {surge.people} people  {moment(surge.first_at)} to {until}"


def _row(surge: "Surge") -> dict[str, Any]:
    from dataclasses import asdict

    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(surge).items()}


COMMANDS = (surges,)
