"""Positions in listings that are given newest first."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import ValidationError

from monitor import listing
from monitor.core.errors import PartlyRead, RateLimited, Unavailable
from monitor.core.mention import Page
from monitor.listing import Listing, read_each
from monitor.testing.fakes import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PAGE = Page(mentions=(), cursor=None)


def test_a_first_reading_starts_where_it_is_told_and_the_next_one_a_stretch_before_its_beginning() -> None:
    position = Listing()
    assert position.start(NOON - DAY, HOUR) == NOON - DAY
    position.begin(NOON)
    position.finish(HOUR)
    assert position.start(NOON - DAY, HOUR) == NOON - HOUR


def test_an_item_is_new_once_while_it_can_be_met_again() -> None:
    position = Listing()
    position.begin(NOON)
    assert position.is_new("a", NOON - HOUR / 2, NOON - DAY)
    assert position.is_new("b", NOON - HOUR * 2, NOON - DAY)
    assert not position.is_new("a", NOON - HOUR / 2, NOON - DAY)
    assert not position.is_new("c", NOON - DAY * 2, NOON - DAY)
    position.finish(HOUR)
    assert set(position.seen) == {"a"}


def test_a_reading_that_was_left_goes_on_and_ends_where_it_began() -> None:
    position = Listing()
    position.begin(NOON)
    position.token = "page 2"
    position = Listing.model_validate_json(position.model_dump_json(exclude_defaults=True))
    position.begin(NOON + HOUR)
    assert position.token == "page 2"
    position.finish(HOUR)
    assert position.start(NOON, HOUR) == NOON - HOUR


def test_a_clock_that_was_set_back_moves_nothing_back() -> None:
    position = Listing()
    for moment in (NOON, NOON - DAY):
        position.begin(moment)
        position.finish(HOUR)
    assert position.start(NOON, HOUR) == NOON - HOUR


def test_only_so_many_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_SEEN", 2)
    position = Listing()
    position.begin(NOON)
    for number in range(5):
        position.is_new(str(number), NOON - timedelta(seconds=number), NOON - HOUR)
    position.finish(HOUR)
    assert list(position.seen) == ["0", "1"]


@pytest.mark.parametrize("made", ['{"until": 1e40}', '{"until": -1}', '{"seen": []}', '{"path": 1}', "[]"])
def test_what_is_no_position_is_refused(made: str) -> None:
    with pytest.raises(ValidationError):
        Listing.model_validate_json(made)


def pages(*outcomes: Exception | None) -> Iterator[Page]:
    def one(outcome: Exception | None) -> Iterator[Page]:
        if outcome is not None:
            raise outcome
        yield PAGE

    return read_each(lambda outcome=outcome: one(outcome) for outcome in outcomes)  # type: ignore[misc]


def test_one_that_fails_does_not_stop_the_others() -> None:
    found: list[Page] = []
    with pytest.raises(PartlyRead, match="first"):
        found.extend(pages(Unavailable("first"), None, Unavailable("second"), None))
    assert found == [PAGE, PAGE]


def test_if_all_fail_the_failure_is_raised_and_not_everybody_is_asked() -> None:
    asked = []

    def failing(number: int) -> Iterator[Page]:
        asked.append(number)
        yield from pages(Unavailable(str(number)))

    with pytest.raises(Unavailable, match="0"):
        list(read_each(lambda number=number: failing(number) for number in range(9)))  # type: ignore[misc]
    assert asked == [0, 1, 2]


def test_whoever_must_wait_stops_at_once() -> None:
    with pytest.raises(RateLimited):
        list(pages(RateLimited("wait"), None))
