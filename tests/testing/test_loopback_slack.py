"""The loopback Slack behaves as Slack documents, keeps what was posted, and runs as a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import HTML, POST, LoopbackSlack, error, limited, posted, seeded_faults

METADATA = {"event_type": "umbrage_message", "event_payload": {"key": "k1"}}


@pytest.fixture
def slack() -> Iterator[LoopbackSlack]:
    with LoopbackSlack() as running:
        yield running


def client(slack: LoopbackSlack, token: str = "xoxb-test") -> WebClient:
    return WebClient(token, base_url=slack.api, timeout=1, retry_handlers=[])


def code(caught: pytest.ExceptionInfo[SlackApiError]) -> Any:
    return caught.value.response["error"]


def test_knows_its_tokens_and_channels(slack: LoopbackSlack) -> None:
    assert client(slack).auth_test()["team"] == "Loopback"
    slack.revoked.add("xoxb-old")
    for token, said in {"": "not_authed", "hunter2": "invalid_auth", "xoxb-old": "token_revoked"}.items():
        with pytest.raises(SlackApiError) as caught:
            client(slack, token).auth_test()
        assert code(caught) == said
    with pytest.raises(SlackApiError) as caught:
        client(slack).chat_postMessage(channel="#general", text="t")
    assert code(caught) == "channel_not_found"


def test_an_update_keeps_the_metadata_and_loses_the_blocks_it_leaves_out(slack: LoopbackSlack) -> None:
    blocks = [{"type": "divider"}]
    ts = client(slack).chat_postMessage(channel="C1", text="old", blocks=blocks, metadata=METADATA)["ts"]
    client(slack).chat_update(channel="C1", ts=ts, text="new")
    (message,) = slack.messages("C1")
    assert (message.text, message.blocks, message.key) == ("new", None, "k1")
    with pytest.raises(SlackApiError) as caught:
        client(slack).chat_update(channel="C1", ts="1.0", text="new")
    assert code(caught) == "message_not_found"


def test_the_history_has_pages_and_shows_metadata_when_asked(slack: LoopbackSlack) -> None:
    sent = [client(slack).chat_postMessage(channel="C1", text=str(n), metadata=METADATA)["ts"] for n in range(3)]
    client(slack).chat_postMessage(channel="C1", text="reply", thread_ts=sent[0])
    client(slack).chat_postMessage(channel="C2", text="elsewhere")
    first = client(slack).conversations_history(channel="C1", limit=2)
    assert [message["text"] for message in first["messages"]] == ["2", "1"]
    assert "metadata" not in first["messages"][0]
    cursor = first["response_metadata"]["next_cursor"]
    second = client(slack).conversations_history(channel="C1", limit=2, cursor=cursor, include_all_metadata=True)
    assert [message["metadata"] for message in second["messages"]] == [METADATA]
    assert not second["has_more"]
    newer = client(slack).conversations_history(channel="C1", oldest=sent[1])
    assert [message["text"] for message in newer["messages"]] == ["2"]
    replies = client(slack).conversations_replies(channel="C1", ts=sent[0])
    assert [message["text"] for message in replies["messages"]] == ["0", "reply"]


@pytest.mark.parametrize(
    ("fault", "commits"),
    [
        (limited(1), 0),
        (error("fatal_error"), 0),
        (HTML, 0),
        (Fault(), 0),
        (Fault(kind=Kind.DROP_BEFORE_COMMIT), 0),
        (Fault(kind=Kind.DROP_AFTER_COMMIT), 1),
        (Fault(kind=Kind.MALFORMED), 1),
        (Fault(kind=Kind.SLOW), 1),
        (Fault(kind=Kind.SLOW_COMMIT), 0),
    ],
)
def test_each_fault_happens_once_and_commits_or_not(slack: LoopbackSlack, fault: Fault, commits: int) -> None:
    slack.fail(POST, fault)
    with pytest.raises((SlackApiError, OSError)):
        client(slack).chat_postMessage(channel="C1", text="t")
    assert len(slack.messages()) == commits
    slack.release()
    assert len(slack.messages()) == commits + (fault.kind is Kind.SLOW_COMMIT)
    client(slack).chat_postMessage(channel="C1", text="t")


def test_faults_of_a_seed_are_repeatable() -> None:
    one, two = seeded_faults(7, 0.5, 1.0), seeded_faults(7, 0.5, 1.0)
    drawn = [one() for _ in range(200)]
    assert drawn == [two() for _ in range(200)]
    assert 60 < sum(fault is not None for fault in drawn) < 140


def test_runs_as_a_process_that_remembers(tmp_path: Path) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    command = [sys.executable, "-m", "monitor.testing.loopback_slack", "--state", str(state), "--log", str(log)]
    for number in (1, 2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{int(process.stdout.readline())}/api/"
            there = WebClient("xoxb-secret", base_url=url, timeout=5, retry_handlers=[])
            there.chat_postMessage(channel="C1", text=f"m{number}", metadata=METADATA)
            assert len(there.conversations_history(channel="C1")["messages"]) == number
            process.send_signal(signal.SIGTERM)
        assert process.returncode == 0
    assert [(message.text, message.key) for message in posted(state)] == [("m1", "k1"), ("m2", "k1")]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[0]["path"] == POST
    assert "xoxb-secret" not in log.read_text()
