"""What people do in Slack, told apart from how Slack delivers it, and what they get for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Doing(StrEnum):
    """The sorts of things that people can do."""

    ACTION = "action"
    """A button, a menu or a picker in a message or in the App Home."""

    VIEW = "view"
    """A modal was submitted."""

    COMMAND = "command"
    SHORTCUT = "shortcut"
    HOME = "home"
    """The App Home was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One thing that somebody did.

    ``key`` is the same when Slack delivers the same thing again. ``name`` is the action id, the callback id of a view
    or shortcut, or the command; ``value`` the button's value, the option that was chosen, the user that was picked or
    the text of a command. ``channel`` and ``message_ts`` name the message it was done on, and are empty elsewhere.
    ``fields`` are the inputs of a view by block id, ``kept`` is its private metadata. ``message_text`` is the text of
    the message that a shortcut was used on, ``reply_to`` the address for an answer. What Slack leaves out is empty.
    """

    doing: Doing
    name: str
    key: str = ""
    team: str = ""
    user: str = ""
    user_name: str = ""
    channel: str = ""
    message_ts: str = ""
    message_text: str = ""
    value: str = ""
    kept: str = ""
    trigger: str = ""
    reply_to: str = field(default="", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the one who clicked gets, and nobody else: a line of text, a modal, what is wrong with a form, or the Home.

    ``errors`` maps block ids of the submitted view to what is wrong; the view stays open then.
    """

    text: str | None = None
    modal: Mapping[str, Any] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    home: Mapping[str, Any] | None = None
