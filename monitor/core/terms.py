"""Words that set some texts apart from others: log-odds with a prior, not mere frequency.

Monroe, Colaresi and Quinn 2008, "Fightin' Words" (https://doi.org/10.1093/pan/mpn018): the odds of a word here against
there, drawn towards how common it is in both, and divided by their standard error.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
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

_IDLE_WORDS = """
    about after again also another anyone back because been before being can't could didn't does doesn't doing don't
    done during each else even ever every everyone find from getting give gives going gonna good great guys have
    haven't having help here i'll i'm i've into isn't it's just keep know last like literally made make many maybe more
    most much must need never next nothing only other over people please really right said same seem seriously should
    shouldn't since some someone something soon still such sure take tell than thank thanks that that's their them then
    there there's these they they're thing things think this those though through time times today told tomorrow
    tonight trying under until used very want wasn't well were what what's when where which while who's will with
    without won't would wouldn't year years yesterday you're you've your yours yourself
"""
_IDLE = frozenset(_IDLE_WORDS.split())
"""English words that say nothing of what a text is about."""

SHARED, COMMON, PAIR, LONG = 0.25, 0.15, 1.6, 4
"""A group is called by what so much of it says, and no more of the others; two words say more than one, short ones
hardly anything."""


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


@dataclass(frozen=True, slots=True)
class Spoken:
    """In how many of some texts each word and each pair of words stands."""

    texts: int
    counts: Counter[str]


def spoken(texts: Collection[str], without: Collection[str] = ()) -> Spoken:
    """What some texts say, but for the words of ``without``."""
    return Spoken(len(texts), _counts(texts, {fold(word) for word in without}))


def typical(here: Spoken, everywhere: Spoken, most: int = 3) -> list[str]:
    """Up to ``most`` words or pairs of words to call some texts by: many of them say so, and few others (TF-IDF).

    ``everywhere`` may hold them too. It takes few texts, where chance cannot be told apart yet and :func:`apart` finds
    nothing.
    """
    others = max(0, everywhere.texts - here.texts)
    words = everywhere.counts.total() + here.counts.total()
    found = []
    for term, count in here.counts.items():
        outside = max(0, everywhere.counts[term] - count)
        if count >= max(2, SHARED * here.texts) and not _is_idle(term) and outside <= max(1, COMMON * others):
            weight = count / here.texts * log(words / (count + outside)) * (PAIR if " " in term else 1.0)
            found.append((weight, term))
    return _without_parts([term for _, term in sorted(found, key=lambda one: (-one[0], one[1]))])[:most]


def _is_idle(term: str) -> bool:
    return any(len(word) < LONG or word in _IDLE for word in term.split())


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
