"""What was asked again and again: questions put together by what they mean, beside what the FAQ says to them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from monitor.core.digest import Question, Words
from monitor.core.recurring import Faq, questions
from monitor.gathering import Gathering
from monitor.ports.themes import Meaning, MeaningOf


def asked_again(
    asked: Sequence[Words], faq: Sequence[Faq] | None, without: Collection[str], meaning_of: MeaningOf
) -> tuple[Question, ...]:
    """The questions that most people ask, each with what the FAQ says of it. Raises ``ModelError``."""
    read: dict[str, _Read] = {}
    for number, one in enumerate(asked):
        meaning = meaning_of(one.text)
        read.setdefault(meaning.space, _Read(meaning)).add(number, one.text)
    groups = {group: members for one in read.values() for group, members in one.groups.items()}
    answers = None if faq is None else {group: said for one in read.values() for group, said in one.answers(faq)}
    return questions(asked, groups, answers, without)


class _Read:
    """Questions that one meaning reads, in groups that have the number of their first question."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._gathering = Gathering(near=meaning.near_asked)
        self.groups = defaultdict[int, list[int]](list)

    def add(self, number: int, text: str) -> None:
        vector = self._meaning.vector(text)
        group = self._gathering.place(vector).group
        group = number if group is None else group
        self._gathering.join(vector, group)
        self.groups[group].append(number)

    def answers(self, faq: Sequence[Faq]) -> Iterator[tuple[int, str]]:
        """What the FAQ, in whatever language, says to groups: of several answers the nearest."""
        found: dict[int, tuple[float, str]] = {}
        for one in faq:
            place = self._gathering.place(self._meaning.vector(one.question))
            if place.group is not None and place.near > found.get(place.group, (0.0, ""))[0]:
                found[place.group] = place.near, one.answer
        return ((group, answer) for group, (_, answer) in found.items())
