"""The digest as messages: a summary that stands in the channel, and what stands under it for those who want more."""

from dataclasses import replace

from monitor.core.digest import Digest
from monitor.core.digest_view import Section, chart_of, headline, sections
from monitor.core.message import Menu, Message, Tone
from monitor.core.wording import topic_name

SUMMED_UP = ("story", "basics", "outcomes")
"""Sections whose lines stand in the summary."""

ASKED = {"more": "More like this", "owner": "Who has this?", "give": "Give it to…", "topic": "Wrong topic?"}
"""What people can ask about a problem, or do with it, in a channel with buttons."""


def write_digest(digest: Digest, key: str) -> list[Message]:
    """The summary, and under it the details; a quiet span is one line."""
    title = headline(digest)
    if digest.is_quiet:
        return [Message(key=key, title=title, tone=Tone.GOOD, digest=digest.to_json())]
    found = {section.key: section for section in sections(digest)}
    lines = [line for name in SUMMED_UP if name in found for line in found[name].lines]
    blind = sorted({one.source for one in digest.honesty.blind})
    not_seen = (("Not seen everywhere", f"{', '.join(blind)}; see below"),) if blind else ()
    summary = Message(
        key=key,
        title=title,
        quotes=found["problems"].quotes if "problems" in found else (),
        facts=(*((line.name, line.value) for line in lines), *not_seen),
        tone=Tone.QUIET,
        chart=chart_of(digest),
        digest=digest.to_json(),
    )
    details = [_detail(section, key) for name, section in found.items() if name not in SUMMED_UP]
    return [summary, *(replace(one, menus=_menus(digest)) if one.key == f"{key}/problems" else one for one in details)]


def _menus(digest: Digest) -> tuple[Menu, ...]:
    """What can be asked about a problem, each named by the case that is quoted for it."""
    span = f"{digest.window.start.timestamp():.0f}:{digest.window.end.timestamp():.0f}"
    numbers = [(topic_name(one.topic), (one.quote.case or "").removeprefix("case/")) for one in digest.problems]
    choices = tuple((name, f"{number}:{span}") for name, number in numbers if number)
    return tuple(Menu(name=name, label=label, choices=choices) for name, label in ASKED.items()) if choices else ()


def _detail(section: Section, key: str) -> Message:
    """A section under the summary; the quotes of the problems stand in it already."""
    return Message(
        key=f"{key}/{section.key}",
        title=section.title,
        quotes=() if section.key == "problems" else section.quotes,
        facts=tuple((line.name, line.value) for line in section.lines),
        tone=Tone.QUIET,
        thread=key,
    )
