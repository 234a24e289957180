"""Clicks over HTTP: what Slack has signed is done, anything else is refused unread, whatever it is."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.endpoint import LARGEST, Endpoint
from monitor.testing.loopback_slack import TOKEN
from monitor.testing.loopback_socket import LoopbackWorkspace

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_760_000_000
pytestmark = pytest.mark.sleeps


class House:
    """An endpoint, what it heard, and what it answers."""

    def __init__(self, slack: LoopbackWorkspace) -> None:
        self.clicks: list[Click] = []
        self.answer: Callable[[Click], Answer] = lambda _: Answer()
        self.health: list[str | None] = []
        self.endpoint = Endpoint(
            address=("127.0.0.1", 0),
            signing_secret=lambda: SECRET,
            bot_token=lambda: TOKEN,
            handle=self._handle,
            now=lambda: NOW,
            on_health=self.health.append,
            base_url=slack.api,
        )

    def _handle(self, click: Click) -> Answer:
        self.clicks.append(click)
        return self.answer(click)

    def post(self, body: bytes, kind: str = "application/x-www-form-urlencoded", **changed: str) -> httpx.Response:
        stamp = changed.pop("stamp", str(NOW))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body) or ""
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": kind}
        url = f"http://127.0.0.1:{self.endpoint.port}/slack"
        return httpx.post(url, content=body, headers=headers | changed, timeout=5)

    def interact(self, payload: dict[str, Any]) -> httpx.Response:
        return self.post(urlencode({"payload": json.dumps(payload)}).encode())

    def heard(self, count: int = 1) -> list[Click]:
        for _ in range(500):
            if len(self.clicks) >= count:
                break
            time.sleep(0.01)  # noqa: TID251 - waits for a thread
        return self.clicks


@pytest.fixture
def slack() -> Iterator[LoopbackWorkspace]:
    with LoopbackWorkspace() as found:
        yield found


@pytest.fixture
def house(slack: LoopbackWorkspace) -> Iterator[House]:
    found = House(slack)
    found.endpoint.start()
    yield found
    found.endpoint.stop()


PRESSED: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1", "name": "ann"},
    "channel": {"id": "C1"},
    "container": {"message_ts": "1.1"},
    "trigger_id": "t1",
    "actions": [{"action_id": "case.take", "value": "7", "action_ts": "9.9"}],
}


def test_a_signed_click_is_done(house: House) -> None:
    answer = house.interact(PRESSED)
    assert (answer.status_code, answer.content) == (200, b"")
    (click,) = house.heard()
    assert (click.doing, click.name, click.value, click.user, click.key) == (
        Doing.ACTION,
        "case.take",
        "7",
        "U1",
        "9.9",
    )


def test_a_command_is_done(house: House) -> None:
    house.post(urlencode({"command": "/umbrage", "text": "open", "user_id": "U1", "team_id": "T1"}).encode())
    (click,) = house.heard()
    assert (click.doing, click.value, click.user) == (Doing.COMMAND, "open", "U1")


def test_the_app_home_is_shown(house: House, slack: LoopbackWorkspace) -> None:
    house.answer = lambda _: Answer(home={"type": "home", "blocks": []})
    event = {
        "type": "event_callback",
        "event_id": "E1",
        "team_id": "T1",
        "event": {"type": "app_home_opened", "user": "U1"},
    }
    house.post(json.dumps(event).encode(), "application/json")
    (click,) = house.heard()
    assert click.doing is Doing.HOME


def test_slack_may_ask_whose_address_it_is(house: House) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    assert house.post(body, "application/json").json() == {"challenge": "3eZbrw1a"}


def test_what_is_wrong_with_a_form_stands_in_the_form(house: House) -> None:
    house.answer = lambda _: Answer(errors={"evidence": "A link begins with https://"})
    view = {"id": "V1", "callback_id": "case.close", "private_metadata": "7", "state": {"values": {}}}
    answer = house.interact({"type": "view_submission", "user": {"id": "U1"}, "view": view})
    assert answer.json() == {"response_action": "errors", "errors": {"evidence": "A link begins with https://"}}
    house.answer = lambda _: Answer()
    assert house.interact({"type": "view_submission", "user": {"id": "U1"}, "view": view}).content == b""


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"stamp": str(NOW - 301)},
        {"stamp": str(NOW + 301)},
        {"X-Slack-Request-Timestamp": str(NOW - 1)},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": ""},
    ],
    ids=["another signature", "none", "too old", "of the future", "another time", "no time", "empty time"],
)
def test_p26_what_slack_has_not_signed_is_refused_unread(house: House, changed: dict[str, str]) -> None:
    body = urlencode({"payload": json.dumps(PRESSED)}).encode()
    assert house.post(body, **changed).status_code == 401
    assert not house.clicks


def test_a_body_that_was_changed_on_the_way_is_refused(house: House) -> None:
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(NOW), body=b"payload=1") or ""
    assert house.post(b"payload=2", **{"X-Slack-Signature": signature}).status_code == 401


def test_a_request_that_is_too_long_is_not_read(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.endpoint.port), timeout=5) as raw:
        raw.sendall(f"POST / HTTP/1.1\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode())
        assert b" 413 " in raw.recv(100)


def test_nothing_but_a_post_is_answered(house: House) -> None:
    assert httpx.get(f"http://127.0.0.1:{house.endpoint.port}/").status_code == 501


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200), kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "x"]))
def test_whatever_is_signed_never_breaks_it(house: House, text: str, kind: str) -> None:
    assert house.post(text.encode(errors="replace"), kind).status_code == 200


def test_bytes_that_are_no_text_are_refused(house: House) -> None:
    url = f"http://127.0.0.1:{house.endpoint.port}/"
    headers = {"X-Slack-Request-Timestamp": str(NOW), "X-Slack-Signature": "v0=1"}
    assert httpx.post(url, content=b"\x80\xff", headers=headers).status_code == 401


def test_a_port_that_is_taken_is_told_and_tried_again(house: House, slack: LoopbackWorkspace) -> None:
    other = House(slack)
    other.endpoint._address = ("127.0.0.1", house.endpoint.port)
    other.endpoint.start()
    assert "change slack.listen" in (other.health[0] or "")
    house.endpoint.stop()
    other.endpoint.start()
    assert other.health[-1] is None
    assert other.endpoint.is_connected
    other.endpoint.stop()


def test_it_starts_and_stops_as_often_as_one_likes(house: House) -> None:
    house.endpoint.start()
    house.endpoint.stop()
    house.endpoint.stop()
    house.endpoint.start()
    assert house.interact(PRESSED).status_code == 200
