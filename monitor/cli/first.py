"""``umbrage init``: at most five questions, and a configuration that works at once, with sources that need no key."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from monitor.cli.common import DEFAULT_CONFIG

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")


@dataclass(frozen=True)
class _Keyless:
    """A source that needs no key: its name in the file, what it reads, its plugin, and the library that needs."""

    name: str
    what: str
    use: str
    every: str
    library: str | None = None
    extra: str | None = None


_KEYLESS = (
    _Keyless("bluesky", "everything on Bluesky, as it is posted", "bluesky_stream", "1m"),
    _Keyless("reddit", "Reddit's public feeds, a partial view", "reddit_feeds", "10m"),
    _Keyless("mastodon", "hashtags on mastodon.social", "mastodon", "5m", "mastodon", "mastodon"),
    _Keyless("hackernews", "Hacker News", "hackernews", "5m"),
    _Keyless("lemmy", "Lemmy, on lemmy.world", "lemmy", "10m"),
)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_CONFIG)
@click.option("--example", is_flag=True, help="Ask nothing; write every setting with its explanation.")
def init(path: Path, example: bool) -> None:
    """Ask at most five questions and write a configuration that works at once, with sources that need no key.

    Where nobody can answer, as in a script, the commented example is written, with every setting.

    \b
    Examples:  umbrage init
               umbrage init --example everything.toml
    """
    if path.exists():
        raise click.ClickException(f"{path} exists already; nothing was changed")
    if example or not sys.stdin.isatty():
        from monitor.example import example_config

        _write(path, example_config())
        click.echo(f"wrote {path}; name your brand in it, then: umbrage check -c {path}")
        return
    text, slack = _asked()
    _write(path, text)
    option = "" if path == DEFAULT_CONFIG else f" -c {path}"
    click.echo(f"\nwrote {path}. Every other setting: umbrage init --example everything.toml\n")
    if slack:
        click.echo("  export UMBRAGE_SLACK_TOKEN=xoxb-…   # docs/slack.md shows how to get one")
    click.echo(f"  umbrage check{option}                # finds whatever is wrong")
    click.echo(f"  umbrage run{option}                  # listens")


def _asked() -> tuple[str, bool]:
    """The five questions; the text of the configuration, and whether it needs a Slack token."""
    brand = click.prompt("What is the brand called", value_proc=_name)
    terms = _split(_open("Other names, products, domains, misspellings (commas between)"))
    handles = _split(_open("Your own accounts, such as @acme (commas between)"))
    offered = [source for source in _KEYLESS if source.library is None or find_spec(source.library)]
    click.echo("Where to listen? None of these needs a key:")
    for number, source in enumerate(offered, 1):
        click.echo(f"  {number}  {source.name:11} {source.what}")
    for source in _KEYLESS:
        if source not in offered:
            click.echo(f"     {source.name:11} needs: pip install 'umbrage[{source.extra}]'")
    chosen = _open("Numbers, or Enter for all", _choice(offered))
    channel = _open("Alerts: Enter for this terminal, or the ID of a Slack channel", _channel)
    return "\n".join(_lines(brand, terms, handles, chosen, channel)) + "\n", bool(channel)


def _open(question: str, read: Callable[[str], Any] | None = None) -> Any:
    """A question that Enter answers too."""
    return click.prompt(question, default="", show_default=False, value_proc=read)


def _lines(
    brand: str, terms: Sequence[str], handles: Sequence[str], sources: Sequence[_Keyless], channel: str
) -> Iterator[str]:
    names = list(dict.fromkeys([brand, *terms]))
    yield "# Written by umbrage init. Every other setting is explained by: umbrage init --example everything.toml"
    yield "\n[[brands]]"
    yield f"name = {_quoted(brand)}"
    yield f"terms = {_list(names)}"
    yield f"handles = {_list(handles)}"
    yield "# What these write is kept as your own words and never alerted."
    yield f"own_accounts = {_list([handle.removeprefix('@') for handle in handles])}"
    yield "# A post with one of these is about something else."
    yield "exclude = []"
    for source in sources:
        yield f"\n# {source.what[0].upper()}{source.what[1:]}."
        yield f"[sources.{source.name}]"
        yield f'use = "{source.use}"'
        yield f'every = "{source.every}"'
    if channel:
        yield "\n[targets.support]"
        yield 'use = "slack"'
        yield f"channel = {_quoted(channel)}"
        yield 'token = { env = "UMBRAGE_SLACK_TOKEN" }'
    else:
        yield "\n[targets.terminal]"
        yield 'use = "console"'


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise click.BadParameter("a brand has a name")
    return name


def _choice(offered: Sequence[_Keyless]) -> Callable[[str], list[_Keyless]]:
    def choose(text: str) -> list[_Keyless]:
        numbers = re.findall(r"\d+", text)
        if not text.strip():
            return list(offered)
        if not numbers or any(not 1 <= int(number) <= len(offered) for number in numbers):
            raise click.BadParameter(f"numbers from 1 to {len(offered)}, such as: 1 3")
        return [offered[int(number) - 1] for number in dict.fromkeys(numbers)]

    return choose


def _channel(text: str) -> str:
    name = text.strip()
    if name and not _CHANNEL.fullmatch(name):
        raise click.BadParameter("the ID is at the bottom of the channel's details, like C024BE91L; names change")
    return name


def _split(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(",") if part.strip()]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, texts)) + "]"


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} exists already; nothing was changed") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


COMMANDS = (init,)
