"""Setting Slack up: the manifest asks for the least, and the walk through the tokens says what is wrong with them."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.slack.manifest import MANIFEST, SCOPES
from monitor.testing.loopback_slack import TOKEN
from monitor.testing.loopback_socket import APP_TOKEN, LoopbackWorkspace
from tests.cli.conftest import Umbrage

METHODS = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.open": "im:write",
    "views.open": None,
    "views.publish": None,
    "auth.test": None,
}
"""https://docs.slack.dev/reference/methods: what each method that we call needs."""


@pytest.fixture
def workspace() -> Iterator[LoopbackWorkspace]:
    with LoopbackWorkspace() as slack:
        yield slack


def test_the_manifest_is_printed_for_pasting_and_as_a_link(umbrage: Umbrage) -> None:
    assert json.loads(umbrage("slack", "manifest").out) == MANIFEST
    query = parse_qs(urlsplit(umbrage("slack", "manifest", "--link").out.strip()).query)
    assert json.loads(query["manifest_json"][0]) == MANIFEST


def test_p56_the_scopes_are_those_of_the_methods_that_are_called() -> None:
    private = {"groups:history", "im:history"}
    commands = {"commands"}
    assert set(SCOPES) == {scope for scope in METHODS.values() if scope} | private | commands


def test_names_in_the_manifest_are_within_slacks_limits() -> None:
    features = MANIFEST["features"]
    assert len(MANIFEST["display_information"]["name"]) <= 35
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert all(len(shortcut["name"]) <= 24 for shortcut in features["shortcuts"])
    assert all(command["command"].startswith("/") for command in features["slash_commands"])


def test_setup_tries_the_tokens_and_keeps_them_where_only_you_can_read(
    umbrage: Umbrage, workspace: LoopbackWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([TOKEN, APP_TOKEN, "C0123456789"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(answers))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: next(answers))
    finished = umbrage("slack", "setup", "--base-url", workspace.api)
    assert finished.code == 0
    assert "works: umbrage in Loopback" in finished.out
    assert 'channel = "C0123456789"' in finished.out
    for token, name in ((TOKEN, "slack-bot"), (APP_TOKEN, "slack-app")):
        path = tmp_path / "secrets" / name
        assert path.read_text("utf-8").strip() == token
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token not in finished.out + finished.err


@pytest.mark.parametrize(
    ("bot", "app", "said"),
    [
        ("xapp-1", "", "this is no bot token: they begin with xoxb-"),
        ("xoxb-revoked", "", "Slack does not take this bot token: token_revoked"),
        (TOKEN, "xapp-wrong", "Slack does not take this app-level token: invalid_auth"),
    ],
)
def test_what_is_wrong_with_a_token_is_said_without_it(
    umbrage: Umbrage, workspace: LoopbackWorkspace, monkeypatch: pytest.MonkeyPatch, bot: str, app: str, said: str
) -> None:
    workspace.revoked.add("xoxb-revoked")
    answers = iter([bot, app])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: next(answers))
    finished = umbrage("slack", "setup", "--base-url", workspace.api)
    assert finished.code == 1
    assert said in finished.err
    assert "xoxb-revoked" not in finished.err
    assert "xapp-wrong" not in finished.err


def test_without_a_network_setup_says_so(umbrage: Umbrage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: TOKEN)
    finished = umbrage("slack", "setup", "--base-url", "http://127.0.0.1:9/api/")
    assert "Slack cannot be reached" in finished.err
