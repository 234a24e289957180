"""The console: what is printed, and that hostile text cannot play with the terminal."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import Doubtful
from monitor.core.message import Message, Quote
from monitor.notifiers.console import ConsoleNotifier, Options, create
from monitor.ports import Receipt
from monitor.testing.notifier_contract import HOSTILE, SAMPLE

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

PRINTED = """\
Complaint · delivery · Acme
“Third week, three mails, still no parcel. Is anybody there?”
  mastodon · @sam · 2026-11-22 09:03 UTC · waiting 1 h 12 min  https://mastodon.example/@sam/4711
Altogether: 7 posts, 5 people
Why: first of its kind; matched acme; complaint probability 0.93

"""


def printed(message: Message) -> str:
    stream = io.StringIO()
    ConsoleNotifier(stream).send(message, None)
    return stream.getvalue()


def test_prints_an_alert() -> None:
    assert printed(SAMPLE) == PRINTED


def test_prints_to_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    notifier = create(Options())
    assert notifier.send(SAMPLE, None) == Receipt()
    assert capsys.readouterr().out == PRINTED
    assert notifier.pace == timedelta(0)
    assert notifier.find(SAMPLE, None, NOW) is None


def test_indents_what_belongs_under_another_message() -> None:
    text = printed(Message(key="b", title="2 more · delivery · Acme", thread="a", facts=(("Waiting", "long"),)))
    assert text == "    │ 2 more · delivery · Acme\n    │ Waiting: long\n\n"


def test_wraps_long_lines_and_keeps_addresses_whole() -> None:
    url = "https://example.org/" + "a" * 120
    lines = printed(
        Message(key="k", title="t", quotes=(Quote(text="word " * 60, where="there", url=url),))
    ).splitlines()
    assert all(len(line) <= 100 or url in line for line in lines)
    assert url in "".join(lines).replace(" ", "") or any(url in line for line in lines)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9b2Jgone", "gone"),
        ("text\x1b]never closed", "text"),
        ("over\rwritten", "over written"),
        ("two\nlines\u2028three", "two lines three"),
        ("\u202eevil", "evil"),
        ("a\ud800b", "a?b"),
        ("bell\a", "bell"),
    ],
)
def test_takes_away_what_a_terminal_would_obey(written: str, shown: str) -> None:
    assert printed(Message(key="k", title=written)) == f"{shown}\n\n"


@given(st.text())
def test_no_text_reaches_the_terminal_as_a_command(text: str) -> None:
    shown = printed(
        Message(key="k", title=text, quotes=(Quote(text=text, where=text, url=text),), facts=((text, text),))
    )
    assert not [c for c in shown if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff")]


def test_prints_hostile_text() -> None:
    assert "\x1b" not in printed(HOSTILE)


def test_an_output_that_knows_few_letters_gets_question_marks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    ConsoleNotifier(stream).send(Message(key="k", title="grüße 🔴"), None)
    assert raw.getvalue() == b"gr??e ?\n\n"


def test_a_closed_output_is_no_crash() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(Doubtful, match="is the output closed"):
        ConsoleNotifier(stream).send(SAMPLE, None)
