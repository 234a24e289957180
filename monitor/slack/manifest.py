"""The Slack app that umbrage needs, as a manifest: the least that it can do with.

https://docs.slack.dev/reference/app-manifest
"""

import json
from typing import Any
from urllib.parse import quote

SCOPES = ("chat:write", "commands", "channels:history", "groups:history", "im:history", "im:write")
"""Post and edit, the command and shortcut, and find a message whose answer was lost: in channels, private channels and
what the app itself says to one person."""

REPORT = "report_complaint"

MANIFEST: dict[str, Any] = {
    "_metadata": {"major_version": 2, "minor_version": 1},
    "display_information": {"name": "Umbrage", "description": "Public complaints, within minutes and to the end"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True},
        "bot_user": {"display_name": "umbrage", "always_online": True},
        "slash_commands": [
            {
                "command": "/umbrage",
                "description": "Open cases, figures, report a post, mute",
                "usage_hint": "open | mine | stats | add URL | mute WHAT SPAN | help",
                "should_escape": False,
            }
        ],
        "shortcuts": [
            {
                "name": "This is a complaint",
                "type": "message",
                "callback_id": REPORT,
                "description": "Open a case for a post that umbrage has not told",
            }
        ],
    },
    "oauth_config": {"scopes": {"bot": list(SCOPES)}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True},
        "org_deploy_enabled": False,
        "socket_mode_enabled": True,
    },
}


def text(url: str | None = None) -> str:
    """The manifest as it is pasted; with ``url`` for an app that is told of clicks there, over HTTP."""
    return json.dumps(MANIFEST if url is None else _over_http(url), indent=2)


def _over_http(url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(MANIFEST))
    found["settings"]["socket_mode_enabled"] = False
    found["settings"]["interactivity"]["request_url"] = url
    found["settings"]["event_subscriptions"]["request_url"] = url
    for command in found["features"]["slash_commands"]:
        command["url"] = url
    return found


def link() -> str:
    """A page of Slack's that makes the app in one click."""
    return f"https://api.slack.com/apps?new_app=1&manifest_json={quote(json.dumps(MANIFEST, separators=(',', ':')))}"
