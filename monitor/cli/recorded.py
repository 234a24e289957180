"""Commands over recorded posts in virtual time: ``demo`` and ``replay``."""

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import settings_of
from monitor.core.cause import slug
from monitor.core.errors import ConfigError

if TYPE_CHECKING:
    from monitor.core.message import Message
    from monitor.fields import FieldMap
    from monitor.ports import Receipt
    from monitor.replay import Replayed
    from monitor.settings import Settings
    from monitor.store.report import Report

_COLOURS = {"alert": "yellow", "growing": "red"}

NEXT_STEPS = """
What to do next
  umbrage init                  five questions, and a monitor.toml that works
  umbrage check                 find everything that is wrong with it
  umbrage try NAME              see what a source reads, without storing anything
  umbrage send-test NAME        see a message arrive in your Slack channel (docs/slack.md)
  umbrage run                   hear complaints from now on
  umbrage explain POST          why a post was alerted, or why not
"""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report of the replay as JSON instead.")
def demo(as_json: bool) -> None:
    """Three invented days of an invented brand through the real pipeline, in well under a minute.

    Uses the shipped model and an SQLite file, no keys and no network; prints each alert as the team would have seen
    it, with its time.

    \b
    Example:  umbrage demo
    """
    from monitor.config import read
    from monitor.example import demo_file
    from monitor.fields import FieldMap

    settings = read(demo_file("monitor.toml"))
    posts = demo_file("posts.jsonl")
    if not as_json:
        click.secho("Three days of Brimble, a maker of coffee machines that does not exist.\n", bold=True)
    with _played(settings, (posts,), FieldMap(), None, as_json=as_json) as report:
        if not as_json:
            _compare_with_labels(report, demo_file("labels.jsonl"))
            click.echo(NEXT_STEPS)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Brands, routes and rules to go by."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON report instead of the alerts.")
