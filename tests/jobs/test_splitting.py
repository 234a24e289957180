"""A post that joined a case and is about something else is taken out with one click, and told as any new case."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.core.alerting import AlertPolicy
from monitor.core.case import Case, Move, NotAllowed, State, Step
from monitor.core.errors import Doubtful
from monitor.core.message import Message
from monitor.core.routing import Route
from monitor.jobs.act import act
from monitor.jobs.forget import forget
from monitor.jobs.triage import TriageRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, FakeNotifier, a_mention, crowd
from tests.jobs.pipeline import Pipeline
from tests.jobs.test_cases import RULES, case, facts, lines, step

BLUE = "Acme lost my blue kettle parcel somewhere between harbour, depot and village!!"
RED = "Acme lost my blue kettle parcel somewhere between harbour, airport and village!!"


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """An empty store of either kind."""
    found: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(autouse=True)
def threads(pipeline: Pipeline) -> None:
    """The team is where messages stand under others."""
    pipeline.rules = TriageRules(routes=(Route(name="all", targets=("team",)),), cases=RULES)
    pipeline.targets = {"team": FakeNotifier(has_threads=True)}


def joined(pipeline: Pipeline, **second: Any) -> None:
    """Ann's post, and a quarter of an hour later Bob's, which is much like it."""
    pipeline.hear([a_mention(BLUE, "1", author="ann")])
    later(pipeline, minutes=15)
    pipeline.hear([a_mention(**{"text": RED, "id": "2", "author": "bob", "posted_at": pipeline.clock(), **second})])
    assert pipeline.store.case(2) is None, "it has joined"


def later(pipeline: Pipeline, **span: float) -> None:
    pipeline.clock.move(**span)


def split(pipeline: Pipeline, post: str = "social:2", number: int = 1, by: str = "U1") -> Case | None:
    after = step(pipeline, Step.SPLIT, number, by, to=post)
    pipeline.work()
    return after


def of(pipeline: Pipeline, number: int) -> list[str]:
    return [row["native_id"] for row in pipeline.report.case_members(number)]


def parents(pipeline: Pipeline) -> list[Message]:
    return [message for message in pipeline.wire.wire if message.case and message.thread in (None, message.key)]


def test_one_click_gives_a_joined_post_a_case_of_its_own_that_is_told_as_any_new_one(pipeline: Pipeline) -> None:
    joined(pipeline)
    (more,) = [message for message in pipeline.wire.wire if message.title.startswith("1 more")]
    (quote,) = more.quotes
    assert (quote.case, quote.post, quote.offers) == (1, "social:2", ("split",))
    later(pipeline, minutes=5)
    assert split(pipeline) is not None
    assert (of(pipeline, 1), of(pipeline, 2)) == (["1"], ["2"])
    old, new = parents(pipeline)
    assert (new.case, new.quotes[0].text, new.offers[0]) == (2, RED, "take")
    assert new.why[0] == "taken out of case/1 by Ann"
    assert case(pipeline, 2).opened_at == NOON + timedelta(minutes=15), "the time of its post"
    assert case(pipeline, 2).told_at == NOON + timedelta(minutes=20)
    assert old.quotes[0].text == BLUE
    (line,) = [message for message in pipeline.wire.wire if message.title.startswith("Ann took out a post")]
    assert (line.thread, line.facts, line.pings) == (old.key, (("Note", "it is case/2 now"),), ())
    (more,) = [message for message in pipeline.wire.wire if message.title.startswith("1 more")]
    assert (more.quotes[0].offers, more.quotes[0].where.endswith(" · case/2 now")) == ((), True)


def test_the_decision_is_a_fact_of_both_cases_with_who_when_and_from_where(pipeline: Pipeline) -> None:
    joined(pipeline)
    split(pipeline)
    at = NOON + timedelta(minutes=15)
    both = facts(pipeline, 1) + facts(pipeline, 2)
    told = [(fact.step, fact.name, fact.via, fact.at, fact.note) for fact in both]
    assert told == [
        (Step.SPLIT, "Ann", "slack", at, "it is case/2 now"),
        (Step.SPLIT, "Ann", "slack", at, "it was in case/1"),
    ]


def test_the_same_words_of_the_same_person_never_join_that_case_again(pipeline: Pipeline) -> None:
    joined(pipeline)
    split(pipeline)
    later(pipeline, minutes=5)
    pipeline.hear([a_mention(RED, "3", author="bob", posted_at=pipeline.clock(), reply_to="1")])
    assert of(pipeline, 2) == ["2", "3"], "not even as an answer to the first post"
    later(pipeline, days=9)
    pipeline.hear([a_mention(RED, "4", author="bob", posted_at=pipeline.clock(), reply_to="1")])
    assert (of(pipeline, 1), of(pipeline, 2)) == (["1"], ["2", "3", "4"]), "nor long after"


def test_copies_follow_what_they_are_most_like(pipeline: Pipeline) -> None:
    joined(pipeline)
    split(pipeline)
    later(pipeline, minutes=5)
    now = pipeline.clock()
    pipeline.hear(
        [
            a_mention(f"RT @bob: {RED}", "3", author="cid", posted_at=now),
            a_mention(f"RT @ann: {BLUE}", "4", author="dee", posted_at=now),
        ]
    )
    assert (of(pipeline, 1), of(pipeline, 2)) == (["1", "4"], ["2", "3"])


def test_what_came_with_a_post_goes_with_it(pipeline: Pipeline) -> None:
    joined(pipeline)
    now = pipeline.clock()
    pipeline.hear(
        [
            a_mention(f"RT @bob: {RED}", "3", author="cid", posted_at=now),
            a_mention("Acme is sorry, please write to us", "4", author="acme", reply_to="2", own=True, posted_at=now),
            a_mention(
                "Acme never answers there either, since Whitsun!!", "5", author="eve", reply_to="4", posted_at=now
            ),
            a_mention("Acme forgot my lamp as well, honestly!!", "6", author="fay", reply_to="1", posted_at=now),
        ]
    )
    assert of(pipeline, 1) == ["1", "2", "3", "5", "6"]
    split(pipeline)
    assert (of(pipeline, 1), of(pipeline, 2)) == (["1", "6"], ["2", "3", "5"])
    assert facts(pipeline, 2)[-1].step is Step.ANSWER_SEEN, "our answer to it counts where it belongs"
    assert case(pipeline, 2).state is State.ANSWERED


def test_what_the_post_alone_has_changed_is_taken_back(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery of my kettle!!", "1")])
    step(pipeline, Step.ANSWER)
    step(pipeline, Step.DONE, remedy="a new parcel")
    step(pipeline, Step.CLOSE, evidence="https://social.example/thanks")
    before = case(pipeline)
    later(pipeline, hours=1)
    pipeline.hear([a_mention("Acme delivery men parked on my garden hedge!!", "2", posted_at=pipeline.clock())])
    failed = case(pipeline)
    assert (failed.state, failed.level) == (State.TAKEN, before.level - 1), "a second failure, it seemed"
    later(pipeline, minutes=5)
    split(pipeline, by="U2")
    after = case(pipeline)
    assert (after.state, after.level, after.reasons) == (State.SATISFIED, before.level, before.reasons)
    assert (after.ended_at, after.done_at, after.last_at) == (before.ended_at, before.done_at, before.last_at)
    assert (after.owner, after.answered_at) == (before.owner, before.answered_at)
    parent = parents(pipeline)[0]
    assert parent.title.startswith("Satisfied")
    assert not any("again" in reason for reason in parent.why)
    assert case(pipeline, 2).state is State.NEW
    assert (case(pipeline, 2).level, case(pipeline, 2).answered_at) == (before.level, None)


def test_what_people_did_meanwhile_stays(pipeline: Pipeline) -> None:
    joined(pipeline)
    step(pipeline, Step.TAKE)
    step(pipeline, Step.ESCALATE)
    step(pipeline, Step.SNOOZE, until=pipeline.clock() + timedelta(hours=3))
    before = case(pipeline)
    split(pipeline)
    after = case(pipeline)
    for name in ("state", "owner", "level", "reasons", "snoozed_until", "taken_at", "opened_at", "last_at"):
        assert getattr(after, name) == getattr(before, name), name
    assert (case(pipeline, 2).owner, case(pipeline, 2).level) == (None, 3)


def test_a_second_click_changes_nothing_and_a_colleague_hears_why(pipeline: Pipeline) -> None:
    joined(pipeline)
    split(pipeline)
    before = (len(pipeline.wire.wire), case(pipeline), case(pipeline, 2))
    assert split(pipeline) is None
    with pytest.raises(NotAllowed, match="Ann took this post out already: it is case/2 now"):
        split(pipeline, by="U2")
    assert (len(pipeline.wire.wire), case(pipeline), case(pipeline, 2)) == before
    assert pipeline.store.case(3) is None


def test_it_is_won_once_by_eight_at_once(pipeline: Pipeline) -> None:
    joined(pipeline)
    said: Counter[str] = Counter()
    together = threading.Barrier(8)

    def click(number: int) -> None:
        move = Move(
            step=Step.SPLIT, by=f"U{number}", name=f"P{number}", via="slack", at=NOON, key=f"{number}", to="social:2"
        )
        together.wait()
        try:
            act(pipeline.store, RULES, 1, move, NOON)
            said["won"] += 1
        except NotAllowed as no:
            said["took this post out already" if "took this post out already" in str(no) else str(no)] += 1

    people = [threading.Thread(target=click, args=(number,)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert said == {"won": 1, "took this post out already": 7}
    assert of(pipeline, 1) == ["1"]
    # Whoever lost has used up a number all the same.
    assert [posts for number in range(2, 10) if (posts := of(pipeline, number))] == [["2"]]
    assert sum(pipeline.store.case(number) is not None for number in range(1, 10)) == 2


@pytest.mark.parametrize(
    ("before", "post", "words"),
    [
        (None, "social:1", "the case stands for this post"),
        (None, "social:9", "this post is not in case/1"),
        (Step.DUPLICATE, "social:2", "has ended as duplicate; reopen it first"),
        (Step.NOT_A_COMPLAINT, "social:2", "has ended as not a complaint; reopen it first"),
    ],
)
def test_what_cannot_be_done_is_said(pipeline: Pipeline, before: Step | None, post: str, words: str) -> None:
    joined(pipeline)
    if before:
        step(pipeline, before)
    with pytest.raises(NotAllowed, match=words):
        split(pipeline, post)
    assert of(pipeline, 1) == ["1", "2"]


def test_a_case_that_has_ended_gives_a_post_of_somebody_else_back(pipeline: Pipeline) -> None:
    joined(pipeline)
    step(pipeline, Step.CLOSE, note="she is happy")
    split(pipeline)
    assert (case(pipeline).state, case(pipeline, 2).state) == (State.SATISFIED, State.NEW)


def test_the_words_of_a_post_that_was_taken_out_go_when_it_is_deleted(pipeline: Pipeline) -> None:
    joined(pipeline, text="Acme lost my blue kettle parcel between harbour, depot and secret village!!")
    split(pipeline)
    with pipeline.store.begin() as transaction:
        forget(transaction, [("social", "2")], pipeline.clock())
    pipeline.deliver()
    assert "secret" not in str(pipeline.wire.wire)
    with pipeline.store.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT message FROM outbox").scalars().all()
    assert "secret" not in str(kept)


def test_the_counts_of_both_messages_are_their_own(pipeline: Pipeline) -> None:
    pipeline.hear(
        [
            a_mention(BLUE, "1", author="ann", posted_at=NOON - timedelta(minutes=3)),
            a_mention(RED, "2", author="bob", posted_at=NOON - timedelta(minutes=2)),
        ]
    )
    assert ("Altogether", "2 posts") in parents(pipeline)[0].facts
    split(pipeline)
    old, new = parents(pipeline)
    assert "Altogether" not in dict(old.facts) | dict(new.facts)
    assert "Ann took out a post that is about something else" in lines(pipeline)


def test_a_stop_between_the_click_and_the_alert_loses_and_doubles_nothing(pipeline: Pipeline) -> None:
    joined(pipeline)
    now = pipeline.clock()
    move = Move(step=Step.SPLIT, by="U1", name="Ann", via="slack", at=now, key="click/1", to="social:2")
    act(pipeline.store, RULES, 1, move, now)
    pipeline.wire.lost_answers = [Doubtful("the answer was lost")] * 2
    again = Pipeline(pipeline.store, pipeline.clock, pipeline.rules, pipeline.targets)
    for _ in range(4):
        again.work()
        later(pipeline, minutes=2)
    assert act(pipeline.store, RULES, 1, move, pipeline.clock()) is None
    again.work()
    assert [message.case for message in parents(pipeline)] == [1, 2]
    assert len(set(pipeline.wire.keys)) == len(pipeline.wire.keys), "nothing twice"
    assert lines(pipeline).count("Ann took out a post that is about something else") == 1


def test_of_a_case_that_was_told_among_others_the_older_post_can_leave(pipeline: Pipeline) -> None:
    """It began in a list of what was more than the channel takes, and got a message of its own when more joined it."""
    pipeline.rules = replace(pipeline.rules, policy=AlertPolicy(singles=1_000, per_hour=2))
    pipeline.hear(crowd(5))
    assert [message.case for message in parents(pipeline)] == [1]
    later(pipeline, hours=2)
    now = pipeline.clock()
    oak = a_mention("Acme forgot the delivery of my oak table!!", "t", author="bob", reply_to="5", posted_at=now)
    pipeline.hear([oak])
    assert (of(pipeline, 5), parents(pipeline)[-1].case) == (["5", "t"], 5)
    with pytest.raises(NotAllowed, match="the case stands for this post"):
        split(pipeline, "social:t", 5)
    split(pipeline, "social:5", 5)
    assert (of(pipeline, 5), of(pipeline, 6)) == (["t"], ["5"])
    assert (case(pipeline, 5).opened_at, case(pipeline, 6).opened_at < now) == (now, True)
    assert [message.case for message in parents(pipeline)] == [1, 5], "the list told of the other already"
    assert case(pipeline, 6).told_at == now
    step(pipeline, Step.TAKE, 6)
    assert any(line.startswith("case/6: Ann took it") for line in lines(pipeline))
