"""From a post to a satisfied customer over the wire: the real clients, a loopback Slack, clicks through its socket."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.classifiers import onnx
from monitor.core.case import State
from monitor.core.mark import Mark
from monitor.core.message import Message
from monitor.core.surge import Kind, Scope
from monitor.core.surge_message import title, write_said
from monitor.testing.fakes import a_mention
from monitor.testing.loopback_socket import LoopbackWorkspace
from tests.slack.floor import Floor

pytestmark = pytest.mark.sleeps


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with LoopbackWorkspace() as slack:
        found = Floor(slack, tmp_path)
        yield found
        found.desk.stop()


def test_a_case_from_the_post_to_the_customers_word(floor: Floor) -> None:
    assert floor.parent.text.startswith("Answer today · delivery · Acme")
    assert floor.buttons == ["case.take", "case.assign.1", "case.not_a_complaint", "case.snooze", "case.more"]
    assert [line.split(":")[0] for line in floor.thread] == ["case/1"]
    floor.press("case.take")
    assert "Status: taken · with ann" in floor.parent.text
    assert floor.thread[-1].startswith("ann took it · team wait")
    view = {
        "id": "V1",
        "callback_id": "case.close",
        "private_metadata": "1",
        "state": {"values": {"evidence": {"evidence": {"value": "https://social.example/thanks"}}}},
    }
    body = {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1", "name": "ann"}, "view": view}
    name = floor.slack.send("interactive", body)
    assert floor.slack.wait(lambda: name in floor.slack.acks)
    assert floor.comes_true(lambda: len(floor.app.store.facts(1)) == 2)
    floor.deliver()
    case = floor.app.store.case(1)
    assert case is not None
    assert case.state is State.SATISFIED
    assert floor.parent.text.startswith("Satisfied · delivery · Acme")
    assert floor.buttons == ["case.reopen"]
    assert floor.thread[-1].startswith("ann closed it: satisfied")


def test_not_a_complaint_is_one_click_and_asks_for_a_reason_afterwards(floor: Floor) -> None:
    floor.press("case.not_a_complaint")
    assert floor.parent.text.startswith("Not a complaint · delivery · Acme")
    assert "lost the delivery" not in floor.parent.text
    assert floor.comes_true(lambda: bool(floor.slack.given))
    ((method, fields),) = floor.slack.given
    assert method == "views.open"
    assert "case.reason" in str(fields["view"])


def test_a_joined_post_that_is_about_something_else_is_one_click_away_from_a_case_of_its_own(floor: Floor) -> None:
    floor.clock.move(minutes=20)
    floor.hear(a_mention("Acme forgot the delivery to my sister!!", "2", author="bob", reply_to="1"))
    (more,) = [message for message in floor.slack.messages() if message.text.startswith("1 more")]
    (button,) = [block["accessory"] for block in more.blocks if "accessory" in block]
    assert (button["action_id"], button["value"]) == ("case.split", "1:social:2")
    floor.press(button["action_id"], button["value"])
    floor.app.triage()
    floor.deliver()
    parents = [message for message in floor.slack.messages() if message.thread_ts is None]
    assert ["sister" in one.text for one in parents] == [False, True]
    assert "taken out of case/1 by ann" in parents[1].text
    assert any(line.startswith("ann took out a post that is about something else · team wait") for line in floor.thread)
    (more,) = [message for message in floor.slack.messages() if message.text.startswith("1 more")]
    assert not any("accessory" in block for block in more.blocks)
    assert "case/2 now" in more.text
    floor.press(button["action_id"], button["value"], user={"id": "U2", "name": "bob", "team_id": "T1"})
    ((method, fields),) = floor.slack.given
    assert (method, fields["text"]) == ("respond", "Ann took this post out already: it is case/2 now.")
    assert floor.app.store.case(3) is None


def test_p18_a_click_from_another_workspace_is_refused_to_the_one_who_clicked(floor: Floor) -> None:
    floor.press("case.take", team={"id": "T2"}, user={"id": "U1", "team_id": "T2"})
    assert floor.app.store.facts(1) == []
    ((method, fields),) = floor.slack.given
    assert (method, "may not do this" in fields["text"]) == ("respond", True)


def test_a_false_alarm_is_one_click_and_its_notice_says_so(floor: Floor) -> None:
    store, now = floor.app.store, floor.clock()
    with store.begin() as transaction:
        surge = transaction.open_surge("Acme", Scope(platform="<!channel>"), Kind.SURGE, now, 20, 4.5, now)
        assert surge is not None
        transaction.enqueue("support", write_said(Message(key=surge.key, title=title(surge)), surge, ()), now)
    floor.deliver()
    assert [found.text.split(" · ")[0] for found in floor.slack.messages()][-1] == "Surge of complaints"
    pressed = floor.slack.press("surge.false", "1", channel={"id": "C1X"})
    assert floor.slack.wait(lambda: pressed in floor.slack.acks)
    assert floor.comes_true(lambda: any(one.mark is Mark.FALSE for one in store.surges(now)))
    floor.deliver()
    notice = floor.slack.messages()[-1]
    assert notice.text.startswith("False alarm · on ")
    assert "<!" not in notice.text
    assert "Said about it: false alarm, by ann, " in notice.text
    row = [block for block in notice.blocks if block["type"] == "actions"]
    assert [element["action_id"] for element in row[0]["elements"]] == ["surge.real"]


def test_the_ladder_calls_people_by_their_ids_and_nobody_else_is_called(floor: Floor) -> None:
    floor.clock.move(minutes=20)
    floor.app.remind()
    floor.deliver()
    calls = [part for message in floor.slack.messages() for part in _calls(message.blocks)]
    assert calls == [{"type": "user", "user_id": "U9LEAD"}]


def test_p23_nothing_in_a_post_can_ping_or_forge_a_link_on_the_wire(floor: Floor) -> None:
    floor.press("case.take")
    for message in floor.slack.messages():
        assert "<!" not in message.text
        assert "<http" not in message.text
        assert not any(sign in str(message.blocks) for sign in ("<!channel", "'type': 'mrkdwn'", "<https:"))


def _calls(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        own = [part] if part.get("type") in ("user", "broadcast", "usergroup") else []
        return own + [found for value in part.values() for found in _calls(value)]
    return [found for item in part for found in _calls(item)] if isinstance(part, list) else []


def test_p12_clicks_are_acknowledged_while_the_database_is_locked_and_the_model_works(floor: Floor) -> None:
    model = onnx.create(onnx.Options())
    is_over = threading.Event()

    def score() -> None:
        while not is_over.is_set():
            model.score(["Three weeks, five e-mails, and still no parcel and no answer from anybody at Acme."] * 8)

    scoring = threading.Thread(target=score)
    scoring.start()
    with floor.app.store.begin():
        names = [floor.slack.press("case.take", "1", channel={"id": "C1X"}) for _ in range(50)]
        are_known = floor.slack.wait(lambda: all(name in floor.slack.acks for name in names), 2)
        floor.slack.wait(lambda: False, 2)
    took = sorted(floor.slack.acks[name][0] for name in names if name in floor.slack.acks)
    is_over.set()
    scoring.join()
    assert are_known, "they waited for the database"
    assert took[-1] <= 1.0
    print(f"50 clicks, locked, model at work: median {took[25] * 1000:.0f} ms, slowest {took[49] * 1000:.0f} ms")
    assert floor.comes_true(lambda: len(floor.app.store.facts(1)) == 1), "the first one got it"
