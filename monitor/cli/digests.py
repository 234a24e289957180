"""What was said and what became of it: ``digest``, ``stats``, ``export``, ``orders``."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import settings_of, with_config

if TYPE_CHECKING:
    from monitor.core.digest import Digest
    from monitor.settings import Settings
    from monitor.store.sql import SqlStore

FORMATS = ("text", "markdown", "html", "json", "slack")

QUARTER = timedelta(days=91)


@click.command()
@click.option("-b", "--brand", help="Whose digest; may be left out when only one brand is watched.")
@click.option("-d", "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day; yesterday when left out.")
@click.option("--week", is_flag=True, help="The seven days that begin with the date; the last seven when left out.")
@click.option(
    "--silent-majority", is_flag=True, help="With --week: guess in ranges how many affected customers say nothing."
)
@click.option("-z", "--zone", help="Whose midnight a day begins with; that of the first digest when left out.")
@click.option("-f", "--format", "shown", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-t", "--to", "target", help="Send it to this target, through the outbox, instead of showing it.")
@click.option("--dry-run", is_flag=True, help="With --to: show what would be sent, and send nothing.")
@with_config
def digest(
    brand: str | None,
    day: datetime | None,
    week: bool,
    silent_majority: bool,
    zone: str | None,
    shown: str,
    target: str | None,
    dry_run: bool,
    config: Path,
) -> None:
    """What customers said about a brand on one local day or in a week, what became of it, and what to fix.

    \b
    Examples:  umbrage digest
               umbrage digest --brand Acme --date 2026-11-24 --format html > digest.html
               umbrage digest --week --to marketing
    """
    from monitor.app import LazyClassifier, clock, open_store
    from monitor.jobs.digest import make_digest
    from monitor.rules import build_about

    settings = settings_of(config)
    chosen, place, now = _brand(settings, brand), _zone(settings, zone), clock()
    days = 7 if week else 1
    first = day.date() if day else now.astimezone(place).date() - timedelta(days=days)
    if first > now.astimezone(place).date():
        raise click.ClickException(f"{first} is in the future")
    store = open_store(settings.store, migrate=False)
    about, meaning = build_about(settings)[chosen], LazyClassifier(settings.classifier).meaning_if_any
    found = make_digest(store, chosen, first, days, place, now, about, meaning, is_silent_asked=silent_majority)
    if target is None:
        click.echo(_rendered(found, shown), nl=False)
        return
    _send(settings, found, target, now, dry_run=dry_run)


def _rendered(found: "Digest", shown: str) -> str:
    import json

    from monitor.core.digest_message import write_digest
    from monitor.digest.render import FORMATS as ALL
    from monitor.slack.blocks import render

    if shown == "slack":
        blocks = [render(message) for message in write_digest(found, "digest")]
        return json.dumps(blocks, ensure_ascii=False, indent=1) + "\n"
    return ALL[shown](found)


def _send(settings: "Settings", found: "Digest", target: str, now: datetime, *, dry_run: bool) -> None:
    """Into the outbox, once for each target and span; the running service delivers it."""
    from monitor.app import build_targets, open_store
    from monitor.core.digest_message import write_digest
    from monitor.core.message import plain_text
    from monitor.registry import nearest

    if target not in settings.targets:
        there = ", ".join(settings.targets) or "none"
        raise click.ClickException(
            f"no target is called {target!r}; there are: {there}{nearest(target, settings.targets)}"
        )
    span = f"{found.first_day.isoformat()}/{found.days}"
    messages = write_digest(found, f"digest/by hand/{found.brand}/{span}")
    if not build_targets(settings)[target].notifier.has_threads:
        messages = messages[:1]
    if dry_run:
        click.echo("\n\n".join(plain_text(message) for message in messages))
        return
    with open_store(settings.store, migrate=False).begin() as transaction:
        count = sum(transaction.enqueue(target, message, now) for message in messages)
    said = f"{count} messages wait for {target}; umbrage run sends them" if count else f"{target} has got it already"
    click.echo(said, err=True)


@click.command()
@click.option("-b", "--brand", help="Which brand; may be left out when only one is watched.")
@click.option("--days", type=click.IntRange(2, 20), default=14, show_default=True, help="How many days to show.")
@click.option("-z", "--zone", help="Whose midnight a day begins with.")
@with_config
def stats(brand: str | None, days: int, zone: str | None, config: Path) -> None:
    """Complaints by day, what they are about, and how cases stand, in the terminal.

    \b
    Example:  umbrage stats --days 7
    """
    settings = settings_of(config)
    chosen, place = _brand(settings, brand), _zone(settings, zone)
    click.echo("\n".join(_stats(settings, chosen, days, place)))


def _stats(settings: "Settings", brand: str, days: int, zone: tzinfo) -> Iterator[str]:
    from monitor.app import clock, open_store
    from monitor.core.case import named
    from monitor.core.days import window
    from monitor.core.message import Chart
    from monitor.core.wording import topic_name
    from monitor.digest.render import bars
    from monitor.store.report import Report

    store = open_store(settings.store, migrate=False)
    first = clock().astimezone(zone).date() - timedelta(days=days - 1)
    span = window(first, days, zone)
    every = [first + timedelta(days=step) for step in range(days)]
    by_day = tuple(
        (f"{day:%a} {day.day} {day:%b}", store.talk(brand, window(day, 1, zone)).complaints) for day in every
    )
    talk = store.talk(brand, span)
    yield f"{brand} · {days} days · {talk.complaints} complaints by {talk.people} people"
    yield from bars(Chart(title="Complaints per day", series="complaints", bars=by_day))
    topics = sorted(store.topics(brand, span).items(), key=lambda item: (-item[1].people, item[0]))[:8]
    if topics:
        people = tuple((topic_name(topic), found.people) for topic, found in topics)
        yield from bars(Chart(title="People by topic", series="people", bars=people))
    states = Report(store.engine).case_counts(span.start)
    if states:
        counts = tuple((named(state), count) for state, count in states.items())
        yield from bars(Chart(title="Cases of all brands by how they stand", series="cases", bars=counts))
    yield from _surges(store, brand, settings.surges.false_ones, clock())


def _surges(store: "SqlStore", brand: str, often: str, now: datetime) -> Iterator[str]:
    """How many surges were told in a quarter of a year, and how many of them people called false alarms."""
    from monitor.core.mark import Mark
    from monitor.core.surge import Kind

    since = max(now - QUARTER, store.since(brand) or now)
    told = [one for one in store.surges(since) if (one.brand, one.kind) == (brand, Kind.SURGE)]
    if not told:
        return
    false = sum(one.mark is Mark.FALSE for one in told)
    months = max((now - since) / timedelta(days=30.44), 1.0)
    said = "nobody called one a false alarm"
    if false:
        said = f"{false} called a false alarm: {false / months:.1f} a month (put up with: {often})"
    yield f"{len(told)} surge{'s' * (len(told) != 1)} told in {(now - since).days} days, {said}"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-b", "--brand", help="Whose complaints; may be left out when only one brand is watched.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day; a week ago when left out.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; yesterday when left out.")
@click.option("-z", "--zone", help="Whose midnight a day begins with; that of the first digest when left out.")
@with_config
def export(
    file: Path, brand: str | None, since: datetime | None, until: datetime | None, zone: str | None, config: Path
) -> None:
    """Write complaints with their cases into FILE, a new .csv (no cell can become a formula) or .parquet.

    \b
    Example:  umbrage export november.csv --since 2026-11-01 --until 2026-11-30
    """
    from monitor.app import clock, open_store
    from monitor.core.days import window
    from monitor.export import write
    from monitor.store.report import Report

    settings = settings_of(config)
    chosen, place = _brand(settings, brand), _zone(settings, zone)
    today = clock().astimezone(place).date()
    last = until.date() if until else today - timedelta(days=1)
    first = since.date() if since else last - timedelta(days=6)
    if last < first:
        raise click.ClickException(f"--until {last} is before --since {first}")
    if file.exists():
        raise click.ClickException(f"{file} exists already; nothing was changed")
    report = Report(open_store(settings.store, migrate=False).engine)
    count = write(report.complaints(chosen, window(first, (last - first).days + 1, place)), file)
    click.echo(f"wrote {count:,} complaints of {first} to {last} into {file}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-b", "--brand", help="Whose orders; may be left out when only one brand is watched.")
@with_config
def orders(file: Path, brand: str | None, config: Path) -> None:
    """Tell how many orders, visits or tickets there were, so that complaints can be stated as a rate.

    FILE is a CSV with the columns ``day`` (2026-11-24) and ``orders``, or JSON; a day given again is put right. With
    [[orders]] in the configuration they are read from an address every day instead.

    \b
    Example:  umbrage orders orders.csv
    """
    from monitor.app import open_store
    from monitor.orders import orders_in

    settings = settings_of(config)
    chosen = _brand(settings, brand)
    try:
        rows = [(chosen, *row) for row in orders_in(file.read_bytes())]
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    open_store(settings.store, migrate=False).add_orders(rows)
    click.echo(f"kept the orders of {len(rows)} day{'s' * (len(rows) != 1)} for {chosen}", err=True)


def _brand(settings: "Settings", named: str | None) -> str:
    from monitor.registry import nearest

    names = [brand.name for brand in settings.brands]
    if named is None and len(names) == 1:
        return names[0]
    if named not in names:
        said = "say which brand with --brand" if named is None else f"no brand is called {named!r}"
        raise click.ClickException(f"{said}; there are: {', '.join(names) or 'none'}{nearest(named or '', names)}")
    return named


def _zone(settings: "Settings", named: str | None) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if named is None:
        return settings.digests[0].zone if settings.digests else settings.team.zone
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.ClickException(f"{named!r} is no time zone; write it like Europe/Berlin") from None


COMMANDS = (digest, stats, export, orders)
