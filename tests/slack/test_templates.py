"""Every kind of message looks as it was looked at: the blocks of each are kept in ``golden``.

After a change that is meant: ``python -m tests.slack.picture`` writes them anew, with a picture of each to look at.
"""

import json
from pathlib import Path

import pytest

from monitor.core.message import Message
from monitor.slack.blocks import FALLBACK, fallback, render
from monitor.slack.safety import units
from monitor.slack.validate import problems
from tests.slack.templates import templates

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "message"), templates().items(), ids=templates().keys())
def test_p27_a_message_looks_as_it_was_looked_at(name: str, message: Message) -> None:
    kept = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    assert {"text": fallback(message), "blocks": render(message)} == kept


@pytest.mark.parametrize("message", templates().values(), ids=templates().keys())
def test_p22_every_message_has_words_without_its_blocks(message: Message) -> None:
    assert 0 < units(fallback(message)) <= FALLBACK
    assert message.title in fallback(message).replace("&amp;", "&")
    assert problems(render(message)) == []


def test_nothing_is_kept_of_what_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(templates())


def test_a_case_has_its_blocks_in_the_order_of_the_specification() -> None:
    kinds = [block["type"] for block in render(templates()["case_act_now"])]
    assert kinds == ["header", "rich_text", "rich_text", "context", "rich_text", "actions"]
