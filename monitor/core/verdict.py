"""What a classifier says about a post and what we make of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Label(StrEnum):
    """The three tiers: alert, digest, ignore."""

    COMPLAINT = "complaint"
    UNSURE = "unsure"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Severity as a soft band, from ``low`` to ``high`` of 1 (disappointed) to 4 (blame with consequence).

    ``probability`` is how sure it is that the severity lies within.
    """

    low: int
    high: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A classifier's raw answer for one text; what a classifier does not judge stays empty.

    ``complaint`` is a probability from 0 to 1; ``topics`` are (name, probability) pairs, likeliest first, possibly
    none. ``arousal`` goes from 0 (calm) to 1 (agitated). ``language`` is the ISO 639-1 code that was recognised, and
    ``is_measured`` is false where nobody has measured the classifier's quality in it.
    """

    complaint: float
    topics: tuple[tuple[str, float], ...] = ()
    sentiment: str | None = None
    intent: str | None = None
    severity: Band | None = None
    arousal: float | None = None
    language: str | None = None
    is_measured: bool = True


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a post, and by how much the complaint probability falls when it is left out."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From ``alert`` up a post is a complaint, from ``digest`` up it is unsure."""

    digest: float = 0.5
    alert: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.digest <= self.alert <= 1:
            raise ValueError("thresholds must satisfy 0 <= digest <= alert <= 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A score turned into a decision; kept per mention and model revision, never changed."""

    model: str
    label: Label
    complaint: float
    topics: tuple[str, ...]
    at: datetime
    sentiment: str | None = None
    intent: str | None = None
    severity: Band | None = None
    arousal: float | None = None
    language: str | None = None
    is_measured: bool = True


def judge(score: Score, model: str, thresholds: Thresholds, now: datetime) -> Verdict:
    """The only place where a probability becomes a label."""
    if score.complaint >= thresholds.alert:
        label = Label.COMPLAINT
    elif score.complaint >= thresholds.digest:
        label = Label.UNSURE
    else:
        label = Label.OTHER
    return Verdict(
        model=model,
        label=label,
        complaint=score.complaint,
        topics=tuple(name for name, _ in score.topics),
        at=now,
        sentiment=score.sentiment,
        intent=score.intent,
        severity=score.severity,
        arousal=score.arousal,
        language=score.language,
        is_measured=score.is_measured,
    )
