"""The deliver job with the real store and the real Slack notifier: nothing is lost and nothing is doubled."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from monitor.core.message import Message, Tone
from monitor.jobs.deliver import Target, deliver
from monitor.notifiers.slack import Options, SlackNotifier, create
from monitor.secret import Secret
from monitor.store.connection import open_engine
from monitor.store.schema import metadata, outbox
from monitor.store.sql import SqlStore
from monitor.store.stages import State
from monitor.testing.loopback_http import Fault, Kind
from monitor.testing.loopback_slack import HISTORY, POST, LoopbackSlack, error, limited, seeded_faults

CHANNEL = "C024BE91L"
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class World:
    """A store, a Slack and a clock that all live in the same moved time."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        engine = open_engine(f"sqlite:///{folder / 'umbrage.db'}")
        metadata.create_all(engine)
        self.store = SqlStore(engine)
        self.slack = LoopbackSlack(clock=lambda: self.now.timestamp())
        self.target = self.restarted()

    def restarted(self) -> Target:
        return Target(name="ops", notifier=self.notifier())

    def notifier(self) -> SlackNotifier:
        options = Options(token=Secret(env="SLACK_TOKEN"), channel=CHANNEL, base_url=self.slack.api, timeout_seconds=1)
        return create(options)

    def enqueue(self, *messages: Message) -> None:
        with self.store.begin() as transaction:
            for message in messages:
                assert transaction.enqueue("ops", message, self.now)

    def deliver(self, after: timedelta = SECOND) -> int:
        self.now += after
        return deliver(self.target, self.store, lambda: self.now, lambda: 1.0)

    def deliver_for(self, span: timedelta, step: timedelta = SECOND) -> None:
        end = self.now + span
        while self.now < end:
            self.deliver(step)

    def titles(self) -> list[str]:
        return [message.text.partition("\n")[0] for message in self.slack.messages(CHANNEL)]

    def states(self) -> list[str]:
        with self.store.engine.connect() as connection:
            return list(connection.execute(select(outbox.c.state).order_by(outbox.c.id)).scalars())

    def errors(self) -> list[str | None]:
        with self.store.engine.connect() as connection:
            return list(connection.execute(select(outbox.c.error).order_by(outbox.c.id)).scalars())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-test")
    world = World(tmp_path)
    with world.slack:
        yield world
    world.store.engine.dispose()


def message(name: str, thread: str | None = None) -> Message:
    return Message(key=name, title=name, tone=Tone.QUIET if thread else Tone.ALERT, thread=thread)


def test_keeps_the_order_and_one_message_a_second(world: World) -> None:
    world.enqueue(*(message(name) for name in "abcde"))
    for _ in range(20):
        world.deliver(timedelta(milliseconds=500))
    assert world.titles() == list("abcde")
    times = [float(posted.ts) for posted in world.slack.messages()]
    assert all(later - earlier >= 0.999 for earlier, later in pairwise(times))


@pytest.mark.parametrize("kind", [Kind.DROP_AFTER_COMMIT, Kind.SLOW, Kind.MALFORMED])
def test_a_lost_answer_does_not_double(world: World, kind: Kind) -> None:
    world.slack.fail(POST, Fault(kind=kind))
    world.enqueue(message("a"), message("b"))
    world.deliver_for(timedelta(minutes=3), 5 * SECOND)
    assert world.titles() == ["a", "b"]
    assert world.states() == [State.SENT, State.SENT]


def test_a_late_commit_does_not_double(world: World) -> None:
    world.slack.fail(POST, Fault(kind=Kind.SLOW_COMMIT))
    world.enqueue(message("a"))
    assert world.deliver() == 0
    assert world.titles() == []
    world.deliver_for(30 * SECOND, 5 * SECOND)
    assert [request.path for request in world.slack.requests] == [POST], "looked or posted before the doubt is over"
    world.slack.release()
    world.deliver_for(timedelta(minutes=2), 5 * SECOND)
    assert world.titles() == ["a"]
    assert world.states() == [State.SENT]


@pytest.mark.parametrize("fault", [Fault(kind=Kind.DROP_BEFORE_COMMIT), Fault(), error("fatal_error")])
def test_what_was_not_posted_is_posted_once(world: World, fault: Fault) -> None:
    world.slack.fail(POST, fault)
    world.enqueue(message("a"))
    world.deliver_for(timedelta(minutes=3), 5 * SECOND)
    assert world.titles() == ["a"]


