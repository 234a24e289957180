"""The story of a digest in three sentences: what happened, why, and what changed. Templates over facts."""

from collections.abc import Iterator, Sequence

from monitor.core.digest import EVIDENCE, Basics, Count, Problem, Sentence, Words
from monitor.core.message import duration
from monitor.core.wording import topic_name


def story(
    basics: Basics, problems: Sequence[Problem], of_first: Sequence[Words], day: str, *, is_week: bool
) -> tuple[Sentence, ...]:
    """The sentences that have evidence; ``of_first`` are posts about the first problem, ``day`` is how to name it."""
    sentences = (
        _what_happened(basics, problems, day, is_week=is_week),
        *_why(basics, problems, of_first),
        *_what_changed(basics, problems),
    )
    return tuple(sentence for sentence in sentences if sentence.evidence)


def usual(count: Count) -> str:
    """What a count is compared with, in words; empty where nothing is known."""
    return "" if count.usual is None else f", usual {_rounded(count.usual)}"


def _what_happened(basics: Basics, problems: Sequence[Problem], day: str, *, is_week: bool) -> Sentence:
    people = basics.people
    span = "in the week" if is_week else "on"
    said = f"{_people(people.now)} complained {span} {day}{_against(people, is_week=is_week)}."
    return Sentence(text=said, evidence=tuple(problem.quote for problem in problems[:EVIDENCE]))


def _against(count: Count, *, is_week: bool) -> str:
    if count.usual is None:
        return "; there is no history to compare with yet"
    when = "in a week" if is_week else "on this day of the week"
    return f"; usual {when} are {_rounded(count.usual)}"


def _why(basics: Basics, problems: Sequence[Problem], of_first: Sequence[Words]) -> Iterator[Sentence]:
    """The topic that moves most people, if it stands out at all."""
    if not problems or basics.people.now < 2:
        return
    first = problems[0]
    named = topic_name(first.topic)
    said = f"Most were about {named}: {_people(first.people.now)}{usual(first.people)}."
    if first.people.now * 2 < basics.people.now:
        said = f"No single matter stands out; the first is {named} with {_people(first.people.now)}."
    yield Sentence(text=said, evidence=tuple(of_first[:EVIDENCE]))


def _what_changed(basics: Basics, problems: Sequence[Problem]) -> Iterator[Sentence]:
    """Topics that are new, back, growing or fading; when there are none, how many still wait."""
    changed = [problem for problem in problems if problem.trend not in ("", "as usual")]
    if changed:
        said = "; ".join(f"{topic_name(one.topic)} {_VERBS[one.trend]}{_against_usual(one)}" for one in changed[:3])
        evidence = tuple(problem.quote for problem in changed[:EVIDENCE])
        yield Sentence(text=f"{said[0].upper()}{said[1:]}.", evidence=evidence)
    elif basics.oldest is not None and basics.oldest_wait is not None:
        cases = "case has" if basics.open_unanswered == 1 else "cases have"
        said = f"{basics.open_unanswered} {cases} no public answer; the longest wait is {duration(basics.oldest_wait)}."
        yield Sentence(text=said, evidence=(basics.oldest,))


def _against_usual(problem: Problem) -> str:
    found = problem.people.usual
    return f" ({problem.people.now} people{'' if found is None else f', usual {_rounded(found)}'})"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _rounded(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


_VERBS = {"new": "is new", "came back": "came back", "growing": "is growing", "fading": "is fading"}
