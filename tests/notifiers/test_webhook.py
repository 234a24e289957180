"""The webhook: the notifier contract, its body, its signature and its reading of answers."""

import base64
import hashlib
import hmac
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.core.case_message import OFFERS
from monitor.core.errors import Busy, ConfigError, Doubtful, Refused
from monitor.notifiers.webhook import Options, WebhookNotifier, create, signature
from monitor.ports import Notifier, Receipt
from monitor.secret import Secret
from monitor.slack.blocks import texts
from monitor.slack.validate import problems
from monitor.testing.loopback_http import Fault, LoopbackServer, Reply, Request
from monitor.testing.notifier_contract import HOSTILE, SAMPLE, NotifierContract

PATH = "/hook/canary-path-4711"
SECRET = "whsec_" + base64.b64encode(b"canary-secret-4711").decode()
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()


class Receiver(LoopbackServer):
    def __init__(self) -> None:
        super().__init__({PATH: self.accept})
        self.bodies: list[dict[str, Any]] = []

    def accept(self, request: Request) -> Reply:
        self.bodies.append(request.json())
        return Reply(status=202)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def notifier_for(receiver: Receiver, **options: Any) -> WebhookNotifier:
    return WebhookNotifier(Options(url=receiver.url + PATH, timeout_seconds=1, **options), lambda: NOW)


class TestContract(NotifierContract):
    path = PATH
    secrets = ("canary-path-4711", "canary-secret-4711", SECRET)
    can_find = False

    @pytest.fixture
    def server(self, receiver: Receiver) -> LoopbackServer:
        return receiver

    def notifier(self, url: str) -> Notifier:
        return create(Options(url=url + PATH, secret=Secret(env="HOOK_SECRET"), timeout_seconds=1))

    def accepted(self, server: Any) -> list[str]:
        return [body["text"] for body in server.bodies]

    def refusal(self) -> Fault:
        return Fault.answer(422, b"no such tone")


def test_the_body_is_what_is_documented(receiver: Receiver) -> None:
    notifier_for(receiver).send(SAMPLE, None)
    (body,) = receiver.bodies
    assert list(body) == [
        "version",
        "key",
        "title",
        "tone",
        "thread",
        "edits",
        "quotes",
        "facts",
        "why",
        "more",
        "case",
        "incident",
        "links",
        "commands",
        "text",
    ]
    assert body["version"] == 1
    assert body["key"] == SAMPLE.key
    assert body["quotes"][0] == {
        "text": SAMPLE.quotes[0].text,
        "where": SAMPLE.quotes[0].where,
        "url": SAMPLE.quotes[0].url,
    }
    assert body["facts"] == [{"name": "Altogether", "value": "7 posts, 5 people"}]


def test_what_buttons_do_elsewhere_is_said_as_commands(receiver: Receiver) -> None:
    case = replace(
        SAMPLE, case=17, offers=("take", "more"), links=(("Playbook for delivery", "https://wiki.example/d"),)
    )
    listed = replace(
        SAMPLE, quotes=(replace(SAMPLE.quotes[0], case=9, about="case/9 · Answer today", offers=("take",)),)
    )
    joined = replace(
        SAMPLE, quotes=(replace(SAMPLE.quotes[0], case=9, post="x:1'; reboot #", offers=("split",)), *SAMPLE.quotes[1:])
    )
    notifier = notifier_for(receiver)
    of_incident = replace(SAMPLE, incident=4, offers=("take",))
    for message in (case, of_incident, listed, replace(case, offers=("reopen",)), joined):
        notifier.send(message, None)
    first, second, third, fourth, fifth = receiver.bodies
    assert (first["case"], first["commands"][0]) == (17, "umbrage case 17 take --by NAME")
    assert first["links"] == [{"name": "Playbook for delivery", "url": "https://wiki.example/d"}]
    assert (second["incident"], second["commands"][0]) == (4, "umbrage incident 4 take --by NAME")
    assert third["quotes"][0]["about"] == "case/9 · Answer today"
    assert third["commands"] == ["umbrage case NUMBER take --by NAME", "umbrage cases"]
    assert fourth["commands"] == ["umbrage case 17 reopen --by NAME"]
    (command,) = fifth["commands"]
    assert shlex.split(command) == ["umbrage", "case", "9", "split", "--post", "x:1'; reboot #", "--by", "NAME"]


def test_slacks_incoming_webhooks_get_blocks_with_links_in_place_of_buttons(receiver: Receiver) -> None:
    case = replace(SAMPLE, case=17, offers=OFFERS, links=(("Playbook for delivery", "https://wiki.example/delivery"),))
    notifier = notifier_for(receiver, format="slack")
    notifier.send(case, None)
    (body,) = receiver.bodies
    assert body.keys() == {"text", "blocks"}
    assert problems(body["blocks"]) == []
    assert not [block for block in body["blocks"] if block["type"] == "actions" or "accessory" in block]
    said = texts(body["blocks"])
    assert {"umbrage case 17 take --by NAME", "https://wiki.example/delivery", SAMPLE.quotes[0].url} <= set(said)
    notifier.edit(replace(case, title="Changed", edits=True, thread=case.key), Receipt())
    assert len(receiver.bodies) == 1, "nothing there can be changed, and it is not said twice"
    assert notifier.pace == timedelta(seconds=1)


