"""Draws posts for people to label without seeing the model's verdict, so that recall can be estimated.

The posts of a period are divided into strata by tier and score, and each stratum gives a share of the sample in
proportion to its size and its expected spread, N·√(p(1-p)): Neyman's optimum allocation, in whole posts after Wright
(2012, *The equivalence of Neyman optimum allocation for sampling and equal proportions for apportioning the U.S. House
of Representatives*), with a floor for every stratum, since the scores may be wrong. Alerted posts are a stratum too, so
that precision comes from the same blind sample. How the labels are read back: :mod:`monitor.learning.recall`.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.verdict import Label

EDGES: Mapping[Label, tuple[float, ...]] = {Label.COMPLAINT: (), Label.UNSURE: (0.3,), Label.OTHER: (0.02, 0.1)}
"""Where each tier is divided by score."""

TIERS: Mapping[Label, Literal["alert", "digest", "ignored"]] = {
    Label.COMPLAINT: "alert",
    Label.UNSURE: "digest",
    Label.OTHER: "ignored",
}

LEAST_RATE = 0.01
"""No stratum is taken to be purer than this, whatever the scores say."""

Key = tuple[str, str, str]
"""Platform, id and brand: what makes a mention one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A stored post and its deciding verdict, as far as drawing needs it."""

    mention: int
    label: Label
    complaint: float
    model: str


@dataclass(slots=True)
class Stratum:
    """The posts of one tier with scores from ``low`` up to ``high``."""

    label: Label
    low: float
    high: float
    mentions: "array[int]" = field(default_factory=lambda: array("q"))
    expected: float = 0.0

    @property
    def name(self) -> str:
        if not EDGES[self.label]:
            return TIERS[self.label]
        if self.low == 0:
            return f"{TIERS[self.label]}, below {self.high}"
        return f"{TIERS[self.label]}, {self.low} {'and up' if self.high > 1 else f'to {self.high}'}"

    @property
    def weight(self) -> float:
        """Size times expected spread."""
        size = len(self.mentions)
        rate = min(max(self.expected / size, LEAST_RATE), 1 - LEAST_RATE)
        return size * math.sqrt(rate * (1 - rate))

    def add(self, post: Judged) -> None:
        self.mentions.append(post.mention)
        self.expected += post.complaint


class Part(BaseModel):
    """A stratum of the design: how many posts it holds, and which of them were drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tier: Literal["alert", "digest", "ignored"]
    posts: int = Field(ge=1)
    expected_complaints: float = Field(ge=0)
    sample: tuple[Key, ...]


class Design(BaseModel):
    """How a sample was drawn: without it, labels say nothing about the posts that nobody labelled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["umbrage sample 1"] = "umbrage sample 1"
    since: datetime
    until: datetime
    brand: str | None
    seed: int
    models: dict[str, int]
    posts: int = Field(ge=1)
    alerted: int = Field(ge=0)
    strata: tuple[Part, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: each stratum with the mentions chosen from it, and how many posts each model judged."""

    parts: tuple[tuple[Stratum, tuple[int, ...]], ...]
    models: dict[str, int]

    def shuffled(self, seed: int) -> list[int]:
        """All chosen mentions in an order that says nothing about their strata."""
        chosen = sorted(mention for _, mentions in self.parts for mention in mentions)
        _chance(seed, "order").shuffle(chosen)
        return chosen

    def design(self, keys: Mapping[int, Key], **period: Any) -> Design:
        """How it was drawn, to be kept beside the sample; ``keys`` name the chosen mentions."""
        return Design(
            models=self.models,
            posts=sum(len(one.mentions) for one, _ in self.parts),
            alerted=sum(len(one.mentions) for one, _ in self.parts if one.label is Label.COMPLAINT),
            strata=tuple(_part(one, [keys[mention] for mention in chosen]) for one, chosen in self.parts),
            **period,
        )


def _part(stratum: Stratum, sample: Iterable[Key]) -> Part:
    return Part(
        name=stratum.name,
        tier=TIERS[stratum.label],
        posts=len(stratum.mentions),
        expected_complaints=round(stratum.expected, 2),
        sample=tuple(sorted(sample)),
    )


def draw(posts: Iterable[Judged], size: int, seed: int) -> Drawn:
    """Draw ``size`` posts, or all if there are fewer; the same posts and seed give the same sample."""
    strata, models = _divided(posts)
    shares = allocated([len(one.mentions) for one in strata], [one.weight for one in strata], size)
    chance = _chance(seed, "posts")
    chosen = (tuple(chance.sample(one.mentions, share)) for one, share in zip(strata, shares, strict=True))
    return Drawn(tuple(zip(strata, chosen, strict=True)), dict(models.most_common()))


def _divided(posts: Iterable[Judged]) -> tuple[list[Stratum], Counter[str]]:
    """The strata that hold any post, and how many posts each model judged."""
    strata = {label: [Stratum(label, low, high) for low, high in _bounds(label)] for label in EDGES}
    models: Counter[str] = Counter()
    for post in posts:
        models[post.model] += 1
        next(one for one in strata[post.label] if post.complaint < one.high).add(post)
    return [one for each in strata.values() for one in each if one.mentions], models


def _bounds(label: Label) -> list[tuple[float, float]]:
    edges = (0.0, *EDGES[label], math.inf)
    return list(pairwise(edges))


def allocated(sizes: Sequence[int], weights: Sequence[float], size: int) -> list[int]:
    """How many to draw from each stratum: half evenly as a floor, the rest one by one where it helps most."""
    floor = max(1, size // (2 * max(1, len(sizes))))
    shares = [min(one, floor) for one in sizes]
    for _ in range(min(size, sum(sizes)) - sum(shares)):
        places = (place for place, share in enumerate(shares) if share < sizes[place])
        shares[max(places, key=lambda place: weights[place] / math.sqrt(shares[place] * (shares[place] + 1)))] += 1
    return shares


def _chance(seed: int, purpose: str) -> Random:
    return Random(f"{purpose} {seed}")  # noqa: S311 - a sample, no secret
