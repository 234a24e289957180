"""Gathers texts that say nearly the same in other words: by the words they share, rare ones counting more.

One text after the other joins the group that it is nearest to, or begins one (leader clustering over TF-IDF of words
and pairs of words). It takes a millisecond a text, and the same texts in the same order make the same groups. They are
narrow on purpose: what is shown together belongs together, and what is not gathered is not shown.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

from monitor.core.text import fold

NEAR = 0.35
"""Cosine from which a text joins, as ``tests/benchmarks/gathering.py`` chose it for narrow groups."""

_STEM = 7
_PAIR = 1.6
_WORD = re.compile(r"[^\W\d_][\w'’]*")
_NOISE = re.compile(r"https?://\S+|@\w+|#\w+|&\w+;")

Vector = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that belong together, by their numbers, and the words that they share most."""

    members: tuple[int, ...]
    terms: tuple[str, ...]


class Space:
    """Texts as vectors; how rare a word is counts over all of them. ``without`` are words that say nothing here."""

    def __init__(self, texts: Sequence[str], without: Collection[str] = ()) -> None:
        left_out = {_stem(fold(word)) for word in without}
        self._written: defaultdict[str, Counter[str]] = defaultdict(Counter)
        terms = [self._terms(text, left_out) for text in texts]
        found = Counter(term for of in terms for term in of)
        self._rare = {term: log(1 + len(texts) / count) for term, count in found.items() if count > 1}
        self.vectors = [self._vector(of) for of in terms]

    def gather(self, numbers: Sequence[int]) -> list[Group]:
        """The groups of some of the texts, in the order of their first ones."""
        groups: list[_Growing] = []
        holding: defaultdict[str, set[int]] = defaultdict(set)
        for number in numbers:
            vector = self.vectors[number]
            shared = {group for term in vector for group in holding.get(term, ())}
            best = max(((groups[group].cosine(vector), -group) for group in shared), default=(0.0, 0))
            group = -best[1]
            if best[0] < NEAR:
                group = len(groups)
                groups.append(_Growing())
            groups[group].add(number, vector)
            for term in vector:
                holding[term].add(group)
        return [Group(tuple(one.members), self._named(one.terms)) for one in groups]

    def nearest(self, group: Group, numbers: Sequence[int]) -> int | None:
        """Which of some texts says what a group says; ``None`` if none does."""
        whole = _Growing()
        for member in group.members:
            whole.add(member, self.vectors[member])
        best = max(((whole.cosine(self.vectors[number]), -number) for number in numbers), default=(0.0, 0))
        return -best[1] if best[0] >= NEAR else None

    def _vector(self, terms: Collection[str]) -> Vector:
        weights = {term: self._rare[term] for term in sorted(terms) if term in self._rare}
        length = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def _terms(self, text: str, left_out: Collection[str]) -> set[str]:
        kept = []
        for word in _WORD.findall(fold(_NOISE.sub(" ", text))):
            if (stem := _stem(word)) not in left_out:
                kept.append(stem)
                self._written[stem][word] += 1
        return {*kept, *(f"{one} {two}" for one, two in pairwise(kept))}

    def _named(self, found: Vector, most: int = 3) -> tuple[str, ...]:
        """The heaviest terms, none of them a part of another, as they are mostly written."""
        kept: list[str] = []
        for term, _ in sorted(found.items(), key=_weight):
            if not any(set(term.split()) & set(other.split()) for other in kept):
                kept.append(term)
            if len(kept) == most:
                break
        return tuple(" ".join(self._written[stem].most_common(1)[0][0] for stem in term.split()) for term in kept)


class _Growing:
    """A group while texts join it: the sum of their vectors, and the square of its length."""

    def __init__(self) -> None:
        self.members: list[int] = []
        self.terms: dict[str, float] = {}
        self._square = 0.0

    def add(self, number: int, vector: Vector) -> None:
        self.members.append(number)
        for term, weight in vector.items():
            before = self.terms.get(term, 0.0)
            self.terms[term] = before + weight
            self._square += weight * (2 * before + weight)

    def cosine(self, vector: Vector) -> float:
        """From 0, nothing in common, to 1; ``vector`` has the length one, or none at all."""
        if not self._square:
            return 0.0
        return sum(weight * self.terms.get(term, 0.0) for term, weight in vector.items()) / sqrt(self._square)


def _weight(item: tuple[str, float]) -> tuple[float, str]:
    """Two words say more than one."""
    term, weight = item
    return -weight * (_PAIR if " " in term else 1.0), term


def _stem(word: str) -> str:
    return word[:_STEM]
