"""Estimates recall and precision from a labelled sample that :mod:`monitor.learning.sample` drew.

Point estimates are those of stratified sampling: each stratum's share of complaints times its posts (Cochran 1977,
*Sampling Techniques*, chapter 5). Intervals come from the beta-binomial posterior of each stratum, drawn many times and
put together, as Webber recommends for recall (2013, *Approximate recall confidence intervals*,
https://doi.org/10.1145/2414782.2414784): it stays honest where no complaint was found among a few, which is the usual
case far below the threshold, and where a bootstrap would claim to be certain. It also knows that posts labelled are
certain and only the rest is not. Webber's prior is half a complaint and half another post for each of two strata; here
as much is shared out among all strata, since half a complaint in each of many large strata would add complaints that
nobody saw.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monitor.core.errors import UmbrageError
from monitor.learning.sample import Design, Key, Part
from monitor.measures import Figure, Numbers

DRAWS = 10_000
SEED = 13

ALERT = ("alert",)
LISTED = (*ALERT, "digest")
EVERY = (*LISTED, "ignored")


class Unlabelled(UmbrageError):
    """Too little is labelled; label more and read the file again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What people found in one stratum."""

    name: str
    posts: int
    labelled: int
    complaints: int

    @property
    def estimated(self) -> float:
        """How many complaints it holds, by the best guess."""
        return self.posts * self.complaints / self.labelled


@dataclass(frozen=True, slots=True)
class Estimate:
    """What became of the complaints of a period.

    ``recall`` is the share that was alerted, ``digest_recall`` the share that was alerted or in the digest,
    ``precision`` the share of right ones among the alerted, ``missed`` how many complaints were not alerted.
    """

    recall: Figure
    digest_recall: Figure
    precision: Figure
    missed: Figure
    strata: tuple[Seen, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values, for a machine."""
        return asdict(self) | {"strata": [asdict(one) | {"estimated": one.estimated} for one in self.strata]}


def estimate(design: Design, labels: Mapping[Key, bool]) -> Estimate:
    """What labels of the sample say about all posts of its period.

    :raises Unlabelled: when no post of some stratum has a label.
    """
    strata = tuple(_seen(part, labels) for part in design.strata)
    best = _measures(design, np.array([[one.estimated] for one in strata]))
    spread = _measures(design, _draws(strata))
    figures = {name: _figure(float(value[0]), spread[name]) for name, value in best.items()}
    return Estimate(**figures, strata=strata)


def _seen(part: Part, labels: Mapping[Key, bool]) -> Seen:
    found = [labels[key] for key in part.sample if key in labels]
    if not found:
        raise Unlabelled(
            f"none of the {len(part.sample)} posts drawn from the stratum {part.name!r} has a label, so nothing is "
            f"known about its {part.posts:,} posts; label more of the file"
        )
    return Seen(part.name, part.posts, len(found), sum(found))


def _draws(strata: tuple[Seen, ...]) -> Numbers:
    """How many complaints each stratum may hold, of shape (strata, draws)."""
    chance = np.random.default_rng(SEED)
    prior = 1 / len(strata)
    hits = np.array([[float(one.complaints)] for one in strata])
    labelled = np.array([[float(one.labelled)] for one in strata])
    rest = np.array([[one.posts - one.labelled] for one in strata])
    rate = chance.beta(hits + prior, labelled - hits + prior, (len(strata), DRAWS))
    return hits + chance.binomial(rest, rate)


def _measures(design: Design, complaints: Numbers) -> dict[str, Numbers]:
    """The measures for each column of complaints by stratum; NaN where there is nothing to measure."""
    tiers = np.array([part.tier for part in design.strata])
    alerted, listed, every = (complaints[np.isin(tiers, one)].sum(0) for one in (ALERT, LISTED, EVERY))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "recall": alerted / every,
            "digest_recall": listed / every,
            "precision": alerted / np.float64(design.alerted),
            "missed": every - alerted,
        }


def _figure(value: float, spread: Numbers) -> Figure:
    """A figure whose interval holds its best guess, which lies outside the draws when nothing at all was found."""
    if np.isnan(value):
        return Figure()
    low, high = np.nanquantile(spread, (0.025, 0.975))
    return Figure(value, min(value, float(low)), max(value, float(high)))
