"""``umbrage status``: how every source and target stands, what was missed, what was spent, what waits."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.common import as_json, settings_of, with_config

if TYPE_CHECKING:
    from monitor.core.health import Health
    from monitor.jobs.collect import Source
    from monitor.ports import OpenGap
    from monitor.store.report import Report
    from monitor.store.sql import SqlStore


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a source or target stands, for people and for machines."""

    name: str
    use: str
    state: str
    problem: str | None
    last_ok: datetime | None
    last_item: datetime | None
    posts_24h: int = 0
    complaints_24h: int = 0
    by_bots_24h: int = 0
    spent: tuple[str, ...] = ()


@click.command()
@as_json
@with_config
def status(config: Path, as_json: bool) -> None:
    """Show how every source and target stands, what could not be read, what was spent, and what waits.

    Ends with 1 when something needs attention.

    \b
    Example:  umbrage status
    """
    from monitor.app import build_sources, clock, open_store
    from monitor.store.report import Report

    settings = settings_of(config)
    store, now = open_store(settings.store, migrate=False), clock()
    report = Report(store.engine)
    health = {found.name: found for found in store.all_health()}
    uses = {name: source.use for name, source in settings.sources.items()}
    sources = [
        _source(source, uses[name], health, store, report, now) for name, source in build_sources(settings).items()
    ]
    targets = [_standing(f"target/{name}", target.use, health, now) for name, target in settings.targets.items()]
    steps = [
        _standing(name, "", health, now) for name in health if name.startswith(("classifier/", "step/", "orders/"))
    ]
    gaps, waiting = store.open_gaps(), report.waiting()
    if as_json:
        gone = [{"source": gap.source} | asdict(gap.gap) for gap in gaps]
        found = {"sources": [asdict(s) for s in sources], "targets": [asdict(t) for t in targets]}
        click.echo(json.dumps(found | {"gaps": gone, "waiting": waiting}, default=_as_text))
    else:
        click.echo("\n".join(_lines(sources, targets, steps, gaps, waiting, now)))
    is_well = all(standing.state == "works" for standing in (*sources, *targets, *steps))
    raise click.exceptions.Exit(0 if is_well else 1)


def _source(
    source: "Source", use: str, health: "Mapping[str, Health]", store: "SqlStore", report: "Report", now: datetime
) -> Standing:
    from dataclasses import replace

    found = _standing(source.health, use, health, now)
    quiet, refresh = health.get(f"quiet/{source.name}"), health.get(f"refresh/{source.name}")
    if found.state == "works" and quiet is not None and quiet.troubled_since:
        found = replace(found, state="quiet", problem=quiet.problem)
    elif found.state == "works" and refresh is not None and refresh.troubled_since:
        found = replace(found, state="works, but cannot look posts up", problem=refresh.problem)
    posts, complaints, by_bots = report.found(source.name, now - timedelta(days=1))
    spent = tuple(_spending(source, store, report, now))
    return replace(found, posts_24h=posts, complaints_24h=complaints, by_bots_24h=by_bots, spent=spent)


def _standing(name: str, use: str, health: "Mapping[str, Health]", now: datetime) -> Standing:
    from monitor.core.message import duration, moment

    found = health.get(name)
    state, problem = "works", None
    if found is None:
        # Of targets, only trouble is written down.
        state = "not started yet" if name.startswith("source/") else "works"
    elif found.troubled_since is not None:
        state, problem = f"in trouble for {duration(now - found.troubled_since)}", found.problem
        if found.resting_until is not None and found.resting_until > now:
            problem = f"{problem} (next try {moment(found.resting_until)})"
    return Standing(
        name=name.partition("/")[2],
        use=use,
        state=state,
        problem=problem,
        last_ok=found.last_ok if found else None,
        last_item=found.last_item if found else None,
    )


def _spending(source: "Source", store: "SqlStore", report: "Report", now: datetime) -> Iterator[str]:
    """Every budget of a source with what is left of it, and what a complaint that it found has cost."""
    from monitor.ports import Metered

    if not isinstance(source.collector, Metered):
        return
    for budget in source.collector.budgets:
        start = budget.start(now)
        used = store.spent(source.collector.account, budget.unit, start)
        _, complaints, _ = report.found(source.name, start)
        each = f", {used / complaints:.2f} for each of {complaints} complaints found" if complaints else ""
        yield f"{used:.2f} of {budget.limit:g} {budget.unit} this {budget.period}{each}"


def _counts(found: Standing) -> str:
    bots = f" ({found.by_bots_24h} by automated accounts, not judged)" if found.by_bots_24h else ""
    return f"{found.posts_24h} posts{bots}, {found.complaints_24h} complaints in 24 h"


def _lines(
    sources: list[Standing],
    targets: list[Standing],
    steps: list[Standing],
    gaps: "list[OpenGap]",
    waiting: dict[str, int],
    now: datetime,
) -> Iterator[str]:
    from monitor.core.message import duration, moment

    for title, standings in (("sources", sources), ("targets", targets), ("steps", steps)):
        if standings:
            yield title
        for found in standings:
            last = f"last post {duration(now - found.last_item)} ago" if found.last_item else ""
            counts = _counts(found) if title == "sources" else ""
            yield "  " + "  ".join(
                part for part in (f"{found.name:14} {found.use:12} {found.state}", last, counts) if part
            )
            if found.problem:
                yield f"      {found.problem}"
            yield from (f"      spent {spent}" for spent in found.spent)
    if gaps:
        yield "not seen"
    for gap in gaps:
        yield f"  {gap.source:14} {moment(gap.gap.start)} to {moment(gap.gap.end)}: {gap.gap.why}"
    yield "waiting"
    yield "  " + ", ".join(f"{count} {what}" for what, count in waiting.items())


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


COMMANDS = (status,)
