"""What Slack sends when people do something, as a :class:`Click`; whatever is missing is empty, nothing raises.

https://docs.slack.dev/reference/interaction-payloads
"""

from collections.abc import Mapping
from typing import Any

from monitor.slack.clicks import Click, Doing


def click_of(kind: str, payload: object, key: str = "") -> Click | None:
    """The click in an envelope of a kind; ``None`` for what is not for us. ``key`` names the envelope."""
    body = _mapping(payload)
    if kind == "slash_commands":
        return _click(body, Doing.COMMAND, _text(body, "command"), key=key, value=_text(body, "text"))
    if kind == "events_api":
        return _home(body, key)
    if kind == "interactive":
        return _interaction(body, key)
    return None


def _interaction(body: Mapping[str, Any], key: str) -> Click | None:
    kind = _text(body, "type")
    if kind == "block_actions":
        return _action(body, key)
    if kind == "view_submission":
        view = _mapping(body.get("view"))
        fields = _fields(_mapping(_mapping(view.get("state")).get("values")))
        name, kept = _text(view, "callback_id"), _text(view, "private_metadata")
        return _click(body, Doing.VIEW, name, key=_text(view, "id") or key, kept=kept, fields=fields)
    if kind == "message_action":
        message = _mapping(body.get("message"))
        words = _text(message, "text")
        name = _text(body, "callback_id")
        return _click(body, Doing.SHORTCUT, name, key=key, message_text=words, message_ts=_text(message, "ts"))
    return None


def _action(body: Mapping[str, Any], key: str) -> Click | None:
    actions = body.get("actions")
    action = _mapping(actions[0]) if isinstance(actions, list) and actions else {}
    value = (
        _text(action, "value")
        or _text(_mapping(action.get("selected_option")), "value")
        or _text(action, "selected_user")
    )
    name = _text(action, "action_id")
    return _click(body, Doing.ACTION, name, key=_text(action, "action_ts") or key, value=value)


def _home(body: Mapping[str, Any], key: str) -> Click | None:
    event = _mapping(body.get("event"))
    if _text(event, "type") != "app_home_opened":
        return None
    return Click(doing=Doing.HOME, name="home", key=key, team=_text(body, "team_id"), user=_text(event, "user"))


def _click(body: Mapping[str, Any], doing: Doing, name: str, **found: Any) -> Click:
    user, channel = _mapping(body.get("user")), _mapping(body.get("channel"))
    where = _mapping(body.get("container"))
    known: dict[str, Any] = {
        "team": _text(_mapping(body.get("team")), "id") or _text(user, "team_id") or _text(body, "team_id"),
        "user": _text(user, "id") or _text(body, "user_id"),
        "user_name": _text(user, "name") or _text(user, "username") or _text(body, "user_name"),
        "channel": _text(channel, "id") or _text(body, "channel_id"),
        "message_ts": _text(where, "message_ts"),
        "trigger": _text(body, "trigger_id"),
        "reply_to": _text(body, "response_url"),
    }
    return Click(doing=doing, name=name, **(known | found))


def _fields(values: Mapping[str, Any]) -> dict[str, str]:
    """The inputs of a view by block id, whatever sort of input it is."""
    found = {}
    for block, elements in values.items():
        for element in _mapping(elements).values():
            given = _mapping(element)
            option = _mapping(given.get("selected_option"))
            picked = given.get("selected_date_time")
            moment = str(picked) if isinstance(picked, int) else ""
            found[str(block)] = (
                _text(given, "value") or _text(option, "value") or _text(given, "selected_user") or moment
            )
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""
