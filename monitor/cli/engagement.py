"""The command about people whom nobody answers."""

from pathlib import Path

import click

from monitor.cli.common import settings_of, with_config


@click.command("do-not-engage")
@click.option("--end", "number", type=int, metavar="CASE", help="End what was decided on this case, before its time.")
@click.option("--by", default="operator", show_default=True, help="Who ends it.")
@with_config
def do_not_engage(config: Path, number: int | None, by: str) -> None:
    """List the people whom nobody answers, on which case that was decided, until when, by whom and why.

    What they write is counted and told to nobody until then, unless it must be acted on now. People come onto the list
    with a button, or with: umbrage case 17 do_not_engage --days 90 --note WHY

    \b
    Examples:  umbrage do-not-engage
               umbrage do-not-engage --end 17 --by ann
    """
    from monitor.app import clock, open_store
    from monitor.core.engagement import line
    from monitor.jobs.engagement import end_early

    store, now = open_store(settings_of(config).store, migrate=False), clock()
    if number is not None and not end_early(store, number, now, by=by, name=by, via="cli"):
        raise click.ClickException(f"nothing is decided on case {number}; umbrage do-not-engage lists what is")
    found = store.restrained(now)
    click.echo("\n".join(line(entry) for entry in found) or "nobody is on the list")


COMMANDS = (do_not_engage,)
