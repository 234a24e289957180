"""Themes: complaints that say the same, under an identity that stays from day to day, and how they come and go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.days import Window
from monitor.core.digest import CHANCE, NO_TALK, Talk, Words, tail
from monitor.core.text import fold

TOLD = 3
"""So many different people make a cause."""

MOST, MOST_FADING = 5, 2
WEEK = 7


@dataclass(frozen=True, slots=True)
class Near:
    """The mean cosine to a group's texts from which on a text joins it.

    ``at_first`` is that while there are too few texts to know what they have in common.
    """

    later: float
    at_first: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeTalk:
    """How much of a span's complaints belongs to one theme; ``since`` is when the first of all was posted.

    Its people are independent ones: copies of one post are one voice, whoever passed it on.
    """

    theme: int
    name: tuple[str, ...]
    since: datetime
    talk: Talk


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeCourse:
    """A theme in a span, how many people it moved in the week before, and how it goes, in a word."""

    said: ThemeTalk
    lately: int | None
    trend: str


def courses(now: Sequence[ThemeTalk], lately: Sequence[ThemeTalk] | None, span: Window) -> list[ThemeCourse]:
    """The causes worth telling: those that move most people, and what went away; ``lately`` is the week before."""
    before = None if lately is None else {one.theme: one.talk.people for one in lately}
    told = [_course_of(one, before, span) for one in now if one.talk.people >= TOLD]
    told = sorted(told, key=lambda one: (-one.said.talk.people, one.said.theme))[:MOST]
    here = {one.theme: one for one in now}
    gone = [here.get(one.theme, _silent(one)) for one in lately or ()]
    fading = [_course_of(one, before, span) for one in gone if one.theme not in {each.said.theme for each in told}]
    fading = sorted((one for one in fading if one.trend == "fading"), key=lambda one: -(one.lately or 0))
    return told + fading[:MOST_FADING]


def plainest(quotable: Sequence[Words], name: Collection[str]) -> Words:
    """The words that have most of a theme's name in them, the first of several."""

    def has(words: Words) -> int:
        return sum(fold(term) in fold(words.text) for term in name)

    return max(quotable, key=has)


def _silent(said: ThemeTalk) -> ThemeTalk:
    return ThemeTalk(theme=said.theme, name=said.name, since=said.since, talk=NO_TALK)


def _course_of(said: ThemeTalk, before: Mapping[int, int] | None, span: Window) -> ThemeCourse:
    lately = None if before is None else before.get(said.theme, 0)
    return ThemeCourse(said=said, lately=lately, trend=_trend(said, lately, span))


def _trend(said: ThemeTalk, lately: int | None, span: Window) -> str:
    """New, came back, growing, fading or as usual; empty where the week before is not known.

    It came back when nobody had said it for a week. It grows or fades when chance would do as much in fewer than one
    in twenty spans.
    """
    if lately is None:
        return ""
    if said.since >= span.start:
        return "new"
    if lately == 0:
        return "came back" if said.since < span.start - timedelta(days=WEEK) else ""
    people = said.talk.people
    expected = lately * ((span.end - span.start) / timedelta(days=WEEK))
    if people > expected and tail(people, expected) < CHANCE:
        return "growing"
    if people < expected and tail(people + 1, expected) > 1 - CHANCE:
        return "fading"
    return "as usual"
