"""The same question again: asked by different people in other words, and what the FAQ says of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.digest import Question, Words
from monitor.core.terms import spoken, typical

ASKED = 5
"""So many different people make a question a recurring one."""

MOST, EXAMPLES = 5, 3


@dataclass(frozen=True, slots=True)
class Faq:
    """A question that was answered for everybody."""

    question: str
    answer: str


def questions(
    asked: Sequence[Words],
    groups: Mapping[int, Sequence[int]],
    answers: Mapping[int, str] | None,
    without: Collection[str],
) -> tuple[Question, ...]:
    """The questions that most people ask, each with what the FAQ says of it.

    ``groups`` are those that ask the same, by their places in ``asked``; ``answers`` are what the FAQ says to groups,
    ``None`` where there is no FAQ.
    """
    everywhere = spoken([one.text for one in asked], without)
    found = []
    for group, members in groups.items():
        words = _by_person([asked[number] for number in members])
        terms = tuple(typical(spoken([one.text for one in words], without), everywhere))
        # What has no word in common is not one question.
        if len(words) >= ASKED and terms:
            answer = None if answers is None else answers.get(group, "")
            found.append(Question(people=len(words), terms=terms, examples=tuple(words[:EXAMPLES]), answer=answer))
    return tuple(sorted(found, key=lambda one: -one.people)[:MOST])


def _by_person(words: Sequence[Words]) -> list[Words]:
    """The first words of each person, in their order."""
    found: dict[tuple[str, str], Words] = {}
    for one in words:
        found.setdefault((one.platform, one.author or one.post), one)
    return list(found.values())
