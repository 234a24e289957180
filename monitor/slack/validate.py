"""Checks blocks against Slack's documented limits before they are sent, so that an alert never fails on its looks.

Only what :mod:`monitor.slack.blocks` writes is known; anything else is a problem.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.slack.blocks import (
    CHART,
    CHART_LABEL,
    CHART_POINTS,
    CHART_TITLE,
    HEADER,
    JSON_BUDGET,
    TEXT_BUDGET,
    URL,
    Block,
    json_size,
    text_size,
)
from monitor.slack.safety import is_user, units
from monitor.slack.times import FORM, pieces

MOST_BLOCKS = 50
"""https://docs.slack.dev/reference/block-kit/blocks"""

MOST_IN_CONTEXT = 10
"""https://docs.slack.dev/reference/block-kit/blocks/context-block"""

TEXT = 3_000
"""https://docs.slack.dev/reference/block-kit/composition-objects/text-object"""

MOST_ACTIONS = 25
"""https://docs.slack.dev/reference/block-kit/blocks/actions-block"""

BUTTON, BUTTON_VALUE = 75, 2_000
"""https://docs.slack.dev/reference/block-kit/block-elements/button-element"""

MOST_OPTIONS, OPTION, OPTION_VALUE, PLACEHOLDER = 100, 75, 150, 150
"""https://docs.slack.dev/reference/block-kit/composition-objects/option-object"""

