"""The words of alerts and notices; templates over facts, nothing invented."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.abuse import mask
from monitor.core.alerting import Reason
from monitor.core.cause import Cause, Complaint
from monitor.core.doors import doors, named
from monitor.core.health import Health
from monitor.core.mention import Gap, Post
from monitor.core.message import DELETED, Message, Quote, Tone, digest_rewritten, duration, moment
from monitor.core.stake import stake
from monitor.core.text import excerpt

QUOTED = 3
QUOTE_CHARS = 280
ALTOGETHER = "Altogether"
LONGEST = "Waiting longest"
_WAITING = "waiting "
SPREAD = "Spread"

_TONE = {
    Reason.FIRST: Tone.ALERT,
    Reason.INCIDENT: Tone.ALERT,
    Reason.MORE: Tone.QUIET,
    Reason.GROWING: Tone.GROWING,
    Reason.UNUSUAL: Tone.GROWING,
}

_TROUBLE = {
    "source": ("Blind", "what is posted there meanwhile is not seen"),
    "quiet": ("Quiet", "it answers, but brings far less than it usually does at this hour of the week"),
    "refresh": ("Unsure", "posts that were deleted there may still be kept here"),
    "target": ("Mute", "messages for it wait and are not lost"),
    "step": ("Stuck", "complaints wait to be told and are not lost"),
    "report": ("Missing", "this report is not made meanwhile; alerts still go out"),
    "orders": ("Uncounted", "no rate of complaints per order can be stated meanwhile"),
    "clicks": ("Deaf", "buttons in Slack do nothing meanwhile; alerts still go out"),
    "classifier": ("Undecided", "mentions are collected and wait; no complaint is recognised meanwhile"),
}


def write_alert(
    cause: Cause,
    reason: Reason,
    complaints: Sequence[Complaint],
    voices: int,
    total: int,
    thread: str | None,
    now: datetime,
    words: Sequence[str] = (),
) -> Message:
    """One alert about the complaints of a cause that a target has not heard of yet.

    ``voices`` and ``total`` count people and posts in the whole cause. Only quiet follow-ups go under ``thread``.
    ``words`` carried the verdict on the foremost complaint.
    """
    ordered = _ordered(complaints)
    quoted = _distinct(ordered)[:QUOTED]
    return Message(
        key=f"{cause.key}/{ordered[0].platform}:{ordered[0].id}",
        title=_title(cause, reason, len(ordered), voices),
        quotes=tuple(quote_of(complaint, now) for complaint in quoted),
        facts=tuple(_facts(cause, ordered, len(ordered) - len(quoted), voices, total, now)),
        why=_why(reason, ordered, words),
        more=len(ordered) - len(quoted),
        tone=_TONE[reason],
        thread=thread if reason is Reason.MORE else None,
    )


def write_trouble(health: Health, now: datetime) -> Message:
    """A source, a target or the classifier is in trouble: said once, with what it means meanwhile."""
    since = health.troubled_since or now
    seen = f"last worked {moment(health.last_ok)}" if health.last_ok else "never worked yet"
    kind, _, name = health.name.partition("/")
    word, meaning = _TROUBLE[kind]
    return Message(
        key=f"health/{health.name}/{since.isoformat()}",
        title=f"{word}: {kind} {name} has not worked for {duration(now - since)}",
        facts=(("Problem", health.problem or "unknown"), ("Since", moment(since)), ("Before", seen)),
        why=(meaning,),
        tone=Tone.HEALTH,
    )


def write_recovery(health: Health, told_at: datetime, now: datetime) -> Message:
    """The trouble that was told at ``told_at`` is over."""
    return Message(
        key=f"health/{health.name}/{told_at.isoformat()}/over",
        title=f"Working again: {health.name.replace('/', ' ')}",
        facts=(("Trouble told", moment(told_at)), ("Works since", moment(health.last_ok or now))),
        tone=Tone.GOOD,
    )


def rewritten(message: Message, posts: Sequence[Post]) -> Message:
    """The message after posts that it quotes were edited, or deleted: those have no text any more.

    Where a message does not say which post a quote is of, as older ones do not, the address tells, and without any
    address every quote is taken away rather than one kept too long.
    """
    by_key = {post.key: post for post in posts}
    by_url = {post.url: post for post in posts if post.url}

    def changed(quote: Quote) -> Quote:
        post = by_key.get(quote.post or "") or by_url.get(quote.url or "")
        if post is None and (quote.post or quote.url):
            return quote
        if post is None or post.text is None:
            return Quote(text=DELETED, where=quote.where.split(" · ")[0], post=quote.post)
        return replace(quote, text=f"{excerpt(mask(post.text), QUOTE_CHARS)} (edited)")

    why = message.why if all(post.text is not None for post in posts) else message.why[:1]
    digest = digest_rewritten(message.digest, {post.key: post.text for post in posts})
    return replace(message, quotes=tuple(map(changed, message.quotes)), why=why, digest=digest)


def with_fact(message: Message, name: str, value: str) -> Message:
    """The message with a fact, in the place of the one that had its name."""
    if any(known == name for known, _ in message.facts):
        facts = tuple((known, value if known == name else said) for known, said in message.facts)
    else:
        facts = (*message.facts, (name, value))
    return replace(message, facts=facts)


def edit_of(message: Message, now: datetime) -> Message:
    """What takes the place of a message that was handed over already."""
    return replace(message, key=f"{message.key}/edit/{now.isoformat()}", thread=message.key, edits=True)


def write_gaps(source: str, gaps: Sequence[Gap], now: datetime) -> Message:
    """Spans that nobody will read: said once, with what it means."""
    start, end = min(gap.start for gap in gaps), max(gap.end for gap in gaps)
    spans = [f"{moment(gap.start)} to {moment(gap.end)}: {excerpt(gap.why, 200)}" for gap in gaps]
    return Message(
        key=f"gap/{source}/{start.isoformat()}/{now.isoformat()}",
        title=f"Not everything was seen: source {source}, {duration(end - start)}",
        facts=tuple(("Gap", span) for span in spans[:5]),
        why=("complaints posted there then may be missing; umbrage status lists every gap",),
        more=max(0, len(spans) - 5),
        tone=Tone.HEALTH,
    )


def foremost(complaints: Sequence[Complaint]) -> Complaint:
    """The complaint that is quoted first: the one that waits longest."""
    return _ordered(complaints)[0]


def topic_name(topic: str) -> str:
    return topic.replace("_", " ")


def _title(cause: Cause, reason: Reason, count: int, voices: int) -> str:
    about = f"{topic_name(cause.topic)} · {cause.brand}"
    if reason is Reason.GROWING:
        return f"Growing: {voices} people complain · {about}"
    if reason is Reason.UNUSUAL:
        return f"Unusual: {voices} people complain · {about}"
    if reason is Reason.INCIDENT:
        return f"Incident: {voices} {'person' if voices == 1 else 'people'} at once · {about}"
    if reason is Reason.MORE:
        return f"{count} more · {about}"
    return f"{'Complaint' if count == 1 else f'{count} complaints'} · {about}"


def quoting(complaints: Sequence[Complaint], now: datetime) -> Message:
    """A quiet message with nothing but complaints of one case, each wording once; it has no key or title yet."""
    ordered = _ordered(complaints)
    quoted = _wordings(ordered)[:QUOTED]
    quotes = tuple(quote_of(complaint, now) for complaint in quoted)
    return Message(key="", title="", quotes=quotes, more=len(ordered) - len(quoted), tone=Tone.QUIET)


def _ordered(complaints: Sequence[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda c: (c.posted_at, c.mention))


def _distinct(complaints: Sequence[Complaint]) -> list[Complaint]:
    """The first of each wording and author, so that copies do not fill a message."""
    kept: list[Complaint] = []
    words: set[str] = set()
    voices: set[str] = set()
    for complaint in complaints:
        if complaint.fingerprint not in words and complaint.voice not in voices:
            kept.append(complaint)
        words.add(complaint.fingerprint)
        voices.add(complaint.voice)
    return kept


def _wordings(complaints: Sequence[Complaint]) -> list[Complaint]:
    found: dict[str, Complaint] = {}
    for complaint in complaints:
        found.setdefault(complaint.fingerprint, complaint)
    return list(found.values())


def where(complaint: Complaint, now: datetime) -> str:
    """Platform, author, time, how long the customer has waited, and the language."""
    parts = [complaint.platform]
    if complaint.author:
        parts.append("@" + excerpt(complaint.author.removeprefix("@"), 60))
    parts += [moment(complaint.posted_at), f"{_WAITING}{duration(now - complaint.posted_at)}"]
    return " · ".join((*parts, complaint.language) if complaint.language else parts)


def without_wait(quote: Quote) -> Quote:
    """A quote in a message that says elsewhere how long the customer waits, as it stands now."""
    parts = [part for part in quote.where.split(" · ") if not part.startswith(_WAITING)]
    return replace(quote, where=" · ".join(parts))


def recounted(message: Message, posts: int, voices: int) -> Message:
    """The message of an incident with how many there are by now."""
    count = _altogether(posts, voices)
    if any(name == ALTOGETHER for name, _ in message.facts):
        return with_fact(message, ALTOGETHER, count)
    return replace(message, facts=((ALTOGETHER, count), *message.facts))


def edit_of_count(message: Message, posts: int) -> Message:
    """What takes the place of the message of an incident, once for each number of posts."""
    return replace(message, key=f"{message.key}/posts/{posts}", thread=message.key, edits=True)


def _altogether(posts: int, voices: int) -> str:
    return f"{posts} posts, {voices} {'person' if voices == 1 else 'people'}"


def facts_of(complaint: Complaint) -> tuple[tuple[str, str], ...]:
    """What is known of a complaint; what is not known is left out."""
    facts = []
    if band := complaint.severity:
        range_ = f"{band.low}" if band.low == band.high else f"{band.low}–{band.high}"
        facts.append(("Severity", f"{range_} of 4, {band.probability:.0%} sure"))
    if money := stake(complaint.text):
        facts.append(("At stake", money))
    if tried := doors(complaint.text):
        facts.append(("Tried before", ", ".join(map(named, tried))))
    if complaint.reposts:
        facts.append((SPREAD, f"{complaint.reposts} repost{'s' if complaint.reposts > 1 else ''}"))
    if complaint.followers is not None:
        facts.append(("Followers", _magnitude(complaint.followers)))
    return tuple(facts)


def why_of(complaint: Complaint, words: Sequence[str]) -> tuple[str, ...]:
    """Why a complaint is shown: the terms it matched, its probability and the words that carried it."""
    return _why_matched([complaint], words)


def _magnitude(count: int) -> str:
    """A count as a band: it is for reading, nothing goes by it."""
    for limit, name in ((100, "under 100"), (1_000, "hundreds"), (100_000, "thousands"), (1_000_000, "over 100,000")):
        if count < limit:
            return name
    return "over a million"


def quote_of(complaint: Complaint, now: datetime) -> Quote:
    """A complaint's own words and where they stand."""
    return Quote(
        text=excerpt(mask(complaint.text), QUOTE_CHARS) or "(no words)",
        where=where(complaint, now),
        url=complaint.url,
        post=f"{complaint.platform}:{complaint.id}",
    )


