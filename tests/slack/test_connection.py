"""The connection to Slack: acknowledged at once, and back within seconds after every fault."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.core.errors import ConfigError
from monitor.slack.answers import FORM
from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.connection import Connection
from monitor.slack.payloads import click_of
from monitor.testing.loopback_http import Fault
from monitor.testing.loopback_slack import TOKEN, error
from monitor.testing.loopback_socket import APP_TOKEN, OPEN, LoopbackWorkspace

pytestmark = pytest.mark.sleeps


class People:
    """A workspace, and a connection to it that remembers what was clicked."""

    def __init__(self, slack: LoopbackWorkspace) -> None:
        self.slack = slack
        self.clicks: list[Click] = []
        self.health: list[str | None] = []
        self.app_token = APP_TOKEN
        self.does: Callable[[Click], Answer] = lambda _: Answer()
        self.connection = Connection(
            app_token=lambda: self.app_token,
            bot_token=lambda: TOKEN,
            handle=self._handle,
            on_health=self._hear,
            base_url=slack.api,
        )

    def _hear(self, problem: str | None) -> None:
        self.health.append(problem)
        self.slack.wake()

    def _handle(self, click: Click) -> Answer:
        self.clicks.append(click)
        self.slack.wake()
        return self.does(click)

    def connect(self) -> None:
        self.connection.start()
        assert self.works_within(10) is not None

    def works_within(self, seconds: float) -> float | None:
        """After how many seconds a click is acknowledged; ``None`` if none is within that time."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            name = self.slack.press("case.take")
            if self.slack.wait(lambda: name in self.slack.acks, 0.1):  # noqa: B023 - called before the next turn
                return time.monotonic() - begun
        return None


@pytest.fixture
def people() -> Iterator[People]:
    with LoopbackWorkspace() as slack:
        found = People(slack)
        yield found
        found.connection.stop()


def test_a_click_is_acknowledged_and_handed_over(people: People) -> None:
    people.connect()
    assert people.slack.wait(lambda: people.clicks), "it is acknowledged before it is handed over"
    click = people.clicks[-1]
    assert (click.doing, click.name, click.value) == (Doing.ACTION, "case.take", "1")
    assert (click.team, click.user, click.user_name, click.channel) == ("T1", "U1", "ann", "C1")
    assert people.health == [None]


@pytest.mark.parametrize("fault", ["reset", "freeze", "close", "disconnect"])
def test_p15_clicks_work_within_ten_seconds_after_a_broken_connection(
    people: People, fault: str, record_property: Callable[[str, object], None]
) -> None:
    people.connect()
    getattr(people.slack, fault)()
    took = people.works_within(10)
    assert took is not None
    record_property("seconds", round(took, 2))
    print(f"{fault}: {took:.1f} s")


def test_p15_slack_is_down_at_the_start(people: People) -> None:
    people.slack.fail(OPEN, *[Fault.answer(503, b"down")] * 3, Fault())
    people.connection.start()
    took = people.works_within(10)
    assert took is not None
    print(f"down at the start: {took:.1f} s")


def test_p15_a_dead_ticket_is_not_tried_twice(people: People) -> None:
    dead = Fault.answer(200, {"ok": True, "url": f"ws://127.0.0.1:{people.slack._relay.port}/link/?ticket=dead"})
    people.slack.fail(OPEN, dead, dead)
    people.connection.start()
    took = people.works_within(10)
    assert took is not None
    assert people.slack.opened == 1
    print(f"dead ticket: {took:.1f} s")


def test_p15_a_token_that_is_repaired_later(people: People) -> None:
    people.app_token = "xapp-wrong"
    people.connection.start()
    people.slack.wait(lambda: people.health, 5)
    (problem,) = people.health
    assert problem is not None
    assert "Slack says invalid_auth: the app-level token is not accepted; copy it from Basic Information" in problem
    assert "xapp-wrong" not in problem
    people.app_token = APP_TOKEN
    took = people.works_within(10)
    assert took is not None
    assert people.health == [problem, None], "said once, and once that it is over"
    print(f"repaired token: {took:.1f} s")


def test_p16_without_slack_a_start_returns_at_once_and_so_does_a_stop(people: People) -> None:
    people.slack.fail(OPEN, *[Fault()] * 50)
    begun = time.monotonic()
    people.connection.start()
    people.connection.start()
    assert time.monotonic() - begun < 1
    people.connection.stop()
    assert not people.connection.is_connected


def test_a_missing_token_is_trouble_for_a_person(people: People) -> None:
    def missing() -> str:
        raise ConfigError(["the variable UMBRAGE_SLACK_APP_TOKEN is not set"])

    people.connection._app_token = missing
    people.connection.start()
    people.slack.wait(lambda: people.health, 5)
    assert people.health == ["the variable UMBRAGE_SLACK_APP_TOKEN is not set"]


