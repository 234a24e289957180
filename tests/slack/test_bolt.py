"""Slack's own framework against the loopback Slack: what the loopback speaks is what Bolt understands, and so do we.

Umbrage hears clicks without Bolt (docs/decisions/0014). Here Bolt's AsyncApp stands in our connection's place, over
its aiohttp Socket Mode client, and hands to the same desk what it has understood.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from monitor.app import App
from monitor.core.case import State
from monitor.desk import Allowed, Desk
from monitor.settings import Settings
from monitor.slack.clicks import Answer
from monitor.slack.manifest import REPORT
from monitor.slack.payloads import click_of
from monitor.testing import slack_payloads as says
from monitor.testing.loopback_slack import TOKEN
from monitor.testing.loopback_socket import APP_TOKEN, LoopbackWorkspace
from tests.slack.floor import Floor

pytestmark = pytest.mark.sleeps

PING = 0.5
"""Seconds between the pings of the client, which leaves a peer that is silent for four of them."""

EVERYTHING = re.compile(".*")
Ack = Callable[..., Awaitable[None]]


class Bolt:
    """Bolt's asynchronous application in a thread of its own, with the desk behind its listeners."""

    def __init__(self, desk: Desk, slack: LoopbackWorkspace) -> None:
        self._desk, self._slack = desk, slack
        self._loop = asyncio.new_event_loop()
        self._over: asyncio.Event | None = None
        self._handler: Any = None  # its methods have no types
        self._thread = threading.Thread(target=self._run, name="bolt")

    @property
    def is_connected(self) -> bool:
        return self._handler is not None and self._handler.client.current_session is not None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        quiet = logging.getLogger("tests.bolt")
        quiet.setLevel(logging.CRITICAL)
        client = AsyncWebClient(TOKEN, base_url=self._slack.api, retry_handlers=[], logger=quiet)
        app = AsyncApp(client=client, logger=quiet)
        self._listen(app)
        self._handler = AsyncSocketModeHandler(app, APP_TOKEN, logger=quiet, ping_interval=PING)
        await self._handler.connect_async()
        await self._over.wait()
        await self._handler.close_async()
        # aiohttp closes its sockets a moment after its session.
        await asyncio.sleep(0.1)

    def _listen(self, app: AsyncApp) -> None:
        @app.action(EVERYTHING)
        async def act(ack: Ack, body: dict[str, Any], client: AsyncWebClient, respond: Ack) -> None:
            await ack()
            await self._show(await self._ask("interactive", body), body, client, respond)

        @app.view(EVERYTHING)
        async def submit(ack: Ack, body: dict[str, Any]) -> None:
            answer = await self._ask("interactive", body)
            await (ack(response_action="errors", errors=dict(answer.errors)) if answer.errors else ack())

        @app.command("/umbrage")
        async def run(ack: Ack, command: dict[str, Any], client: AsyncWebClient, respond: Ack) -> None:
            await ack()
            await self._show(await self._ask("slash_commands", command), command, client, respond)

        @app.shortcut(REPORT)
        async def report(ack: Ack, body: dict[str, Any], client: AsyncWebClient, respond: Ack) -> None:
            await ack()
            await self._show(await self._ask("interactive", body), body, client, respond)

        @app.event("app_home_opened")
        async def greet(body: dict[str, Any], client: AsyncWebClient) -> None:
            answer = await self._ask("events_api", body)
            assert answer.home is not None
            await client.views_publish(user_id=body["event"]["user"], view=dict(answer.home))

    async def _ask(self, kind: str, body: dict[str, Any]) -> Answer:
        click = click_of(kind, dict(body), "")
        assert click is not None
        return await asyncio.to_thread(self._desk.handle, click)

    async def _show(self, answer: Answer, body: dict[str, Any], client: AsyncWebClient, respond: Ack) -> None:
        if answer.modal is not None:
            await client.views_open(trigger_id=body["trigger_id"], view=dict(answer.modal))
        if answer.text is not None:
            await respond(text=answer.text, response_type="ephemeral", replace_original=False)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with LoopbackWorkspace() as slack:

        def hear(app: App, _: Settings) -> Bolt:
            return Bolt(Desk(app, Allowed(workspaces=frozenset({"T1"}))), slack)

        found = Floor(slack, tmp_path, hear)
        yield found
        found.desk.stop()


