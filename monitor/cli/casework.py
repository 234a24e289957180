"""Commands about cases: list them, take steps in them, hand over what people said, and try out routes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.common import as_json, settings_of, with_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.app import App
    from monitor.core.case import Case, Fact, Move
    from monitor.core.incident import Incident

STEPS_OF_INCIDENT = ("take", "take_over", "assign", "done", "note", "snooze", "escalate")
STEPS = (
    *("take", "take_over", "assign", "answer", "done", "close", "note", "snooze", "escalate", "lower", "reopen"),
    *("not_a_complaint", "not_about_us", "duplicate", "do_not_engage", "split"),
)


@click.command()
@click.option("--of", "owner", help="Only cases of this person.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@as_json
@with_config
def cases(config: Path, owner: str | None, limit: int, as_json: bool) -> None:
    """List incidents and cases that have not ended; the customer who waits longest comes first. --json: only cases.

    \b
    Example:  umbrage cases --of ann
    """
    from monitor.app import clock, open_store
    from monitor.core.case import named
    from monitor.core.case_message import clocks
    from monitor.core.incident_message import line as incident_line
    from monitor.rules import build_rules
    from monitor.slack.views import line

    settings = settings_of(config)
    store = open_store(settings.store, migrate=False)
    found = store.open_cases_of(owner, limit)
    now, staffed = clock(), build_rules(settings).cases.staffed
    for standing in [] if as_json else store.open_incidents():
        if owner in (None, standing.incident.owner):
            click.echo(incident_line(standing, now))
    for case in found:
        told = (
            json.dumps(_row(case))
            if as_json
            else f"{line(case, now)} · {named(case.state)} · {clocks(case, staffed, now)}"
        )
        click.echo(told)
    if not found and not as_json:
        click.echo("no open cases", err=True)


@click.command()
@click.argument("number", type=int)
@click.argument("step", type=click.Choice(STEPS), required=False)
@click.option("--by", default="operator", show_default=True, help="Who takes the step.")
@click.option("--to", help="Who gets the case (assign).")
@click.option("--post", help="The post that is about something else, as the history names it (split).")
@click.option("--remedy", help="What was done for the customer (done, close).")
@click.option("--evidence", help="A link to the customer's own later words (close).")
@click.option(
    "--note", help="Your words: a note, what the customer said, or why nobody answers (note, close, do_not_engage)."
)
@click.option("--hours", type=float, help="For how long (snooze).")
@click.option(
    "--days",
    type=click.FloatRange(0, 366, min_open=True),
    help="Also what the same person writes, for so long (do_not_engage).",
)
@with_config
def case(
    config: Path, number: int, step: str | None, by: str, hours: float | None, days: float | None, **given: Any
) -> None:
    """Show the history of a case, or take a STEP in it; the message in its channel follows.

    A case ends as satisfied only with --evidence or --note; without, it ends as unknown.

    \b
    Examples:  umbrage case 17
               umbrage case 17 take --by ann
               umbrage case 17 close --by ann --remedy "a new parcel" --evidence https://social.example/thanks
               umbrage case 17 do_not_engage --by ann --note "insults the staff by name" --days 90
               umbrage case 17 split --by ann --post mastodon:4711
    """
    app = _app(config)
    if days is not None and step != "do_not_engage":
        raise click.UsageError("--days belongs to do_not_engage")
    post = given.pop("post")
    if (post is not None) is not (step == "split"):
        raise click.UsageError("--post belongs to split, and split needs it")
    if post is not None:
        given["to"] = post
    if step is not None:
        _take(app, app.act, number, step, by, 24 * days if days else hours, given)
    found = app.store.case(number)
    if found is None:
        raise click.ClickException(f"there is no case {number}; umbrage cases lists the open ones")
    click.echo("\n".join(_history(found, app)))


@click.command()
@click.argument("number", type=int)
@click.argument("step", type=click.Choice(STEPS_OF_INCIDENT), required=False)
@click.option("--by", default="operator", show_default=True, help="Who takes the step.")
@click.option("--to", help="Who gets the incident (assign).")
@click.option("--remedy", help="What was done for the customers (done).")
@click.option("--note", help="Your words (note).")
@click.option("--hours", type=float, help="For how long nothing more is said of it (snooze).")
@with_config
def incident(config: Path, number: int, step: str | None, by: str, hours: float | None, **given: Any) -> None:
    """Show the history of an incident, or take a STEP in it and in its cases; the messages in channels follow.

    Whoever takes it has every case of it that nobody has, and those that are added to it later.

    \b
    Examples:  umbrage incident 4
               umbrage incident 4 take --by ann
               umbrage incident 4 done --by ann --remedy "the depot works again"
    """
    app = _app(config)
    if step is not None:
        _take(app, app.act_on_incident, number, step, by, hours, given)
    found = app.store.incident(number)
    if found is None:
        raise click.ClickException(f"there is no incident {number}; umbrage cases lists the open ones")
    click.echo("\n".join(_history_of(found, app)))


@click.group()
def labels() -> None:
    """What people said about posts.

    \b
    Example:  umbrage labels export > labels.jsonl
    """


@labels.command("export")
@with_config
def export(config: Path) -> None:
    """Print every post that a person has judged, as JSONL for umbrage eval and umbrage train; the last word counts.

    \b
    Example:  umbrage labels export > labels.jsonl && umbrage eval labels.jsonl
    """
    from monitor.app import open_store
    from monitor.core.verdict import Label
    from monitor.store.report import Report

    store = open_store(settings_of(config).store, migrate=False)
    last = {row["mention_id"]: row for row in Report(store.engine).corrections()}
    for row in last.values():
        if row["label"] == Label.UNSURE:
            continue
        told = {"text": row["text"], "complaint": int(row["label"] == Label.COMPLAINT)}
        told |= {name: row[name] for name in ("topic", "brand", "language", "source", "by", "why") if row[name]}
        click.echo(json.dumps(told, ensure_ascii=False))


@click.group()
def routes() -> None:
    """Who hears about what.

    \b
    Example:  umbrage routes test --brand Acme --topic delivery
    """


@routes.command("test")
@click.option("--brand", required=True)
@click.option("--topic", default="other", show_default=True)
@click.option("--platform", default="", help="What posts of the source are called, such as x.")
@click.option("--source", default="", help="The name of a source.")
@click.option("--language", default="", help="Such as en.")
@click.option("--level", type=click.IntRange(1, 5), default=3, show_default=True)
@click.option("--at", type=click.DateTime(), help="At this moment (UTC) instead of now.")
@with_config
def routes_test(config: Path, at: Any, **given: Any) -> None:
    """Say where a post would go and why, without sending anything or opening the database.

    \b
    Example:  umbrage routes test --brand Acme --topic safety --level 1 --at 2026-11-28T02:00:00
    """
    from datetime import UTC

    from monitor.app import clock
    from monitor.core.message import moment
    from monitor.core.routing import Subject, destinations
    from monitor.rules import build_rules

    rules = build_rules(settings_of(config))
    subject, now = Subject(**given), at.replace(tzinfo=UTC) if at else clock()
    for route in rules.routes:
        fits = route.matching.matches(subject)
        click.echo(f"route {route.name}: {'fits' if fits else 'does not fit'}")
        if fits and route.stop:
            break
    found = destinations(rules.routes, subject, now)
    for to in found:
        quiet = f", but quiet hours hold it until {moment(to.quiet_until)}" if to.quiet_until else ""
        click.echo(f"→ {to.target} (by route {to.route}){quiet}")
    if not found:
        click.echo("→ nobody: no route fits")


def _app(config: Path) -> "App":
    from monitor.app import build
    from monitor.settings import TargetSettings

    settings = settings_of(config)
    if not settings.targets:
        settings = settings.model_copy(update={"targets": {"console": TargetSettings(use="console")}})
    return build(settings)


def _take(
    app: "App",
    act: "Callable[[int, Move], object]",
    number: int,
    step: str,
    by: str,
    hours: float | None,
    given: dict[str, Any],
) -> None:
    """A step from the command line."""
    from monitor.core.case import Move, NotAllowed, Step

    now = app.clock()
    until = now + timedelta(hours=hours) if hours else None
    words: dict[str, Any] = {"by": by, "name": by, "via": "cli", "to_name": given["to"], **given}
    move = Move(step=Step(step), at=now, key=f"{step}/{by}/{now.isoformat()}", until=until, **words)
    try:
        act(number, move)
    except NotAllowed as no:
        raise click.ClickException(str(no)) from None


def _history(case: "Case", app: "App") -> list[str]:
    from monitor.core.case import named
    from monitor.core.case_message import clocks
    from monitor.core.message import moment
    from monitor.slack.views import line
    from monitor.store.report import Report

    now = app.clock()
    lines = [line(case, now), f"  {named(case.state)} · {clocks(case, app.rules.cases.staffed, now)}"]
    lines += [f"  {reason}" for reason in case.reasons]
    for post in Report(app.store.engine).case_members(case.id):
        lines.append(
            f"  {moment(post['posted_at'])}  {post['platform']}:{post['native_id']} {post['url'] or ''}".rstrip()
        )
    return lines + [_fact(fact) for fact in app.store.facts(case.id)]


def _history_of(incident: "Incident", app: "App") -> list[str]:
    from monitor.core.incident_message import Standing, line, status_of
    from monitor.slack.views import line as case_line

    now = app.clock()
    members = app.store.open_cases_of_incident(incident.cause)
    lines = [line(Standing(incident=incident, open_cases=len(members)), now)]
    if status := status_of(incident, app.rules.cases.staffed, now):
        lines.append(f"  {status}")
    lines += [f"  {case_line(case, now)}" for case in members]
    return lines + [_fact(fact) for fact in app.store.incident_facts(incident.cause)]


def _fact(fact: "Fact") -> str:
    from monitor.core.message import moment

    words = " · ".join(word for word in (fact.remedy, fact.note, fact.evidence) if word)
    return f"  {moment(fact.at)}  {fact.step} by {fact.name} ({fact.via})" + (f": {words}" if words else "")


def _row(case: "Case") -> dict[str, Any]:
    from dataclasses import fields

    values = {field.name: getattr(case, field.name) for field in fields(case)}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


COMMANDS = (cases, case, incident, labels, routes)
