"""The digest in words: sections with lines and quotes, from which every rendering is made, so that all say the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.core.abuse import mask
from monitor.core.case import State, named
from monitor.core.digest import Basics, Cell, Count, Digest, Honesty, Outcomes, Problem, Question, Theme, Words, share
from monitor.core.journey import Stage
from monitor.core.message import Chart, Quote, duration, moment
from monitor.core.quoting import quoted
from monitor.core.story import usual
from monitor.core.surge import Surge
from monitor.core.surge_message import title
from monitor.core.text import excerpt
from monitor.core.week import Week
from monitor.core.week_view import day_lines, relapse_lines, silent_lines
from monitor.core.wording import topic_name

_STORY = ("What happened", "Why", "What changed")

_OF_RIVALS = (
    "different people in posts that were collected, by each brand's own words: more words or more sources bring more "
    "posts. Who speaks of two counts for both. Who goes where is read from posts that name both, by rule: of 8 found "
    "7 were right, of 19 there were 7 were found (posts to airlines)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement; ``links`` are the posts that show it, as (words, address) pairs, the address perhaps empty."""

    name: str
    value: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the digest. Its ``key`` is its name for machines."""

    key: str
    title: str
    lines: tuple[Line, ...] = ()
    quotes: tuple[Quote, ...] = ()


def headline(digest: Digest) -> str:
    """One line with the number that matters and what it is compared with."""
    parts = [digest.brand, span_name(digest)]
    if digest.is_late:
        parts.append("late")
    if digest.is_quiet:
        parts.append(_quiet(digest))
    else:
        count = digest.basics.complaints
        parts.append(f"{_complaints(count.now)}{usual(count)}")
    return " · ".join(parts)


def span_name(digest: Digest) -> str:
    """The day or week in words."""
    day = f"{digest.first_day:%A} {digest.first_day.day} {digest.first_day:%B}"
    return day if digest.days == 1 else f"week from {day}"


def sections(digest: Digest) -> Iterator[Section]:
    """Everything, in the order in which it is read: what customers said first, what we do not know last."""
    if digest.story:
        lines = zip(_STORY, digest.story, strict=False)
        told = tuple(Line(name=name, value=one.text, links=_links(one.evidence)) for name, one in lines)
        yield Section(key="story", title="The story", lines=told)
    yield Section(key="basics", title="The basics", lines=tuple(basics_lines(digest.basics, digest.days)))
    if digest.surges:
        yield Section(key="surges", title="More than usual", lines=tuple(map(_surge, digest.surges)))
    if digest.problems:
        yield Section(
            key="problems",
            title="Top problems",
            lines=tuple(Line(name=_topic(one), value=problem_line(one)) for one in digest.problems),
            quotes=tuple(quoted(one.quote, topic_name(one.topic)) for one in digest.problems),
        )
    if digest.causes:
        yield Section(
            key="causes",
            title="Causes: what many say in their own words",
            lines=tuple(Line(name=cause_name(one), value=cause_line(one)) for one in digest.causes),
            quotes=tuple(quoted(one.quote, cause_name(one)) for one in digest.causes),
        )
    if digest.questions:
        yield Section(key="questions", title="The same question again", lines=tuple(map(_question, digest.questions)))
    if digest.gentle:
        quotes = tuple(quoted(one) for one in digest.gentle)
        yield Section(key="gentle", title="Gentle signals: mild, and they may grow", quotes=quotes)
    if digest.journey:
        title = "Before, during and after the purchase: complaints, praise"
        yield Section(key="journey", title=title, lines=tuple(journey_lines(digest.journey)))
    if digest.week:
        yield from _week(digest.week)
    yield Section(key="outcomes", title="Outcomes", lines=tuple(outcome_lines(digest.outcomes)))
    if digest.praise:
        quotes = tuple(quoted(one) for one in digest.praise)
        yield Section(key="praise", title=f"Praise worth repeating: {digest.praised} posts", quotes=quotes)
    if digest.rivals:
        yield Section(
            key="rivals",
            title="Rivals, as far as they are watched",
            lines=tuple(rival_lines(digest)),
            quotes=tuple(
                quoted(one.quote, f"{one.name} · {topic_name(one.topic)}")
                for one in digest.rivals
                if one.quote and one.topic
            ),
        )
    yield Section(key="honesty", title="What this does not know", lines=tuple(honesty_lines(digest.honesty)))


def _week(week: Week) -> Iterator[Section]:
    yield Section(key="days", title="Day by day", lines=_named(day_lines(week.days, week.courses)))
    if week.relapses:
        title = "Complained again after we were done or had closed, in 28 days"
        yield Section(key="relapses", title=title, lines=_named(relapse_lines(week.relapses)))
    if week.silent:
        yield Section(key="silent", title="Who may be silent", lines=_named(silent_lines(week.silent)))


def _named(pairs: Iterator[tuple[str, str]]) -> tuple[Line, ...]:
    return tuple(Line(name=name, value=value) for name, value in pairs)


def chart_of(digest: Digest) -> Chart | None:
    """Complaints by day or week; nothing to show while there is only one."""
    if len(digest.chart) < 2:
        return None
    unit = "day" if digest.days == 1 else "week"
    bars = tuple((bar.label, bar.value) for bar in digest.chart)
    return Chart(title=f"Complaints per {unit}", series="complaints", bars=bars)


def basics_lines(basics: Basics, days: int) -> Iterator[Line]:
    """What can never be left out."""
    before = ("day before", "same day a week before") if days == 1 else ("week before", None)
    yield Line(name="Complaints", value=compared(basics.complaints, *before))
    yield Line(name="People", value=compared(basics.people, *before))
    new = basics.new_cases.now
    answered = f"; {share(basics.answered, new)} with a public answer, {basics.unanswered} without" if new else ""
    yield Line(name="New cases", value=f"{compared(basics.new_cases, *before)}{answered}")
    waiting = f"{basics.open_unanswered} open cases without a public answer"
    if basics.oldest_wait is not None and basics.oldest is not None:
        waiting += f"; the oldest, {basics.oldest.case}, for {duration(basics.oldest_wait)}"
    yield Line(name="Waiting", value=waiting, links=_links((basics.oldest,)) if basics.oldest else ())
    yield Line(name="Follow-ups", value=f"{basics.reminders} came due, {basics.reminders_done} done")


def compared(count: Count, before: str | None, week_before: str | None) -> str:
    """A count with those it is compared with; what is not known is left out."""
    parts = []
    if before and count.before is not None:
        parts.append(f"{before} {count.before}")
    if week_before and count.week_before is not None:
        parts.append(f"{week_before} {count.week_before}")
    if count.usual is not None:
        parts.append(f"usual {count.usual:.1f}".removesuffix(".0"))
    return f"{count.now} ({', '.join(parts)})" if parts else f"{count.now} (no history to compare with yet)"


def problem_line(problem: Problem) -> str:
    """How much, how many people, how it goes, who has it."""
    posts = _complaints(problem.complaints.now)
    people = "1 person" if problem.people.now == 1 else f"{problem.people.now} people"
    parts = [f"{posts} by {people}{usual(problem.people)}"]
    parts += [problem.trend] if problem.trend else []
    parts += [f"{problem.rate:.1f} per 1,000 orders"] if problem.rate is not None else []
    parts += [", ".join(f"“{term}”" for term in problem.terms)] if problem.terms else []
    parts.append(f"{problem.open} open")
    parts += [f"with {excerpt(problem.owner, 60)}"] if problem.owner else []
    return " · ".join(parts)


def cause_name(cause: Theme) -> str:
    """What a cause is called, with the number that stays."""
    return f"{mask(', '.join(cause.name))} (cause {cause.number})"


def cause_line(cause: Theme) -> str:
    """How much, how many people, how it goes, since when."""
    people = "1 person" if cause.people == 1 else f"{cause.people} people"
    parts = [f"{_complaints(cause.complaints)} by {people}"]
    parts += [f"{cause.lately} in the week before"] if cause.lately is not None else []
    parts += [cause.trend] if cause.trend else []
    return " · ".join([*parts, f"first {moment(cause.since)}", topic_name(cause.topic)])


def outcome_lines(outcomes: Outcomes) -> Iterator[Line]:
    """How cases ended. Speed is never said alone."""
    unsolved = str(outcomes.unsolved)
    if outcomes.unsolved_share is not None:
        unsolved += f"; of the cases of 30 days, {outcomes.unsolved_share:.0%} are open"
    yield Line(name="Satisfied, with evidence", value=str(outcomes.satisfied))
    if outcomes.to_satisfied is not None and outcomes.worst is not None:
        times = f"median {duration(outcomes.to_satisfied)}, longest {duration(outcomes.worst)} to the evidence"
        if outcomes.first_answer is not None:
            times += f"; median {duration(outcomes.first_answer)} to the first answer"
        yield Line(name="Customer's clock", value=f"{times}; {outcomes.unsolved} cases are open")
    yield Line(name=named(State.UNKNOWN_SILENT).capitalize(), value=str(outcomes.unknown_silent))
    yield Line(name="Still open", value=unsolved)


def journey_lines(cells: Sequence[Cell]) -> Iterator[Line]:
    """A line for each stage, empty ones too: its sums, and then each touchpoint with something in it."""
    for stage in Stage:
        of = [cell for cell in cells if cell.stage is stage]
        complaints, praise = sum(cell.complaints for cell in of), sum(cell.praise for cell in of)
        places = ", ".join(f"{cell.touchpoint} {cell.complaints}/{cell.praise}" for cell in of)
        value = f"{_complaints(complaints)}, {praise} praise" + (f": {places}" if places else "")
        yield Line(name=str(stage).capitalize(), value=value)


def rival_lines(digest: Digest) -> Iterator[Line]:
    """How many people speak of whom, what they complain about, and who goes which way; then what that counts."""
    everybody = digest.spoke + sum(one.people for one in digest.rivals)
    yield Line(name=digest.brand, value=f"{share(digest.spoke, everybody)} people")
    for one in digest.rivals:
        said = f"{share(one.people, everybody)} people"
        said += f"; most complain about {topic_name(one.topic)} ({one.complained})" if one.topic else ""
        said += f"; watched only since {moment(one.since)}" if one.since else ""
        yield Line(name=one.name, value=said)
        if one.leaving or one.coming:
            said = f"at least {one.leaving} leave us for it, {one.coming} come to us"
            yield Line(name=f"To and from {one.name}", value=said, links=_links(one.examples))
    yield Line(name="What this counts", value=_OF_RIVALS)


def honesty_lines(honesty: Honesty) -> Iterator[Line]:
    """What the digest cannot know; the share of wrong alerts is always said."""
    for one in honesty.blind:
        end = f" to {moment(one.end)}" if one.end else ""
        value = f"not read from {moment(one.start)}{end}: {excerpt(one.why, 160)}"
        yield Line(name=f"Source {one.source}", value=value)
    counts = (
        (honesty.unjudged, "Not judged yet", "posts"),
        (honesty.not_judgeable, "Cannot be judged", "posts"),
        (honesty.late, "Seen late", "posts of the three days before"),
        (honesty.deleted, "Deleted by their authors", "posts; they count, without their words"),
        (honesty.not_told, "Held back", "complaints told to nobody: channel full, silenced, quiet hours or no route"),
    )
    yield from (Line(name=name, value=f"{count} {what}") for count, name, what in counts if count)
    if honesty.unmeasured:
        found = ", ".join(f"{language} ({count})" for language, count in honesty.unmeasured[:5])
        yield Line(name="Languages without measured quality", value=found)
    if honesty.orders is None:
        yield Line(name="No rate", value="the number of orders is not known (umbrage orders)")
    yield Line(name="Wrong alerts", value=_wrong_alerts(honesty))


def _wrong_alerts(honesty: Honesty) -> str:
    if not honesty.alerted:
        return "nothing was alerted in the last 30 days"
    said = f"{honesty.overruled} of {honesty.alerted} in 30 days, as far as people said so"
    low, high = honesty.overruled_low, honesty.overruled_high
    return f"{said} (95 % interval {low:.0%} to {high:.0%})" if honesty.alerted >= 10 else said


def _complaints(count: int) -> str:
    return "1 complaint" if count == 1 else f"{count} complaints"


def _links(words: tuple[Words, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{one.platform}, {moment(one.posted_at)}", one.url or "") for one in words)


def _quiet(digest: Digest) -> str:
    span = "quiet day" if digest.days == 1 else "quiet week"
    health = "sources healthy" if digest.is_healthy else "but not everything was seen"
    last = f", last post {moment(digest.last_post)}" if digest.last_post else ", no post at all"
    return f"{span}: 0 complaints, {health}{last}"


def _surge(surge: Surge) -> Line:
    until = moment(surge.ended_at) if surge.ended_at else "now"
    value = (
        f"{surge.people} people from {moment(surge.first_at)} to {until}; usual were {surge.expected:.1f} at that hour"
    )
    return Line(name=title(surge), value=value)


def _question(question: Question) -> Line:
    said = f"{question.people} people in seven days: “{excerpt(mask(question.examples[0].text), 140)}”"
    if question.answer:
        said += f" · the FAQ has it, and they did not find it or it is not clear: “{excerpt(question.answer, 140)}”"
    elif question.answer is not None:
        said += " · the FAQ has nothing about it"
    return Line(name=", ".join(question.terms), value=said, links=_links(question.examples))


def _topic(problem: Problem) -> str:
    name = topic_name(problem.topic)
    return f"{name[0].upper()}{name[1:]}"
