"""Other people's opinions on what Slack takes: slackblocks, and TypeScript with Slack's own types."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slackblocks import blocks as sb
from slackblocks import elements as se
from slackblocks import objects as so
from slackblocks.messages import Message as SlackMessage
from slackblocks.rich_text.elements import RichText, RichTextLink, RichTextUser
from slackblocks.rich_text.objects import RichTextQuote, RichTextSection

Block = dict[str, Any]


def by_slackblocks(blocks: Sequence[Block]) -> list[Block]:
    """The message as slackblocks builds it; it raises on what it knows to be wrong.

    It can write all that we send, but not read it, so that each part is built anew. It knows no ``broadcast`` and
    no ``date``, whose words it gets.
    """
    built: list[Block] = SlackMessage("C1", "text", [_BLOCKS[one["type"]](one) for one in blocks])._resolve()["blocks"]
    return built


def for_typescript(messages: Mapping[str, Sequence[Block]], views: Mapping[str, Block]) -> str:
    """A program that has a type error wherever a message or a view is not one of Slack's."""
    lines = ['import type { KnownBlock, View } from "@slack/types";']
    lines += [f"export const {name}: KnownBlock[] = {json.dumps(blocks)};" for name, blocks in messages.items()]
    lines += [f"export const {name}: View = {json.dumps(view)};" for name, view in views.items()]
    return "\n".join(lines) + "\n"


def by_typescript(program: str, modules: Path, folder: Path) -> list[str]:
    """What the compiler says; ``modules`` is where npm has put typescript and @slack/types."""
    (folder / "judged.ts").write_text(program, "utf-8")
    (folder / "node_modules").symlink_to(modules)
    command = ["npx", "--no-install", "tsc", "--noEmit", "--strict", "--skipLibCheck", "judged.ts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def _text(part: Block) -> so.Text:
    return so.Text(part["text"], so.TextType.PLAINTEXT, emoji=part.get("emoji", False))


def _rich(part: Block) -> Any:
    style = part.get("style", {})
    if part["type"] == "link":
        return RichTextLink(url=part["url"], text=part["text"])
    if part["type"] == "user":
        return RichTextUser(user_id=part["user_id"])
    if part["type"] == "date":
        return RichText(part["fallback"], bold=style.get("bold", False))
    return RichText(part["text"], bold=style.get("bold", False), code=style.get("code", False))


def _rich_block(block: Block) -> sb.Block:
    kinds = {"rich_text_section": RichTextSection, "rich_text_quote": RichTextQuote}
    parts = [
        kinds[part["type"]]([_rich(one) for one in part["elements"] if one["type"] != "broadcast"])
        for part in block["elements"]
    ]
    return sb.RichTextBlock(parts)


def _option(option: Block) -> so.Option:
    return so.Option(text=_text(option["text"]), value=option["value"])


def _element(part: Block) -> se.Element:
    name = part["action_id"]
    if part["type"] == "button":
        return se.Button(text=_text(part["text"]), action_id=name, value=part["value"], style=part.get("style"))
    if part["type"] == "users_select":
        return se.UserSelectMenu(action_id=name, placeholder=_text(part["placeholder"]))
    options = [_option(option) for option in part["options"]]
    return se.StaticSelectMenu(action_id=name, options=options, placeholder=_text(part["placeholder"]))


def _section(block: Block) -> sb.Block:
    accessory = _element(block["accessory"]) if "accessory" in block else None
    return sb.SectionBlock(text=_text(block["text"]), accessory=accessory)


def _chart(block: Block) -> sb.Block:
    chart = block["chart"]
    series = [
        so.DataSeries(name=one["name"], data=[so.DataPoint(point["label"], point["value"]) for point in one["data"]])
        for one in chart["series"]
    ]
    return sb.DataVisualizationBlock(
        title=block["title"], chart=so.BarChart(series, so.AxisConfig(categories=chart["axis_config"]["categories"]))
    )


_BLOCKS: dict[str, Callable[[Block], sb.Block]] = {
    "header": lambda block: sb.HeaderBlock(_text(block["text"])),
    "context": lambda block: sb.ContextBlock([_text(part) for part in block["elements"]]),
    "actions": lambda block: sb.ActionsBlock([_element(part) for part in block["elements"]], block.get("block_id")),
    "section": _section,
    "rich_text": _rich_block,
    "data_visualization": _chart,
}
