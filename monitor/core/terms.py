"""Words that set some texts apart from others: log-odds with a prior, not mere frequency.

Monroe, Colaresi and Quinn 2008, "Fightin' Words" (https://doi.org/10.1093/pan/mpn018): the odds of a word here against
there, drawn towards how common it is in both, and divided by their standard error.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import log, sqrt
from unicodedata import normalize

from monitor.core.idle_words import IDLE
from monitor.core.text import fold

_SIGN = r"[\u3040-\u30ff\u3400-\u9fff]"
"""A sign of Chinese or Japanese, which are written without spaces: their words are pairs of signs."""

_SIGNS = re.compile(_SIGN + "+")
_WORD = re.compile(rf"{_SIGN}{{2}}|[^\W\d_][\w'’]{{2,}}")
_NOISE = re.compile(r"\bhttps?\b(?:://\S+)?|@\w+|&\w+;")
PRIOR = 500.0
SURE = 3.0
"""Standard errors; thousands of words are looked at, so that 1.96 would let dozens through by chance."""

FEWEST = 3
"""A word must stand in so many different texts."""

LOOKED_AT = 200
"""So many texts are asked how a term is written."""

SHARED, COMMON, PAIR, LONG = 0.25, 0.15, 1.6, 4
"""A group is called by what so much of it says, and no more of the others; two words say more than one, short ones
hardly anything."""


def apart(here: Sequence[str], there: Iterable[str], without: Collection[str] = (), most: int = 5) -> list[str]:
    """Up to ``most`` words or pairs of words of the first texts that stand out against the others, strongest first."""
    left_out = {fold(word) for word in without}
    now, before = _counts(here, left_out), _counts(there, left_out)
    both = now + before
    total, all_now, all_before = sum(both.values()), sum(now.values()), sum(before.values())
    if not all_now:
        return []
    found = []
    for term, count in now.items():
        prior = PRIOR * both[term] / total
        odds = _logit(count + prior, all_now + PRIOR) - _logit(before[term] + prior, all_before + PRIOR)
        score = odds / sqrt(1 / (count + prior) + 1 / (before[term] + prior))
        if count >= FEWEST and score > SURE:
            found.append((score, term))
    terms = _without_parts([term for _, term in sorted(found, key=lambda one: (-one[0], one[1]))])
    return [as_written(term, here) for term in terms[:most]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Some texts, and in how many of them each word and each pair of words stands."""

    texts: Sequence[str]
    counts: Counter[str]


def spoken(texts: Sequence[str], without: Collection[str] = ()) -> Spoken:
    """What some texts say, but for the words of ``without``."""
    return Spoken(texts, _counts(texts, {fold(word) for word in without}))


def typical(here: Spoken, everywhere: Spoken, most: int = 3) -> list[str]:
    """Up to ``most`` words or pairs of words to call some texts by: many of them say so, and few others (TF-IDF).

    ``everywhere`` may hold them too. It takes few texts, where chance cannot be told apart yet and :func:`apart` finds
    nothing.
    """
    size = len(here.texts)
    others = max(0, len(everywhere.texts) - size)
    words = everywhere.counts.total() + here.counts.total()
    found = []
    for term, count in here.counts.items():
        outside = max(0, everywhere.counts[term] - count)
        if count >= max(2, SHARED * size) and not _is_idle(term) and outside <= max(1, COMMON * others):
            weight = count / size * log(words / (count + outside)) * (PAIR if " " in term else 1.0)
            found.append((weight, term))
    terms = _without_parts([term for _, term in sorted(found, key=lambda one: (-one[0], one[1]))])
    return [as_written(term, here.texts) for term in terms[:most]]


def as_written(term: str, texts: Iterable[str]) -> str:
    """A folded term as the first texts mostly write it, with its accents and in small letters."""
    wanted, ways = term.split(), Counter[str]()
    for text in islice(texts, LOOKED_AT):
        words = _words(normalize("NFC", text).lower())
        folded = [fold(word) for word in words]
        for place in range(len(words) - len(wanted) + 1):
            if folded[place : place + len(wanted)] == wanted:
                ways[" ".join(words[place : place + len(wanted)])] += 1
    return min(ways, key=lambda way: (-ways[way], way), default=term)


def _is_idle(term: str) -> bool:
    return any((len(word) < LONG and not _SIGNS.match(word)) or word in IDLE for word in term.split())


def _logit(part: float, whole: float) -> float:
    return log(part / (whole - part))


def _counts(texts: Iterable[str], left_out: set[str]) -> Counter[str]:
    """In how many texts each word and each pair of words stands."""
    found: Counter[str] = Counter()
    for text in texts:
        words = [word for word in _words(fold(text)) if word not in left_out]
        pairs = {f"{one} {two}" for one, two in pairwise(words) if not (_SIGNS.match(one) or _SIGNS.match(two))}
        found.update({*words, *pairs})
    return found


def _words(text: str) -> list[str]:
    """The words of a text, without links, handles and references."""
    plain = _NOISE.sub(" ", text)
    if not plain.isascii():
        plain = _SIGNS.sub(lambda run: " ".join(["", *map("".join, pairwise(run[0])), ""]), plain)
    return _WORD.findall(plain)


def _without_parts(terms: list[str]) -> list[str]:
    """A word that a stronger term holds already is not said again, nor a pair whose word was."""
    kept: list[str] = []
    for term in terms:
        if not any(set(term.split()) & set(other.split()) for other in kept):
            kept.append(term)
    return kept
