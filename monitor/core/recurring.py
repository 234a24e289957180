"""The same question again: asked by different people in nearly the same words, and what the FAQ says of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from monitor.core.digest import Question, Words
from monitor.core.gathering import Space

ASKED = 5
"""So many different people make a question a recurring one."""

MOST, EXAMPLES = 5, 3


@dataclass(frozen=True, slots=True)
class Faq:
    """A question that was answered for everybody."""

    question: str
    answer: str


def questions(asked: Sequence[Words], faq: Sequence[Faq] | None, without: Collection[str]) -> tuple[Question, ...]:
    """The questions that most people ask, each with what the FAQ says of it."""
    known = faq or ()
    space = Space([*(one.text for one in asked), *(one.question for one in known)], without)
    found = []
    for group in space.gather(range(len(asked))):
        words = _by_person([asked[number] for number in group.members])
        if len(words) < ASKED:
            continue
        nearest = space.nearest(group, range(len(asked), len(asked) + len(known)))
        answer = "" if nearest is None else known[nearest - len(asked)].answer
        told = None if faq is None else answer
        found.append(Question(people=len(words), terms=group.terms, examples=tuple(words[:EXAMPLES]), answer=told))
    return tuple(sorted(found, key=lambda one: -one.people)[:MOST])


def _by_person(words: Sequence[Words]) -> list[Words]:
    """The first words of each person, in their order."""
    found: dict[tuple[str, str], Words] = {}
    for one in words:
        found.setdefault((one.platform, one.author or one.post), one)
    return list(found.values())
