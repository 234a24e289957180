"""Moments of every spelling become UTC; what is none is none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.moments import from_iso

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-02T12:00:00Z", "2026-11-02T13:00:00+01:00", "2026-11-02 12:00", "20261102T120000"]
)
def test_p55_moments(text: str) -> None:
    assert from_iso(text) == NOON


@pytest.mark.parametrize(
    "value", [None, 7, "", "soon", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-13-01", {}, []]
)
def test_p55_what_is_no_moment(value: Any) -> None:
    assert from_iso(value) is None
