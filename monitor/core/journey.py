"""Before, during or after the purchase, and where the customer touched the business: from their words, or not known.

Words of an industry come first; where they say nothing about the time, the touchpoints named do, and then the model's
topic.
What none of them says is ``unknown``, which is counted like the others.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

from monitor.core.text import fold

UNKNOWN = "unknown"
_NOT_WORDS = re.compile(r"[\W_]+")
_OFTEN = 4_096
"""Most posts have the same few words; so many findings are kept."""


class Stage(StrEnum):
    """When the customer speaks, as seen from their purchase."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    UNKNOWN = "unknown"


_STAGES = tuple(Stage)
TOPICS = {
    "price": Stage.BEFORE,
    "booking_order": Stage.DURING,
    "delivery": Stage.AFTER,
    "returns": Stage.AFTER,
    "product_defect": Stage.AFTER,
    "billing_refund": Stage.AFTER,
}
"""What a topic of the model says about the time, where the words say nothing."""


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A place where customers touch a business: when that mostly is, and the beginnings of words that tell of it."""

    stage: Stage
    words: tuple[str, ...]


class Pack:
    """What an industry's words tell. Words match from their beginning: ``deliver`` also finds *delivered*."""

    def __init__(self, touchpoints: Mapping[str, Touchpoint], stages: Mapping[Stage, Sequence[str]]) -> None:
        self.touchpoints = touchpoints
        self._meant: list[Stage | str] = []
        patterns = []
        for name, of in touchpoints.items():
            patterns += [_pattern(word) for word in of.words]
            self._meant += [name] * len(of.words)
        for stage, words in stages.items():
            patterns += [_pattern(word) for word in words]
            self._meant += [stage] * len(words)
        self._finder = AhoCorasick(patterns)
        self._told_by = lru_cache(_OFTEN)(self._place)

    def place(self, text: str, topic: str) -> tuple[Stage, str]:
        """Stage and touchpoint of a post; each may be unknown."""
        seen = f" {_NOT_WORDS.sub(' ', fold(text))} "
        matches = self._finder.find_matches_as_indexes(seen, overlapping=True)
        return self._told_by(tuple([number for number, _, _ in matches]), topic)

    def _place(self, words: Sequence[int], topic: str) -> tuple[Stage, str]:
        found = Counter([self._meant[number] for number in words])
        places = [name for name in self.touchpoints if name in found]
        touchpoint = max(places, key=found.__getitem__, default=UNKNOWN)
        stages = [stage for stage in _STAGES if stage in found]
        if stages:
            return max(stages, key=found.__getitem__), touchpoint
        timed = [name for name in places if self.touchpoints[name].stage is not Stage.UNKNOWN]
        if timed:
            return self.touchpoints[max(timed, key=found.__getitem__)].stage, touchpoint
        return TOPICS.get(topic, Stage.UNKNOWN), touchpoint


def _pattern(word: str) -> str:
    """A word from its beginning; one that ends with a space must end there."""
    end = " " if word.endswith(" ") else ""
    return f" {_NOT_WORDS.sub(' ', fold(word)).strip()}{end}"
