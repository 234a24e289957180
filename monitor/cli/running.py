"""Commands that work: ``run`` and ``once``."""

import json
import os
import signal
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import as_json, set_up_logging, settings_of, with_config
from monitor.core.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.core.errors import ModelError
    from monitor.settings import Settings


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Log every step.")
@with_config
def run(config: Path, verbose: bool) -> None:
    """Work as a service until stopped by SIGTERM or Ctrl-C.

    Brings the database to this release's tables first. A second worker on the same database stands by.

    \b
    Example:  umbrage run -c monitor.toml
    """
    # Until the service listens for it itself: a stop while everything is being loaded is a clean stop too. Not by an
    # exception: in the middle of an import it may be swallowed, and the stop with it.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from monitor.app import build
    from monitor.core.errors import ModelError
    from monitor.desk import open_desk
    from monitor.service import Service

    set_up_logging(verbose=verbose)
    settings = settings_of(config)
    app = build(_with_targets(settings))
    try:
        app.classifier.get()
    except ModelError as error:
        app.note_classifier(error)
        click.echo(f"umbrage: {error}\nmentions are collected and wait until this is mended", err=True)
    every = {name: source.every for name, source in settings.sources.items()}
    if sys.stderr.isatty():
        where = f"listening to {', '.join(every)}; what needs an answer is told to {', '.join(app.targets)}"
        click.echo(f"{where}\nCtrl-C ends it; umbrage status, in another terminal, says how it stands", err=True)
    Service(app, every, open_desk(app, settings)).run()


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Log every step.")
@as_json
@with_config
def once(config: Path, verbose: bool, as_json: bool) -> None:
    """Read every source once, judge, triage and deliver what is due, then stop. For cron and for trying out.

    \b
    Example:  umbrage once -c monitor.toml
    """
    from monitor.app import build
    from monitor.service import Lease

    set_up_logging(verbose=verbose)
    app = build(_with_targets(settings_of(config)))
    lease = Lease(app)
    if not lease.renew():
        raise click.ClickException("another worker is at work on this database; stop it or let it do the work")
    # The console target prints alerts; with --json they must not stand between a machine and its answer.
    with lease.kept(), redirect_stdout(sys.stderr) if as_json else nullcontext():
        app.wake()
        collected = {name: app.collect(name) for name in app.sources}
        judged, broken = _judge(app)
        alerts = app.triage().alerts
        for name in app.refreshing():
            app.measure_reach(name)
        app.read_orders()
        app.watch_surges()
        _gather(app)
        app.digest()
        app.remind()
        app.watch_health()
        sent = sum(_deliver_all(app, name) for name in app.targets)
    problems = [f"{name}: {result.problem}" for name, result in collected.items() if result.problem]
    problems += [f"{name}: {problem}" for name, problem in _troubled(app)]
    if as_json:
        sources = {name: asdict(result) | {"skipped": dict(result.skipped)} for name, result in collected.items()}
        told = {"judged": judged, "alerts": alerts, "sent": sent, "problems": problems}
        click.echo(json.dumps({"sources": sources, **told}))
    for name, result in collected.items():
        click.echo(f"{name}: {result.seen} seen, {result.stored} new" + _skipped(result.skipped), err=True)
    click.echo(f"{judged} judged, {alerts} alerts decided, {sent} messages sent", err=True)
    for problem in problems:
        click.echo(f"umbrage: {problem}", err=True)
    if broken:
        raise broken
    raise click.exceptions.Exit(6 if problems else 0)


def _gather(app: "App") -> None:
    """Without a model there are no causes; everything else goes on."""
    from monitor.app import CAUSES_HEALTH

    try:
        app.gather()
        app.note(CAUSES_HEALTH, None)
    except ModelError as problem:
        app.note(CAUSES_HEALTH, str(problem))


def _with_targets(settings: "Settings") -> "Settings":
    """Refuse to work for nobody: complaints would count as told."""
    if not settings.targets:
        raise ConfigError(["targets: there is none, so nobody would be told; add one, such as [targets.console]"])
    return settings


def _troubled(app: "App") -> list[tuple[str, str]]:
    found = ((name, app.store.health(target.health)) for name, target in app.targets.items())
    return [(name, health.problem or "") for name, health in found if health.troubled_since]


def _judge(app: "App") -> tuple[int, "ModelError | None"]:
    """How many mentions were judged, and what is wrong with the classifier; the other steps go on without it."""
    from monitor.core.errors import ModelError

    judged = 0
    try:
        while count := app.classify():
            judged += count
    except ModelError as error:
        app.note_classifier(error)
        return judged, error
    app.note_classifier(None)
    return judged, None


def _deliver_all(app: "App", name: str) -> int:
    """Send everything that is due, at the target's pace."""
    sent = 0
    while count := app.deliver(name):
        sent += count
        app.stopping.wait(app.targets[name].notifier.pace.total_seconds())
    return sent


def _skipped(skipped: tuple[tuple[str, int], ...]) -> str:
    return "".join(f", {count} {reason}" for reason, count in skipped)


COMMANDS = (run, once)
