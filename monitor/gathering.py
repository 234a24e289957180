"""Gathers texts that say the same, one after the other: each joins the group it is nearest to, or begins one.

Leader clustering over the vectors of :mod:`monitor.meaning`: incremental, without a number of groups to choose, and the
same vectors in the same order make the same groups. What all texts have in common, such as the brand, is taken away
first: the mean of all vectors, looked at anew after every ``OFTEN`` of them. Groups are narrow on purpose: what is
shown together belongs together, and what joins nothing is not shown.

A text joins the group whose texts it is most like, on average (average linkage), not the one whose mean is nearest: a
mean of many has lost what each of them has of its own, so that all lies nearer to it than to any of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.core.theme import Near

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

HASHED, TOPICS = 256, 16
"""A vector ends with so many dimensions for the words themselves and then for the topics."""


NEAR = Near(0.32, 0.52)
"""Of vectors from a state for each token, as ``tests/benchmarks/causes.py`` chose it."""

NEAR_ASKED = Near(0.38, 0.54)
"""The same of questions: few of them agree in a topic, so states and words must be more alike."""

NEAR_WHOLE = Near(0.32, 0.47)
"""Of vectors from one state for the whole text."""

ALIKE = 0.5
"""How like two texts of one group are, as a rule."""

OFTEN = 16
WORDS = 0.25
"""How much the words themselves count beside what the network makes of them."""

TOPICAL = 0.5
"""How long a vector becomes by a topic that is sure and that other texts do not have; the rest of it has length one."""

MOST, KEPT = 2_048, 1_536
"""When there are ``MOST`` groups, those that fewest and longest ago joined are let go, down to ``KEPT``."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A group as it is kept: its number, how many texts joined it, and the sum of their vectors."""

    number: int
    size: int
    total: "Numbers"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text belongs: its group and how like it is to what is in it, about 1 at most; ``None`` if to none."""

    group: int | None
    near: float


class Gathering:
    """Groups of one kind of text, such as the complaints about one brand."""

    def __init__(self, seeds: Iterable[Seed] = (), near: Near = NEAR) -> None:
        import numpy

        self._numpy = numpy
        self._limits = near
        self._numbers: list[int] = []
        self._totals = numpy.zeros((0, 0), numpy.float32)
        self._sizes = numpy.zeros(0, numpy.float32)
        self._used: list[int] = []
        self._rows: dict[int, int] = {}
        self._count = 0
        self._sum: Any = 0.0
        self._middle: Any = 0.0
        self._centres = self._totals
        for seed in seeds:
            self._begin(seed.number, seed.size, seed.total)
        self._centre()

    def place(self, vector: "Numbers") -> Place:
        """Where a text would belong."""
        if not self._numbers:
            return Place(None, 0.0)
        rows = len(self._numbers)
        limit = self._limits.later if self._count >= OFTEN else self._limits.at_first
        # The mean of so many vectors of length one, any two of them so like each other, has this length.
        lengths = self._numpy.sqrt(ALIKE + (1 - ALIKE) / self._sizes[:rows])
        near = self._centres[:rows] @ self._about(vector) * lengths
        best = int(near.argmax())
        return Place(self._numbers[best], float(near[best])) if near[best] >= limit else Place(None, 0.0)

    def join(self, vector: "Numbers", group: int) -> Seed:
        """Put a text into a group, which is begun if it is new; returns the group as it is now."""
        row = self._rows.get(group)
        if row is None:
            row = self._begin(group, 1, vector)
        else:
            self._totals[row] += vector
            self._grow(row, 1, vector)
        if self._count % OFTEN == 0:
            self._centre()
        else:
            self._centres[row] = self._about(self._totals[row] / self._sizes[row])
        return self.seed(group)

    def merge(self, group: int, into: int) -> Seed:
        """Put all of one group into another; returns that as it is now."""
        row, other = self._rows[into], self._rows[group]
        self._totals[row] += self._totals[other]
        self._sizes[row] += self._sizes[other]
        self._centres[row] = self._about(self._totals[row] / self._sizes[row])
        stay = [number for number in range(len(self._numbers)) if number != other]
        self._keep(stay)
        return self.seed(into)

    def seed(self, group: int) -> Seed:
        """A group as it is now."""
        row = self._rows[group]
        return Seed(group, int(self._sizes[row]), self._totals[row].copy())

    def let_go(self) -> list[int]:
        """The numbers of the groups that are forgotten now, because there are too many: single texts first."""
        if len(self._numbers) < MOST:
            return []
        rows = range(len(self._numbers))
        weakest = sorted(rows, key=lambda row: (self._sizes[row] > 1, self._used[row]))[: MOST - KEPT]
        gone = [self._numbers[row] for row in weakest]
        self._count -= int(self._sizes[weakest].sum())
        self._sum = self._sum - self._totals[weakest].sum(axis=0)
        self._keep(sorted(set(rows) - set(weakest)))
        return gone

    def _keep(self, stay: list[int]) -> None:
        self._numbers = [self._numbers[row] for row in stay]
        self._rows = {number: row for row, number in enumerate(self._numbers)}
        self._used = [self._used[row] for row in stay]
        self._sizes, self._totals, self._centres = self._sizes[stay], self._totals[stay], self._centres[stay]

    def _begin(self, number: int, size: int, total: "Numbers") -> int:
        row = len(self._numbers)
        if row == len(self._totals):
            self._make_room(len(total))
        self._numbers.append(number)
        self._sizes[row] = 0
        self._used.append(0)
        self._rows[number] = row
        self._totals[row] = total
        self._grow(row, size, total)
        return row

    def _grow(self, row: int, size: int, vector: "Numbers") -> None:
        self._sizes[row] += size
        self._count += size
        self._used[row] = self._count
        self._sum = self._sum + vector

    def _make_room(self, width: int) -> None:
        more = self._numpy.zeros((max(64, len(self._totals)), width), self._numpy.float32)
        self._sizes = self._numpy.concatenate((self._sizes, more[:, 0]))
        if len(self._totals):
            self._totals, self._centres = (self._numpy.vstack((known, more)) for known in (self._totals, self._centres))
        else:
            self._totals, self._centres = more, more.copy()

    def _centre(self) -> None:
        """Look anew at what all texts have in common, and at every group without it."""
        rows = len(self._numbers)
        if rows:
            self._middle = self._sum / self._count if self._count >= OFTEN else 0.0
            self._centres[:rows] = self._about(self._totals[:rows] / self._sizes[:rows, None])

    def _about(self, vectors: "Numbers") -> "Numbers":
        """What sets vectors apart, each of length one."""
        apart = vectors - self._middle
        states, words = unit(apart[..., : -HASHED - TOPICS]), unit(apart[..., -HASHED - TOPICS : -TOPICS])
        parts = [states * (1 - WORDS) ** 0.5, words * WORDS**0.5, apart[..., -TOPICS:] * TOPICAL]
        return unit(self._numpy.concatenate(parts, axis=-1))


def unit(vectors: "Numbers") -> "Numbers":
    """Vectors, along the last axis, brought to length one; zero stays zero."""
    import numpy

    lengths = numpy.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Numbers = vectors / numpy.maximum(lengths, 1e-9)
    return found
