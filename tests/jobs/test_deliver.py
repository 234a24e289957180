"""Deliver: nothing is lost, nothing is said twice where the target can be asked, and no message blocks the others."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from monitor.core.errors import Busy, ConfigError, Doubtful, Refused
from monitor.core.message import Message
from monitor.jobs.deliver import BATCH, Target, deliver
from monitor.ports import Receipt
from monitor.store.report import Report
from monitor.store.sql import SqlStore
from monitor.store.stages import State
from monitor.testing.fakes import Clock, FakeNotifier, a_mention, a_message
from tests.jobs.pipeline import Pipeline

SECOND = timedelta(seconds=1)


class Post:
    """An outbox with a target that is delivered to by hand."""

    def __init__(self, store: SqlStore, clock: Clock, **settings: object) -> None:
        self.store, self.clock = store, clock
        self.notifier = FakeNotifier()
        self.target = Target(name="team", notifier=self.notifier, **settings)  # type: ignore[arg-type]

    def put(self, *keys: str, thread: str | None = None) -> None:
        with self.store.begin() as transaction:
            for key in keys:
                assert transaction.enqueue("team", a_message(key, thread=thread), self.clock())

    def deliver(self) -> int:
        return deliver(self.target, self.store, self.clock, lambda: 1.0)

    def deliver_for(self, seconds: int, step: int = 1) -> None:
        for _ in range(0, seconds, step):
            self.clock.move(seconds=step)
            self.deliver()

    def states(self) -> list[str]:
        return [row["state"] for row in Report(self.store.engine).outbox()]


@pytest.fixture
def post(store: SqlStore, clock: Clock) -> Post:
    return Post(store, clock)


def test_messages_go_out_in_order_and_once(post: Post) -> None:
    post.put("a", "b", "c")
    assert post.deliver() == 3
    assert post.deliver() == 0
    assert post.notifier.keys == ["a", "b", "c"]
    assert post.states() == [State.SENT] * 3


def test_a_backlog_goes_out_in_batches(post: Post) -> None:
    post.put(*(f"{n:02}" for n in range(BATCH + 5)))
    assert [post.deliver(), post.deliver(), post.deliver()] == [BATCH, 5, 0]
    assert post.notifier.keys == sorted(post.notifier.keys)


def test_the_pace_of_a_target_is_kept(post: Post) -> None:
    post.notifier.pace = SECOND
    post.put("a", "b", "c")
    sent = []
    for _ in range(6):
        sent.append(post.deliver())
        post.clock.move(seconds=0.5)
    assert sent == [1, 0, 1, 0, 1, 0]


def test_a_target_that_asks_to_wait_is_obeyed(post: Post) -> None:
    post.put("a", "b")
    post.notifier.outcomes = [Busy("slow down", wait=timedelta(seconds=30))]
    assert post.deliver() == 0
    post.deliver_for(29)
    assert post.notifier.attempts == 1
    post.deliver_for(1)
    assert post.notifier.keys == ["a", "b"]
    assert post.notifier.lookups == [], "nothing was in doubt"


def test_without_a_wish_pauses_grow(post: Post) -> None:
    post.put("a")
    post.notifier.outcomes = [Busy("down")] * 5
    tried = []
    for second in range(200):
        before = post.notifier.attempts
        post.deliver()
        if post.notifier.attempts > before:
            tried.append(second)
        post.clock.move(seconds=1)
    assert tried == [0, 5, 15, 35, 75, 155]


def test_a_refused_message_is_set_aside_and_the_others_go_on(post: Post) -> None:
    post.put("a", "b", "c")
    post.notifier.outcomes = [None, Refused("channel_not_found")]
    post.deliver()
    assert post.notifier.keys == ["a", "c"]
    assert post.states() == [State.SENT, State.DEAD, State.SENT]
    assert Report(post.store.engine).outbox(State.DEAD)[0]["error"] == "channel_not_found"


@pytest.mark.parametrize("error", [Doubtful("no answer"), RuntimeError("a bug")], ids=["no answer", "a bug"])
def test_a_message_that_arrived_although_its_answer_was_lost_is_not_sent_again(post: Post, error: Exception) -> None:
    post.put("a", "b")
    post.notifier.lost_answers = [error]
    post.deliver()
    post.deliver_for(59)
    assert post.notifier.keys == ["a", "b"]
    post.deliver_for(70)
    assert post.notifier.keys == ["a", "b"]
    assert post.notifier.lookups == ["a"]
    assert post.states() == [State.SENT] * 2


def test_a_message_that_did_not_arrive_is_sent_again_after_looking(post: Post) -> None:
    post.put("a")
    post.notifier.outcomes = [Doubtful("no answer")]
    post.deliver()
    post.deliver_for(59)
    assert post.notifier.lookups == []
    post.deliver_for(2)
    assert (post.notifier.lookups, post.notifier.keys) == (["a"], ["a"])


def test_what_was_never_attempted_is_not_doubted(post: Post) -> None:
    post.put("a", "b", "c")
    post.notifier.outcomes = [Doubtful("no answer")]
    post.deliver()
    post.deliver_for(120)
    assert post.notifier.lookups == ["a"]
    assert sorted(post.notifier.keys) == ["a", "b", "c"]
    attempts = [row["attempts"] for row in Report(post.store.engine).outbox()]
    assert attempts == [2, 1, 1]


def test_a_target_that_can_never_be_asked_gets_the_message_again(post: Post) -> None:
    post.put("a")
    post.notifier.lost_answers = [Doubtful("no answer")]
    post.notifier.find_error = Refused("a web hook cannot be searched")
    post.deliver()
    post.deliver_for(70)
    assert post.notifier.keys == ["a", "a"]
    first, second = post.notifier.wire
    assert (first.facts, second.facts[-1][0]) == ((), "Perhaps here already"), "whoever reads it can tell"


def test_while_a_target_cannot_be_asked_now_doubt_remains(post: Post) -> None:
    post.put("a")
    post.notifier.lost_answers = [Doubtful("no answer")]
    post.notifier.find_error = Busy("slow down", wait=timedelta(seconds=10))
    post.deliver()
    post.deliver_for(200, step=10)
    assert post.notifier.keys == ["a"]
    assert len(post.notifier.lookups) > 2
    post.notifier.find_error = None
    post.deliver_for(70)
    assert post.notifier.keys == ["a"]
    assert post.states() == [State.SENT]


def test_a_process_that_died_while_sending_leaves_a_doubt(post: Post) -> None:
    post.put("a")
    (claimed,) = post.store.claim_deliveries("team", post.clock(), post.target.doubt, limit=1)
    post.notifier.send(claimed.message, None)
    post.deliver_for(59)
    assert post.notifier.lookups == []
    post.deliver_for(1)
    assert (post.notifier.keys, post.notifier.lookups) == (["a"], ["a"])
    assert post.states() == [State.SENT]


def test_after_its_patience_and_three_days_a_message_is_given_up_and_shown(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock, patience=3)
    post.put("a")
    post.notifier.outcomes = [Doubtful("no answer")] * 3
    post.deliver_for(300, step=5)
    assert post.states() == [State.SENT], "patience alone gives nothing up"
    post.put("b")
    post.notifier.outcomes = [Doubtful("no answer")] * 3
    post.deliver_for(100, step=5)
    post.clock.move(days=3)
    post.deliver()
    post.put("c")
    post.deliver_for(20)
    assert post.notifier.keys == ["a", "c"]
    (dead,) = Report(store.engine).outbox(State.DEAD)
    assert dead["error"] == "given up after 3 attempts without a clear answer: no answer"


def test_a_weekend_without_answers_buries_nothing_where_the_target_cannot_be_asked(post: Post) -> None:
    post.put("a", "b")
    post.notifier.find_error = Refused("a web hook cannot be searched")
    post.notifier.outcomes = [Doubtful("status 502")] * 10_000
    post.deliver_for(60 * 3_600, step=60)
    attempts = [row["attempts"] for row in Report(post.store.engine).outbox()]
    assert max(attempts) > post.target.patience
    post.notifier.outcomes = []
    post.deliver_for(3_600, step=60)
    assert sorted(post.notifier.keys) == ["a", "b"]


def test_being_busy_does_not_use_up_the_patience(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock, patience=2)
    post.put("a")
    post.notifier.outcomes = [Busy("down", wait=timedelta(hours=1))] * 80 + [Doubtful("no answer")]
    post.deliver_for(90 * 3_600, step=1_800)
    assert (post.notifier.keys, post.states()) == (["a"], [State.SENT])


class Choking(FakeNotifier):
    """Never answers for the message "a", and cannot be asked."""

    def send(self, message: Message, thread: Receipt | None) -> Receipt:
        if message.key == "a":
            self.attempts += 1
            raise Doubtful("status 500")
        return FakeNotifier.send(self, message, thread)


def test_a_message_that_no_answer_comes_for_does_not_block_the_others(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock)
    post.notifier = Choking(find_error=Refused("a web hook cannot be searched"))
    post.target = Target(name="team", notifier=post.notifier)
    post.put("a", "b", "c")
    post.deliver_for(10)
    assert post.notifier.keys == ["b", "c"]
    for number in range(24 * 6):
        post.put(str(number))
        post.deliver_for(600, step=20)
    assert len(post.notifier.keys) == 2 + 24 * 6
    assert post.notifier.attempts - len(post.notifier.keys) < 120, "it is tried less and less"


class Slow(FakeNotifier):
    """Takes a while for every answer."""

    def __init__(self, clock: Clock, seconds: int) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def send(self, message: Message, thread: Receipt | None) -> Receipt:
        self.clock.move(seconds=self.seconds)
        return FakeNotifier.send(self, message, thread)


def test_pauses_count_from_the_end_of_an_attempt(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock)
    post.notifier = Slow(clock, seconds=60)
    post.target = Target(name="team", notifier=post.notifier)
    post.put("a")
    post.notifier.lost_answers = [Doubtful("no answer")]
    post.deliver()
    post.deliver_for(59)
    assert post.notifier.lookups == []
    post.deliver_for(1)
    assert (post.notifier.lookups, post.notifier.keys) == (["a"], ["a"])


def test_each_message_of_a_batch_has_its_own_moments(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock)
    post.target = Target(name="team", notifier=Slow(clock, seconds=10))
    began = clock()
    post.put("a", "b")
    assert post.deliver() == 2
    rows = Report(store.engine).outbox()
    assert [(row["claimed_at"] - began).seconds for row in rows] == [0, 10]
    assert [(row["sent_at"] - began).seconds for row in rows] == [10, 20]


def test_a_woken_target_gets_at_once_what_waited_for_a_person(post: Post) -> None:
    post.put("a", "b")
    post.notifier.outcomes = [Busy("token revoked", wait=timedelta(minutes=10), needs_person=True)]
    post.deliver()
    post.deliver_for(60)
    assert post.notifier.keys == []
    post.store.wake([post.target.health])
    post.deliver()
    assert post.notifier.keys == ["a", "b"]


def test_what_was_given_up_in_doubt_is_looked_for_when_somebody_retries_it(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock, patience=1)
    post.put("a")
    post.notifier.outcomes = [Doubtful("no answer")]
    post.notifier.lost_answers = [Doubtful("no answer")]
    post.deliver()
    clock.move(days=3)
    post.deliver()
    assert post.states() == [State.DEAD]
    assert Report(store.engine).retry(1, clock.move(hours=1))
    post.deliver()
    assert (post.notifier.keys, post.notifier.lookups, post.states()) == (["a"], ["a", "a"], [State.SENT])


def test_what_somebody_retries_gets_its_patience_again(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock, patience=2)
    post.put("a")
    post.notifier.outcomes = [Doubtful("no answer")] * 3
    for _ in range(2):
        post.deliver()
        clock.move(days=3)
    assert post.states() == [State.DEAD]
    assert Report(store.engine).retry(1, clock())
    post.deliver()
    assert post.states() == [State.PENDING]


def test_a_busy_target_is_waited_for_as_long_as_it_takes(store: SqlStore, clock: Clock) -> None:
    post = Post(store, clock, patience=3)
    post.put("a")
    post.notifier.outcomes = [Busy("down", wait=SECOND)] * 20
    post.deliver_for(30)
    assert post.notifier.keys == ["a"]


def test_a_target_that_is_set_up_wrongly_keeps_its_messages(post: Post) -> None:
    post.put("a")
    post.notifier.outcomes = [ConfigError(["the environment variable X is not set"])]
    post.deliver()
    post.deliver_for(299, step=23)
    post.deliver_for(30)
    assert post.notifier.keys == ["a"]
    assert post.notifier.lookups == []


def test_trouble_of_a_target_is_noted_and_ends_with_the_first_success(post: Post) -> None:
    post.put("a", "b")
    post.deliver()
    began = post.clock.move(hours=1)
    post.put("c")
    post.notifier.outcomes = [Busy("down"), Busy("down")]
    post.deliver()
    health = post.store.health("target/team")
    assert (health.troubled_since, health.streak, health.problem) == (began, 1, "down")
    assert health.last_ok == began - timedelta(hours=1)
    post.deliver_for(60)
    assert post.store.health("target/team").troubled_since is None


def test_a_follow_up_waits_for_the_message_it_belongs_under(post: Post) -> None:
    post.put("above")
    post.put("below", thread="above")
    post.put("other")
    post.notifier.outcomes = [Busy("down", wait=timedelta(minutes=5))]
    post.deliver_for(400, step=5)
    assert post.notifier.keys.index("above") < post.notifier.keys.index("below")
    receipt = post.notifier.threads[post.notifier.keys.index("below")]
    assert receipt is not None
    assert receipt.reference == "above"


def test_a_follow_up_of_a_refused_message_is_still_said(post: Post) -> None:
    post.put("above")
    post.put("below", thread="above")
    post.notifier.outcomes = [Refused("too long")]
    post.deliver_for(3)
    assert (post.notifier.keys, post.notifier.threads) == (["below"], [None])


@pytest.mark.parametrize(
    "outcomes",
    [
        [Busy("x")] * 7,
        [Doubtful("x"), Busy("x"), Doubtful("x")],
        [None, Doubtful("x"), None, RuntimeError("x")],
        [ConfigError(["x"]), Doubtful("x"), Busy("x", wait=SECOND)],
    ],
)
def test_whatever_goes_wrong_everything_arrives_once(post: Post, outcomes: Sequence[BaseException | None]) -> None:
    keys = [f"{n:02}" for n in range(25)]
    post.put(*keys)
    post.notifier.outcomes = list(outcomes)
    post.notifier.lost_answers = [Doubtful("x"), Doubtful("y")]
    post.deliver_for(1_800, step=5)
    assert sorted(post.notifier.keys) == keys
    assert post.states() == [State.SENT] * 25


def test_what_waited_long_for_its_target_says_that_it_is_sent_late(post: Post) -> None:
    post.notifier.outcomes = [Busy("down", wait=timedelta(hours=2))]
    post.put("a")
    post.put("under a", thread="a")
    post.deliver()
    post.clock.move(hours=2)
    post.put("b")
    post.deliver()
    told = {message.key: dict(message.facts).get("Sent late") for message in post.notifier.wire}
    assert told == {"a": "2 h after it was written", "under a": None, "b": None}


def test_after_an_outage_the_most_urgent_goes_first_and_a_digest_last(pipeline: Pipeline) -> None:
    """Product 3.2: queued, and sent in the order of level."""
    with pipeline.store.begin() as transaction:
        for key in ("digest/marketing/Acme/2026-11-25", "health/source/news"):
            transaction.enqueue("team", Message(key=key, title=key), pipeline.clock())
    pipeline.collector.add(
        a_mention("Acme sent the wrong colour!!", "1", author="ann"),
        a_mention("Acme charger caught fire, my daughter is injured!!", "2", author="bob"),
    )
    pipeline.collect()
    pipeline.judge()
    pipeline.triage()
    pipeline.deliver()
    titles = [title.split(" · ")[0] for title in pipeline.wire.titles]
    assert titles == ["Act now", "health/source/news", "Answer today", "digest/marketing/Acme/2026-11-25"]
