"""Labels as people and spreadsheets write them."""

from collections import Counter
from typing import Any

import pytest

from monitor.learning.labels import Labelled, NotALabel, label_of, labelled


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"complaint": 1}, True),
        ({"complaint": 0}, False),
        ({"complaint": True}, True),
        ({"complaint": "FALSE"}, False),
        ({"complaint": " 1 "}, True),
        ({"complaint": "0.0"}, False),
        ({"complaint": None, "label": "complaint"}, True),
        ({"complaint": "", "label": "not_a_complaint"}, False),
        ({"label": "other"}, False),
        ({"complaint": 0, "label": "complaint"}, False),
    ],
)
def test_a_label_is_read(row: dict[str, Any], expected: bool) -> None:
    assert label_of(row) is expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "no label"),
        ({"complaint": None}, "no label"),
        ({"complaint": " "}, "no label"),
        ({"complaint": 0.93, "label": "complaint"}, "a probability"),
        ({"complaint": "maybe"}, "neither 1 nor 0"),
        ({"complaint": [1]}, "neither 1 nor 0"),
        ({"label": "unsure"}, "none of complaint"),
    ],
)
def test_what_is_no_label_is_not_guessed(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotALabel, match=reason):
        label_of(row)


def test_what_a_post_is_from_is_read_under_either_name() -> None:
    rows = [
        {"text": "a", "complaint": 1, "lang": "de", "source": "app", "platform": "x", "brand": "Acme"},
        {"text": "b", "complaint": 0, "language": "fr", "platform": "x", "brand": ""},
    ]
    assert list(labelled(rows, Counter())) == [
        Labelled(text="a", complaint=True, language="de", source="app", brand="Acme"),
        Labelled(text="b", complaint=False, language="fr", source="x", brand=None),
    ]


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    left_out: Counter[str] = Counter()
    rows: list[dict[str, Any]] = [
        {"error": "line 1: not a JSON object"},
        {"text": " ", "complaint": 1},
        {"text": "a"},
        {"text": "b"},
    ]
    assert list(labelled(rows, left_out)) == []
    assert left_out == {"not a JSON object": 1, "no text": 1, 'no label: "complaint" is to be 1 or 0': 2}
