"""The baseline, the tail, and what a wave is made of."""

import random
from datetime import UTC, datetime
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from monitor.core.surge import (
    HOUR,
    LEARNING,
    WEEK,
    WHOLE,
    WINDOWS,
    Baseline,
    Crowd,
    Kind,
    Often,
    Scope,
    baseline,
    excess,
    is_over,
    is_surge,
    made_of,
    tail,
)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def counts(hours: int, mean: float = 6.0, seed: int = 1) -> list[int]:
    """Twice as many by day as by night, with chance."""
    dice = random.Random(seed)
    rates = [mean * (1.5 if 8 <= hour % 24 < 20 else 0.5) for hour in range(hours)]
    return [sum(dice.random() < rate / 40 for _ in range(40)) for rate in rates]


@given(count=st.integers(0, 400), mean=st.floats(0.01, 200), dispersion=st.floats(0.01, 3))
def test_the_tail_is_that_of_a_negative_binomial(count: int, mean: float, dispersion: float) -> None:
    size = 1 / dispersion
    expected = float(nbinom.sf(count - 1, size, size / (size + mean)))
    assert isclose(tail(count, mean, dispersion), expected, rel_tol=1e-6, abs_tol=1e-12)


def test_nothing_is_said_without_three_days_of_history() -> None:
    assert baseline([5] * (LEARNING - 1), MONDAY) is None
    assert baseline([5] * LEARNING, MONDAY) is not None


def known(hours: int = 21 * 24) -> Baseline:
    found = baseline(counts(hours), MONDAY)
    assert found is not None
    return found


def test_the_day_is_expected_to_be_busier_than_the_night() -> None:
    by_day = known().expected(MONDAY + 15 * HOUR, 1)
    by_night = known().expected(MONDAY + 3 * HOUR, 1)
    assert 7 < by_day < 11
    assert 1.5 < by_night < 5


def test_a_part_of_an_hour_counts_for_its_part() -> None:
    noon = MONDAY + 12 * HOUR
    half = known().expected(noon + HOUR / 2, 1)
    assert isclose(half, (known().expected(noon, 1) + known().expected(noon + HOUR, 1)) / 2)


def test_a_young_baseline_needs_more() -> None:
    young = baseline(counts(4 * 24), MONDAY)
    assert young is not None
    assert young.is_young
    assert young.dispersion[1] > known().dispersion[1]


def test_a_surge_does_not_teach_itself() -> None:
    quiet = counts(21 * 24)
    after = quiet[:-6] + [200] * 6
    taught = baseline(after, MONDAY)
    assert taught is not None
    assert taught.level < 1.3 * known().level


@pytest.mark.parametrize(("often", "people"), [(Often.WEEKLY, 45), (Often.MONTHLY, 45), (Often.YEARLY, 60)])
def test_many_people_where_nine_are_usual_are_a_surge_and_fourteen_are_not(often: Often, people: int) -> None:
    afternoon = MONDAY + 15 * HOUR
    assert is_surge(excess(known(), {1: people, 4: 60, 24: 160}, afternoon), often)
    assert not is_surge(excess(known(), {1: 14, 4: 40, 24: 150}, afternoon), often)


def test_what_varies_is_known_better_every_week() -> None:
    afternoon = MONDAY + 15 * HOUR
    chances = []
    for weeks in (1, 2, 4, 8):
        found = baseline(counts(8 * WEEK)[-weeks * WEEK :], MONDAY)
        assert found is not None
        assert not found.is_young
        chances.append(excess(found, {1: 50, 4: 60, 24: 160}, afternoon))
    assert [one.chance for one in chances] == sorted((one.chance for one in chances), reverse=True)
    assert [is_surge(one, Often.YEARLY) for one in chances] == [False, False, False, True]


def test_a_rise_of_a_whole_day_is_seen_by_the_longest_window() -> None:
    found = excess(known(), {1: 16, 4: 60, 24: 460}, MONDAY + 15 * HOUR)
    assert found.hours == 24
    assert is_surge(found, Often.MONTHLY)


def test_few_people_are_no_surge_however_quiet_it_was() -> None:
    silent = baseline([0] * 14 * 24, MONDAY)
    assert silent is not None
    assert not is_surge(excess(silent, {1: 7, 4: 7, 24: 7}, MONDAY), Often.WEEKLY)
    assert is_surge(excess(silent, {1: 9, 4: 9, 24: 9}, MONDAY), Often.MONTHLY)


def test_a_topic_must_be_less_likely_than_a_brand() -> None:
    for count in range(20, 60):
        found = excess(known(), {1: count}, MONDAY + 15 * HOUR)
        assert is_surge(found, Often.MONTHLY) or not is_surge(found, Often.MONTHLY, is_part=True)


def test_scopes_share_posts_unless_they_are_two_topics_or_two_platforms() -> None:
    delivery, price = Scope(topic="delivery"), Scope(topic="price")
    reviews, social = Scope(platform="reviews"), Scope(platform="social")
    assert delivery.overlaps(reviews)
    assert delivery.overlaps(WHOLE)
    assert reviews.overlaps(reviews)
    assert not delivery.overlaps(price)
    assert not social.overlaps(reviews)


def test_it_is_over_when_it_is_ordinary_again() -> None:
    afternoon = MONDAY + 15 * HOUR
    assert not is_over(excess(known(), {1: 45}, afternoon))
    assert is_over(excess(known(), {1: 10}, afternoon))


@pytest.mark.parametrize(
    ("crowd", "kind"),
    [
        (Crowd(posts=300, people=20, copies=280, by_one=1), Kind.COPIES),
        (Crowd(posts=60, people=10, copies=12, by_one=50), Kind.ONE_AUTHOR),
        (Crowd(posts=60, people=40, copies=3, by_one=2), None),
    ],
)
def test_what_a_wave_is_made_of(crowd: Crowd, kind: Kind | None) -> None:
    assert made_of(crowd) is kind


def test_false_surges_of_a_year_of_chance_are_few() -> None:
    """A year of pure chance (Poisson, known season): no false surge at one a month."""
    year = counts(365 * 24, seed=5)
    found = 0
    for day in range(30, 365):
        hour = day * 24
        fitted = baseline(year[:hour][-8 * 168 :], MONDAY + hour * HOUR)
        assert fitted is not None
        for later in range(24):
            now = hour + later
            people = {length: sum(year[now - length : now]) for length in WINDOWS}
            found += is_surge(excess(fitted, people, MONDAY + now * HOUR), Often.MONTHLY)
    assert found == 0
