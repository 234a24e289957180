"""Who says that they leave us for a rival, or come to us from one: by rule, from posts that name both."""

import re
from collections.abc import Iterable
from enum import StrEnum

from monitor.core.text import fold

_LINK = re.compile(r"https?://\S+")
_NOT_WORDS = re.compile(r"[\W_]+")
_NOT = re.compile(r" (?:not|never|t|dont|wont|cant|didnt)(?: \w+){0,2} $")

_GOES = (
    r"(?:switch|mov|chang|defect|convert|migrat|jump|went|going|go|gone|head|came|com|return|resort)\w* "
    r"(?:over |back |straight )*to THEM",
    r"(?:back|business|end up on|ended up on|ended up with) (?:to )?THEM",
    r"(?:leav|left|ditch|dump|dropp|quit|swapp?|trad)\w* (?:\w+ ){0,3}US (?:\w+ ){0,3}(?:for|with) THEM",
    r"from US (?:over |back )*to THEM",
    r"(?:tak|giv|mov|bring)\w* (?:my|our|all) (?:\w+ ){1,5}to THEM",
    r"(?<=\w )hello THEM",
    r"THEM (?:it is|from now on|next time|instead(?! of))",
    r"next (?:\w+ ){1,4}(?:on|with|at|from|is|be) THEM",
    r"next time (?:\w+ ){0,3}THEM",
    r"(?:ll|will|gonna|m|im|re|already|just|rather|going to|had to|have to) (?:be )?(?:now )?"
    r"(?:try|us|fly|flew|buy|choos|pick|order|shop|stay|stick|go)\w* (?:with |on |at |from |to )?THEM",
    r"book(?:ed|ing)? (?:(?!me )\w+ ){0,5}(?:on|with) THEM",
)
"""Ways to say it, with THEM for who gains and US for who loses."""


class Way(StrEnum):
    """Which way a customer goes."""

    LEAVING = "leaving"
    COMING = "coming"


class Ways:
    """The rules for one rival, by the names of both."""

    def __init__(self, ours: Iterable[str], theirs: Iterable[str]) -> None:
        us, them = _names(ours), _names(theirs)
        self._leaving, self._coming = _rules(us, them), _rules(them, us)

    def of(self, text: str) -> Way | None:
        """Which way somebody goes; ``None`` where the words do not say it, or say both."""
        words = f" {_NOT_WORDS.sub(' ', fold(_LINK.sub(' ', text))).strip()} "
        found = [
            way for way, rules in ((Way.LEAVING, self._leaving), (Way.COMING, self._coming)) if _says(rules, words)
        ]
        return found[0] if len(found) == 1 else None


def _says(rules: re.Pattern[str], words: str) -> bool:
    return any(not _NOT.search(words[: match.start()]) for match in rules.finditer(words))


def _names(names: Iterable[str]) -> str:
    plain = {_NOT_WORDS.sub(" ", fold(name)).strip() for name in names}
    return "(?:" + "|".join(re.escape(name) for name in sorted(plain - {""}, key=lambda name: (-len(name), name))) + ")"


def _rules(us: str, them: str) -> re.Pattern[str]:
    ways = "|".join(_GOES).replace("THEM", them).replace("US", us)
    return re.compile(f"(?<= )(?:{ways})(?= )")