BLOCK_ID = 255
_COMMAND = re.compile(r"<(?:[!@#]|[a-z]+:)", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def problems(blocks: Sequence[Block]) -> list[str]:
    """What Slack would refuse, or what must not be sent; empty when the blocks are good."""
    found = []
    if not 1 <= len(blocks) <= MOST_BLOCKS:
        found.append(f"{len(blocks)} blocks, 1 to {MOST_BLOCKS} allowed")
    for index, block in enumerate(blocks):
        found += [f"block {index}: {problem}" for problem in _of_part(block, _BLOCKS)]
    if not found:
        ids = [block["block_id"] for block in blocks if "block_id" in block]
        found += [f"block_id {name!r} is used twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
        names = [
            element["action_id"] for block in blocks for element in block.get("elements", []) if "action_id" in element
        ]
        found += [f"action_id {name!r} is used twice" for name in sorted({n for n in names if names.count(n) > 1})]
        if text_size(blocks) > TEXT_BUDGET:
            found.append(f"{text_size(blocks)} characters of text in all, {TEXT_BUDGET} allowed")
        if json_size(blocks) > JSON_BUDGET:
            found.append(f"{json_size(blocks)} characters of JSON in all, {JSON_BUDGET} allowed")
    return found


Check = Callable[[Mapping[str, Any]], Iterator[str]]


def _of_part(part: Any, known: Mapping[str, tuple[frozenset[str], frozenset[str], Check]]) -> Iterator[str]:
    kind = part.get("type") if isinstance(part, dict) else part
    if not isinstance(part, dict) or not isinstance(kind, str) or kind not in known:
        yield f"{kind!r} does not belong here"
        return
    needed, optional, check = known[kind]
    for name in sorted(needed - part.keys()):
        yield f"{kind} lacks {name}"
    for name in sorted(part.keys() - needed - optional - {"type"}):
        yield f"{kind} has no {name}"
    if needed <= part.keys():
        yield from check(part)


def _of_text(value: Any, limit: int) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield "a text is missing or empty"
        return
    if units(value) > limit:
        yield f"a text of {units(value)} characters, {limit} allowed"
    if _COMMAND.search(value):
        yield "a text holds a command"
    if _SURROGATE.search(value):
        yield "a text holds half a character"


def _line(block: Mapping[str, Any]) -> Iterator[str]:
    """Text that Slack shows as it stands, with at most one button beside it."""
    yield from _block_id(block)
    yield from _of_part(block["text"], _CONTEXT_TEXT)
    if "accessory" in block:
        yield from _of_part(block["accessory"], _ACTION_ELEMENTS)


def _header(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _block_id(block)
    yield from _of_part(block["text"], _HEADER_TEXT)


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _block_id(block)
    yield from _children(block["elements"], MOST_IN_CONTEXT, _CONTEXT_TEXT)


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _block_id(block)
    yield from _children(block["elements"], MOST_BLOCKS, _RICH_PARTS)


def _run_of_text(part: Mapping[str, Any]) -> Iterator[str]:
    yield from _children(part["elements"], 100, _RICH_ELEMENTS)


def _children(elements: Any, most: int, known: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        yield f"1 to {most} elements allowed"
        return
    for element in elements:
        yield from _of_part(element, known)


def _block_id(block: Mapping[str, Any]) -> Iterator[str]:
    if "block_id" in block:
        yield from _of_text(block["block_id"], BLOCK_ID)


def _text_of(limit: int) -> Check:
    def check(part: Mapping[str, Any]) -> Iterator[str]:
        yield from _of_text(part["text"], limit)
        if not isinstance(part.get("emoji", False), bool):
            yield "emoji is not true or false"
        style = part.get("style", {})
        if not isinstance(style, dict) or not style.keys() <= {"bold", "italic", "strike", "code"}:
            yield "an unknown style"

    return check


def _link(part: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_text(part["url"], URL)
    yield from _of_text(part["text"], TEXT)
    if not re.match(r"https?://[^\s<>|]+\Z", str(part["url"])):
        yield "a link that is not a web address"


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _block_id(block)
    yield from _children(block["elements"], MOST_ACTIONS, _ACTION_ELEMENTS)


def _button(element: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_text(element["action_id"], BLOCK_ID)
    yield from _of_part(element["text"], _plain(BUTTON))
    if "value" in element:
        yield from _of_text(element["value"], BUTTON_VALUE)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield "an unknown style"


def _select(element: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_text(element["action_id"], BLOCK_ID)
    yield from _of_part(element["placeholder"], _plain(PLACEHOLDER))
    options = element.get("options", [None])
    if not isinstance(options, list) or not 1 <= len(options) <= MOST_OPTIONS:
        yield f"1 to {MOST_OPTIONS} options allowed"
        return
    for option in options if "options" in element else ():
        kept = option if isinstance(option, dict) else {}
        yield from _of_part(kept.get("text"), _plain(OPTION))
        yield from _of_text(kept.get("value"), OPTION_VALUE)


def _chart(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _block_id(block)
    yield from _of_text(block["title"], CHART_TITLE)
    yield from _of_part(block["chart"], {"bar": _form("series axis_config", "", _bars)})


def _bars(chart: Mapping[str, Any]) -> Iterator[str]:
    """One series, whose labels are the categories of the axis."""
    try:
        labels = chart["axis_config"]["categories"]
        (series,) = chart["series"]
        points = [(point["label"], point["value"]) for point in series["data"]]
        name = series["name"]
    except (KeyError, TypeError, ValueError):
        yield "a chart without labels or values"
        return
    yield from _of_text(name, CHART_LABEL)
    if not 1 <= len(points) <= CHART_POINTS or [label for label, _ in points] != labels:
        yield f"1 to {CHART_POINTS} points, each under its label"
    if len(set(labels)) != len(labels):
        yield "two points have one label"
    for label, value in points:
        yield from _of_text(label, CHART_LABEL)
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield "a value that is no number"


def _user(part: Mapping[str, Any]) -> Iterator[str]:
    if not is_user(str(part["user_id"])):
        yield "a user who is none"


def _date(part: Mapping[str, Any]) -> Iterator[str]:
    """A moment: a number, our own form, and the same moment in words."""
    timestamp, fallback = part["timestamp"], part["fallback"]
    if isinstance(timestamp, bool) or not isinstance(timestamp, int) or timestamp < 0:
        yield "a date that is no whole number of seconds"
        return
    if part["format"] != FORM:
        yield "a date in an unknown form"
    if pieces(str(fallback)) != [(fallback, datetime.fromtimestamp(timestamp, UTC))]:
        yield "a date whose words say something else"
    if part.get("style", {}).keys() - {"bold"}:
        yield "an unknown style"


def _broadcast(part: Mapping[str, Any]) -> Iterator[str]:
    if part["range"] != "here":
        yield "nobody but those who are here may be called"


def _plain(limit: int) -> dict[str, tuple[frozenset[str], frozenset[str], Check]]:
    return {"plain_text": _form("text", "emoji", _text_of(limit))}


def _form(needed: str, optional: str, check: Check) -> tuple[frozenset[str], frozenset[str], Check]:
    return frozenset(needed.split()), frozenset(optional.split()), check


_HEADER_TEXT = {"plain_text": _form("text", "emoji", _text_of(HEADER))}
_CONTEXT_TEXT = {"plain_text": _form("text", "emoji", _text_of(TEXT))}
_RICH_ELEMENTS = {"text": _form("text", "style", _text_of(TEXT)), "link": _form("url text", "style", _link)}
_RICH_ELEMENTS |= {"user": _form("user_id", "", _user), "broadcast": _form("range", "", _broadcast)}
_RICH_ELEMENTS |= {"date": _form("timestamp format fallback", "style", _date)}
_ACTION_ELEMENTS = {
    "button": _form("action_id text", "value style", _button),
    "static_select": _form("action_id placeholder options", "", _select),
    "users_select": _form("action_id placeholder", "", _select),
}
_RICH_PARTS = {
    "rich_text_section": _form("elements", "", _run_of_text),
    "rich_text_quote": _form("elements", "border", _run_of_text),
}
_BLOCKS = {
    "header": _form("text", "block_id", _header),
    "context": _form("elements", "block_id", _context),
    "rich_text": _form("elements", "block_id", _rich_text),
    "section": _form("text", "accessory block_id", _line),
    "actions": _form("elements", "block_id", _actions),
    CHART: _form("title chart", "block_id", _chart),
}
