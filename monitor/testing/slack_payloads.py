"""What Slack sends when people do something, in the shapes that its documentation shows; ``changed`` adds or replaces.

https://docs.slack.dev/reference/interaction-payloads
"""

import uuid
from typing import Any

TEAM = {"id": "T1", "domain": "loopback"}
ANN = {"id": "U1", "username": "ann", "name": "ann", "team_id": "T1"}
TRIGGER = "1.2.3"


def pressed(action: str, value: str, respond: str, **changed: Any) -> dict[str, Any]:
    """A button that somebody presses; ``respond`` is the address for an answer."""
    body: dict[str, Any] = {
        "type": "block_actions",
        "team": TEAM,
        "user": ANN,
        "api_app_id": "A1",
        "channel": {"id": "C1"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
        "trigger_id": TRIGGER,
        "response_url": respond,
        "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": str(uuid.uuid4())}],
    }
    return body | changed


def chosen(action: str, value: str, respond: str, **changed: Any) -> dict[str, Any]:
    """An option that somebody chooses in a menu."""
    option = {"text": {"type": "plain_text", "text": value}, "value": value}
    act = {"type": "static_select", "action_id": action, "selected_option": option, "action_ts": str(uuid.uuid4())}
    return pressed(action, value, respond, actions=[act], **changed)


def submitted(form: str, kept: str, **given: str) -> dict[str, Any]:
    """A form that somebody submits, with the words in its fields by name; ``kept`` is what the form was given."""
    values = {name: {name: {"type": "plain_text_input", "value": words}} for name, words in given.items()}
    view = {"id": f"V{uuid.uuid4().hex[:8]}", "type": "modal", "callback_id": form, "private_metadata": kept}
    return {
        "type": "view_submission",
        "team": TEAM,
        "user": ANN,
        "api_app_id": "A1",
        "trigger_id": TRIGGER,
        "view": view | {"state": {"values": values}},
        "response_urls": [],
    }


def commanded(text: str, respond: str, **changed: Any) -> dict[str, Any]:
    """A line after ``/umbrage``."""
    body = {
        "command": "/umbrage",
        "text": text,
        "team_id": "T1",
        "team_domain": "loopback",
        "channel_id": "C1",
        "channel_name": "support",
        "user_id": "U1",
        "user_name": "ann",
        "api_app_id": "A1",
        "trigger_id": TRIGGER,
        "response_url": respond,
    }
    return body | changed


def shortcut(name: str, text: str, respond: str, **changed: Any) -> dict[str, Any]:
    """A shortcut that somebody uses on a message."""
    body: dict[str, Any] = {
        "type": "message_action",
        "callback_id": name,
        "team": TEAM,
        "user": ANN,
        "channel": {"id": "C1", "name": "support"},
        "message": {"type": "message", "user": "U2", "ts": "2.2", "text": text},
        "message_ts": "2.2",
        "action_ts": "3.3",
        "trigger_id": TRIGGER,
        "response_url": respond,
    }
    return body | changed


def home(user: str = "U1") -> dict[str, Any]:
    """Somebody opens the app's Home."""
    event = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home", "event_ts": "4.4"}
    return {
        "type": "event_callback",
        "team_id": "T1",
        "api_app_id": "A1",
        "event": event,
        "event_id": f"Ev{uuid.uuid4().hex[:8]}",
        "event_time": 4,
        "authorizations": [{"team_id": "T1", "user_id": "U0", "is_bot": True}],
    }
