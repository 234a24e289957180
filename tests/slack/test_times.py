"""Moments are shown in each reader's own time, and nothing but a moment gets there."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.message import Message, Quote, moment, with_moments
from monitor.slack.blocks import fallback, render
from monitor.slack.safety import escape
from monitor.slack.times import FORM, escaped, pieces
from monitor.slack.validate import problems
from tests.slack.templates import templates

AT = datetime(2026, 11, 23, 9, 3, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(second=0, microsecond=0))


def dates(part: Any) -> list[dict[str, Any]]:
    """Every date in blocks."""
    if isinstance(part, dict):
        own = [part] if part.get("type") == "date" else []
        return own + [found for value in part.values() for found in dates(value)]
    return [found for item in part for found in dates(item)] if isinstance(part, list) else []


@given(st.text(), MOMENTS.filter(lambda at: at.year >= 1970), st.text())
def test_what_a_moment_says_is_what_a_reader_sees(before: str, at: datetime, after: str) -> None:
    said = f"{before} · {moment(at)} · {after}"
    assert "".join(piece for piece, _ in pieces(said)) == said
    assert (moment(at), at) in pieces(said)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-23 09:03", "2026-13-23 09:03 UTC", "2026-11-23 29:03 UTC", "12026-11-23 09:03 UTC", "x", ""),
        *("2026-11-23 09:03 UTCX", "1-2026-11-23 09:03 UTC", "1969-12-31 23:59 UTC", "２０２６-11-23 09:03 UTC"),
    ],
)
def test_what_is_no_moment_stays_a_text(text: str) -> None:
    assert [at for _, at in pieces(text) if at] == []
    assert escaped(text) == escape(text)


def test_a_command_for_a_date_holds_a_number_and_words_of_ours() -> None:
    assert escaped(f"until {moment(AT)}, says <!channel>") == (
        f"until <!date^1795424580^{FORM}|2026-11-23 09:03 UTC>, says &lt;!channel&gt;"
    )


@given(st.text())
def test_no_text_gets_into_a_command(text: str) -> None:
    left = re.sub(r"<!date\^[0-9]+\^\{date_short_pretty\} \{time\}\|[0-9-]{10} [0-9:]{5} UTC>", "", escaped(text))
    assert "<" not in left


def test_the_words_of_a_post_stay_as_they_were_written() -> None:
    quote = Quote(text="Sent 2026-11-20 08:00 UTC <!date^1^{date}|x>", where=f"x · @sam · {moment(AT)}")
    blocks = render(Message(key="k", title="t", quotes=(quote,)))
    assert problems(blocks) == []
    (date,) = dates(blocks)
    assert (date["timestamp"], date["fallback"]) == (int(AT.timestamp()), moment(AT))
    assert blocks[1]["elements"][0]["elements"][0]["text"].startswith("Sent 2026-11-20 08:00 UTC")


@pytest.mark.parametrize("name", [name for name in templates() if not name.startswith("digest")])
def test_no_kind_of_message_holds_a_moment_in_utc_but_in_its_notification(name: str) -> None:
    message = templates()[name]
    blocks = render(message)
    outside = [words for words, at in with_moments(_words(blocks)) if at is not None]
    assert outside == []
    shown = {date["fallback"] for date in dates(blocks)}
    assert shown <= {words for words, at in with_moments(fallback(message)) if at is not None}


def _words(part: Any) -> str:
    """All texts of blocks but those of dates and of posts."""
    if isinstance(part, dict):
        if part.get("type") in ("date", "rich_text_quote"):
            return ""
        own = part["text"] if isinstance(part.get("text"), str) else ""
        return " ".join([own, *(_words(value) for value in part.values())])
    return " ".join(map(_words, part)) if isinstance(part, list) else ""
