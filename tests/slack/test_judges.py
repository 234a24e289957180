"""Other people's opinions: every kind of message, hostile ones at random, and that each judge finds faults at all.

TypeScript judges where npm has put its compiler and Slack's types: ``npm install typescript @slack/types`` in a folder,
and ``UMBRAGE_SLACK_TYPES`` set to its ``node_modules``.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from slackblocks.errors import InvalidUsageError

from monitor.core.case import FirstWords
from monitor.core.engagement import Person
from monitor.core.message import Message
from monitor.slack import views
from monitor.slack.blocks import Block, render
from monitor.testing.notifier_contract import HOSTILE
from tests.slack.judges import by_slackblocks, by_typescript, for_typescript
from tests.slack.templates import case, templates
from tests.slack.test_blocks import MESSAGES

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TYPES = os.environ.get("UMBRAGE_SLACK_TYPES")
NOT_IN_THE_TYPES = {"digest"}
"""Slack's own charts have no type in @slack/types 3.2.0."""


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def a_section(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


@pytest.mark.parametrize("message", templates().values(), ids=templates().keys())
def test_p21_slackblocks_takes_every_kind_of_message(message: Message) -> None:
    assert len(by_slackblocks(render(message))) == len(render(message))


@pytest.mark.parametrize(
    "bad",
    [[header("x" * 151)], [header("")], [a_section("x" * 3_001)], [header("x")] * 51],
    ids=["long header", "empty header", "long section", "51 blocks"],
)
def test_slackblocks_finds_faults(bad: list[Block]) -> None:
    with pytest.raises(InvalidUsageError):
        by_slackblocks(bad)


def forms() -> dict[str, dict[str, Any]]:
    """Every form, and the App Home."""
    person = Person("Acme", "social", "<!channel>")
    words = {17: FirstWords("<!channel> lost", "https://social.example/1")}
    return {
        **{f.__name__: f(17) for f in (views.done, views.close, views.note, views.snooze, views.reason, views.topic)},
        "snooze_again": views.snooze_again(17, NOW),
        "do_not_engage": views.do_not_engage(17, person),
        "give": views.give(case()),
        "shown": views.shown("More like this", render(HOSTILE)),
        "home": views.home([case()], [case(1)], [], words, NOW),
    }


@pytest.mark.slow
@pytest.mark.skipif(TYPES is None, reason="UMBRAGE_SLACK_TYPES names no node_modules with typescript and @slack/types")
def test_p21_typescript_takes_every_kind_of_message_and_hostile_ones_at_random(tmp_path: Path) -> None:
    kinds = {name: render(message) for name, message in templates().items() if name not in NOT_IN_THE_TYPES}

    @settings(max_examples=300, database=None)
    @given(MESSAGES)
    def gather(message: Message) -> None:
        kinds[f"random{len(kinds)}"] = render(message)

    gather()
    assert len(kinds) > 300
    assert by_typescript(for_typescript(kinds, forms()), Path(TYPES or ""), tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(TYPES is None, reason="as above")
def test_typescript_finds_faults(tmp_path: Path) -> None:
    bad = [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]
    said = by_typescript(for_typescript({"bad": bad}, {}), Path(TYPES or ""), tmp_path)
    assert any("error TS" in line for line in said)
