"""Which words carried a verdict: those without which the complaint probability falls most."""

import re
from collections.abc import Callable, Sequence

from monitor.core.text import for_model
from monitor.core.verdict import Word

AT_ONCE = 24
"""A longer text is first searched in so many pieces."""

CANDIDATES = 9
"""After the first round only so many words are tried again."""

PLACEHOLDERS = ("@user", "http")
"""What stands for handles and links is in no post, so it is not named."""

_CLAUSE = re.compile(r"(?<=[，。！？、；：])(?=[^\s，。！？、；：])")

Probabilities = Callable[[Sequence[str]], Sequence[float]]


def carrying_words(
    text: str, complaint: Probabilities, most: int = 3, hints: Sequence[int] | None = None
) -> tuple[Word, ...]:
    """Up to ``most`` words, each the one without which the probability falls most once those before it are gone.

    ``complaint`` gives the probabilities of texts. ``hints`` are the positions of the words worth trying, where a
    classifier knows them: then ``text`` is as it sees it already, since to normalise it again would move its words
    ("&amp;nbsp;" becomes "&nbsp;", and that a space). Otherwise long texts are searched in pieces first. Words whose
    absence changes nothing are not named. Costs about ``3 * CANDIDATES`` scores with hints, and at most twice
    ``AT_ONCE`` more without.
    """
    words = (spaced(for_model(text)) if hints is None else text).split()
    if not words:
        return ()
    (before,) = complaint([" ".join(words)])
    tried = list(hints) if hints is not None else _worth_trying(words, complaint)
    tried = [i for i in tried if _bare(words[i]) not in PLACEHOLDERS]
    gone: list[int] = []
    found: list[Word] = []
    while tried and len(gone) < most:
        left = complaint([_without(words, {*gone, i}) for i in tried])
        order = sorted(range(len(tried)), key=lambda place: (left[place], tried[place]))
        best = tried[order[0]]
        if left[order[0]] >= before:
            break
        found.append(Word(_bare(words[best]), before - left[order[0]]))
        before = left[order[0]]
        gone.append(best)
        tried = [tried[place] for place in order[1 : CANDIDATES + 1]]
    return tuple(found)


def spaced(text: str) -> str:
    """A text with a space after each sign of East Asian punctuation: clauses stand for words that have no spaces."""
    return _CLAUSE.sub(" ", text)


def _worth_trying(words: Sequence[str], complaint: Probabilities) -> list[int]:
    """Every word of a short text; of a long one the words in the pieces that matter most."""
    positions = list(range(len(words)))
    while len(positions) > AT_ONCE:
        size = -(-len(positions) // AT_ONCE)
        pieces = [positions[start : start + size] for start in range(0, len(positions), size)]
        left = complaint([_without(words, set(piece)) for piece in pieces])
        kept = sorted(range(len(pieces)), key=lambda place: left[place])[: max(1, AT_ONCE // max(size, 2))]
        positions = sorted(i for place in kept for i in pieces[place])
    return positions


def _without(words: Sequence[str], gone: set[int]) -> str:
    return " ".join(word for i, word in enumerate(words) if i not in gone)


def _bare(word: str) -> str:
    """The word without the punctuation around it, unless it is nothing else."""
    return word.strip(".,;:!?\"'()[]{}…“”‘’«»*_-—–，。！？、；：") or word