def send(floor: Floor, kind: str, payload: dict[str, Any]) -> Any:
    """Put an envelope on the socket; returns what its acknowledgement says."""
    name = floor.slack.send(kind, payload)
    assert floor.slack.wait(lambda: name in floor.slack.acks), "Bolt acknowledges only what it has a listener for"
    return floor.slack.acks[name][1]


def given(floor: Floor, method: str) -> dict[str, Any]:
    """The last that somebody was shown by a method."""
    assert floor.comes_true(lambda: any(name == method for name, _ in floor.slack.given))
    return [fields for name, fields in floor.slack.given if name == method][-1]


def works_within(floor: Floor, seconds: float) -> float | None:
    """After how many seconds a click is acknowledged; ``None`` if none is within that time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        name = floor.slack.press("case.more", "1:nothing")
        if floor.slack.wait(lambda: name in floor.slack.acks, 0.1):  # noqa: B023 - called before the next turn
            return time.monotonic() - begun
    return None


def test_a_click_through_bolt_takes_the_case_and_its_message_says_so(floor: Floor) -> None:
    floor.press("case.take")
    assert "Status: taken · with ann" in floor.parent.text
    assert floor.thread[-1].startswith("ann took it · team wait")


def test_a_form_is_opened_judged_and_kept_through_bolt(floor: Floor) -> None:
    send(floor, "interactive", says.chosen("case.more", "1:done", floor.slack.respond))
    opened = given(floor, "views.open")
    assert opened["trigger_id"] == says.TRIGGER
    assert "case.done" in str(opened["view"])
    refused = send(floor, "interactive", says.submitted("case.done", "1"))
    assert refused == {"response_action": "errors", "errors": {"remedy": "Say what was done for the customer."}}
    assert send(floor, "interactive", says.submitted("case.done", "1", remedy="a new parcel")) is None
    case = floor.app.store.case(1)
    assert case is not None
    assert case.state is State.DONE_BY_US


def test_a_command_and_the_shortcut_are_answered_to_the_one_who_asked(floor: Floor) -> None:
    send(floor, "slash_commands", says.commanded("open", floor.slack.respond))
    assert given(floor, "respond")["text"].startswith("case/1 · Answer today · delivery · Acme")
    words = "Nobody at Acme answers me about the broken kettle."
    send(floor, "interactive", says.shortcut(REPORT, words, floor.slack.respond))
    floor.slack.wait(lambda: len([name for name, _ in floor.slack.given if name == "respond"]) == 2)
    assert given(floor, "respond")["response_type"] == "ephemeral"
    floor.hear()
    assert floor.app.store.case(2) is not None


def test_the_home_is_shown_through_bolt(floor: Floor) -> None:
    send(floor, "events_api", says.home())
    shown = given(floor, "views.publish")
    assert shown["user_id"] == "U1"
    assert "Nobody has taken these: 1" in str(shown["view"])


@pytest.mark.parametrize("fault", ["disconnect", "close", "reset", "freeze"])
def test_bolt_comes_back_after_a_broken_connection(floor: Floor, fault: str) -> None:
    assert works_within(floor, 10) is not None
    before, begun = floor.slack.opened, time.monotonic()
    getattr(floor.slack, fault)()
    assert floor.slack.wait(lambda: floor.slack.opened > before, 30)
    assert works_within(floor, 15) is not None
    print(f"{fault}: {time.monotonic() - begun:.1f} s")


def test_bolt_refuses_what_it_does_not_know_and_we_do_not(floor: Floor) -> None:
    """An envelope without a listener gets no acknowledgement from Bolt, and the person who clicked sees an error."""
    name = floor.slack.send("interactive", says.shortcut("something_else", "hm", floor.slack.respond))
    send(floor, "slash_commands", says.commanded("help", floor.slack.respond))
    assert name not in floor.slack.acks
