"""What is said about a surge: one notice, edited in place; growth and end stand under it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from monitor.core.digest import Words
from monitor.core.mark import Mark, Marked, standing
from monitor.core.message import Message, Tone, duration, moment
from monitor.core.quoting import quoted
from monitor.core.spread import Together
from monitor.core.surge import HOUR, MOSTLY, TALKS, Crowd, Excess, Kind, Surge
from monitor.core.wording import SPREAD, topic_name

NOT_A_SURGE = {
    Kind.COPIES: "Not a surge: copies of one post",
    Kind.ONE_AUTHOR: "Not a surge: one person",
    Kind.COPIED_TALK: "Much talk, few complaints: copies of one post",
    Kind.TALK: "Much talk, few complaints",
}

SAID = "Said about it"
LAST_SAID = 3
SURE = 1.64
"""Standard errors between two hours: chance alone calls one in twenty growing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a notice shows: the window that stands out, who speaks in it, the first post, some quotes, and the words
    that set it apart. ``topics`` and ``platforms`` are those that move most people, with their number; ``lately`` are
    people in the last hour and in the hour before. ``spread`` is that of its posts, where a platform tells it.
    """

    excess: Excess
    crowd: Crowd
    quotes: Sequence[Words]
    first: Words | None
    terms: Sequence[str]
    topics: Sequence[tuple[str, int]]
    platforms: Sequence[tuple[str, int]]
    lately: tuple[int, int]
    is_young: bool
    spread: Together | None = None


def write_surge(surge: Surge, shown: Evidence) -> Message:
    """The notice as it stands now."""
    found = shown.excess
    facts = [
        ("Now", f"{found.people} people in {_hours(found.hours)}"),
        ("Usual at this hour of the week", f"{found.expected:.1f}"),
        ("That is", f"{found.ratio:.1f} times as many"),
        ("Posts", _posts(shown.crowd)),
        ("Last hour", f"{shown.lately[0]} people, the hour before {shown.lately[1]}"),
    ]
    if surge.kind not in TALKS:
        facts.append((SPREAD, _spread(surge, shown)))
    if shown.terms:
        facts.append(("Words that set it apart", ", ".join(shown.terms)))
    if not surge.topic and shown.topics:
        facts.append(("About", ", ".join(f"{topic_name(topic)} ({count})" for topic, count in shown.topics)))
    if not surge.platform and len(shown.platforms) > 1:
        facts.append(("On", ", ".join(f"{platform} ({count})" for platform, count in shown.platforms)))
    if shown.first is not None:
        facts.append(("First post", moment(shown.first.posted_at)))
    return Message(
        key=surge.key,
        title=title(surge),
        quotes=tuple(quoted(one) for one in shown.quotes),
        facts=tuple(facts),
        why=(_why(shown),),
        tone=_tone(surge),
    )


def write_said(notice: Message, surge: Surge, said: Sequence[Marked]) -> Message:
    """The notice as it was, with how the surge stands now, what people said about it, and what they can say."""
    last = standing(said)
    surge = replace(surge, mark=last.mark if last else None)
    facts = tuple((name, value) for name, value in notice.facts if name != SAID)
    words = tuple((SAID, f"{_named(one)}, {moment(one.at)}") for one in said[-LAST_SAID:])
    shown = replace(notice, title=title(surge), tone=_tone(surge), facts=(*facts, *words))
    is_opened = any(one.mark is Mark.INCIDENT for one in said)
    return replace(shown, surge=surge.id, offers=_offers(surge, is_opened))


def write_growth(surge: Surge, before: int) -> Message:
    """One line when there are twice as many people as were last told."""
    return Message(
        key=f"{surge.key}/people/{surge.people}",
        title=f"Growing: {surge.people} people since {moment(surge.first_at)}, {before} when this was last said",
        tone=Tone.GROWING,
        thread=surge.key,
    )


def write_end(surge: Surge) -> Message:
    """One line when it is over."""
    ended = surge.ended_at or surge.told_at
    return Message(
        key=f"{surge.key}/over",
        title=f"Over: as many as usual again after {duration(ended - surge.first_at)}, {surge.people} people in all",
        tone=Tone.QUIET,
        thread=surge.key,
    )


def title(surge: Surge) -> str:
    """What it is, in which topic or on which platform, of which brand."""
    where = topic_name(surge.topic) if surge.topic else f"on {surge.platform}" if surge.platform else ""
    about = f"{where} · {surge.brand}" if where else surge.brand
    if surge.kind is not Kind.SURGE:
        return f"{NOT_A_SURGE[surge.kind]} · {about}"
    word = "False alarm" if surge.mark is Mark.FALSE else "Surge of complaints"
    is_known = ", known issue" if surge.mark is Mark.KNOWN else ""
    return f"{word}{is_known}{', over' if surge.ended_at else ''} · {about}"


def _tone(surge: Surge) -> Tone:
    is_news = surge.kind is Kind.SURGE and surge.ended_at is None and surge.mark is None
    return Tone.GROWING if is_news else Tone.QUIET


def _offers(surge: Surge, is_opened: bool) -> tuple[str, ...]:
    """What can be said: of what is over only whether it was one."""
    if surge.kind is not Kind.SURGE:
        return ()
    if surge.mark is Mark.FALSE:
        return ("real",)
    known = ("known",) if surge.mark is None else ()
    mute = ("mute",) if surge.topic else ()
    incident = ("incident",) if surge.topic and not is_opened else ()
    return ("false",) if surge.ended_at else (*incident, *known, *mute, "false")


def _named(said: Marked) -> str:
    return f"{said.mark} until {moment(said.until)}, by {said.name}" if said.until else f"{said.mark}, by {said.name}"


def _why(shown: Evidence) -> str:
    said = f"chance alone brings that once in {_odds(shown.excess.chance)} such windows"
    return f"{said}; the baseline is less than a week old" if shown.is_young else said


def _spread(surge: Surge, shown: Evidence) -> str:
    """Whether it spreads: by reposts, or else by people once two hours of it can be compared, or else unknown."""
    if shown.spread is not None:
        measured = "1 post" if shown.spread.posts == 1 else f"{shown.spread.posts} posts"
        count = f"{shown.spread.reposts} reposts of the {measured} measured"
        return f"growing, {count}, {shown.spread.per_hour:.0f} an hour" if shown.spread.is_growing else f"flat, {count}"
    if surge.told_at - surge.first_at < 2 * HOUR:
        return "unknown: it is too young, and no reposts were measured"
    last, before = shown.lately
    errors = (last - before) / sqrt(max(1, last + before))
    how = "growing" if errors > SURE else "fading" if errors < -SURE else "flat"
    return f"{how}, by people who join in; no reposts were measured"


def _posts(crowd: Crowd) -> str:
    said = f"{crowd.posts} by {crowd.people} people"
    if crowd.copies >= MOSTLY * crowd.posts:
        return f"{said}; {crowd.copies} are copies of one post"
    return f"{said}; {crowd.by_one} by one person" if crowd.by_one >= MOSTLY * crowd.posts else said


def _odds(chance: float) -> str:
    times = 1 / max(chance, 1e-12)
    return f"{10 ** int(len(str(int(times))) - 1):,}" if times < 1e9 else "over a billion"


def _hours(hours: int) -> str:
    return "the last hour" if hours == 1 else f"the last {hours} hours"
