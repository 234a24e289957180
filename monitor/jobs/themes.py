"""Themes: put complaints that say the same together, under an identity that stays, and give it a name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.terms import Spoken, spoken, typical
from monitor.core.text import fold
from monitor.gathering import Gathering, Seed
from monitor.ports import Store, Transaction
from monitor.ports.themes import Grown, Meaning, MeaningOf, Ungathered

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

BATCH = 256
NAMED = 4
"""A theme gets its name when so many complaints joined it, and another when they are twice as many."""

READ = 1_000
TYPE = "<f4"


def gather(store: Store, meaning_of: MeaningOf, limit: int = BATCH) -> int:
    """Put one batch of complaints into themes and return its size; 0 means nothing waits. Raises ``ModelError``."""
    waiting = store.ungathered(limit)
    together: dict[tuple[str, str], _Together] = {}
    for one in waiting:
        meaning = meaning_of(one.text)
        found = together.setdefault((one.brand, meaning.space), _Together(meaning))
        found.complaints.append(one)
        found.vectors[one.mention] = meaning.vector(one.text)
    for (brand, _), found in together.items():
        with store.begin() as transaction:
            _Batch(transaction, brand, found.meaning).gather(found.complaints, found.vectors)
    return len(waiting)


@dataclass(frozen=True)
class _Together:
    """Complaints about one brand that one meaning reads."""

    meaning: Meaning
    complaints: list[Ungathered] = field(default_factory=list)
    vectors: "dict[int, Numbers]" = field(default_factory=dict)


class _Batch:
    """One brand's themes of one space in one transaction, as they are kept: a restart changes nothing."""

    def __init__(self, transaction: Transaction, brand: str, meaning: Meaning) -> None:
        self._transaction, self._brand, self._space = transaction, brand, meaning.space
        kept = transaction.themes(brand, self._space)
        self._gathering = Gathering((Seed(one.id, one.size, _numbers(one.total)) for one in kept), meaning.near)
        self._names = {one.id: _folded(one.name) for one in kept if one.name}
        self._sizes = {one.id: one.size for one in kept}
        self._last: dict[int, int] = {}

    def gather(self, complaints: Sequence[Ungathered], vectors: "dict[int, Numbers]") -> None:
        placed = []
        for one in complaints:
            place = self._gathering.place(vectors[one.mention])
            theme = place.group or self._transaction.begin_theme(self._brand, self._space, one.posted_at)
            self._gathering.join(vectors[one.mention], theme)
            self._last[theme] = one.mention
            placed.append((one.mention, theme, place.near))
        self._transaction.put_in_themes(placed)
        self._name()
        self._transaction.grow_themes(self._grown(theme) for theme in self._last)
        self._transaction.retire_themes(self._gathering.let_go())

    def _grown(self, theme: int) -> Grown:
        seed = self._gathering.seed(theme)
        return Grown(id=theme, size=seed.size, total=seed.total.astype(TYPE).tobytes(), last_mention=self._last[theme])

    def _name(self) -> None:
        """Name what has become large enough, or twice as large; what has the name of another is a part of it."""
        everywhere: Spoken | None = None
        asked, without = self._transaction, self._brand.split()
        for theme in list(self._last):
            if theme not in self._last:
                continue  # it has become a part of another one
            before, now = self._sizes.get(theme, 0), self._gathering.seed(theme).size
            if now < NAMED or now.bit_length() == max(before, NAMED - 1).bit_length():
                continue
            everywhere = everywhere or spoken(asked.texts_in_themes(self._brand, self._space, READ), without)
            if name := typical(spoken(asked.texts_of_theme(theme, READ), without), everywhere):
                self._call(theme, name)

    def _call(self, theme: int, name: Sequence[str]) -> None:
        folded = _folded(name)
        alike = [other for other, known in self._names.items() if known == folded and other != theme]
        for other in alike:
            older, younger = sorted((theme, other))
            self._gathering.merge(younger, older)
            self._transaction.merge_themes(younger, older)
            last = max(self._last.pop(younger, 0), self._last.get(older, 0))
            self._last[older] = last
            self._names.pop(younger, None)
            theme = older
        self._names[theme] = folded
        self._transaction.name_theme(theme, name)


def _folded(name: Sequence[str]) -> frozenset[str]:
    return frozenset(map(fold, name))


def _numbers(total: bytes) -> "Numbers":
    import numpy

    return numpy.frombuffer(total, TYPE).astype(numpy.float32)