@click.option("-m", "--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="Where a field is in the files.")
@click.option(
    "--speed", type=click.FloatRange(min=0), default=0, help="So many times real time; 0: as fast as possible."
)
@click.option("--database", type=click.Path(path_type=Path, dir_okay=False), help="Keep the database here.")
def replay(
    files: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
    mapped: tuple[str, ...],
    speed: float,
    database: Path | None,
) -> None:
    """Recorded posts (JSONL or CSV, in time order) through the whole pipeline in virtual time.

    Without -c the brands named in the files are watched. Alerts are printed, never sent: with -c each one names the
    target it would have gone to.

    \b
    Examples:  umbrage replay posts.jsonl
               umbrage replay export.csv -m text=body -m created_at=date -c monitor.toml --json > report.json
    """
    fields = _field_map(mapped)
    settings = settings_of(config) if config else _settings_for(files, fields)
    with _played(settings, files, fields, database, as_json=as_json, speed=speed):
        pass


@contextmanager
def _played(
    settings: "Settings",
    files: tuple[Path, ...],
    fields: "FieldMap",
    database: Path | None,
    *,
    as_json: bool,
    speed: float = 0,
) -> "Iterator[Report]":
    """Replay the files, print alerts or the report, and hand over the database while it exists."""
    from monitor.app import build
    from monitor.collectors.replay import Options, create
    from monitor.replay import VirtualClock, replay, write_json
    from monitor.settings import StoreSettings
    from monitor.store.report import Report

    clock = VirtualClock(lambda span: threading.Event().wait(span.total_seconds() / speed) if speed else None)
    collector = create(Options(paths=files, fields=fields))
    with tempfile.TemporaryDirectory(prefix="umbrage-") as folder:
        file = database or Path(folder) / "replay.db"
        if file.exists():
            raise click.ClickException(f"{file} exists already; a replay starts with an empty database")
        store = StoreSettings(url=f"sqlite:///{file}")
        app = build(settings.model_copy(update={"store": store, "sources": {}}), clock=clock, durable=False)
        app.targets = {
            name: changed(target, notifier=_Printer(clock, quiet=as_json)) for name, target in app.targets.items()
        }
        app.classifier.get()
        with _progress() as advance:
            done = replay(app, collector, clock, advance)
        report = Report(app.store.engine)
        if as_json:
            write_json(done, app, report, sys.stdout)
        else:
            _summarise(done, report)
        yield report
        app.store.engine.dispose()


class _Printer:
    """A notifier that prints a message under the virtual time at which the team would have seen it."""

    pace = timedelta(0)
    has_threads = False

    def __init__(self, clock: Callable[[], datetime], *, quiet: bool) -> None:
        self._clock = clock
        self._quiet = quiet

    def send(self, message: "Message", thread: "Receipt | None") -> "Receipt":
        from monitor.core.text import excerpt
        from monitor.notifiers import console
        from monitor.ports import Receipt

        if self._quiet:
            return Receipt()
        if message.thread:
            # In a channel these would be folded away under their message; here one line each stands for that.
            first = excerpt(console.one_line(message.quotes[0].text), 60)
            click.echo(f"    │ {self._clock():%a %H:%M}  {console.one_line(message.title)}: “{first}”\n")
            return Receipt()
        click.secho(f"{self._clock():%A %d %B, %H:%M} UTC", fg=_COLOURS.get(message.tone), bold=True)
        return console.ConsoleNotifier().send(message, thread)

    def edit(self, message: "Message", receipt: "Receipt") -> None:
        """Recorded posts are never looked up again, so that nothing is ever changed."""

    def find(self, message: "Message", thread: "Receipt | None", since: datetime) -> None:
        """Nothing printed is ever in doubt."""


@contextmanager
def _progress() -> "Iterator[Callable[[Replayed], None]]":
    """A line on standard error, when that is a terminal and alerts go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _: None
        return

    def show(done: "Replayed") -> None:
        click.echo(f"\r{done.posts:,} posts, at {done.last:%Y-%m-%d %H:%M} ", nl=False, err=True)

    yield show
    click.echo(err=True)


def _summarise(done: "Replayed", report: "Report") -> None:
    """What the replay did, for people."""
    alerts = list(report.all_alerts())
    below = sum(row["thread"] is not None for row, _, _ in alerts)
    told = {post for _, _, posts in alerts for post in posts}
    click.secho(f"{done.posts:,} posts read, {done.stored:,} stored as mentions", bold=True)
    for reason, count in done.skipped.most_common():
        click.echo(f"  {count:,} skipped: {reason}")
    click.echo(
        f"{len(told):,} complaints told in {len(alerts) - below:,} alerts and {below:,} quiet follow-ups under them, "
        f"{len(report.all_causes()):,} causes"
    )
    spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in done.seconds.items())
    click.echo(f"CPU time: {spent}")


def _compare_with_labels(report: "Report", labels: Path) -> None:
    """How right the model was on the demo, as measured against our own labels of its posts."""
    with labels.open(encoding="utf-8") as file:
        truth = {row["id"]: bool(row["complaint"]) for row in map(json.loads, file)}
    judged = {row["native_id"]: row["label"] == "complaint" for row in report.all_verdicts()}
    right = sum(truth[post] for post, alerted in judged.items() if alerted)
    alerted = sum(judged.values())
    missed = sum(truth[post] for post, alerted in judged.items() if not alerted)
    click.echo(
        f"Measured against our labels of these posts: {right} of {alerted} alerted posts are complaints "
        f"({right / max(alerted, 1):.0%}); {missed} complaints were not ({right / max(right + missed, 1):.0%} were)"
    )


def _settings_for(files: tuple[Path, ...], fields: "FieldMap") -> "Settings":
    """Watch the brands the files name, and print to the console."""
    from monitor.collectors.replay import brands
    from monitor.settings import Brand, Settings, TargetSettings

    found = brands(files, fields)
    if not found:
        raise ConfigError(["the files name no brand; name yours in a configuration and pass it with -c"])
    spellings: dict[str, list[str]] = {}
    for name in found:
        spellings.setdefault(slug(name), []).append(name)
    return Settings(
        brands=tuple(Brand(name=names[0], terms=tuple(names)) for names in spellings.values()),
        targets={"console": TargetSettings(use="console")},
    )


def _field_map(mapped: tuple[str, ...]) -> "FieldMap":
    from pydantic import ValidationError

    from monitor.config import problems_of
    from monitor.fields import FieldMap

    pairs = {}
    for item in mapped:
        field, separator, column = item.partition("=")
        if not separator:
            raise click.BadParameter(f"{item!r} is not FIELD=COLUMN", param_hint="--map")
        pairs[field] = column
    try:
        return FieldMap(**pairs)
    except ValidationError as error:
        raise ConfigError(list(problems_of(error, FieldMap, ("--map",)))) from None


COMMANDS = (demo, replay)
