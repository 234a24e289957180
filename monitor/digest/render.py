"""The digest as text, Markdown and an HTML page. Everything a stranger wrote is escaped here and nowhere else."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from textwrap import wrap
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.core.digest import Digest
from monitor.core.digest_view import Section, chart_of, headline, sections, span_name
from monitor.core.message import Chart, Quote, moment
from monitor.core.text import clean, visible
from monitor.slack.safety import web_link

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&:@])")
_SPACE = re.compile(r"\s+")
URL = 3_000
WIDTH, BAR = 100, 40
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def text(digest: Digest) -> str:
    """Lines for a terminal."""
    return "\n".join(_text(digest)) + "\n"


def markdown(digest: Digest) -> str:
    """CommonMark; no character of a post can become markup."""
    return "\n".join(_markdown(digest)) + "\n"


def page(digest: Digest) -> str:
    """One self-contained HTML page: no script, nothing loaded from anywhere."""
    return str(template("page.html").render(**content(digest)))


def as_json(digest: Digest) -> str:
    """What ``docs/digest.schema.json`` describes."""
    return json.dumps(digest.to_json(), ensure_ascii=False, indent=1) + "\n"


FORMATS: Mapping[str, Callable[[Digest], str]] = {"text": text, "markdown": markdown, "html": page, "json": as_json}


def content(digest: Digest) -> dict[str, Any]:
    """What the templates show."""
    return {
        "title": headline(digest),
        "brand": digest.brand,
        "span": span_name(digest),
        "hours": digest.window.hours,
        "zone": digest.zone,
        "made_at": moment(digest.made_at),
        "is_quiet": digest.is_quiet,
        "is_late": digest.is_late,
        "sections": [] if digest.is_quiet else list(sections(digest)),
        "chart": chart_of(digest),
        "posts": digest.posts,
    }


@cache
def template(name: str) -> Any:
    """A template by its name; it escapes whatever it shows."""
    environment = Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"address": address, "one_line": one_line}
    return environment.get_template(name)


def address(url: str | None) -> str | None:
    """A web address that may be a link, or nothing."""
    link = web_link(url, URL)
    return link.url if link else None


def one_line(text: str) -> str:
    """A text without line breaks, and without what hides or turns round what stands beside it."""
    return _SPACE.sub(" ", visible(clean(text))).strip()


def _text(digest: Digest) -> Iterator[str]:
    yield one_line(headline(digest))
    if digest.is_quiet:
        return
    for section in sections(digest):
        yield f"\n{one_line(section.title).upper()}"
        for line in section.lines:
            yield from wrap(f"{one_line(line.name)}: {one_line(line.value)}", WIDTH, subsequent_indent="    ")
            yield from (f"    see {address(url) or one_line(words)}" for words, url in line.links)
        for quote in section.quotes:
            yield from wrap(f"“{one_line(quote.text)}”", WIDTH, initial_indent="  ", subsequent_indent="  ")
            yield f"    {one_line(quote.where)}  {address(quote.url) or ''}".rstrip()
        if section.key == "basics" and (chart := chart_of(digest)):
            yield from bars(chart)
    yield f"\n{one_line(_footer(digest))}"


def bars(chart: Chart) -> Iterator[str]:
    """A chart of characters."""
    largest = max(1, *(value for _, value in chart.bars))
    room = max(len(label) for label, _ in chart.bars)
    yield f"\n{one_line(chart.title)}"
    for label, value in chart.bars:
        length = value * BAR * 8 // largest
        yield f"  {label:>{room}}  {'█' * (length // 8)}{_EIGHTHS[length % 8]} {value}"


def _markdown(digest: Digest) -> Iterator[str]:
    yield f"# {_escaped(headline(digest))}"
    if digest.is_quiet:
        return
    for section in sections(digest):
        yield f"\n## {_escaped(section.title)}\n"
        yield from _section(section)
        if section.key == "basics" and (chart := chart_of(digest)):
            yield from _table(chart)
    yield f"\n{_escaped(_footer(digest))}"


def _section(section: Section) -> Iterator[str]:
    for line in section.lines:
        links = [_link(words, url) for words, url in line.links]
        yield f"- **{_escaped(line.name)}**: {_escaped(line.value)}" + (f" ({', '.join(links)})" if links else "")
    for quote in section.quotes:
        yield from _quoted(quote)


def _link(words: str, url: str) -> str:
    safe = address(url)
    return f"[{_escaped(words)}](<{safe}>)" if safe else _escaped(words)


def _quoted(quote: Quote) -> Iterator[str]:
    url = address(quote.url)
    link = f" — [open](<{url}>)" if url else ""
    yield f"\n> {_escaped(quote.text)}\n>\n> {_escaped(quote.where)}{link}"


def _table(chart: Chart) -> Iterator[str]:
    yield f"\n| {_escaped(chart.title)} | |\n|---|---:|"
    for label, value in chart.bars:
        yield f"| {_escaped(label)} | {value} |"


def _footer(digest: Digest) -> str:
    hours = f"{digest.window.hours:g}"
    posts = f"{digest.posts} posts about {digest.brand}"
    return f"{posts} in {hours} hours, {digest.zone}. Made {moment(digest.made_at)}."


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", one_line(text))