def test_a_killed_process_does_not_double(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enqueue(message("a"))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SqlStore, "sent", _interrupt)
        world.deliver()
    assert world.states() == [State.SENDING]
    world.target = world.restarted()
    world.deliver_for(timedelta(minutes=3), 5 * SECOND)
    assert world.titles() == ["a"]
    assert world.states() == [State.SENT]


def test_a_limit_is_obeyed(world: World) -> None:
    world.slack.fail(POST, limited(37))
    world.enqueue(message("a"), message("b"))
    world.deliver_for(36 * SECOND)
    assert len(world.slack.requests) == 1
    world.deliver_for(5 * SECOND)
    assert world.titles() == ["a", "b"]


def test_a_message_that_slack_refuses_is_set_aside_and_the_others_go_on(world: World) -> None:
    world.slack.fail(POST, error("msg_too_long"))
    world.enqueue(message("a"), message("b"), message("c"))
    world.deliver_for(5 * SECOND)
    assert world.titles() == ["b", "c"]
    assert world.states() == [State.DEAD, State.SENT, State.SENT]
    assert world.errors()[0] == "Slack refuses this message: msg_too_long"
    assert world.store.health("target/ops").troubled_since is None


def test_a_revoked_token_loses_nothing_and_says_the_cure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.slack.revoked.add("xoxb-test")
    world.enqueue(message("a"), message("b"))
    world.deliver_for(timedelta(hours=2), 30 * SECOND)
    health = world.store.health("target/ops")
    assert health.troubled_since is not None
    assert "token_revoked; copy the Bot User OAuth Token" in str(health.problem)
    assert len(world.slack.requests) <= 13, "asked more often than every ten minutes"
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-renewed")
    world.deliver_for(timedelta(minutes=11), 30 * SECOND)
    assert world.titles() == ["a", "b"]
    assert world.store.health("target/ops").troubled_since is None


def test_an_outage_of_six_hours_loses_nothing(world: World) -> None:
    world.slack.fail(POST, *[Fault.answer(503, b"down")] * 200)
    world.slack.fail(HISTORY, *[Fault.answer(503, b"down")] * 200)
    world.enqueue(*(message(name) for name in "abc"))
    world.deliver_for(timedelta(hours=6), timedelta(minutes=1))
    assert world.titles() == []
    assert world.states() == [State.PENDING] * 3
    world.slack.mend()
    world.deliver_for(timedelta(minutes=20), 5 * SECOND)
    assert sorted(world.titles()) == ["a", "b", "c"]


def test_a_reply_waits_for_the_message_above_it(world: World) -> None:
    world.slack.fail(POST, Fault(kind=Kind.DROP_AFTER_COMMIT))
    world.enqueue(message("above"), message("below", thread="above"), message("other"))
    world.deliver_for(timedelta(minutes=3), 5 * SECOND)
    by_title = {posted.text: posted for posted in world.slack.messages()}
    assert len(world.slack.messages()) == 3
    assert by_title["below"].thread_ts == by_title["above"].ts
    assert by_title["other"].thread_ts is None


def test_a_reply_to_what_was_set_aside_stands_alone(world: World) -> None:
    world.slack.fail(POST, error("msg_too_long"))
    world.enqueue(message("above"), message("below", thread="above"))
    world.deliver_for(5 * SECOND)
    (posted,) = world.slack.messages()
    assert (posted.text, posted.thread_ts) == ("below", None)


def test_where_the_channel_cannot_be_read_a_message_is_doubled_rather_than_lost(world: World) -> None:
    world.slack.fail(POST, Fault(kind=Kind.DROP_AFTER_COMMIT))
    world.slack.fail(HISTORY, error("missing_scope"))
    world.enqueue(message("a"))
    world.deliver_for(timedelta(minutes=3), 5 * SECOND)
    assert world.titles() == ["a", "a"]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_doubled_by_faults_at_random(world: World, seed: int) -> None:
    faults = seeded_faults(seed, rate=0.5, seconds=0.0)
    world.slack.fail(POST, *(fault for fault in (faults() for _ in range(60)) if fault is not None))
    names = [f"m{number}" for number in range(12)]
    world.enqueue(*(message(name, thread="m0" if number % 3 == 2 else None) for number, name in enumerate(names)))
    while {State.PENDING, State.SENDING} & set(world.states()) and world.now < START + timedelta(hours=12):
        world.deliver(20 * SECOND)
    assert Counter(world.titles()) == Counter(names)
    assert set(world.states()) == {State.SENT}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
