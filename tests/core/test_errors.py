"""Errors are named by what to do, and all of them can be caught as ours."""

import inspect
from datetime import timedelta

import pytest

from monitor.core import errors
from monitor.core.errors import Busy, ConfigError, RateLimited, UmbrageError
from monitor.testing.fakes import NOON

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, UmbrageError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_says_what_it_means_and_stands_in_the_tree(kind: type[UmbrageError]) -> None:
    assert kind.__doc__
    assert kind.__name__ in str(errors.__doc__)


def test_problems_of_the_configuration_come_together() -> None:
    error = ConfigError(["one", "two"])
    assert error.problems == ("one", "two")
    assert str(error) == "one\ntwo"


def test_a_platform_may_say_how_long_to_wait() -> None:
    assert RateLimited("later", until=NOON).until == NOON
    assert RateLimited("later", wait=timedelta(seconds=5)).wait == timedelta(seconds=5)
    assert RateLimited("later").until is None
    assert RateLimited("later").wait is None
    assert Busy("later", wait=timedelta(seconds=5)).wait == timedelta(seconds=5)
