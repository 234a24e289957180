"""Words that set some texts apart from others: log-odds with a prior, not mere frequency.

Monroe, Colaresi and Quinn 2008, "Fightin' Words" (https://doi.org/10.1093/pan/mpn018): the odds of a word here against
there, drawn towards how common it is in both, and divided by their standard error.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise
from math import log, sqrt

from monitor.core.text import fold

_WORD = re.compile(r"[^\W\d_][\w'’]{2,}")
_NOISE = re.compile(r"https?://\S+|@\w+|&\w+;")
PRIOR = 500.0
SURE = 3.0
"""Standard errors; thousands of words are looked at, so that 1.96 would let dozens through by chance."""

FEWEST = 3
"""A word must stand in so many different texts."""


def apart(here: Iterable[str], there: Iterable[str], without: Collection[str] = (), most: int = 5) -> list[str]:
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
    return _without_parts([term for _, term in sorted(found, key=lambda one: (-one[0], one[1]))])[:most]


def _logit(part: float, whole: float) -> float:
    return log(part / (whole - part))


def _counts(texts: Iterable[str], left_out: set[str]) -> Counter[str]:
    """In how many texts each word and each pair of words stands."""
    found: Counter[str] = Counter()
    for text in texts:
        words = [word for word in _WORD.findall(fold(_NOISE.sub(" ", text))) if word not in left_out]
        found.update({*words, *(f"{one} {two}" for one, two in pairwise(words))})
    return found


def _without_parts(terms: list[str]) -> list[str]:
    """A word that a stronger term holds already is not said again, nor a pair whose word was."""
    kept: list[str] = []
    for term in terms:
        if not any(set(term.split()) & set(other.split()) for other in kept):
            kept.append(term)
    return kept
