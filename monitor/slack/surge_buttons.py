"""What people can say about a surge in Slack: the buttons under its notice. Values are the surge's number."""

from typing import Any

Block = dict[str, Any]

PREFIX = "surge."
"""Action ids are ``surge.known`` and so on."""

SPANS = (("1 hour", "1h"), ("24 hours", "24h"))
_LABELS = {"known": "Known issue", "mute": "Mute this topic", "false": "False alarm", "real": "Real after all"}


def actions(surge: int, offers: tuple[str, ...]) -> Block | None:
    """The row of buttons for a surge, each of them one click; ``None`` without any."""
    elements = [_element(surge, offer) for offer in offers if offer in _LABELS]
    return {"type": "actions", "block_id": f"{PREFIX}{surge}", "elements": elements} if elements else None


def _element(surge: int, name: str) -> Block:
    label = _plain(_LABELS[name])
    if name != "mute":
        return {"type": "button", "action_id": PREFIX + name, "text": label, "value": str(surge)}
    options = [{"text": _plain(text), "value": f"{surge}:{span}"} for text, span in SPANS]
    return {"type": "static_select", "action_id": PREFIX + name, "placeholder": label, "options": options}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
