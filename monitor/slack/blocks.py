"""A message as Slack blocks and as the text of its notification.

Everything a stranger wrote goes into ``rich_text`` and ``plain_text``, which Slack shows as they stand; there is no
``mrkdwn`` anywhere, so there is nothing in which a post could write a command.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from monitor.core.acting import commands
from monitor.core.case_message import EVIDENCE, SPLIT
from monitor.core.message import DETAILS, Chart, Message, Quote, Tone, plain_text
from monitor.slack.buttons import OF_INCIDENT, OF_SURGE, actions, evidence, menus, split, take
from monitor.slack.safety import escape, is_user, literal, one_line, shorten, units, web_link
from monitor.slack.times import date, pieces

Block = dict[str, Any]

TEXT_BUDGET = 9_000
JSON_BUDGET = 14_000
"""The limits of a whole message are not documented; 9,597 characters were accepted and 11,341 refused
(https://github.com/slackapi/bolt-js/issues/2509)."""

FALLBACK = 4_000
"""https://docs.slack.dev/reference/methods/chat.postMessage#truncating"""

HEADER = 150
"""https://docs.slack.dev/reference/block-kit/blocks/header-block"""

CHART = "data_visualization"
CHART_TITLE, CHART_LABEL, CHART_POINTS = 50, 20, 20
"""https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block"""

URL = 3_000
VALUE = 1_900
"""https://docs.slack.dev/reference/block-kit/block-elements/button-element, less the number of a case"""

QUOTE, FULL = 600, 2_600
HERE = "here"
SIDE_BY_SIDE = 45

_SCALES = ((1.0, 1.0), (0.5, 1.0), (0.25, 1.0), (0.1, 1.0), (0.1, 0.4))
"""How long texts and how many quotes and facts may be, tried one after the other."""

_TEXTS = ("text", "url", "fallback")
_QUOTES, _FACTS, _LINKS, _REASONS = 5, 14, 5, 6
_IN_LIST = (10, 20)
"""Quotes and facts of a list of cases."""

_MARK = {
    Tone.ALERT: "🔴",
    Tone.GENTLE: "🌱",
    Tone.GROWING: "📈",
    Tone.QUIET: "💬",
    Tone.HEALTH: "⚠️",
    Tone.GOOD: "✅",
}


def render(message: Message, *, has_buttons: bool = True) -> list[Block]:
    """The blocks of a message, shortened until they are within Slack's limits; without buttons commands stand there."""
    blocks: list[Block] = []
    for scale, share in _SCALES:
        shown = _tidy(message, scale, share) if has_buttons else _without_buttons(_tidy(message, scale, share))
        blocks = _blocks(shown, has_buttons=has_buttons) + (_buttons(message) if has_buttons else _commands(message))
        if text_size(blocks) <= TEXT_BUDGET and json_size(blocks) <= JSON_BUDGET:
            break
    return blocks


def fallback(message: Message) -> str:
    """The message without blocks: what notifications and screen readers say, and what is sent if blocks fail."""
    return escape(shorten(plain_text(_tidy(message, 0.5)), FALLBACK))


def text_size(blocks: Sequence[Block]) -> int:
    """UTF-16 units of text in all blocks, link targets included."""
    return sum(units(text) for text in texts(blocks))


def json_size(blocks: Sequence[Block]) -> int:
    """Characters of the blocks as the SDK writes them."""
    return len(json.dumps(blocks))


def texts(part: Any) -> list[str]:
    """Every text, link target and moment in blocks or a part of them."""
    if isinstance(part, dict):
        own = [value for name, value in part.items() if name in _TEXTS and isinstance(value, str)]
        return own + [text for value in part.values() for text in texts(value)]
    return [text for item in part for text in texts(item)] if isinstance(part, list) else []


def _tidy(message: Message, scale: float, share: float = 1.0) -> Message:
    """The same message with every text on one line and shortened, and only addresses that may be shown."""
    is_list = _is_list(message)
    most_quotes, most_facts = _IN_LIST if is_list else (_QUOTES, _FACTS)
    quotes, facts = message.quotes[: int(most_quotes * share)], message.facts[: int(most_facts * share)]

    def short(text: str, limit: int) -> str:
        return shorten(one_line(text), int(limit * scale))

    # Under a case its own words come first and whole; what the customer wrote before may be cut.
    is_whole = len(message.quotes) == 1 or message.key.endswith(DETAILS)
    return replace(
        message,
        title=shorten(one_line(message.title), HEADER - 10) or "(no title)",
        quotes=tuple(
            replace(
                q,
                text=short(q.text, FULL if is_whole and q is quotes[0] else QUOTE) or "(no words)",
                where=short(q.where, 240),
                url=_address(q.url, scale),
                about=short(q.about, 240),
            )
            for q in quotes
        ),
        facts=tuple((short(n, 80) or "–", short(v, 400) or "–") for n, v in facts),
        links=tuple((short(n, 80) or "–", url) for n, u in message.links[:_LINKS] if (url := _address(u, scale))),
        why=tuple(short(reason, 200) for reason in message.why[:_REASONS]),
        more=message.more + len(message.quotes) - len(quotes) + (len(message.facts) - len(facts) if is_list else 0),
    )


def _without_buttons(message: Message) -> Message:
    return replace(message, quotes=tuple(replace(quote, offers=()) for quote in message.quotes))


def _address(url: str | None, scale: float) -> str | None:
    link = web_link(url, int(URL * scale))
    return link.url if link else None


def _blocks(message: Message, *, has_buttons: bool) -> list[Block]:
    blocks = [_heading(message)]
    for quote in message.quotes:
        blocks += _of_case(quote) if quote.about else _of_quote(quote)
    is_list = _is_list(message)
    if message.more and not is_list:
        blocks.append(_small(f"and {message.more} more like this" if message.quotes else f"{message.more} posts"))
    if message.facts:
        blocks.append(_rich_text(_section(_facts(message.facts))))
    if links := _links(message.links):
        blocks.append(_rich_text(_section(links)))
    if message.more and is_list:
        where = "/umbrage open" if has_buttons else "umbrage cases"
        blocks.append(_small(f"and {message.more} more: {where}"))
    if message.chart:
        blocks.append(_chart(message.chart))
    if message.why:
        label = "What it means" if message.tone is Tone.HEALTH else "Why you see this"
        blocks.append(_small(f"{label}: " + "; ".join(message.why)))
    if (calls := _calls(message.pings)) and (message.thread is None or message.edits):
        blocks.append(_rich_text(_section(calls)))
    return blocks


def _buttons(message: Message) -> list[Block]:
    of_case = actions(message.case, message.offers) if message.case is not None else None
    of_incident = actions(message.incident, message.offers, OF_INCIDENT) if message.incident is not None else None
    of_surge = actions(message.surge, message.offers, OF_SURGE) if message.surge is not None else None
    asked = menus(message.menus) if message.menus else None
    return [row for row in (of_case, of_incident, of_surge, asked, _evidence(message)) if row]


def _evidence(message: Message) -> Block | None:
    if message.case is None or EVIDENCE not in message.offers or not message.quotes:
        return None
    link = web_link(message.quotes[0].url, VALUE)
    return evidence(message.case, link.url) if link else None


def _commands(message: Message) -> list[Block]:
    """What to type, in place of buttons that nobody would hear."""
    elements = [_text("To act: ", bold=True)]
    for command in commands(message):
        elements += [_text("\n"), {"type": "text", "text": command, "style": {"code": True}}]
    return [_rich_text(_section(elements))] if len(elements) > 1 else []


def _is_list(message: Message) -> bool:
    return any(quote.about for quote in message.quotes)


def _of_quote(quote: Quote) -> list[Block]:
    blocks = [_words(quote)]
    if quote.case is not None and SPLIT in quote.offers and _is_value(quote.post):
        blocks.append(_line("It joined by itself.", split(quote.case, quote.post)))
    return blocks


def _words(quote: Quote) -> Block:
    """The words, and below them where they stand, in rich text: there each reader sees their own time."""
    return _rich_text(_quotation(quote), *([_section(_dated(quote.where))] if quote.where else []))


def _line(text: str, button: Block | None) -> Block:
    line: Block = {"type": "section", "text": {"type": "plain_text", "text": literal(text), "emoji": False}}
    return line | {"accessory": button} if button else line


def _is_value(post: str | None) -> TypeGuard[str]:
    """Whether the key of a post may stand behind a button as it is."""
    return post is not None and 0 < units(post) <= VALUE and post == literal(one_line(post))


def _of_case(quote: Quote) -> list[Block]:
    """One of several cases: how it stands, beside the button that takes it, above its words."""
    button = take(quote.case) if quote.case is not None and "take" in quote.offers else None
    return [_line(quote.about, button), _words(quote)]


def _chart(chart: Chart) -> Block:
    """Slack's own chart; the numbers stand in the facts, too."""
    bars = [(literal(label[:CHART_LABEL]), value) for label, value in chart.bars[-CHART_POINTS:]]
    data = [{"label": label, "value": value} for label, value in bars]
    series = [{"name": literal(chart.series[:CHART_LABEL]), "data": data}]
    axis = {"categories": [label for label, _ in bars]}
    drawn = {"type": "bar", "series": series, "axis_config": axis}
    return {"type": CHART, "title": literal(chart.title[:CHART_TITLE]), "chart": drawn}


def _heading(message: Message) -> Block:
    """A header for what stands in the channel; a bold line for what stands under it, where room is short."""
    title = f"{_MARK[message.tone]} {message.title}"
    if message.thread is not None and not message.edits:
        return _rich_text(_section([*_dated(title, bold=True), *_calls(message.pings)]))
    return {"type": "header", "text": {"type": "plain_text", "text": literal(title), "emoji": False}}


def _calls(pings: Sequence[str]) -> list[Block]:
    """Elements that call people; only ids of people, and here for everybody who is there."""
    calls: list[Block] = []
    for ping in pings:
        if ping == HERE:
            calls += [_text(" "), {"type": "broadcast", "range": HERE}]
        elif is_user(ping):
            calls += [_text(" "), {"type": "user", "user_id": ping}]
    return calls


def _quotation(quote: Quote) -> Block:
    elements = [_text(quote.text)]
    link = web_link(quote.url, URL)
    if link:
        elements += [_text("  "), {"type": "link", "url": link.url, "text": literal(f"Open on {link.host}")}]
    return {"type": "rich_text_quote", "elements": elements}


def _facts(facts: Sequence[tuple[str, str]]) -> list[Block]:
    """Short facts side by side, long ones on lines of their own."""
    elements: list[Block] = []
    is_after_short = False
    for name, value in facts:
        is_short = len(name) + len(value) <= SIDE_BY_SIDE
        between = "   ·   " if is_short and is_after_short else "\n"
        elements += [_text(between)] if elements else []
        elements += [_text(f"{name}: ", bold=True), *_dated(value)]
        is_after_short = is_short
    return elements


def _links(links: Sequence[tuple[str, str]]) -> list[Block]:
    """Each on a line of its own, with its real host."""
    elements: list[Block] = []
    for name, url in links:
        if link := web_link(url, URL):
            shown = {"type": "link", "url": link.url, "text": literal(f"Open on {link.host}")}
            elements += [*([_text("\n")] if elements else []), _text(f"{name}: ", bold=True), shown]
    return elements


def _section(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _rich_text(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _small(text: str) -> Block:
    element = {"type": "plain_text", "text": literal(text), "emoji": False}
    return {"type": "context", "elements": [element]}


def _dated(text: str, *, bold: bool = False) -> list[Block]:
    """A text whose moments are shown in each reader's own time."""
    style = {"style": {"bold": True}} if bold else {}
    return [_text(piece, bold=bold) if at is None else date(at, piece) | style for piece, at in pieces(text)]


def _text(text: str, *, bold: bool = False) -> Block:
    element: Block = {"type": "text", "text": literal(text)}
    return element | {"style": {"bold": True}} if bold else element
