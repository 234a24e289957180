"""Slack: the notifier contract, what each of Slack's errors does, the look-up, and what is on the wire."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.core.errors import Busy, ConfigError, DeliveryError, Doubtful, Refused
from monitor.core.message import Chart, Message, Tone
from monitor.notifiers import slack as plugin
from monitor.notifiers.slack import Options, SlackNotifier, create
from monitor.ports import Notifier, Receipt
from monitor.secret import Secret
from monitor.slack.blocks import Block, render, texts
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer
from monitor.testing.loopback_slack import HISTORY, HTML, OPEN_PRIVATE, POST, REPLIES, LoopbackSlack, error, limited
from monitor.testing.notifier_contract import HOSTILE, SAMPLE, SINCE, NotifierContract

TOKEN = "xoxb-canary-4711"
UPDATE = "/api/chat.update"
BELOW = Message(key="below", title="2 more · delivery · Acme", tone=Tone.QUIET, thread=SAMPLE.key)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", TOKEN)


@pytest.fixture
def slack() -> Iterator[LoopbackSlack]:
    with LoopbackSlack() as running:
        yield running


def notifier_at(url: str, channel: str = "C024BE91L") -> SlackNotifier:
    token = Secret(env="SLACK_TOKEN")
    return create(Options(token=token, channel=channel, base_url=f"{url}/api/", timeout_seconds=1))


def shown(blocks: list[Block]) -> str:
    return " ".join(texts(blocks))


class TestContract(NotifierContract):
    path = POST
    secrets = (TOKEN, SAMPLE.quotes[0].text)

    @pytest.fixture
    def server(self, slack: LoopbackSlack) -> LoopbackServer:
        return slack

    def notifier(self, url: str) -> Notifier:
        return notifier_at(url)

    def accepted(self, server: Any) -> list[str]:
        return [f"{message.text} {shown(message.blocks)}" for message in server.messages()]

    def refusal(self) -> Fault:
        return error("msg_too_long")


def test_a_message_on_the_wire(slack: LoopbackSlack) -> None:
    receipt = notifier_at(slack.url).send(SAMPLE, None)
    sent = slack.requests[0].json()
    (message,) = slack.messages("C024BE91L")
    assert receipt.reference == f"C024BE91L:{message.ts}"
    assert sent.keys() == {"channel", "text", "blocks", "metadata", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert (sent["mrkdwn"], sent["unfurl_links"], sent["unfurl_media"]) == (False, False, False)
    assert sent["metadata"]["event_type"] == "umbrage_message"
    assert list(sent["metadata"]["event_payload"]) == ["key"]
    assert "acme" not in str(sent["metadata"]).lower(), "metadata can be read by everybody in the workspace"
    assert slack.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "code",
    [
        *("invalid_auth", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
        *("channel_not_found", "not_in_channel", "is_archived", "restricted_action", "ekm_access_denied"),
    ],
)
def test_what_concerns_every_message_keeps_them_waiting_and_names_the_cure(slack: LoopbackSlack, code: str) -> None:
    slack.fail(POST, error(code))
    with pytest.raises(Busy, match=f"{code}.*; .{{10,}}") as caught:
        notifier_at(slack.url).send(SAMPLE, None)
    assert caught.value.wait == timedelta(minutes=10)


def test_a_missing_invitation_and_scope_are_named(slack: LoopbackSlack) -> None:
    slack.fail(
        POST,
        error("not_in_channel"),
        Fault.answer(200, {"ok": False, "error": "missing_scope", "needed": "chat:write"}),
    )
    with pytest.raises(Busy, match="/invite @umbrage"):
        notifier_at(slack.url).send(SAMPLE, None)
    with pytest.raises(Busy, match="missing_scope chat:write; add the scope"):
        notifier_at(slack.url).send(SAMPLE, None)


PRIVATE = Message(key="private", title="Ann gave you case/17", thread=SAMPLE.key, to="U024BE7LH")


def test_what_is_for_one_person_is_said_in_private_and_changed_there(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    above = notifier.send(SAMPLE, None)
    receipt = notifier.send(PRIVATE, above)
    (message,) = slack.messages("D024BE7LH")
    assert (receipt.reference, message.thread_ts) == (f"D024BE7LH:{message.ts}", None)
    assert "Ann gave you case/17" in shown(message.blocks)
    notifier.edit(replace(PRIVATE, title="Ann gave you case/18", edits=True), receipt)
    assert "case/18" in shown(slack.messages("D024BE7LH")[0].blocks)


@pytest.mark.parametrize("code", ["messages_tab_disabled", "channel_not_found", "user_not_found", "cannot_dm_bot"])
def test_whoever_cannot_be_told_in_private_is_called_in_the_thread(slack: LoopbackSlack, code: str) -> None:
    notifier = notifier_at(slack.url)
    above = notifier.send(SAMPLE, None)
    slack.fail(POST, error(code))
    notifier.send(PRIVATE, above)
    below = slack.messages("C024BE91L")[-1]
    assert above.reference == f"C024BE91L:{below.thread_ts}"
    assert {"type": "user", "user_id": "U024BE7LH"} in below.blocks[0]["elements"][0]["elements"]


def test_a_private_message_waits_for_a_token(slack: LoopbackSlack) -> None:
    slack.fail(POST, error("token_revoked"))
    with pytest.raises(Busy, match="token_revoked"):
        notifier_at(slack.url).send(PRIVATE, None)
    assert slack.messages() == []
    assert notifier_at(slack.url).find(PRIVATE, None, SINCE) is None


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE_COMMIT, Kind.DROP_AFTER_COMMIT])
def test_a_private_message_whose_answer_was_lost_is_looked_for_in_private(slack: LoopbackSlack, kind: Kind) -> None:
    notifier = notifier_at(slack.url)
    above = notifier.send(SAMPLE, None)
    slack.fail(POST, Fault(kind=kind))
    with pytest.raises(Doubtful):
        notifier.send(PRIVATE, above)
    found = notifier.find(PRIVATE, above, SINCE)
    if kind is Kind.DROP_BEFORE_COMMIT:
        assert (found, slack.messages("D024BE7LH")) == (None, [])
    else:
        (message,) = slack.messages("D024BE7LH")
        assert found == Receipt(reference=f"D024BE7LH:{message.ts}")
    assert notifier.find(replace(PRIVATE, key="another"), above, SINCE) is None


def test_what_could_not_be_said_in_private_is_looked_for_in_the_thread(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    above = notifier.send(SAMPLE, None)
    slack.fail(POST, error("messages_tab_disabled"), Fault(kind=Kind.DROP_AFTER_COMMIT))
    with pytest.raises(Doubtful):
        notifier.send(PRIVATE, above)
    assert notifier.find(PRIVATE, above, SINCE) == Receipt(reference=f"C024BE91L:{slack.messages()[-1].ts}")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("missing_scope", "add the scopes im:history and im:write"),
        ("user_not_found", None),
        ("user_disabled", None),
        ("token_revoked", "token_revoked"),
    ],
)
def test_where_a_private_message_cannot_be_looked_for(slack: LoopbackSlack, code: str, said: str | None) -> None:
    slack.fail(OPEN_PRIVATE, error(code))
    if said is None:
        assert notifier_at(slack.url).find(PRIVATE, None, SINCE) is None
        return
    with pytest.raises((Refused, Busy), match=said):
        notifier_at(slack.url).find(PRIVATE, None, SINCE)


@pytest.mark.parametrize("code", ["msg_too_long", "no_text", "too_many_attachments", "an_error_of_next_year"])
def test_what_concerns_one_message_sets_it_aside(slack: LoopbackSlack, code: str) -> None:
    slack.fail(POST, error(code))
    with pytest.raises(Refused, match=code):
        notifier_at(slack.url).send(SAMPLE, None)
    assert len(slack.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        *(error(code) for code in ("fatal_error", "internal_error", "request_timeout", "service_unavailable")),
        HTML,
        Fault.answer(200, b"[]"),
        Fault.answer(200, b"\xff", Content_Type="application/json; charset=utf-8"),
        Fault.answer(200, {"ok": True}),
        Fault.answer(500, {"ok": True}),
        Fault.answer(503, {"ok": False, "error": "no_text"}),
        Fault(kind=Kind.SLOW_COMMIT),
        Fault(kind=Kind.MALFORMED),
    ],
)
def test_what_may_have_been_posted_is_doubtful(slack: LoopbackSlack, fault: Fault) -> None:
    slack.fail(POST, fault)
    with pytest.raises(Doubtful):
        notifier_at(slack.url).send(SAMPLE, None)
    assert len(slack.requests) == 1, "posted again by itself"


@pytest.mark.parametrize(("asked", "wait"), [("0", 1), ("30", 30), ("999999999", 3600), ("soon", None), ("", None)])
def test_a_limit_says_how_long(slack: LoopbackSlack, asked: str, wait: int | None) -> None:
    slack.fail(POST, Fault.answer(429, b"slow down", Retry_After=asked))
    with pytest.raises(Busy) as caught:
        notifier_at(slack.url).send(SAMPLE, None)
    assert caught.value.wait == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"])
def test_blocks_that_slack_refuses_never_stop_an_alert(slack: LoopbackSlack, code: str) -> None:
    slack.fail(POST, error(code))
    notifier_at(slack.url).send(SAMPLE, None)
    (message,) = slack.messages()
    assert message.blocks is None
    assert SAMPLE.title in message.text
    assert str(SAMPLE.quotes[0].url) in message.text
    assert message.key


def test_a_reply_that_cannot_wait_is_shown_in_the_channel_as_well(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    thread = notifier.send(SAMPLE, None)
    notifier.send(BELOW, thread)
    notifier.send(replace(BELOW, key="worse", surfaces=True), thread)
    assert [message.is_broadcast for message in slack.messages()] == [False, False, True]
    slack.fail(POST, error("thread_not_found"))
    notifier.send(replace(BELOW, key="alone", surfaces=True), thread)
    alone = slack.messages()[-1]
    assert (alone.thread_ts, alone.is_broadcast) == (None, False)


def test_p17_a_message_that_somebody_deleted_in_slack_needs_no_change(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    receipt = notifier.send(SAMPLE, None)
    slack.fail(UPDATE, error("message_not_found"))
    notifier.edit(replace(SAMPLE, title="taken", edits=True), receipt)
    slack.fail(UPDATE, error("edit_window_closed"))
    with pytest.raises(Refused, match="edit_window_closed"):
        notifier.edit(replace(SAMPLE, title="taken", edits=True), receipt)


def test_blocks_that_slack_refuses_never_stop_a_change(slack: LoopbackSlack) -> None:
    """What a customer deleted leaves the message even where Slack does not take its blocks."""
    notifier = notifier_at(slack.url)
    receipt = notifier.send(SAMPLE, None)
    slack.fail(UPDATE, error("invalid_blocks"))
    notifier.edit(replace(SAMPLE, title="without the words", quotes=(), edits=True), receipt)
    (message,) = slack.messages()
    assert message.text.startswith("without the words")
    assert SAMPLE.quotes[0].text not in str(message)


def test_p34_a_chart_that_slack_refuses_is_left_out_and_the_rest_stays(slack: LoopbackSlack) -> None:
    charted = replace(
        SAMPLE, chart=Chart(title="Complaints per day", series="complaints", bars=(("Mon", 3), ("Tue", 4)))
    )
    slack.fail(POST, error("invalid_blocks"))
    notifier_at(slack.url).send(charted, None)
    (message,) = slack.messages()
    assert [block["type"] for block in message.blocks or []] == [block["type"] for block in render(SAMPLE)]


def test_blocks_that_we_refuse_never_stop_an_alert(
    slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plugin, "render", lambda _: [{"type": "carousel"}])
    notifier_at(slack.url).send(SAMPLE, None)
    (message,) = slack.messages()
    assert message.blocks is None
    assert "'carousel' does not belong here" in caplog.text


def test_a_plain_alert_that_is_refused_too_is_set_aside(slack: LoopbackSlack) -> None:
    slack.fail(POST, error("invalid_blocks"), error("invalid_blocks"))
    with pytest.raises(Refused, match="invalid_blocks"):
        notifier_at(slack.url).send(SAMPLE, None)


def test_a_reply_goes_into_its_thread(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    above = notifier.send(SAMPLE, None)
    notifier.send(BELOW, above)
    first, second = slack.messages()
    assert second.thread_ts == first.ts
    assert notifier.find(BELOW, above, SINCE) == Receipt(reference=f"C024BE91L:{second.ts}")
    assert {request.path for request in slack.requests[2:]} == {REPLIES}


@pytest.mark.parametrize("code", ["cannot_reply_to_message", "thread_not_found", "restricted_action_thread_locked"])
def test_a_reply_without_its_thread_goes_into_the_channel_and_is_found_there(slack: LoopbackSlack, code: str) -> None:
    notifier = notifier_at(slack.url)
    gone = Receipt(reference="C024BE91L:1.000001")
    slack.fail(POST, error(code), Fault(kind=Kind.DROP_AFTER_COMMIT))
    with pytest.raises(Doubtful):
        notifier.send(BELOW, gone)
    (message,) = slack.messages()
    assert message.thread_ts is None
    assert notifier.find(BELOW, gone, SINCE) == Receipt(reference=f"C024BE91L:{message.ts}")


def test_a_thread_in_another_channel_is_left_alone(slack: LoopbackSlack) -> None:
    above = notifier_at(slack.url, "C0OLD").send(SAMPLE, None)
    notifier_at(slack.url).send(BELOW, above)
    assert slack.messages("C024BE91L")[0].thread_ts is None


def test_the_look_up_turns_pages_and_asks_for_nothing_older(
    slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "PAGE", 2)
    notifier = notifier_at(slack.url)
    wanted = notifier.send(SAMPLE, None)
    for number in range(5):
        notifier.send(Message(key=str(number), title="other"), None)
    assert notifier.find(SAMPLE, None, SINCE) == wanted
    queries = [request.fields() for request in slack.requests if request.path == HISTORY]
    assert len(queries) == 3
    assert all(float(query["oldest"]) == SINCE.timestamp() - 30 for query in queries)
    future = datetime.fromtimestamp(float(slack.messages()[-1].ts), UTC) + timedelta(minutes=5)
    assert notifier.find(SAMPLE, None, future) is None


def test_the_metadata_of_another_app_is_not_ours(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    notifier.send(SAMPLE, None)
    metadata = slack.messages()[0].metadata
    payload = metadata["event_payload"]
    slack.forget()
    others = [{"event_type": "other", "event_payload": payload}, {"event_type": "umbrage_message"}, None]
    for other in others:
        slack.post(channel="C024BE91L", text="t", metadata=other)
    assert notifier.find(SAMPLE, None, SINCE) is None
    slack.post(channel="C024BE91L", text="t", metadata=metadata | {"entities": []})
    assert notifier.find(SAMPLE, None, SINCE) is not None


@pytest.mark.parametrize("code", ["missing_scope", "not_allowed_token_type", "not_in_channel", "channel_not_found"])
def test_where_nobody_may_look_the_message_is_sent_again(slack: LoopbackSlack, code: str) -> None:
    slack.fail(HISTORY, error(code))
    with pytest.raises(Refused, match=f"{code}.*channels:history"):
        notifier_at(slack.url).find(SAMPLE, None, SINCE)


@pytest.mark.parametrize(
    "fault",
    [limited(9), error("invalid_auth"), error("new_error"), error("fatal_error"), HTML, Fault(), Fault(kind=Kind.SLOW)],
)
def test_a_look_up_that_fails_is_done_again_later(slack: LoopbackSlack, fault: Fault) -> None:
    slack.fail(HISTORY, fault)
    with pytest.raises(Busy):
        notifier_at(slack.url).find(SAMPLE, None, SINCE)


def test_a_late_commit_is_not_there_yet_and_found_afterwards(slack: LoopbackSlack) -> None:
    notifier = notifier_at(slack.url)
    slack.fail(POST, Fault(kind=Kind.SLOW_COMMIT))
    with pytest.raises(Doubtful):
        notifier.send(SAMPLE, None)
    assert notifier.find(SAMPLE, None, SINCE) is None
    slack.release()
    assert notifier.find(SAMPLE, None, SINCE) is not None


def test_a_token_is_read_for_every_request(slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = notifier_at(slack.url)
    slack.revoked.add(TOKEN)
    with pytest.raises(Busy, match="token_revoked"):
        notifier.send(SAMPLE, None)
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-renewed")
    notifier.send(SAMPLE, None)
    monkeypatch.delenv("SLACK_TOKEN")
    with pytest.raises(ConfigError, match="SLACK_TOKEN is not set"):
        notifier.send(SAMPLE, None)


@pytest.mark.parametrize("wrong", ["hunter2", "xoxb-a\nX-Evil: 1", "xoxb-grün"])
def test_a_token_that_is_none_is_not_sent_and_not_shown(
    slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("SLACK_TOKEN", wrong)
    with pytest.raises(ConfigError, match="not a bot token") as caught:
        notifier_at(slack.url).send(SAMPLE, None)
    assert wrong not in str(caught.value)
    assert slack.requests == []


def test_the_sdk_never_logs_a_message(slack: LoopbackSlack, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("slack_sdk").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    notifier = notifier_at(slack.url)
    notifier.send(HOSTILE, None)
    notifier.find(HOSTILE, None, SINCE)
    assert caplog.text == ""


@pytest.mark.parametrize("channel", ["#complaints", "complaints", "U024BE91L", "c024be91l", ""])
def test_a_channel_is_given_by_its_id(channel: str) -> None:
    with pytest.raises(ValidationError, match="is not a channel ID; in Slack, open the channel's details"):
        Options(token=Secret(env="SLACK_TOKEN"), channel=channel)


def test_a_token_in_the_place_of_the_channel_is_in_no_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Options(token=Secret(env="SLACK_TOKEN"), channel="xoxb-canary")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("http://slack.com/api/", "ftp://slack.com", "http://127.0.0.1.evil.example/", "https://", "slack.com/api/"),
        *("http://localhost:80@evil.example/", "http://localhost@evil.example/", "http://localhost\\@evil.example/"),
    ],
)
def test_a_token_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(ValidationError, match="must begin with https://"):
        Options(token=Secret(env="SLACK_TOKEN"), channel="C024BE91L", base_url=url)


def test_keeps_the_pace_that_slack_asks_for() -> None:
    assert SlackNotifier.pace >= timedelta(seconds=1)


def test_an_unknown_host_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryError) as caught:
        notifier_at("https://slack.invalid").send(SAMPLE, None)
    assert isinstance(caught.value, Busy)
