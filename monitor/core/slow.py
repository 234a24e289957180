"""Slow changes: a share that rises for weeks without any surge, and complaints per order that cross a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from monitor.core.calibration import Share
from monitor.core.message import Message, Tone
from monitor.core.wording import topic_name

WEEKS = 7
"""Six steps from week to week."""

FEWEST = 50
"""A week with fewer posts says nothing about shares."""

STEPS_UP = 4
RISE = 0.03
"""From the first week to the last, as the fitted line has it."""

SURE = 4.0
"""Standard errors, uncertain themselves with seven weeks. Shares that wander by a fifth drift so by chance less
than once a year in 15 series (tests/core/test_slow.py)."""

LIMITS = (0.05, 0.2)
"""Complaints per order: an annoyance, a problem, a crisis."""

BANDS = ("under 5 %", "5 to 20 %", "20 % and more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A share that rose: in the first week and in the last, by so many points a week, surely to so many errors."""

    first: Share
    last: Share
    per_week: float
    errors: float


def drift(weeks: Sequence[tuple[int, int]]) -> Drift | None:
    """Whether complaints among posts rose steadily; pairs of both for each week, oldest first."""
    if len(weeks) < WEEKS or any(posts < FEWEST for _, posts in weeks):
        return None
    shares = [complaints / posts for complaints, posts in weeks]
    slope, errors = _slope(shares, [posts for _, posts in weeks])
    ups = sum(later > earlier for earlier, later in pairwise(shares))
    if slope * (len(weeks) - 1) < RISE or errors < SURE or ups < STEPS_UP:
        return None
    return Drift(first=Share(*weeks[0]), last=Share(*weeks[-1]), per_week=slope, errors=errors)


def band(rate: float) -> int:
    """Which band a rate is in: the number of limits that it has reached."""
    return sum(rate >= limit for limit in LIMITS)


def is_sure(rate: Share) -> bool:
    """Does the whole interval lie in one band?"""
    low, high = rate.interval
    return band(low) == band(high)


def write_drift(brand: str, topic: str, found: Drift, key: str) -> Message:
    """The quiet notice of a rise that no single day would show."""
    about = f"{topic_name(topic)} · {brand}" if topic else brand
    return Message(
        key=key,
        title=f"Slow rise of complaints · {about}",
        facts=(
            ("Seven weeks ago", f"{found.first} of the posts complain"),
            ("Last week", str(found.last)),
            ("Per week", f"{found.per_week * 100:+.1f} points"),
        ),
        why=(f"it rises steadily, by {found.errors:.1f} standard errors, although no day stood out",),
        tone=Tone.QUIET,
    )


def write_band(brand: str, topic: str, now: Share, before: Share, key: str) -> Message:
    """Complaints per order have crossed a limit; while the interval straddles it, they may have."""
    about = f"{topic_name(topic)} · {brand}" if topic else brand
    may = "" if is_sure(now) else "may be "
    word = "up" if now.value > before.value else "down"
    return Message(
        key=key,
        title=f"Complaints per order {may}{word}: {BANDS[band(now.value)]} · {about}",
        facts=(("Last 7 days", _rate(now)), ("The 7 days until the day before", _rate(before))),
        why=("the bands are under 5 %, 5 to 20 %, and more",),
        tone=Tone.GROWING if word == "up" else Tone.GOOD,
    )


def _rate(rate: Share) -> str:
    low, high = rate.interval
    return f"{rate.hits} of {rate.of} orders: {rate.value:.1%} (95 % interval {low:.1%} to {high:.1%})"


def _slope(shares: Sequence[float], posts: Sequence[int]) -> tuple[float, float]:
    """The weighted least-squares slope per week, and how many standard errors it is from none.

    Weeks differ by more than chance; the errors are widened by how far the weeks lie from the line.
    """
    whole = sum(share * count for share, count in zip(shares, posts, strict=True)) / sum(posts)
    variance = max(whole * (1 - whole), 1e-9)
    weights = [count / variance for count in posts]
    total = sum(weights)
    at = sum(weight * week for week, weight in enumerate(weights)) / total
    mean = sum(weight * share for weight, share in zip(weights, shares, strict=True)) / total
    spread = sum(weight * (week - at) ** 2 for week, weight in enumerate(weights))
    slope = sum(w * (week - at) * (share - mean) for week, (w, share) in enumerate(zip(weights, shares, strict=True)))
    slope /= spread
    left = sum(
        w * (share - mean - slope * (week - at)) ** 2
        for week, (w, share) in enumerate(zip(weights, shares, strict=True))
    )
    wider = max(1.0, left / (len(shares) - 2))
    return slope, slope * sqrt(spread / wider)
