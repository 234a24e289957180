"""What was asked again and again: questions put together by what they mean, beside what the FAQ says to them."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from monitor.core.digest import Question, Words
from monitor.core.recurring import Faq, questions
from monitor.gathering import Gathering
from monitor.ports.themes import Meaning


def asked_again(
    asked: Sequence[Words], faq: Sequence[Faq] | None, without: Collection[str], meaning: Meaning
) -> tuple[Question, ...]:
    """The questions that most people ask, each with what the FAQ says of it. Raises ``ModelError``."""
    gathering, groups = Gathering(), defaultdict[int, list[int]](list)
    for number, one in enumerate(asked):
        vector = meaning.vector(one.text)
        group = gathering.place(vector).group
        group = number if group is None else group
        gathering.join(vector, group)
        groups[group].append(number)
    answers = None if faq is None else _answers(gathering, faq, meaning)
    return questions(asked, groups, answers, without)


def _answers(gathering: Gathering, faq: Sequence[Faq], meaning: Meaning) -> dict[int, str]:
    """What the FAQ says to groups of questions: of several the answer that is nearest."""
    found: dict[int, tuple[float, str]] = {}
    for one in faq:
        place = gathering.place(meaning.vector(one.question))
        if place.group is not None and place.near > found.get(place.group, (0.0, ""))[0]:
            found[place.group] = place.near, one.answer
    return {group: answer for group, (_, answer) in found.items()}
