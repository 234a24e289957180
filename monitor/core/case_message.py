"""The words about one customer's case: its message, what stands under it, and what is said of every step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.abuse import mask
from monitor.core.case import OVERRULED, Case, Move, State, Step, named
from monitor.core.cause import Complaint
from monitor.core.clocks import Staffed, customer_waits, team_waits
from monitor.core.doors import doors
from monitor.core.level import REPEATED, Level
from monitor.core.level import named as level_name
from monitor.core.message import DETAILS, Message, Quote, Tone, duration, moment
from monitor.core.playbook import NONE, Playbook, playbook_of
from monitor.core.reply import ask_again, suggest
from monitor.core.text import excerpt
from monitor.core.timers import FOLLOW_UPS, Due, Timer
from monitor.core.trend import Lately, similar
from monitor.core.wording import ALTOGETHER, facts_of, foremost, quote_of, quoting, topic_name, why_of, without_wait

STATUS = "Status"
OFFERS = ("take", "assign", "not_a_complaint", "snooze", "more")
NEXT = {State.TAKEN: "answer", State.ANSWERED: "done", State.DONE_BY_US: "close"}
"""What is to be done next in a case that somebody has."""

OFFERS_AFTER = ("reopen",)
EVIDENCE, SPLIT = "satisfied", "split"
FULL_TEXT = 2_500
EARLIER_CHARS = 140
FEW = 5
"""Below so many posts there is too little to say about a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A post that somebody wrote before, and how the case ended that it was in, if it was in one."""

    post: str
    text: str
    url: str | None
    posted_at: datetime
    case: int | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """A post that a complaint answers, or that is answered by one that it answers. ``is_own``: we wrote it."""

    post: str
    text: str
    url: str | None
    posted_at: datetime
    author: str | None
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """What we have seen of somebody since ``since``: posts about us, complaints among them, cases, and the last few."""

    posts: int
    complaints: int
    cases: int
    satisfied: int
    since: datetime
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """An earlier case about the same thing, what helped, and the words in which we answered last."""

    key: str
    ended_at: datetime
    remedy: str
    reply: str | None = None
    reply_url: str | None = None


def write_case(
    case: Case,
    complaints: Sequence[Complaint],
    words: Sequence[str],
    staffed: Staffed,
    now: datetime,
    lately: Lately | None = None,
) -> Message:
    """The message about a case: one look says what, to whom, how bad, who has it, and how long the customer waits."""
    complaint = foremost(complaints)
    more = [(ALTOGETHER, f"{len(complaints)} posts")] if len(complaints) > 1 else []
    if lately and (others := similar(lately)):
        more.append((f"Also about {topic_name(case.topic)}", others))
    message = Message(
        key=f"{case.key}/{complaint.platform}:{complaint.id}",
        title="",
        quotes=(quote_of(complaint, now),),
        facts=(*facts_of(complaint), *more),
        why=(*case.reasons, *why_of(complaint, words)),
        case=case.id,
        pings=("here",) if case.level == 1 else (),
    )
    return restated(message, case, staffed, now, is_kept=True)


def restated(message: Message, case: Case, staffed: Staffed, now: datetime, *, is_kept: bool) -> Message:
    """The message as the case stands now. What should never have been said collapses, unless it is to be kept whole."""
    facts = tuple(fact for fact in message.facts if fact[0] != STATUS)
    status = status_of(case, staffed, now)
    message = replace(
        message,
        title=_title(case),
        quotes=tuple(map(without_wait, message.quotes)) if status else message.quotes,
        facts=(((STATUS, status), *facts) if status else facts),
        tone=_tone(case),
        offers=offers_of(case),
        why=(*(reason for reason in case.reasons if reason not in message.why), *message.why),
    )
    if case.state in OVERRULED and not is_kept:
        return replace(message, quotes=(), facts=(), why=())
    return message


def offers_of(case: Case) -> tuple[str, ...]:
    """The steps that a message offers, the next one first."""
    if not case.is_open:
        return OFFERS_AFTER
    return (NEXT.get(case.state, OFFERS[0]) if case.owner else OFFERS[0], *OFFERS[1:])


def status_of(case: Case, staffed: Staffed, now: datetime) -> str:
    """Where a case stands, with both clocks; never one without the other. Empty while nothing has happened in it."""
    if case.state is State.NEW and not case.owner and not case.version:
        return ""
    parts = [named(case.state)]
    if case.owner_name:
        parts.append(f"with {excerpt(case.owner_name, 60)}")
    if case.is_snoozed(now) and case.snoozed_until:
        parts.append(f"snoozed until {moment(case.snoozed_until)}")
    return " · ".join((*parts, clocks(case, staffed, now)))


def clocks(case: Case, staffed: Staffed, now: datetime) -> str:
    """Both waits in words."""
    team = team_waits(case, staffed, now)
    said = f"customer {'waited' if case.state is State.SATISFIED else 'waits'} {duration(customer_waits(case, now))}"
    return f"team wait {duration(team)} · {said}" if team is not None else said


def edit_of_case(message: Message, case: Case) -> Message:
    """What takes the place of a case's message, once for each version of the case."""
    return replace(message, key=f"{message.key}/version/{case.version}", thread=message.key, edits=True, pings=())


