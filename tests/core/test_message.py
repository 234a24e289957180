"""A message is written once, survives storage, and reads well as plain text."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.message import Message, Quote, Tone, duration, moment, plain_text
from monitor.testing.fakes import NOON, a_message

FULL = Message(
    key="k",
    title="2 complaints · delivery · Acme",
    quotes=(
        Quote(text="Where is it?", where="social · @ann", url="https://social.example/1"),
        Quote(text="x", where="y"),
    ),
    facts=(("Altogether", "7 posts"),),
    why=("first complaint", "matched Acme"),
    more=3,
    tone=Tone.GROWING,
    thread="above",
)


def test_reads_as_plain_text() -> None:
    assert plain_text(FULL).splitlines() == [
        "2 complaints · delivery · Acme",
        "“Where is it?”",
        "  social · @ann  https://social.example/1",
        "“x”",
        "  y",
        "  and 3 more",
        "Altogether: 7 posts",
        "Why: first complaint; matched Acme",
    ]


def test_a_title_alone_is_enough() -> None:
    assert plain_text(Message(key="k", title="Working again")) == "Working again"


@given(
    st.builds(
        Message,
        key=st.text(min_size=1),
        title=st.text(),
        quotes=st.lists(st.builds(Quote, text=st.text(), where=st.text(), url=st.none() | st.text())).map(tuple),
        facts=st.lists(st.tuples(st.text(), st.text())).map(tuple),
        why=st.lists(st.text()).map(tuple),
        more=st.integers(0, 10_000),
        tone=st.sampled_from(Tone),
        thread=st.none() | st.text(min_size=1),
    )
)
def test_survives_storage(message: Message) -> None:
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message


def test_a_stored_message_from_an_unknown_release_fails_loudly() -> None:
    data = a_message().to_json()
    with pytest.raises(ValueError, match="purple"):
        Message.from_json(data | {"tone": "purple"})
    with pytest.raises(KeyError):
        Message.from_json({name: value for name, value in data.items() if name != "title"})


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-5, "under a minute"),
        (0, "under a minute"),
        (0.99, "under a minute"),
        (1, "1 min"),
        (59.9, "59 min"),
        (60, "1 h"),
        (72, "1 h 12 min"),
        (24 * 60, "1 d"),
        (24 * 60 + 30, "1 d"),
        (52 * 60, "2 d 4 h"),
    ],
)
def test_spans_are_said_as_people_do(minutes: float, words: str) -> None:
    assert duration(timedelta(minutes=minutes)) == words


def test_moments_say_their_zone() -> None:
    assert moment(NOON) == "2026-11-02 12:00 UTC"


def test_changing_a_message_makes_another() -> None:
    assert replace(FULL, thread=None) != FULL
