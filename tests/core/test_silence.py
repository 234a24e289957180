"""A source is too quiet only when it really is: judged by the same hour of the week, and never while it is new."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.silence import HISTORY, Pulse, hour_of, quiet

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
"""A Friday afternoon."""


def history(rate: Callable[[datetime], float], span: timedelta = HISTORY, seed: int = 1) -> list[Pulse]:
    dice = random.Random(seed)
    start = hour_of(NOW - span)
    hours = [start + n * HOUR for n in range(int(span / HOUR) + 1)]
    return [Pulse(hour, sum(dice.random() < rate(hour) / 200 for _ in range(200)), 0) for hour in hours]


def by_day(hour: datetime) -> float:
    return 12 if 8 <= hour.hour < 20 and hour.weekday() < 5 else 0.5


def silent_from(pulses: Sequence[Pulse], moment: datetime, share: float = 0.0) -> list[Pulse]:
    return [p if p.hour < moment else Pulse(p.hour, int(p.seen * share), p.skipped) for p in pulses]


def test_what_is_usual_is_not_quiet() -> None:
    assert quiet(history(by_day), NOW) is None


def test_silence_is_noticed_after_about_twenty_usual_posts() -> None:
    pulses = history(by_day)
    assert quiet(silent_from(pulses, NOW - 2 * HOUR), NOW) is None
    found = quiet(silent_from(pulses, NOW - 4 * HOUR), NOW)
    assert found is not None
    assert found.startswith("0 posts in the last 2 h, where about 2")


def test_a_trickle_is_too_quiet_too() -> None:
    found = quiet(silent_from(history(by_day), NOW - 8 * HOUR, share=0.05), NOW)
    assert found is not None


def test_a_quiet_weekend_is_usual() -> None:
    sunday = NOW + timedelta(days=2)
    pulses = [p for p in history(by_day, HISTORY) if p.hour < NOW]
    pulses += [Pulse(hour_of(NOW) + n * HOUR, 0, 0) for n in range(5, 49)]
    assert quiet(pulses, sunday) is None


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_new_source_is_not_judged(days: int) -> None:
    pulses = history(lambda _: 50, timedelta(days=days))
    assert quiet(silent_from(pulses, NOW - 10 * HOUR), NOW) is None
    assert quiet([], NOW) is None


def test_within_the_first_weeks_the_hour_of_the_day_counts() -> None:
    pulses = history(lambda _: 10, timedelta(days=5))
    assert quiet(pulses, NOW) is None
    assert quiet(silent_from(pulses, NOW - 6 * HOUR), NOW) is not None


def test_hours_in_which_nobody_listened_do_not_count() -> None:
    pulses = [p for p in history(by_day) if not NOW - 12 * HOUR < p.hour <= NOW]
    assert quiet(pulses, NOW) is None


def test_a_day_of_nothing_but_unreadable_items_is_told() -> None:
    pulses = [Pulse(hour_of(NOW) - n * HOUR, 0, 5) for n in range(5)]
    assert quiet(pulses, NOW) == "none of the last 25 items could be read; umbrage try shows why"
    assert quiet([*pulses, Pulse(hour_of(NOW) - 6 * HOUR, 1, 0)], NOW) is None


def test_false_alarms_are_rare() -> None:
    """A year of ordinary hours, each looked at once."""
    pulses = history(by_day, timedelta(days=365 + 28), seed=7)
    alarms = 0
    for end in range(28 * 24, len(pulses)):
        moment = pulses[end].hour + HOUR / 2
        alarms += quiet(pulses[end - 28 * 24 : end], moment) is not None
    assert alarms == 0
