"""What people can do with a case, an incident or a surge in Slack: the buttons and menus under its message.

Values are its number.
"""

from collections.abc import Callable, Sequence
from typing import Any

from monitor.core.message import Menu
from monitor.slack.safety import one_line, shorten

Block = dict[str, Any]
Element = Callable[[str, int], Block]

PREFIX = "case."
"""Action ids are ``case.take`` and so on; anything else is not ours. Where the value is a person, the number
follows."""

ASK = "ask."
"""Action ids of the menus under a report."""

MENUS, OPTION = 25, 75
"""https://docs.slack.dev/reference/block-kit/blocks/actions-block and composition-objects/option-object"""

OF_INCIDENT, OF_SURGE = "incident.", "surge."
"""Likewise for incidents and for surges."""

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
    ("It can wait", "lower"),
)
MUTES = (("1 hour", "1h"), ("24 hours", "24h"))
MORE_OF_INCIDENT = (
    ("Done by us, for all of it…", "done"),
    ("Add a note…", "note"),
    ("Take it over", "take_over"),
    ("Escalate", "escalate"),
)


def actions(number: int, offers: tuple[str, ...], prefix: str = PREFIX) -> Block | None:
    """The row of buttons for a case, or what else the prefix is of; ``None`` without any.

    Every step that needs no words is one click.
    """
    known = _ELEMENTS[prefix]
    elements = [known[offer](prefix, number) for offer in offers if offer in known]
    if not elements:
        return None
    return {"type": "actions", "block_id": f"{prefix}{number}", "elements": elements}


def menus(found: Sequence[Menu]) -> Block:
    """A row of menus; the value that is chosen says what it is about."""
    elements = []
    for menu in found[:MENUS]:
        options = [{"text": _plain(shorten(one_line(words), OPTION)), "value": value} for words, value in menu.choices]
        placeholder = _plain(shorten(one_line(menu.label), OPTION))
        action = ASK + menu.name
        elements.append({"type": "static_select", "action_id": action, "placeholder": placeholder, "options": options})
    return {"type": "actions", "elements": elements}


def evidence(case: int, url: str) -> Block:
    """The button that closes a case with a link to the customer's own words."""
    button = _button("satisfied", "Satisfied: close with these words", "primary")(PREFIX, case)
    return {"type": "actions", "block_id": f"{PREFIX}{case}", "elements": [button | {"value": f"{case}:{url}"}]}


def take(case: int) -> Block:
    """The button that takes a case, alone."""
    return _OF_CASE["take"](PREFIX, case)


def split(case: int, post: str) -> Block:
    """The button that says that a post is about something else than its case."""
    return _button("split", "Not the same matter")(PREFIX, case) | {"value": f"{case}:{post}"}


def _button(name: str, label: str, style: str | None = None) -> Element:
    def build(prefix: str, number: int) -> Block:
        button = {"type": "button", "action_id": prefix + name, "text": _plain(label), "value": str(number)}
        return button | {"style": style} if style else button

    return build


def _menu(name: str, label: str, choices: tuple[tuple[str, str], ...]) -> Element:
    def build(prefix: str, number: int) -> Block:
        options = [{"text": _plain(text), "value": f"{number}:{value}"} for text, value in choices]
        return {"type": "static_select", "action_id": prefix + name, "placeholder": _plain(label), "options": options}

    return build


def _people(name: str, label: str) -> Element:
    def build(prefix: str, number: int) -> Block:
        # The value will be a person, so that the number stands in the name.
        return {"type": "users_select", "action_id": f"{prefix}{name}.{number}", "placeholder": _plain(label)}

    return build


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


_OF_CASE = {
    "take": _button("take", "Take it", "primary"),
    "assign": _people("assign", "Assign"),
    "answer": _button("answer", "Answered in public", "primary"),
    "done": _button("done", "Done by us…", "primary"),
    "close": _button("close", "Close…", "primary"),
    "not_a_complaint": _button("not_a_complaint", "Not a complaint"),
    "snooze": _menu("snooze", "Snooze", SNOOZES),
    "more": _menu("more", "More", MORE),
    "reopen": _button("reopen", "Reopen"),
}
_OF_INCIDENT = {
    "take": _OF_CASE["take"],
    "assign": _OF_CASE["assign"],
    "mute": _menu("snooze", "Mute", SNOOZES),
    "more": _menu("more", "More", MORE_OF_INCIDENT),
}
_OF_SURGE = {
    "incident": _button("incident", "Open an incident"),
    "known": _button("known", "Known issue"),
    "mute": _menu("mute", "Mute this topic", MUTES),
    "false": _button("false", "False alarm"),
    "real": _button("real", "Real after all"),
}
_ELEMENTS = {PREFIX: _OF_CASE, OF_INCIDENT: _OF_INCIDENT, OF_SURGE: _OF_SURGE}
