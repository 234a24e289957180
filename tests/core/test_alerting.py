"""The decision to speak: one named reason for every answer, and rudeness or reach buys nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.alerting import MILESTONES, AlertPolicy, Decision, Reason, Told, count_voices, decide, milestone
from monitor.core.trend import Usual
from monitor.testing.fakes import NOON, a_complaint

POLICY = AlertPolicy(first_gap=timedelta(minutes=10), longest_gap=timedelta(hours=1))
CALM = Usual(now=1, per_hour=1.0)
STORM = Usual(now=40, per_hour=1.0)
NEVER = Told()
ONCE = Told(messages=1, last_at=NOON, voices=1, thread="first")


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def decided(
    *, untold: int = 1, voices: int = 1, told: Told = ONCE, usual: Usual = CALM, now: datetime = NOON
) -> Decision:
    complaints = [a_complaint(mention=number + 1) for number in range(untold)]
    return decide(complaints, voices, told, usual, POLICY, now)


@pytest.mark.parametrize(
    ("decision", "reason", "speaks", "until"),
    [
        (decided(untold=0, told=NEVER), Reason.NOTHING_NEW, False, None),
        (decided(untold=0, voices=500, usual=STORM, now=after(600)), Reason.NOTHING_NEW, False, None),
        (decided(told=NEVER), Reason.FIRST, True, None),
        (decided(told=NEVER, voices=300, usual=STORM), Reason.FIRST, True, None),
        (decided(now=after(0)), Reason.TOO_SOON, False, after(10)),
        (decided(now=after(9.99)), Reason.TOO_SOON, False, after(10)),
        (decided(now=after(10)), Reason.MORE, True, None),
        (decided(voices=4, now=after(1)), Reason.TOO_SOON, False, after(10)),
        (decided(voices=5, now=after(1)), Reason.GROWING, True, None),
        (decided(voices=5, told=replace(ONCE, voices=5), now=after(1)), Reason.TOO_SOON, False, after(10)),
        (decided(voices=19, told=replace(ONCE, voices=5), now=after(10)), Reason.MORE, True, None),
        (decided(voices=20, told=replace(ONCE, voices=5), now=after(1)), Reason.GROWING, True, None),
        (decided(usual=STORM, now=after(1)), Reason.UNUSUAL, True, None),
        (
            decided(usual=STORM, told=replace(ONCE, said_unusual=True), now=after(1)),
            Reason.TOO_SOON,
            False,
            after(10),
        ),
        (decided(usual=STORM, voices=50, now=after(1)), Reason.UNUSUAL, True, None),
    ],
)
def test_every_reason_has_its_case(decision: Decision, reason: Reason, speaks: bool, until: datetime | None) -> None:
    assert decision == Decision(reason=reason, speaks=speaks, until=until)


@pytest.mark.parametrize(
    ("messages", "minutes"), [(1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (100, 60), (10_000, 60), (0, 10)]
)
def test_the_pause_doubles_up_to_an_hour(messages: int, minutes: int) -> None:
    assert POLICY.gap(messages) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("voices", "reached"),
    [(0, 0), (4, 0), (5, 5), (19, 5), (20, 20), (99, 20), (100, 100), (10_000, 10_000), (10**9, 10_000)],
)
def test_milestones_of_people(voices: int, reached: int) -> None:
    assert milestone(voices) == reached


def test_milestones_only_grow() -> None:
    assert list(MILESTONES) == sorted(set(MILESTONES))


def voices_of(complaints: list[tuple[str, str]]) -> int:
    """The voices in (author, wording) pairs."""
    return count_voices(len({author for author, _ in complaints}), len({words for _, words in complaints}))


@pytest.mark.parametrize(
    ("complaints", "voices"),
    [
        ([], 0),
        ([("ann", "a")], 1),
        ([("ann", str(n)) for n in range(300)], 1),
        ([(f"bot{n}", "same words") for n in range(300)], 1),
        ([(f"person{n}", f"words{n}") for n in range(300)], 300),
        ([("ann", "a"), ("bob", "b"), ("ann", "b")], 2),
    ],
    ids=["nobody", "one", "one furious author", "300 copies", "300 people", "a mixture"],
)
def test_people_in_their_own_words_count(complaints: list[tuple[str, str]], voices: int) -> None:
    assert voices_of(complaints) == voices


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))))
def test_one_more_complaint_never_makes_fewer_voices(complaints: list[tuple[str, str]]) -> None:
    for count in range(len(complaints)):
        assert voices_of(complaints[:count]) <= voices_of(complaints[: count + 1])


def test_one_furious_author_never_reaches_a_milestone() -> None:
    voices = voices_of([("ann", str(n)) for n in range(1_000)])
    assert decided(untold=1_000, voices=voices, now=after(5)).reason is Reason.TOO_SOON


COUNTERFACTUALS = [
    ("a polite and a rude text", {"text": "Could you please look for my parcel?"}, {"text": "where the f*** is it"}),
    ("small and capital letters", {"text": "my parcel is lost"}, {"text": "MY PARCEL IS LOST"}),
    ("50 and 50,000 followers", {"followers": 50}, {"followers": 50_000}),
    ("unknown and a million followers", {"followers": None}, {"followers": 1_000_000}),
    ("one and fifty exclamation marks", {"text": "lost!"}, {"text": "lost" + "!" * 50}),
    ("a hesitating and a certain model", {"score": 0.81}, {"score": 0.999}),
]


@pytest.mark.parametrize(("_", "one", "other"), COUNTERFACTUALS, ids=[pair[0] for pair in COUNTERFACTUALS])
@pytest.mark.parametrize("told", [NEVER, ONCE, replace(ONCE, messages=3, voices=19)])
@pytest.mark.parametrize("minutes", [0, 5, 10, 60])
def test_the_same_facts_are_decided_the_same(
    _: str, one: dict[str, Any], other: dict[str, Any], told: Told, minutes: int
) -> None:
    for voices in (1, 5, 20):
        decisions = [
            decide([a_complaint(**facts)], voices, told, CALM, POLICY, after(minutes)) for facts in (one, other)
        ]
        assert decisions[0] == decisions[1]


@given(st.integers(0, 40), st.integers(1, 5_000), st.integers(0, 5_000), st.integers(0, 600))
def test_what_is_held_back_has_an_end_in_the_future(messages: int, voices: int, told: int, minutes: int) -> None:
    before = replace(ONCE, messages=messages, voices=told)
    decision = decided(voices=voices, told=before, now=after(minutes))
    if not decision.speaks:
        assert decision.until is not None
        assert decision.until > after(minutes)
        assert decided(voices=voices, told=before, now=decision.until).speaks
