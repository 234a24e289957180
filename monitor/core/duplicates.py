"""Which posts are one text told again: reposts, quotes, and copies with another link or a few other words.

A post is looked up by its :func:`keys`; what shares a key with it is then compared by :func:`is_copy`. Figures are
printed by ``python -m tests.benchmarks.duplicates``.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from monitor.core.text import fold, for_model

KEYS = 6
"""At most so many keys of a text. With 4 or with all of them hardly any other copies are found."""

_READ_CHARS = 2_000
"""Of longer posts the beginning is compared, so that the longest cost about a millisecond."""

_LONG_WORD = 4
"""Letters. Shorter words ("my", "the", "still") say little about who wrote a text."""

_ENOUGH = 15
"""What a text must have to be told from another customer's own words: a long word counts 3, a character of a script
without spaces 1. So five different long words, or fifteen different Chinese characters."""

_FEWEST = 3
"""Different words of a short text that says itself that it is a repost."""

_SHARED_WORDS = 0.9
"""Of the long words of the shorter text, the other must have so many."""

_ALIKE = 0.5
"""Of the pairs of neighbouring words of two texts, both must have so many."""

_QUOTED, _QUOTED_PAIRS = 0.8, 8
"""Or else one text holds the other: so many of its pairs of words, and no fewer than eight."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese and Korean: each character is taken as a word."""

_LETTER = f"[^\\W_{_UNSPACED}]"
_TOKEN = re.compile(f"{_LETTER}+(?:[\u0900-\u0dff]{_LETTER}*)*|[{_UNSPACED}]")
"""A word with the vowel signs of India inside it, or one character of a script without spaces."""
_APOSTROPHE = re.compile("['’]")
_REPOST = re.compile(r"(?<!\w)(?:RT|MT|via)\s*@\w+:?|[\"“”„«'‘’]\s*@\w[\w.\-]*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"(?<!\w)(?:(?:RT|MT|via)\s*)?@user:?|\bhttp\b", re.IGNORECASE)
_ADDRESSED = re.compile(r"\W*?((?:@\w[\w.\-]*[\s,:]*)+)")
_HANDLE = re.compile(r"@\w+")
_CUT_OFF = re.compile(r"\s*(?:…|\.\.+)\W*\Z")


def likeness(text: str, of: str) -> float:
    """How much two posts have in common, from nothing to the same words."""
    one, other = _read(text), _read(of)
    if one.words == other.words:
        return 1.0
    return len(one.pairs & other.pairs) / max(1, len(one.pairs | other.pairs))


@dataclass(frozen=True, slots=True)
class _Reading:
    words: tuple[str, ...]
    long: frozenset[str]
    pairs: frozenset[tuple[str, ...]]
    numbers: frozenset[str]
    addressed: frozenset[str]
    is_repost: bool
    is_telling: bool


def keys(text: str) -> tuple[str, ...]:
    """At most :data:`KEYS` strings of twelve hex digits, of which copies almost always share one.

    Empty for a text with too few words to tell. A short text has a single key, that of its words as they stand:
    only its reposts are copies of it.
    """
    reading = _read(text)
    if not reading.is_telling:
        return (_digest(reading.words),) if len(set(reading.words)) >= _FEWEST else ()
    triples = _runs(reading.words, 3)
    rare = {triple for triple in triples if sum(word in reading.long for word in triple) > 1}
    return tuple(sorted(map(_digest, rare or triples))[:KEYS])


def is_copy(text: str, of: str) -> bool:
    """Do two posts tell the same in the same words, so that one was made from the other?

    Two customers who complain alike in a few words are two customers: a short text is a copy only where one of the
    two is a repost and the words are equal. The same words to different people are no copies either, such as an
    agent's canned replies, nor is a form filled in twice, where each names a number that the other does not.
    """
    one, other = _read(text), _read(of)
    if not (one.is_telling and other.is_telling):
        says_so = one.is_repost or other.is_repost
        return says_so and one.words == other.words and len(set(one.words)) >= _FEWEST
    if one.addressed and other.addressed and not one.addressed & other.addressed:
        return False
    if one.numbers - other.numbers and other.numbers - one.numbers:
        return False
    if len(one.long & other.long) < _SHARED_WORDS * min(len(one.long), len(other.long)):
        return False
    shared = len(one.pairs & other.pairs)
    fewer = min(len(one.pairs), len(other.pairs))
    alike = shared >= _ALIKE * len(one.pairs | other.pairs)
    return alike or (shared >= _QUOTED_PAIRS and shared >= _QUOTED * fewer)


@lru_cache(maxsize=1_024)
def _read(text: str) -> _Reading:
    """What is compared of a text. Kept for a while, since each post is compared with the same few before it."""
    text = text[:_READ_CHARS]
    words = _words(text)
    long = frozenset(word for word in words if len(word) >= _LONG_WORD or _is_unspaced(word))
    reposts = [mark.end() for mark in _REPOST.finditer(text)]
    addressed = _ADDRESSED.match(text, reposts[-1] if reposts else 0)
    return _Reading(
        words=words,
        long=long,
        pairs=_runs(words, 2),
        numbers=frozenset(word for word in words if word[0].isdigit()),
        addressed=frozenset(_HANDLE.findall(addressed[1].casefold())) if addressed else frozenset(),
        is_repost=bool(reposts),
        is_telling=sum(1 if _is_unspaced(word) else 3 for word in long) >= _ENOUGH,
    )


def _words(text: str) -> tuple[str, ...]:
    """The words without handles, links and repost prefixes, and without a last word that was cut off."""
    bare = _PLACEHOLDER.sub(" ", for_model(text))
    end = _CUT_OFF.search(bare[-40:])
    if end is not None:
        bare = bare[: max(0, len(bare) - 40) + end.start()].rpartition(" ")[0]
    return tuple(_TOKEN.findall(fold(_APOSTROPHE.sub("", bare))))


def _is_unspaced(word: str) -> bool:
    return len(word) == 1 and word >= "\u0e00"


def _runs(words: tuple[str, ...], length: int) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(*(words[start:] for start in range(length)), strict=False))


def _digest(words: tuple[str, ...]) -> str:
    return blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=6).hexdigest()
