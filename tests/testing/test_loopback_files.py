"""Uploads to the loopback Slack, by the real client, with a fault in each of the three steps."""

import json
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from monitor.slack import manifest
from monitor.testing.loopback_files import ASK, COMPLETE, UPLOAD
from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import HTML, LoopbackSlack, error, limited

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
STEPS = (ASK, UPLOAD, COMPLETE)
BROKEN = (SlackApiError, SlackRequestError, URLError, HTTPException, OSError)
FAULTS = {
    "429": limited(1),
    "500": Fault(),
    "HTML with 200": HTML,
    "refused": error("fatal_error"),
    "dropped before commit": Fault(kind=Kind.DROP_BEFORE_COMMIT),
    "dropped after commit": Fault(kind=Kind.DROP_AFTER_COMMIT),
    "answered late": Fault(kind=Kind.SLOW, seconds=3),
}
TOLD_BY_STATUS = {"HTML with 200", "refused"}
"""What the client cannot see in the second step, of which it reads the status only."""


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[LoopbackSlack]:
    with LoopbackSlack(log=tmp_path / "log") as running:
        yield running


def upload(slack: LoopbackSlack, **changed: Any) -> Any:
    client = WebClient("xoxb-test", base_url=slack.api, timeout=1, retry_handlers=[])
    given: dict[str, Any] = {"filename": "week.png", "content": PICTURE, "title": "The week", "channel": "C1"}
    return client.files_upload_v2(**given | {"alt_txt": "Complaints per day, rising"} | changed)


def test_a_file_is_shared_in_a_channel_with_its_words_for_those_who_do_not_see_it(slack: LoopbackSlack) -> None:
    assert upload(slack, initial_comment="As of today")["file"]["title"] == "The week"
    (message,) = slack.messages("C1")
    (shown,) = message.files
    assert (message.text, shown["alt_txt"], shown["title"]) == (
        "As of today",
        "Complaints per day, rising",
        "The week",
    )
    (file,) = slack.files
    assert (file.content, file.channels) == (PICTURE, ("C1",))


def test_a_file_is_shared_in_a_thread(slack: LoopbackSlack) -> None:
    client = WebClient("xoxb-test", base_url=slack.api)
    ts = client.chat_postMessage(channel="C1", text="digest")["ts"]
    upload(slack, thread_ts=ts)
    _, reply = client.conversations_replies(channel="C1", ts=ts)["messages"]
    assert [file["name"] for file in reply["files"]] == ["week.png"]


def test_what_is_not_as_was_said_is_refused(slack: LoopbackSlack) -> None:
    with pytest.raises(SlackApiError, match="channel_not_found"):
        upload(slack, channel="#general")
    client = WebClient("xoxb-test", base_url=slack.api)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        client.files_getUploadURLExternal(filename="x", length=0)
    asked = client.files_getUploadURLExternal(filename="x", length=3)
    for number in ("F404", str(asked["file_id"])):
        with pytest.raises(SlackApiError, match="file_not_found"):
            client.files_completeUploadExternal(files=[{"id": number, "title": "not sent yet"}], channel_id="C1")
    with pytest.raises(HTTPError, match="400"):
        urlopen(asked["upload_url"], b"four")
    assert slack.messages() == []


@pytest.mark.sleeps
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_in_any_step_is_told_and_the_next_try_works(slack: LoopbackSlack, step: str, fault: str) -> None:
    slack.fail(step, FAULTS[fault])
    if step == UPLOAD and fault in TOLD_BY_STATUS:
        # The client takes that for done; the last step finds out.
        with pytest.raises(SlackApiError, match="file_not_found"):
            upload(slack)
    else:
        with pytest.raises(BROKEN):
            upload(slack)
    slack.release()
    is_shared = step == COMPLETE and fault in ("dropped after commit", "answered late")
    assert len(slack.messages("C1")) == is_shared, "shared before the answer was lost, or not at all"
    upload(slack)
    assert len(slack.messages("C1")) == 1 + is_shared


def test_every_request_is_in_the_log_without_its_token(slack: LoopbackSlack, tmp_path: Path) -> None:
    upload(slack)
    told = (tmp_path / "log").read_text("utf-8")
    assert [json.loads(line)["path"] for line in told.splitlines()] == [*STEPS]
    assert "xoxb-test" not in told


def test_umbrage_itself_may_upload_nothing() -> None:
    assert "files:" not in manifest.text()