def _facts(
    cause: Cause, complaints: Sequence[Complaint], unquoted: int, voices: int, total: int, now: datetime
) -> list[tuple[str, str]]:
    facts = []
    if total > 1:
        facts.append((ALTOGETHER, _altogether(total, voices)))
    if len(complaints) > 1:
        facts.append((LONGEST, duration(now - complaints[0].posted_at)))
    if unquoted:
        facts.append(("All of them", f"umbrage explain {cause.key}"))
    return facts


def _why(reason: Reason, complaints: Sequence[Complaint], words: Sequence[str]) -> tuple[str, ...]:
    return (str(reason), *_why_matched(complaints, words))


def _why_matched(complaints: Sequence[Complaint], words: Sequence[str]) -> tuple[str, ...]:
    terms = list(dict.fromkeys(term for complaint in complaints for term in complaint.matched))
    shown = ", ".join(excerpt(term, 60) for term in terms[:4])
    low, high = min(c.score for c in complaints), max(c.score for c in complaints)
    score = f"{high:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    carried = ", ".join(f"“{excerpt(word, 40)}”" for word in words)
    return (
        f"matched {shown}",
        f"complaint probability {score}" + (f", carried by {carried}" if carried else ""),
        *_caveats(complaints),
    )


def _caveats(complaints: Sequence[Complaint]) -> list[str]:
    """The languages in which nobody has measured how good the verdicts are."""
    unmeasured = dict.fromkeys(c.language or "unknown" for c in complaints if not c.is_measured)
    return [f"not measured in this language: {', '.join(unmeasured)}"] if unmeasured else []