def test_hostile_words_are_as_harmless_there_as_with_the_app(receiver: Receiver) -> None:
    quotes = tuple(replace(quote, case=9, about=quote.text, offers=("take",)) for quote in HOSTILE.quotes)
    for message in (HOSTILE, replace(HOSTILE, quotes=quotes, case=17, offers=OFFERS)):
        notifier_for(receiver, format="slack").send(message, None)
        body = receiver.bodies[-1]
        assert problems(body["blocks"]) == []
        assert not re.search(r"<(?:[!@#]|[a-z]+:)", json.dumps(body, ensure_ascii=False))


def test_a_repeat_carries_the_same_key_and_another_message_does_not(receiver: Receiver) -> None:
    notifier = notifier_for(receiver)
    notifier.send(SAMPLE, None)
    notifier.send(SAMPLE, None)
    notifier.send(type(SAMPLE)(key="другой/ключ\n", title="x"), None)
    first, second, third = (request.headers["umbrage-key"] for request in receiver.requests)
    assert first == second != third
    assert all(key.isalnum() and len(key) == 32 for key in (first, third))


@pytest.mark.parametrize("written", [SECRET, "plain secret"])
def test_the_signature_is_the_one_of_standard_webhooks(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("HOOK_SECRET", written)
    notifier_for(receiver, secret=Secret(env="HOOK_SECRET")).send(SAMPLE, None)
    (request,) = receiver.requests
    headers = request.headers
    code = b"canary-secret-4711" if written == SECRET else written.encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(code, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(NOW))
    assert headers["webhook-id"] == headers["umbrage-key"]


def test_the_published_example_of_standard_webhooks_holds() -> None:
    headers = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    notifier_for(receiver).send(SAMPLE, None)
    assert not [name for name in receiver.requests[0].headers if name.startswith("webhook-")]


@pytest.mark.parametrize(
    ("status", "header", "kind", "wait"),
    [
        (429, "7", Busy, timedelta(seconds=7)),
        (429, "1.5", Busy, timedelta(seconds=1.5)),
        (429, "Sun, 22 Nov 2026 10:02:00 GMT", Busy, timedelta(minutes=2)),
        (429, "Sun, 22 Nov 2026 09:00:00 GMT", Busy, timedelta(0)),
        (429, "soon", Busy, None),
        (429, "nan", Busy, timedelta(0)),
        (429, "999999999", Busy, timedelta(hours=1)),
        (503, "60", Busy, timedelta(minutes=1)),
        (503, None, Doubtful, None),
        (408, None, Busy, None),
        (301, None, Busy, timedelta(minutes=10)),
        (401, None, Busy, timedelta(minutes=10)),
        (404, None, Busy, timedelta(minutes=10)),
        (410, None, Busy, timedelta(minutes=10)),
        (400, None, Refused, None),
        (413, None, Refused, None),
    ],
)
def test_reads_the_answer(
    receiver: Receiver, status: int, header: str | None, kind: type[Exception], wait: timedelta | None
) -> None:
    headers = {"Retry-After": header} if header is not None else {}
    if status == 301:
        headers["Location"] = receiver.url + "/elsewhere"
    receiver.fail(PATH, Fault(reply=Reply(status=status, headers=headers)))
    with pytest.raises(kind) as caught:
        notifier_for(receiver).send(SAMPLE, None)
    assert getattr(caught.value, "wait", None) == wait
    assert len(receiver.requests) == 1, "a redirect was followed"


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "example.org", "https:///x", "https://a:b@example.org/", "http://[", "http://a:b/"]
)
def test_an_address_that_cannot_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValidationError, match=r"must be like https://example\.org/hook|must not hold a user name"):
        Options(url=url)


def test_the_address_may_be_a_secret(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = create(Options.model_validate({"url": {"env": "HOOK_URL"}}))
    with pytest.raises(ConfigError, match="HOOK_URL is not set"):
        notifier.send(SAMPLE, None)
    monkeypatch.setenv("HOOK_URL", "not an address")
    with pytest.raises(ConfigError, match="must be like"):
        notifier.send(SAMPLE, None)
    monkeypatch.setenv("HOOK_URL", receiver.url + PATH)
    notifier.send(SAMPLE, None)
    assert json.dumps(receiver.bodies)


def test_a_secret_that_is_no_base64_is_said() -> None:
    with pytest.raises(ConfigError, match="not base64"):
        signature("whsec_!", "key", 0, b"")
