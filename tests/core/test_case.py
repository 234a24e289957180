"""A case: its steps, its ends, and that only a customer's word or a person's note makes it a success."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.case import ENDS, RELAPSE, SILENCE, Case, Move, NotAllowed, State, Step, is_silent, moved, named
from monitor.core.clocks import Staffed, customer_waits
from monitor.core.timers import timers
from monitor.testing.fakes import NOON

HOUR = timedelta(hours=1)


def a_case(**changed: Any) -> Case:
    fields: dict[str, Any] = {"id": 1, "cause": 1, "brand": "Acme", "topic": "delivery", "told_at": NOON}
    return Case(**(fields | {"opened_at": NOON - HOUR, "last_at": NOON - HOUR} | changed))


def a_move(step: Step, by: str = "U1", **changed: Any) -> Move:
    fields: dict[str, Any] = {"name": {"U1": "Ann", "U2": "Bob"}.get(by, by), "via": "slack", "at": NOON, "key": "1"}
    return Move(**(fields | changed | {"step": step, "by": by}))


def test_the_first_one_takes_it_and_the_second_is_told_who_has_it() -> None:
    taken = moved(a_case(), a_move(Step.TAKE))
    assert (taken.state, taken.owner, taken.owner_name, taken.taken_at) == (State.TAKEN, "U1", "Ann", NOON)
    with pytest.raises(NotAllowed, match="Ann has it already"):
        moved(taken, a_move(Step.TAKE, "U2"))
    with pytest.raises(NotAllowed, match="you have it already"):
        moved(taken, a_move(Step.TAKE))


def test_taking_over_is_a_step_of_its_own_and_keeps_when_it_was_first_taken() -> None:
    over = moved(moved(a_case(), a_move(Step.TAKE)), a_move(Step.TAKE_OVER, "U2", at=NOON + HOUR))
    assert (over.owner_name, over.taken_at) == ("Bob", NOON)


def test_a_case_goes_through_its_states() -> None:
    case = a_case()
    for move, state in (
        (a_move(Step.TAKE), State.TAKEN),
        (a_move(Step.ANSWER), State.ANSWERED),
        (a_move(Step.DONE, remedy="a new parcel"), State.DONE_BY_US),
        (a_move(Step.CLOSE, evidence="https://social.example/2"), State.SATISFIED),
    ):
        case = moved(case, move)
        assert case.state is state
    assert (case.ended_at, case.version) == (NOON, 4)


def test_done_by_us_is_no_end_and_says_what_was_done() -> None:
    with pytest.raises(NotAllowed, match="say what was done"):
        moved(a_case(), a_move(Step.DONE))
    assert moved(a_case(), a_move(Step.DONE, remedy="refund")).is_open


@pytest.mark.parametrize(
    ("given_", "state"),
    [
        ({"evidence": "https://social.example/thanks"}, State.SATISFIED),
        ({"note": "she said on the phone that it is fine"}, State.SATISFIED),
        ({"remedy": "refund"}, State.UNKNOWN_SILENT),
        ({}, State.UNKNOWN_SILENT),
    ],
    ids=["their words", "our note", "only a remedy", "nothing"],
)
def test_without_evidence_nobody_is_satisfied(given_: dict[str, str], state: State) -> None:
    assert moved(a_case(), a_move(Step.CLOSE, **given_)).state is state


def test_whoever_answers_first_has_it() -> None:
    assert moved(a_case(), a_move(Step.ANSWER, "U2")).owner == "U2"


def test_a_customer_who_writes_again_opens_a_case_that_ended_and_the_first_clock_goes_on() -> None:
    ended = moved(a_case(), a_move(Step.CLOSE, note="fine"))
    again = moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + RELAPSE))
    assert (again.state, again.opened_at, again.ended_at) == (State.TAKEN, NOON - HOUR, None)
    late = moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + RELAPSE + HOUR))
    assert late.state is State.SATISFIED


def test_what_was_overruled_stays_so_when_the_customer_writes_again() -> None:
    ended = moved(a_case(), a_move(Step.NOT_A_COMPLAINT))
    assert moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + HOUR)).state is State.NOT_A_COMPLAINT


def test_after_done_by_us_another_word_of_the_customer_is_work_again() -> None:
    done = moved(a_case(), a_move(Step.DONE, remedy="refund"))
    again = moved(done, a_move(Step.WROTE_AGAIN, at=NOON + HOUR))
    assert (again.state, again.done_at) == (State.TAKEN, None)


def test_nobody_answers_only_for_a_reason_and_only_what_must_be_acted_on_now_opens_it_again() -> None:
    with pytest.raises(NotAllowed, match="say why"):
        moved(a_case(), a_move(Step.DO_NOT_ENGAGE))
    ended = moved(a_case(), a_move(Step.DO_NOT_ENGAGE, note="insults the staff by name"))
    assert (ended.state, ended.ended_at, timers(ended, Staffed())) == (State.NOT_ENGAGED, NOON, [])
    assert customer_waits(ended, NOON + HOUR) == 2 * HOUR, "the customer's clock goes on"
    assert moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + HOUR, level=2)).state is State.NOT_ENGAGED
    assert moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + HOUR, level=1)).state is State.NEW


def test_silence_counts_from_the_last_word_of_either_side() -> None:
    answered = moved(a_case(), a_move(Step.ANSWER))
    assert not is_silent(answered, NOON + SILENCE - HOUR)
    assert is_silent(answered, NOON + SILENCE)
    wrote = moved(answered, a_move(Step.WROTE_AGAIN, at=NOON + HOUR))
    assert not is_silent(wrote, NOON + SILENCE)
    assert not is_silent(a_case(), NOON + 10 * SILENCE), "nobody has answered: that is our silence"
    with pytest.raises(NotAllowed):
        moved(answered, a_move(Step.SILENT, at=NOON + HOUR))


def test_what_must_be_acted_on_now_cannot_be_snoozed() -> None:
    until = NOON + HOUR
    assert moved(a_case(), a_move(Step.SNOOZE, until=until)).is_snoozed(NOON)
    with pytest.raises(NotAllowed, match="cannot be snoozed"):
        moved(a_case(level=1), a_move(Step.SNOOZE, until=until))
    with pytest.raises(NotAllowed, match="in the future"):
        moved(a_case(), a_move(Step.SNOOZE, until=NOON))


def test_an_ended_case_takes_only_notes_and_is_opened_first() -> None:
    ended = moved(a_case(owner="U1", owner_name="Ann"), a_move(Step.DUPLICATE))
    with pytest.raises(NotAllowed, match="ended as duplicate; reopen it first"):
        moved(ended, a_move(Step.ANSWER))
    assert moved(ended, a_move(Step.NOTE, note="see 12")).state is State.DUPLICATE
    assert moved(ended, a_move(Step.REOPEN)).state is State.TAKEN
    with pytest.raises(NotAllowed, match="is open"):
        moved(a_case(), a_move(Step.REOPEN))


@given(st.lists(st.sampled_from(Step), max_size=12), st.data())
def test_no_order_of_steps_loses_the_first_clock_or_makes_a_success_without_evidence(
    steps: list[Step], data: st.DataObject
) -> None:
    case = replace(a_case(), level=3)
    shown = False
    for number, step in enumerate(steps):
        evidence = data.draw(st.sampled_from([None, "https://social.example/2"]))
        move = a_move(step, at=NOON + number * HOUR, evidence=evidence, remedy="x", to="U2", until=NOON + 99 * HOUR)
        try:
            after = moved(case, move)
        except NotAllowed:
            continue
        shown = shown or (step is Step.CLOSE and evidence is not None)
        assert (after.opened_at, after.version) == (case.opened_at, case.version + 1)
        assert (after.state in ENDS) == (after.ended_at is not None)
        assert shown or after.state is not State.SATISFIED
        case = after


def test_every_state_has_a_name() -> None:
    assert all(named(state) for state in State)


def test_a_person_may_raise_the_level_and_is_named_as_the_reason() -> None:
    after = moved(a_case(level=3, reasons=("leaving us",)), a_move(Step.ESCALATE))
    assert (after.level, after.reasons[1:]) == (2, ("leaving us",))
    assert after.reasons[0].startswith("escalated by ")
    with pytest.raises(NotAllowed, match="highest"):
        moved(a_case(level=1), a_move(Step.ESCALATE))


def test_a_person_may_say_that_it_can_wait_and_is_named_as_the_reason() -> None:
    lower = moved(a_case(level=2, reasons=("leaving us",)), a_move(Step.LOWER))
    assert (lower.level, lower.reasons) == (3, ("can wait, says Ann", "leaving us"))
    gentle = moved(lower, a_move(Step.LOWER))
    assert gentle.level == 4
    with pytest.raises(NotAllowed, match="it can wait already"):
        moved(gentle, a_move(Step.LOWER))


def test_our_answer_that_was_read_takes_nothing_from_anybody_and_never_moves_back() -> None:
    taken = moved(a_case(), a_move(Step.TAKE))
    answered = moved(taken, a_move(Step.ANSWER, at=NOON + 2 * HOUR))
    seen = moved(answered, a_move(Step.ANSWER_SEEN, at=NOON + HOUR))
    assert (seen.owner, seen.state, seen.answered_at) == (taken.owner, State.ANSWERED, NOON + HOUR)
    done = moved(seen, a_move(Step.DONE, remedy="refund", at=NOON + 3 * HOUR))
    assert moved(done, a_move(Step.ANSWER_SEEN, at=NOON + 4 * HOUR)).state is State.DONE_BY_US
    ended = moved(done, a_move(Step.CLOSE, note="she is happy", at=NOON + 5 * HOUR))
    late = moved(ended, a_move(Step.SPOKE, at=NOON + 6 * HOUR))
    assert (late.state, late.ended_at, late.last_at) == (State.SATISFIED, ended.ended_at, NOON + 6 * HOUR)