def write_more(case: Case, complaints: Sequence[Complaint], parent: str, now: datetime) -> Message:
    """More posts of a case that a target knows: the customer again, or copies of what they wrote.

    What joined by itself may be about something else; one click says so.
    """
    message = quoting(complaints, now)
    first = foremost(complaints)
    return replace(
        message,
        key=f"{case.key}/{first.platform}:{first.id}",
        title=f"{len(complaints)} more · {topic_name(case.topic)} · {case.brand}",
        thread=parent,
        quotes=tuple(replace(quote, case=case.id, offers=(SPLIT,)) for quote in message.quotes),
    )


def taken_out(message: Message, posts: Collection[str], case: int) -> Message:
    """The message after some of the posts that it quotes, by their keys, got a case of their own."""
    quotes = (
        replace(quote, case=None, offers=(), where=f"{quote.where} · case/{case} now") if quote.post in posts else quote
        for quote in message.quotes
    )
    return replace(message, quotes=tuple(quotes))


def write_details(
    case: Case,
    complaint: Complaint,
    author: Author | None,
    similar: Sequence[Similar],
    parent: str,
    playbook: Playbook = NONE,
    above: Sequence[Above] = (),
) -> Message:
    """What stands under a case's message at once: all the words and what they answer, who it is, what helped others,
    what might be said.
    """
    facts = [("Who", _who(author))]
    facts += [(f"Helped in {one.key}", _helped(one)) for one in similar[:3]]
    links = [(f"Our reply in {one.key}", one.reply_url) for one in similar[:3] if one.reply_url]
    if playbook.link:
        links.insert(0, (f"Playbook for {topic_name(case.topic)}", playbook.link))
    facts += [
        (f"Suggested reply · {label}", sentence) for label, sentence in suggest(case.topic, bool(doors(complaint.text)))
    ]
    if playbook.remedies:
        facts.append(("Allowed remedies", "; ".join(playbook.remedies)))
    facts.append(("To close", "a link to the customer's own later words, or your note of what they said"))
    return Message(
        key=f"{parent}{DETAILS}",
        title=f"{case.key}: all of it",
        quotes=(
            Quote(
                text=excerpt(mask(complaint.text), FULL_TEXT) or "(no words)",
                where=complaint.platform,
                url=complaint.url,
                post=f"{complaint.platform}:{complaint.id}",
            ),
            *(_above(one) for one in above),
            *(_earlier(one) for one in (author.earlier if author else ())),
        ),
        facts=tuple(facts),
        links=tuple(links),
        tone=Tone.QUIET,
        thread=parent,
    )


def with_playbook(message: Message, case: Case, playbooks: Sequence[Playbook]) -> Message:
    """The message with what else would stand under it, for channels in which nothing can."""
    found = playbook_of(playbooks, case)
    remedies = (("Allowed remedies", "; ".join(found.remedies)),) if found.remedies else ()
    links = ((f"Playbook for {topic_name(case.topic)}", found.link),) if found.link else ()
    return replace(message, facts=(*message.facts, *remedies), links=links)


def write_line(
    case: Case,
    move: Move,
    parent: str,
    staffed: Staffed,
    now: datetime,
    *,
    quote: Quote | None = None,
    is_named: bool = False,
) -> Message:
    """One line for a step, which calls nobody but an owner whose case has become worse. Among others it is named.

    ``quote`` are the words that the step is about. Words of the customer that are no complaint may be what shows that
    they are satisfied: one click closes the case with them.
    """
    is_evidence = move.step is Step.SPOKE and case.state is not State.SATISFIED and quote is not None and quote.url
    facts = [("Note", move.note)] if move.note else []
    if move.remedy:
        facts.append(("Done", move.remedy))
    if move.evidence:
        facts.append(("Evidence", move.evidence))
    name = f"{case.key}: " if is_named else ""
    return Message(
        key=f"{parent}/{name}step/{move.key}",
        title=f"{name}{_said(case, move)} · {clocks(case, staffed, now)}",
        facts=tuple((name, excerpt(value, 400)) for name, value in facts),
        tone=Tone.GOOD if case.state is State.SATISFIED else Tone.QUIET,
        thread=parent,
        quotes=(quote,) if quote else (),
        case=case.id if is_evidence else None,
        offers=(EVIDENCE,) if is_evidence else (),
        pings=_called(case, move),
    )


def write_nudge(
    case: Case, timer: Timer, parent: str, pings: tuple[str, ...], staffed: Staffed, now: datetime
) -> Message:
    """Something is due: said under the case's message to those who are to do it, with a draft of what to ask."""
    is_last = case.done_at is not None and timer.at - case.done_at >= FOLLOW_UPS[-1]
    draft = (("Draft", ask_again(is_last)),) if timer.due is Due.FOLLOW_UP else ()
    return Message(
        key=f"{parent}/{timer.key}",
        title=f"{_DUE[timer.due]} · {clocks(case, staffed, now)}",
        facts=draft,
        tone=Tone.QUIET,
        thread=parent,
        pings=pings,
    )


