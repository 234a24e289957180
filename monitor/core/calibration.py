"""How right a classifier's probabilities were on labelled posts, and which threshold keeps a promise."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.core.verdict import Thresholds

STEPS = 100
"""Probabilities are counted in hundredths."""

FEWEST = 30
"""Fewer posts than this above a threshold say nothing about its precision."""

DEFAULT = ""
"""The name of the counts used for a language that has none of its own."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95 % Wilson interval (https://doi.org/10.1080/01621459.1927.10502953)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The bounds; 0 and 1 where nothing was counted."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.959964, self.of, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.0%} ({low:.0%} to {high:.0%} of {self.of})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the operator asks of alerts: ``precision`` of them right, or ``recall`` of the complaints alerted.

    ``digest_recall`` is the share of complaints that must reach at least the digest.
    """

    precision: float | None = None
    recall: float | None = None
    digest_recall: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Labelled posts counted by their probability: ``complaints[17]`` of them were complaints at 0.17 to 0.18."""

    complaints: tuple[int, ...]
    others: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.complaints) != STEPS or len(self.others) != STEPS:
            raise ValueError(f"a calibration has {STEPS} counts of complaints and as many of others")

    @property
    def rows(self) -> int:
        return sum(self.complaints) + sum(self.others)

    def precision(self, threshold: float) -> Share:
        """The share of right ones among the posts at or above a threshold."""
        start = step_of(threshold)
        right = sum(self.complaints[start:])
        return Share(right, right + sum(self.others[start:]))

    def recall(self, threshold: float) -> Share:
        """The share of the complaints that are at or above a threshold."""
        return Share(sum(self.complaints[step_of(threshold) :]), sum(self.complaints))

    def for_precision(self, aim: float) -> float:
        """The lowest threshold from which up precision nowhere falls below the aim; 1.0 when none reaches it."""
        best = STEPS
        for step in range(STEPS - 1, 0, -1):
            reached = self.precision(step / STEPS)
            if reached.of >= FEWEST and reached.value < aim:
                break
            if reached.of >= FEWEST:
                best = step
        return best / STEPS

    def best_precision(self) -> float:
        """The highest precision that is reached on enough posts to say so."""
        reached = (self.precision(step / STEPS) for step in range(STEPS))
        return max((share.value for share in reached if share.of >= FEWEST), default=0.0)

    def for_recall(self, aim: float) -> float:
        """The highest threshold that still finds the aimed share."""
        return next((step / STEPS for step in range(STEPS - 1, 0, -1) if self.recall(step / STEPS).value >= aim), 0.01)

    def thresholds(self, aim: Aim) -> Thresholds:
        """The thresholds that keep the aim on these posts."""
        digest = self.for_recall(aim.digest_recall)
        if aim.recall is not None:
            alert = self.for_recall(aim.recall)
        elif aim.precision is not None:
            alert = self.for_precision(aim.precision)
        else:
            raise ValueError("an aim needs precision or recall")
        return Thresholds(digest=min(digest, alert), alert=alert)


def step_of(probability: float) -> int:
    """The hundredth a probability is counted in."""
    return min(STEPS - 1, int(probability * STEPS + 1e-9))


def counted(pairs: Iterable[tuple[float, bool]]) -> Calibration:
    """The calibration of (probability, is it a complaint) pairs."""
    complaints, others = [0] * STEPS, [0] * STEPS
    for probability, is_complaint in pairs:
        (complaints if is_complaint else others)[step_of(probability)] += 1
    return Calibration(complaints=tuple(complaints), others=tuple(others))


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The thresholds to use, by language; the one named ``DEFAULT`` is for every other."""

    by_language: Mapping[str, Thresholds]

    @classmethod
    def everywhere(cls, thresholds: Thresholds) -> "Cutoffs":
        """The same for every language."""
        return cls({DEFAULT: thresholds})

    def of(self, language: str | None) -> Thresholds:
        """The thresholds for a post in a language (None: not known)."""
        return self.by_language.get(language or DEFAULT) or self.by_language[DEFAULT]
