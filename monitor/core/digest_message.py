"""The digest as messages: a summary that stands in the channel, and what stands under it for those who want more."""

from monitor.core.digest import Digest
from monitor.core.digest_view import Section, chart_of, headline, sections
from monitor.core.message import Message, Tone

SUMMED_UP = ("story", "basics", "outcomes")
"""Sections whose lines stand in the summary."""


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
    return [summary, *(_detail(section, key) for name, section in found.items() if name not in SUMMED_UP)]


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