def has_failed_again(case: Case, move: Move) -> bool:
    """Whether the customer's new words say that what we did has failed."""
    return move.step is Step.WROTE_AGAIN and move.level == case.level and REPEATED in move.reasons


def _called(case: Case, move: Move) -> tuple[str, ...]:
    """The owner, when the customer's new words make it more urgent. Whoever is given a case is told in private."""
    return (case.owner,) if case.owner and has_failed_again(case, move) else ()


def _level(case: Case) -> str:
    return level_name(Level(case.level))


def _title(case: Case) -> str:
    word = _level(case) if case.is_open else named(case.state).capitalize()
    return f"{word} · {topic_name(case.topic)} · {case.brand}"


def _tone(case: Case) -> Tone:
    if case.state is State.SATISFIED:
        return Tone.GOOD
    if not case.is_open:
        return Tone.QUIET
    return Tone.ALERT if case.level < Level.GENTLE else Tone.GENTLE


def _who(author: Author | None) -> str:
    if author is None:
        return "not known"
    if author.posts <= 1:
        return "first time seen"
    known = f"{author.posts} posts about us since {author.since:%Y-%m-%d}"
    if author.posts < FEW:
        return f"{known}; too little to say"
    return f"{known}, {author.complaints} of them complaints; {author.cases} cases, {author.satisfied} satisfied"


def _above(one: Above) -> Quote:
    who = "we wrote" if one.is_own else f"{excerpt(one.author, 60)} wrote" if one.author else "somebody wrote"
    return Quote(
        text=excerpt(mask(one.text), EARLIER_CHARS) or "(no words)",
        where=f"above it {who} · {moment(one.posted_at)}",
        url=one.url,
        post=one.post,
    )


def _earlier(one: Earlier) -> Quote:
    ended = f"case/{one.case}: {named(one.state)}" if one.case is not None and one.state else "no complaint"
    return Quote(
        text=excerpt(mask(one.text), EARLIER_CHARS) or "(no words)",
        where=f"before · {moment(one.posted_at)} · {ended}",
        url=one.url,
        post=one.post,
    )


def _helped(one: Similar) -> str:
    wrote = f" · we wrote: “{excerpt(one.reply, 180)}”" if one.reply else ""
    return f"{excerpt(one.remedy, 200)}{wrote}"


def _said(case: Case, move: Move) -> str:
    who = excerpt(move.name, 60)
    if move.step is Step.ASSIGN:
        return f"{who} gave it to {excerpt(move.to_name or move.to or '', 60)}"
    if move.step is Step.SNOOZE and move.until:
        return f"{who} snoozed it until {moment(move.until)}"
    if move.step is Step.CLOSE:
        return f"{who} closed it: {named(case.state)}"
    if move.step is Step.DO_NOT_ENGAGE and move.until:
        return f"{_SAID[move.step].format(who=who)}; nor anything of this person until {moment(move.until)}"
    return _SAID[move.step].format(who=who)


_SAID = {
    Step.TAKE: "{who} took it",
    Step.TAKE_OVER: "{who} took it over",
    Step.ANSWER: "{who} answered in public",
    Step.DONE: "Done by us, said {who}; not over before the customer says so",
    Step.NOT_A_COMPLAINT: "{who} said: not a complaint; the same words of the same person will not alert again",
    Step.NOT_ABOUT_US: "{who} said: not about us; the same words of the same person will not alert again",
    Step.DUPLICATE: "{who} said: a duplicate",
    Step.DO_NOT_ENGAGE: "{who} decided that nobody answers; this is no success, and the customer's clock goes on",
    Step.ESCALATE: "{who} escalated it",
    Step.LOWER: "{who} said that it can wait",
    Step.SPREAD: "It spreads fast: act now",
    Step.TOPIC: "{who} said what it is about",
    Step.NOTE: "{who} noted",
    Step.REOPEN: "{who} opened it again; the first clock goes on",
    Step.WROTE_AGAIN: "The customer wrote again",
    Step.SPOKE: "The customer wrote, and it is no complaint",
    Step.CHANGED: "The customer changed what they wrote, after our answer",
    Step.ANSWER_SEEN: "{who} answered in public",
    Step.BEGAN_EARLIER: "The post itself was read now; the customer's clock begins when it was written",
    Step.SPLIT: "{who} took out a post that is about something else",
    Step.SILENT: f"The customer has been silent for {duration(timedelta(days=14))}: nobody knows how it ended",
    Step.NUDGE: "Reminded",
}

_DUE = {
    Due.SECOND_PERSON: "Nobody has taken this yet",
    Due.LEAD: "Still nobody has taken this",
    Due.UPDATE: "The customer has not heard from us for a day: an update is due, or a note why not",
    Due.FOLLOW_UP: "Follow-up due: is the customer satisfied? Ask, and keep their words as evidence",
    Due.SNOOZE_OVER: "The snooze is over",
    Due.SILENCE: "Silent",
}