def test_p12_fifty_clicks_at_once_are_acknowledged_while_all_of_them_take_two_seconds(people: People) -> None:
    people.connect()
    slow = threading.Event()

    def two_seconds(_: Click) -> Answer:
        slow.wait(2)
        return Answer()

    people.does = two_seconds
    names = [people.slack.press("case.take", str(number)) for number in range(50)]
    assert people.slack.wait(lambda: all(name in people.slack.acks for name in names), 10)
    took = sorted(people.slack.acks[name][0] for name in names)
    slow.set()
    print(f"50 clicks: median {took[25] * 1000:.0f} ms, p99 {took[49] * 1000:.0f} ms")
    assert took[49] <= 1.0, "Slack waits three seconds"


def test_p14_a_redelivered_envelope_is_acknowledged_again_and_its_key_is_the_same(people: People) -> None:
    people.connect()
    payload = people.slack.pressed("case.take", "7")
    for _ in range(2):
        people.slack.send("interactive", payload, envelope="again")
    assert people.slack.wait(lambda: [click.value for click in people.clicks].count("7") == 2)
    keys = {click.key for click in people.clicks if click.value == "7"}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("interactive", {}),
        ("interactive", {"type": "block_actions", "actions": []}),
        ("interactive", {"type": "something_new"}),
        ("events_api", {"event": {"type": "message"}}),
        ("something_new", {"x": 1}),
        ("slash_commands", {}),
    ],
)
def test_p19_whatever_comes_is_acknowledged(people: People, kind: str, payload: dict[str, Any]) -> None:
    people.connect()
    name = people.slack.send(kind, payload)
    assert people.slack.wait(lambda: name in people.slack.acks)


def test_answers_reach_the_one_who_clicked(people: People) -> None:
    people.connect()
    people.does = lambda _: Answer(text="Ann has it already.", modal={"type": "modal"})
    people.slack.press("case.take")
    assert people.slack.wait(lambda: {"respond", "views.open"} <= {method for method, _ in people.slack.given})
    shown = dict(people.slack.given)
    assert shown["respond"]["text"] == "Ann has it already."
    assert shown["respond"]["response_type"] == "ephemeral"
    assert shown["views.open"]["trigger_id"] == "1.2.3"


def test_what_is_wrong_with_a_form_is_said_in_the_form(people: People) -> None:
    people.connect()
    people.does = lambda click: Answer(errors={"evidence": "A link begins with https://"}) if click.fields else Answer()
    view = {
        "id": "V1",
        "callback_id": "case.close",
        "private_metadata": "1",
        "state": {"values": {"evidence": {"evidence": {"type": "plain_text_input", "value": "hm"}}}},
    }
    name = people.slack.send("interactive", {"type": "view_submission", "view": view, "user": {"id": "U1"}})
    assert people.slack.wait(lambda: name in people.slack.acks)
    assert people.slack.acks[name][1] == {
        "response_action": "errors",
        "errors": {"evidence": "A link begins with https://"},
    }


def test_a_form_that_takes_long_is_acknowledged_in_time(people: People) -> None:
    people.connect()
    done = threading.Event()

    def long(_: Click) -> Answer:
        done.wait(10)
        return Answer()

    people.does = long
    name = people.slack.send("interactive", {"type": "view_submission", "view": {"id": "V1"}, "user": {"id": "U1"}})
    assert people.slack.wait(lambda: name in people.slack.acks)
    done.set()
    assert people.slack.acks[name][0] < FORM + 0.4


def test_a_bug_is_logged_without_what_people_wrote_and_the_next_click_works(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    people.connect()

    def broken(_: Click) -> Answer:
        raise RuntimeError("a bug")

    people.does = broken
    people.slack.send("slash_commands", {"command": "/umbrage", "text": "secret words", "user_id": "U1"})
    people.slack.press("case.take")
    assert people.slack.wait(lambda: people.slack.given)
    assert "it is in the log" in people.slack.given[0][1]["text"]
    assert "secret words" not in caplog.text
    people.does = lambda _: Answer()
    assert people.works_within(5) is not None


def test_no_token_and_no_ticket_reaches_the_log(people: People, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    people.slack.fail(OPEN, error("missing_scope"), Fault.answer(200, b"<html>", Content_Type="text/html"))
    people.connect()
    people.slack.reset()
    people.works_within(10)
    for secret in (APP_TOKEN, TOKEN, "ticket="):
        assert secret not in caplog.text


@pytest.mark.parametrize(("picked", "until"), [(1_764_000_000, "1764000000"), (None, ""), ("soon", "")])
def test_a_time_that_is_picked_in_a_form_arrives(picked: object, until: str) -> None:
    values = {"until": {"until": {"type": "datetimepicker", "selected_date_time": picked}}}
    view = {"callback_id": "case.snooze", "private_metadata": "1", "state": {"values": values}}
    found = click_of("interactive", {"type": "view_submission", "view": view})
    assert found is not None
    assert found.fields == {"until": until}
