"""Commands that look without working: ``check``, ``plugins``, ``try``, ``send-test``, ``explain``."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from monitor.cli.common import as_json, settings_of, with_config

T = TypeVar("T")

if TYPE_CHECKING:
    from pydantic import BaseModel

    from monitor.core.calibration import Calibration, Cutoffs
    from monitor.core.mention import Mention, Page
    from monitor.core.verdict import Thresholds
    from monitor.jobs.deliver import Target
    from monitor.ports import Classifier
    from monitor.settings import Settings


@click.command()
@with_config
def check(config: Path) -> None:
    """Find all problems of the configuration at once: settings, plugins, secrets, database, model.

    \b
    Example:  umbrage check -c monitor.toml
    """
    from monitor.app import LazyClassifier, build_sources, build_targets, open_engine_of
    from monitor.core.errors import ConfigError, UmbrageError
    from monitor.rules import build_about
    from monitor.store.migrate import refuse

    settings = settings_of(config)
    problems = _missing_secrets(settings)
    if not settings.brands:
        problems.append("brands: none is watched; add a [[brands]] table")
    if not settings.targets:
        problems.append('targets: there is none, so nobody would be told; add [targets.console] with use = "console"')
    classifier = LazyClassifier(settings.classifier)
    for attempt in (
        classifier.get,
        lambda: refuse(open_engine_of(settings.store)),
        lambda: build_sources(settings),
        lambda: build_targets(settings),
        lambda: build_about(settings),
    ):
        try:
            attempt()
        except ConfigError as error:
            problems += error.problems
        except UmbrageError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    named = {"brand": settings.brands, "source": settings.sources, "target": settings.targets}
    counts = (f"{len(found)} {what}{'' if len(found) == 1 else 's'}" for what, found in named.items())
    click.echo(f"{config}: no problems; {', '.join(counts)}")
    click.echo("\n".join((*_promises(*classifier.get()), *_limits(build_targets(settings)))))


def _promises(classifier: "Classifier", cutoffs: "Cutoffs") -> Iterator[str]:
    """What the thresholds in use reached on labelled posts, by languages that were measured together."""
    yield f"classifier {classifier.model}"
    together: dict[tuple[Thresholds, Calibration], list[str]] = {}
    for language, measured in classifier.calibrations.items():
        together.setdefault((cutoffs.of(language), measured), []).append(language)
    for (limits, measured), languages in together.items():
        yield f"  {', '.join(languages)}:"
        yield (
            f"      alerts from {limits.alert:.2f} on: {measured.precision(limits.alert)} were right, "
            f"{measured.recall(limits.alert)} of the complaints found"
        )
        yield f"      digest from {limits.digest:.2f} on: {measured.recall(limits.digest)} of the complaints found"
    if not classifier.calibrations:
        limits = cutoffs.of(None)
        yield f"  alerts from {limits.alert:.2f} on, digest from {limits.digest:.2f} on; nobody has measured how right"


def _limits(targets: "Mapping[str, Target]") -> Iterator[str]:
    """What targets cannot do, for whoever chose them."""
    from monitor.ports import Limited

    for name, target in targets.items():
        if isinstance(target.notifier, Limited):
            yield f"target {name}:"
            yield from (f"      {limit}" for limit in target.notifier.limits)


@click.command()
@as_json
def plugins(as_json: bool) -> None:
    """List the sources, classifiers and targets that can be named in the configuration.

    \b
    Example:  umbrage plugins
    """
    from monitor.registry import KINDS, names

    found = {kind: {name: _summary(kind, name) for name in names(kind)} for kind in KINDS}
    if as_json:
        click.echo(json.dumps(found))
        return
    for kind, members in found.items():
        click.echo(kind)
        for name, words in members.items():
            click.echo(f"  {name:14} {words}")


def _summary(kind: str, name: str) -> str:
    from monitor.core.errors import UmbrageError
    from monitor.registry import summary

    try:
        return summary(kind, name)
    except (UmbrageError, ImportError) as error:
        return f"cannot be loaded: {error}"


@click.command("try")
@click.argument("source")
@click.option("-n", "--limit", default=10, show_default=True, help="Show so many posts.")
@click.option("--show-query", is_flag=True, help="Show what it would ask the platform for, and ask nothing.")
@click.option("--cost", is_flag=True, help="Show what its queries would cost, by the platform's own count.")
@with_config
def try_command(source: str, limit: int, show_query: bool, cost: bool, config: Path) -> None:
    """Read a configured source without storing anything, and show what it finds and what would match.

    \b
    Examples:  umbrage try news -n 20
               umbrage try news --show-query
    """
    if show_query:
        _show_queries(source, config)
        return
    if cost:
        _show_costs(source, config)
        return
    from monitor.app import build_sources, build_watches, clock
    from monitor.core.mention import storable
    from monitor.core.message import moment
    from monitor.core.text import excerpt
    from monitor.core.watch import Matcher
    from monitor.ports import Round

    settings = settings_of(config)
    found = _named("source", source, build_sources(settings))
    watches = build_watches(settings)
    matcher = Matcher(watches)
    pages = found.collector.pages(Round(watches=watches, cursor=None, since=clock() - found.look_back, now=clock()))
    skipped: dict[str, int] = {}
    shown = 0
    for mention in map(storable, islice(_mentions(pages, skipped), max(limit, 0))):
        shown += 1
        terms = [f"{match.brand} by {', '.join(match.terms)}" for match in matcher.matches(mention)]
        click.echo(
            f"{moment(mention.posted_at)}  {mention.platform}  @{mention.author or 'unknown'}  {mention.url or ''}"
        )
        click.echo(f"  {excerpt(mention.text, 160)}")
        bot = " (by an automated account: kept, not judged)" if terms and mention.by_bot else ""
        click.echo(f"  matches: {'; '.join(terms) or 'no watched brand'}{bot}")
    click.echo(f"{shown} posts shown, nothing stored", err=True)
    for reason, count in skipped.items():
        click.echo(f"  skipped {count}: {reason}", err=True)


def _show_queries(name: str, config: Path) -> None:
    from monitor.app import build_sources, build_watches
    from monitor.ports import Querying

    settings = settings_of(config)
    collector = _named("source", name, build_sources(settings)).collector
    if not isinstance(collector, Querying):
        click.echo(
            f"{name} asks for no words: it reads everything in its place, and what matches is found here", err=True
        )
        return
    for query in collector.queries(build_watches(settings)):
        click.echo(query)


def _show_costs(name: str, config: Path) -> None:
    from monitor.app import build_sources, build_watches
    from monitor.ports import Estimating

    settings = settings_of(config)
    collector = _named("source", name, build_sources(settings)).collector
    if not isinstance(collector, Estimating):
        click.echo(f"{name} costs nothing, or its platform does not say beforehand", err=True)
        return
    asking: dict[str, float] = {}
    for found in collector.estimates(build_watches(settings)):
        click.echo(f"{found.posts} posts in 7 days, {found.cost:.2f} {found.unit} to read: {found.query}")
        asking[found.unit] = asking.get(found.unit, 0.0) + found.asking
    for unit, cost in asking.items():
        click.echo(f"asking cost {cost:g} {unit}, which no budget counts", err=True)


def _mentions(pages: "Iterator[Page]", skipped: dict[str, int]) -> "Iterator[Mention]":
    for page in pages:
        for reason, count in page.skipped:
            skipped[reason] = skipped.get(reason, 0) + count
        yield from page.mentions


@click.command("send-test")
@click.argument("target")
@with_config
def send_test(target: str, config: Path) -> None:
    """Send a test message to a configured target, outside the outbox.

    \b
    Example:  umbrage send-test support
    """
    from monitor.app import build_targets, clock
    from monitor.core.message import Message, Tone, moment

    settings = settings_of(config)
    found = _named("target", target, build_targets(settings))
    now = clock()
    message = Message(
        key=f"test/{now.isoformat()}",
        title="Test message from Umbrage",
        facts=(("Sent", moment(now)), ("Target", target)),
        why=("somebody ran umbrage send-test",),
        tone=Tone.GOOD,
    )
    receipt = found.notifier.send(message, None)
    click.echo(f"sent to {target}" + (f" ({receipt.reference})" if receipt.reference else ""), err=True)


@click.command()
@click.argument("post")
@with_config
def explain(post: str, config: Path) -> None:
    """Tell the whole story of one post, named by its id or address, or list the posts of a cause, named by its key.

    Matched by what, scored by which model, filed where, told to whom and when, or why not.

    \b
    Examples:  umbrage explain https://social.example/@ann/42
               umbrage explain topic-2026-11/acme/delivery/17
    """
    from monitor.app import LazyClassifier, clock, open_store
    from monitor.explain import explain as story
    from monitor.explain import explain_cause
    from monitor.rules import build_rules
    from monitor.store.report import Report

    settings = settings_of(config)
    store = open_store(settings.store, migrate=False)
    report = Report(store.engine)
    classifier = LazyClassifier(settings.classifier)
    lines = explain_cause(report, post) or story(
        report, post, build_rules(settings), clock(), lambda model, text: classifier.explained(text, model)
    )
    if not lines:
        raise click.ClickException(
            f"no stored post has the id or address {post!r}; it was not collected, or it matched no watched brand "
            "(umbrage try SOURCE shows what a source reads and what matches)"
        )
    click.echo("\n".join(lines))


def _named(kind: str, name: str, found: dict[str, T]) -> T:
    """The source or target of that name; otherwise the names there are, and the nearest."""
    from monitor.registry import nearest

    if name not in found:
        there = ", ".join(found) or "none"
        raise click.ClickException(f"no {kind} is called {name!r}; there are: {there}{nearest(name, found)}")
    return found[name]


def _missing_in(chosen: "BaseModel", place: str) -> list[str]:
    from pydantic import BaseModel

    from monitor.secret import Secret

    problems = []
    for name, value in chosen:
        if isinstance(value, Secret):
            problem = value.is_available()
            problems += [f"{place}.{name}: {problem}"] if problem else []
        elif isinstance(value, BaseModel):
            problems += _missing_in(value, f"{place}.{name}")
    return problems


def _missing_secrets(settings: "Settings") -> list[str]:
    from monitor.config import options
    from monitor.config import plugins as all_plugins

    problems = []
    for kind, place, plugin in all_plugins(settings):
        problems += _missing_in(options(kind, plugin)[1], place)
    if settings.slack is not None:
        own = settings.slack
        tokens = {"token": own.token, "app_token": own.app_token, "signing_secret": own.signing_secret}
        problems += [
            f"slack.{name}: {problem}" for name, token in tokens.items() if token and (problem := token.is_available())
        ]
    for number, orders in enumerate(settings.orders):
        if orders.secret is not None and (problem := orders.secret.is_available()):
            problems.append(f"orders.{number}.secret: {problem}")
    password = settings.store.password
    if password is not None and (problem := password.is_available()):
        problems.append(f"store.password: {problem}")
    return problems


COMMANDS = (check, plugins, try_command, send_test, explain)
