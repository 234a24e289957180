"""Never more than so many requests in any minute, whoever asks."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.pace import WINDOW, Pace, pace


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 7))
def test_no_minute_sees_more_than_the_ceiling(pauses: list[float], per_minute: int) -> None:
    time = Time()
    turn = Pace(per_minute, clock=time, wait=time.wait)
    asked = []
    for pause in pauses:
        time.now += pause
        turn()
        asked.append(time.now)
    for first, later in zip(asked, asked[per_minute:], strict=False):
        assert later - first >= WINDOW - 1e-6


def test_the_lower_ceiling_counts_also_for_what_was_asked_before() -> None:
    time = Time()
    turn = Pace(10, clock=time, wait=time.wait)
    for _ in range(10):
        turn()
    turn.lower(2)
    turn()
    assert time.now == WINDOW


def test_a_short_pause_is_kept_once() -> None:
    time = Time()
    turn = Pace(100, clock=time, wait=time.wait)
    turn.rest(7)
    for _ in range(3):
        turn()
    assert time.now == 7


def test_p33_sources_of_one_account_share_one() -> None:
    assert pace("test/shared", 7) is pace("test/shared", 9)
    assert pace("test/other", 7) is not pace("test/shared", 7)
