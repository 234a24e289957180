"""What comes due in a case, and when."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.core.case import SILENCE, Case, Step, moved
from monitor.core.clocks import Staffed
from monitor.core.timers import Due, due, next_at, timers
from monitor.testing.fakes import NOON
from tests.core.test_case import HOUR, a_case, a_move

ALWAYS = Staffed()
OFFICE = Staffed(zone=ZoneInfo("UTC"), days=range(5), start=time(9), end=time(17))
MINUTE = timedelta(minutes=1)


def at(case: Case, staffed: Staffed = ALWAYS) -> list[tuple[Due, datetime]]:
    return [(timer.due, timer.at) for timer in timers(case, staffed)]


def test_a_new_case_rings_up_the_ladder() -> None:
    assert at(a_case()) == [(Due.SECOND_PERSON, NOON + 5 * MINUTE), (Due.LEAD, NOON + 15 * MINUTE)]


def test_at_night_only_what_cannot_wait_rings() -> None:
    night = datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert at(a_case(told_at=night), OFFICE)[0] == (Due.SECOND_PERSON, datetime(2026, 11, 3, 9, 5, tzinfo=UTC))
    assert at(a_case(told_at=night, level=1), OFFICE)[0] == (Due.SECOND_PERSON, night + 5 * MINUTE)


def test_gentle_signals_and_untold_cases_ring_nobody() -> None:
    assert at(a_case(level=4)) == []
    assert at(a_case(told_at=None)) == []


def test_a_taken_case_owes_the_customer_a_word_a_day_and_a_note_puts_it_off() -> None:
    taken = moved(a_case(), a_move(Step.TAKE))
    assert at(taken) == [(Due.UPDATE, NOON + 24 * HOUR)]
    noted = moved(taken, a_move(Step.NOTE, note="waiting for the depot", at=NOON + 20 * HOUR))
    assert at(noted) == [(Due.UPDATE, NOON + 44 * HOUR)]


def test_another_public_answer_starts_the_day_anew() -> None:
    answered = moved(moved(a_case(), a_move(Step.TAKE)), a_move(Step.ANSWER, at=NOON + HOUR))
    again = moved(answered, a_move(Step.ANSWER, at=NOON + 20 * HOUR))
    assert again.answered_at == NOON + HOUR, "the customer waited for the first"
    assert at(again)[0] == (Due.UPDATE, NOON + 44 * HOUR)


def test_done_by_us_is_followed_up_after_a_day_and_a_week_and_ends_unknown_after_two() -> None:
    done = moved(a_case(), a_move(Step.DONE, remedy="refund"))
    assert at(done) == [
        (Due.FOLLOW_UP, NOON + 24 * HOUR),
        (Due.FOLLOW_UP, NOON + 7 * 24 * HOUR),
        (Due.SILENCE, NOON + SILENCE),
    ]


def test_a_snooze_puts_off_the_ladder_and_ends_with_a_word() -> None:
    until = NOON + 6 * HOUR
    snoozed = moved(a_case(), a_move(Step.SNOOZE, until=until))
    assert {when for _, when in at(snoozed)} == {until}
    assert Due.SNOOZE_OVER in {what for what, _ in at(snoozed)}


def test_what_ended_needs_nothing() -> None:
    assert at(moved(a_case(), a_move(Step.DUPLICATE))) == []


def test_what_is_done_is_not_due_again() -> None:
    case = a_case()
    first, second = due(case, ALWAYS, (), NOON + HOUR)
    assert due(case, ALWAYS, {first.key}, NOON + HOUR) == [second]
    assert next_at(case, ALWAYS, {first.key}) == NOON + 15 * MINUTE
    assert next_at(case, ALWAYS, {first.key, second.key}) is None


def test_taken_again_after_a_relapse_the_ladder_does_not_ring_for_the_first_alert() -> None:
    ended = moved(moved(a_case(), a_move(Step.TAKE)), a_move(Step.CLOSE, note="fine"))
    again = moved(ended, a_move(Step.WROTE_AGAIN, at=NOON + HOUR))
    assert Due.LEAD not in {what for what, _ in at(again)}
