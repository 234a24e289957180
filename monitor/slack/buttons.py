"""What people can do with a case in Slack: the buttons and menus under its message. Values are the case's number."""

from typing import Any

Block = dict[str, Any]

PREFIX = "case."
"""Action ids are ``case.take`` and so on; anything else is not ours. Where the value is a person, the number
follows."""

SNOOZES = (
    ("1 hour", "1h"),
    ("6 hours", "6h"),
    ("Tomorrow 09:00", "tomorrow"),
    ("1 week", "1w"),
    ("Pick a time…", "pick"),
)
MORE = (
    ("Answered in public", "answer"),
    ("Done by us…", "done"),
    ("Close…", "close"),
    ("Add a note…", "note"),
    ("Other topic…", "topic"),
    ("Not about us", "not_about_us"),
    ("Duplicate", "duplicate"),
    ("Do not engage…", "do_not_engage"),
    ("Take it over", "take_over"),
    ("Escalate", "escalate"),
)


def actions(case: int, offers: tuple[str, ...]) -> Block | None:
    """The row of buttons for a case; ``None`` without any. Every step that needs no words is one click."""
    elements = [_ELEMENTS[offer](case) for offer in offers if offer in _ELEMENTS]
    if not elements:
        return None
    return {"type": "actions", "block_id": f"{PREFIX}{case}", "elements": elements}


def _button(name: str, label: str, style: str | None = None) -> Any:
    def build(case: int) -> Block:
        button = {"type": "button", "action_id": PREFIX + name, "text": _plain(label), "value": str(case)}
        return button | {"style": style} if style else button

    return build


def _menu(name: str, label: str, choices: tuple[tuple[str, str], ...]) -> Any:
    def build(case: int) -> Block:
        options = [{"text": _plain(text), "value": f"{case}:{value}"} for text, value in choices]
        return {"type": "static_select", "action_id": PREFIX + name, "placeholder": _plain(label), "options": options}

    return build


def _people(name: str, label: str) -> Any:
    def build(case: int) -> Block:
        # The value will be a person, so that the case stands in the name.
        return {"type": "users_select", "action_id": f"{PREFIX}{name}.{case}", "placeholder": _plain(label)}

    return build


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


_ELEMENTS = {
    "take": _button("take", "Take it", "primary"),
    "assign": _people("assign", "Assign"),
    "not_a_complaint": _button("not_a_complaint", "Not a complaint"),
    "snooze": _menu("snooze", "Snooze", SNOOZES),
    "more": _menu("more", "More", MORE),
    "reopen": _button("reopen", "Reopen"),
}
