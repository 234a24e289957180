"""Writes the golden files anew and draws every message with chromium: ``python -m tests.slack.picture FOLDER``.

The page imitates Slack closely enough to judge order, length and tone; it is not Slack.
"""

import html
import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageChops

from monitor.core.message import Message
from monitor.slack.blocks import CHART, fallback, render
from tests.slack.templates import templates
from tests.slack.test_templates import GOLDEN

STYLE = """
body { font: 15px/1.46 "DejaVu Sans", sans-serif; color: #1d1c1d; margin: 16px; width: 640px; background: #fff }
h2 { font-size: 18px; margin: 4px 0 8px } .small { color: #616061; font-size: 13px; margin: 4px 0 }
.quote { border-left: 4px solid #ddd; padding-left: 12px; margin: 6px 0 } p { margin: 4px 0; white-space: pre-wrap }
button { font: inherit; font-size: 13px; font-weight: bold; border: 1px solid #bbb; border-radius: 4px;
  margin: 6px 8px 0 0; padding: 4px 12px; background: #fff }
.primary { background: #007a5a; color: #fff; border-color: #007a5a }
.line { display: flex; justify-content: space-between; gap: 16px; align-items: center; margin-top: 8px }
.line button { margin: 0; white-space: nowrap }
.chart { display: flex; align-items: end; gap: 6px; height: 110px; border-bottom: 1px solid #bbb }
.bar { flex: 1; background: #1264a3; color: #fff; font-size: 11px; text-align: center }
.call { background: #fff3d1; color: #1264a3 } a { color: #1264a3; text-decoration: none } .thread { margin-left: 40px }
"""


README = ("case_taken", "thread_details", "thread_line")


def page(*messages: Message) -> str:
    """Messages below each other as a page."""
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{"".join(map(_message, messages))}</body>'


def _message(message: Message) -> str:
    place = ' class="thread"' if message.thread and not message.edits else ""
    return f"<div{place}>{''.join(map(_block, render(message)))}</div>"


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "header":
        return f"<h2>{html.escape(block['text']['text'])}</h2>"
    if kind == "section":
        button = _button(block["accessory"]) if "accessory" in block else ""
        return f'<div class="line"><span>{html.escape(block["text"]["text"])}</span>{button}</div>'
    if kind == "context":
        return "".join(f'<div class="small">{html.escape(part["text"])}</div>' for part in block["elements"])
    if kind == CHART:
        return _chart(block)
    if kind == "actions":
        return "".join(_button(element) for element in block["elements"])
    return "".join(_rich(part) for part in block["elements"])


def _chart(block: dict[str, Any]) -> str:
    points = block["chart"]["series"][0]["data"]
    largest = max(1, *(point["value"] for point in points))
    bars = "".join(
        f'<span class="bar" style="height:{90 * point["value"] // largest + 1}px">{point["value"]}</span>'
        for point in points
    )
    return f'<div class="small"><b>{html.escape(block["title"])}</b><div class="chart">{bars}</div></div>'


def _button(element: dict[str, Any]) -> str:
    label = element.get("text") or element["placeholder"]
    menu = "" if element["type"] == "button" else " ▾"
    return f'<button class="{element.get("style", "")}">{html.escape(label["text"])}{menu}</button>'


def _rich(part: dict[str, Any]) -> str:
    inner = "".join(map(_run, part["elements"]))
    return f'<div class="quote">{inner}</div>' if part["type"] == "rich_text_quote" else f"<p>{inner}</p>"


def _run(element: dict[str, Any]) -> str:
    if element["type"] in ("user", "broadcast"):
        return f'<span class="call">@{element.get("user_id", "here")}</span>'
    text = html.escape(_shown(element) if element["type"] == "date" else element["text"])
    if element["type"] == "link":
        return f'<a href="#">{text}</a>'
    return f"<b>{text}</b>" if element.get("style", {}).get("bold") else text


def _shown(date: dict[str, Any]) -> str:
    """A moment as somebody in Berlin sees it, on another day."""
    at = datetime.fromtimestamp(date["timestamp"], ZoneInfo("Europe/Berlin"))
    shown: str = date["format"].format(date_short_pretty=f"{at:%b} {at.day}", time=f"{at:%H:%M}")
    return shown


def main() -> None:
    for old in GOLDEN.glob("*.json"):
        old.unlink()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    chromium = shutil.which("chromium")
    for name, message in templates().items():
        kept = {"text": fallback(message), "blocks": render(message)}
        (GOLDEN / f"{name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
        if folder is None or chromium is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        _draw(chromium, folder / f"{name}.png", message)
    if folder is not None and chromium is not None:
        _draw(chromium, folder / "alert.png", *(templates()[name] for name in README))


def _draw(chromium: str, picture: Path, *messages: Message) -> None:
    drawn = picture.with_suffix(".html")
    drawn.write_text(page(*messages), "utf-8")
    height = 60 + sum(map(_height, messages))
    options = [f"--window-size=690,{height}", f"--screenshot={picture}", "--hide-scrollbars"]
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", *options, drawn.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    _crop(picture)
    print(picture.name, flush=True)


def _height(message: Message) -> int:
    """Enough for every line, wrapped; what is clipped cannot be judged."""
    lines = sum(1 + len(line) // 70 for line in fallback(message).splitlines())
    return 23 * lines + 12 * len(render(message)) + (150 if message.chart else 0)


def _crop(picture: Path) -> None:
    with Image.open(picture) as drawn:
        whole = drawn.convert("RGB")
    box = ImageChops.difference(whole, Image.new("RGB", whole.size, "white")).getbbox()
    if box is not None:
        whole.crop((0, 0, whole.width, min(whole.height, box[3] + 16))).save(picture)


if __name__ == "__main__":
    main()
