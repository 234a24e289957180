"""``umbrage gaps``: spans that no source could read, until somebody has filled them."""

import json
from pathlib import Path

import click

from monitor.cli.common import as_json, settings_of, with_config


@click.command()
@click.option("--filled", type=int, metavar="NUMBER", help="This one was filled, by an import say: it is closed.")
@as_json
@with_config
def gaps(config: Path, filled: int | None, as_json: bool) -> None:
    """List spans that a source could not read and never will.

    What was posted then can come from elsewhere, such as another tool's export (a source with use = "file"). Then say
    that the gap is filled: status, digests and notices no longer count it.

    \b
    Examples:  umbrage gaps
               umbrage gaps --filled 3
    """
    from monitor.app import clock, open_store
    from monitor.core.message import moment

    store = open_store(settings_of(config).store, migrate=False)
    if filled is not None:
        with store.begin() as transaction:
            is_closed = transaction.close_gap(filled, clock())
        if not is_closed:
            raise click.ClickException(f"there is no open gap {filled}; umbrage gaps lists them")
        click.echo(f"closed: gap {filled}", err=True)
        return
    found = store.open_gaps()
    for one in found:
        start, end, why = one.gap.start, one.gap.end, one.gap.why
        row = {"number": one.id, "source": one.source, "start": start.isoformat(), "end": end.isoformat(), "why": why}
        line = f"{one.id:>4}  {one.source:<14} {moment(start)} to {moment(end)}: {why}"
        click.echo(json.dumps(row) if as_json else line)
    if not found and not as_json:
        click.echo("no gaps", err=True)


COMMANDS = (gaps,)
