"""The check of blocks finds what Slack refuses and what must never be sent."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.slack.blocks import Block, render
from monitor.slack.validate import problems
from monitor.testing.notifier_contract import SAMPLE


def header(text: Any = "t", **more: Any) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}, **more}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": text} for text in texts]}


def rich(*elements: Any) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def date(**changed: Any) -> Block:
    good = {"timestamp": 1_795_338_180, "format": "{date_short_pretty} {time}", "fallback": "2026-11-22 09:03 UTC"}
    return rich({"type": "date", **good, **changed})


def link(url: Any, text: str = "t") -> dict[str, Any]:
    return {"type": "link", "url": url, "text": text}


def buttons(*elements: Any) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(name: str, text: str = "t", **more: Any) -> Block:
    return {"type": "button", "action_id": name, "text": {"type": "plain_text", "text": text}, **more}


def menu(name: str, options: list[Any]) -> Block:
    placeholder = {"type": "plain_text", "text": "t"}
    return {"type": "static_select", "action_id": name, "placeholder": placeholder, "options": options}


def option(text: str, value: str = "v") -> Block:
    return {"text": {"type": "plain_text", "text": text}, "value": value}


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([], "0 blocks, 1 to 50"),
        ([header()] * 51, "51 blocks, 1 to 50"),
        ([header("x" * 151)], "a text of 151 characters, 150 allowed"),
        ([header("🔴" * 76)], "a text of 152 characters, 150 allowed"),
        ([header("")], "missing or empty"),
        ([header(None)], "missing or empty"),
        ([header("<!channel>")], "holds a command"),
        ([date(timestamp="1795338180")], "no whole number of seconds"),
        ([date(timestamp=-1)], "no whole number of seconds"),
        ([date(format="{date} <!channel>")], "an unknown form"),
        ([date(fallback="2026-11-22 09:04 UTC")], "whose words say something else"),
        ([date(fallback="<!channel>")], "whose words say something else"),
        ([date(style={"code": True})], "an unknown style"),
        ([date(url="https://evil.example/")], "date has no url"),
        ([header("<@U1>")], "holds a command"),
        ([header("<HTTPS://x|y>")], "holds a command"),
        ([header("\ud800")], "half a character"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "t"}}], "'mrkdwn' does not belong here"),
        ([{"type": "header"}], "header lacks text"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "t"}}], "'mrkdwn' does not belong here"),
        ([{"type": "section", "text": {"type": "plain_text", "text": "t"}, "accessory": {"type": "image"}}], "belong"),
        ([{"type": "header", "text": "t"}], "'t' does not belong here"),
        ([header(colour="red")], "header has no colour"),
        ([header(block_id="x" * 256)], "256 characters, 255 allowed"),
        ([header(block_id="a"), header(block_id="a")], "block_id 'a' is used twice"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "t", "emoji": "no"}}], "emoji is not"),
        ([context()], "1 to 10 elements"),
        ([context(*["t"] * 11)], "1 to 10 elements"),
        ([context("x" * 3_001)], "3001 characters, 3000 allowed"),
        ([rich()], "1 to 100 elements"),
        ([rich({"type": "user", "user_id": "<!channel>"})], "a user who is none"),
        ([rich({"type": "broadcast", "range": "channel"})], "nobody but those who are here"),
        ([buttons()], "1 to 25 elements"),
        ([buttons(*[button(str(n)) for n in range(26)])], "1 to 25 elements"),
        ([buttons(button("a"), button("a"))], "action_id 'a' is used twice"),
        ([buttons(button("a")), buttons(button("a"))], "action_id 'a' is used twice"),
        ([buttons(button("a", text="x" * 76))], "76 characters, 75 allowed"),
        ([buttons(button("a", value="x" * 2_001))], "2001 characters, 2000 allowed"),
        ([buttons(button("a", style="pink"))], "unknown style"),
        ([buttons(button("x" * 256))], "256 characters, 255 allowed"),
        ([buttons(menu("a", [option("x" * 76)]))], "76 characters, 75 allowed"),
        ([buttons(menu("a", [option("x", "x" * 151)]))], "151 characters, 150 allowed"),
        ([buttons(menu("a", []))], "1 to 100 options"),
        ([buttons(menu("a", [option("x")] * 101))], "1 to 100 options"),
        ([buttons(menu("a", [None]))], "does not belong here"),
        ([{"type": "table", "rows": []}], "'table' does not belong here"),
        ([rich({"type": "text", "text": "t", "style": {"size": 9}})], "unknown style"),
        ([rich({"type": "text", "text": "t", "style": "bold"})], "unknown style"),
        ([rich(link("javascript:alert(1)"))], "not a web address"),
        ([rich(link("https://x|y"))], "not a web address"),
        ([rich(link("https://x/" + "a" * 3_000))], "3010 characters, 3000 allowed"),
        ([rich(link(7))], "missing or empty"),
        ([{"type": "rich_text", "elements": {}}], "1 to 50 elements"),
        ([{"type": "video", "elements": []}], "'video' does not belong here"),
        ([{"type": ["header"]}], "does not belong here"),
        ([7], "7 does not belong here"),
        ([context("x" * 3_000)] * 4, "12000 characters of text in all, 9000 allowed"),
        ([context("é" * 2_900)], "characters of JSON in all, 14000 allowed"),
    ],
)
def test_names_what_is_wrong(blocks: list[Any], said: str) -> None:
    found = problems(blocks)
    assert any(said in problem for problem in found), found


def test_is_silent_about_good_blocks() -> None:
    assert problems(render(SAMPLE)) == []
    assert problems([header(block_id="a"), context("t"), rich(link("https://example.org/"))]) == []


@given(st.data())
def test_never_fails_on_whatever_stands_in_a_block(data: st.DataObject) -> None:
    """One value anywhere in good blocks is replaced by anything."""
    blocks = deepcopy(render(SAMPLE))
    part: Any = blocks
    while True:
        place = data.draw(st.sampled_from(list(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[place], dict | list) or data.draw(st.booleans()):
            part[place] = data.draw(st.one_of(st.none(), st.integers(), st.text(), st.just([]), st.just({})))
            break
        part = part[place]
    problems(blocks)
