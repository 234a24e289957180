"""Incidents over a real store: many customers told in one message, taken, muted and answered for as one."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from monitor.core.case import Case, Move, NotAllowed, State, Step
from monitor.core.incident import Incident
from monitor.core.routing import Route
from monitor.jobs.act import act
from monitor.jobs.incidents import act_on_incident
from monitor.jobs.remind import remind
from monitor.jobs.steps import CaseRules
from monitor.jobs.triage import TriageRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, FakeNotifier, a_mention, crowd
from tests.jobs.pipeline import Pipeline

RULES = CaseRules(second=("U2",), lead=("U9",), threaded=frozenset({"team"}))
CAUSE = 1


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """An empty store of either kind."""
    found: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(autouse=True)
def incident_told(pipeline: Pipeline) -> None:
    """Five customers were told as one incident to a channel with threads."""
    pipeline.rules = TriageRules(routes=(Route(name="all", targets=("team",)),), cases=RULES)
    pipeline.targets = {"team": FakeNotifier(has_threads=True)}
    pipeline.hear(crowd(5))


def a_move(pipeline: Pipeline, what: Step, by: str = "U1", key: str = "", **given: Any) -> Move:
    now = pipeline.clock()
    name = {"U1": "Ann", "U2": "Bob"}.get(by, by)
    return Move(step=what, by=by, name=name, via="slack", at=now, key=key or f"{what}/{by}/{now}", **given)


def step(pipeline: Pipeline, what: Step, by: str = "U1", key: str = "", **given: Any) -> Incident | None:
    move = a_move(pipeline, what, by, key, **given)
    after = act_on_incident(pipeline.store, RULES, CAUSE, move, pipeline.clock())
    pipeline.deliver()
    return after


def case(pipeline: Pipeline, number: int) -> Case:
    found = pipeline.store.case(number)
    assert found is not None
    return found


def owners(pipeline: Pipeline) -> list[str | None]:
    return [one.owner_name for one in pipeline.store.open_cases_of()]


def due(pipeline: Pipeline) -> int:
    count = remind(pipeline.store, RULES, pipeline.clock())
    pipeline.deliver()
    return count


def test_the_message_has_buttons_that_name_the_incident(pipeline: Pipeline) -> None:
    (told,) = pipeline.wire.wire
    assert (told.incident, told.case, told.offers) == (CAUSE, None, ("take", "assign", "mute", "more"))


def test_whoever_takes_it_has_every_case_that_nobody_has(pipeline: Pipeline) -> None:
    pipeline.clock.move(minutes=6)
    act(pipeline.store, RULES, 3, a_move(pipeline, Step.TAKE, "U2"), pipeline.clock())
    step(pipeline, Step.TAKE)
    assert owners(pipeline) == ["Ann", "Ann", "Bob", "Ann", "Ann"]
    told, *under = pipeline.wire.wire
    assert told.facts[0] == ("Status", "with Ann · team wait 6 min · the first customer waits 7 min")
    assert [message.title for message in under] == [
        "case/3: Bob took it · team wait 6 min · customer waits 7 min",
        "Ann took it, in 4 cases · team wait 6 min · the first customer waits 7 min",
        "case/3: all of it",
    ]
    assert {message.thread for message in under} == {told.key}
    (fact,) = pipeline.store.incident_facts(CAUSE)
    assert (fact.step, fact.name, fact.via, fact.at) == (Step.TAKE, "Ann", "slack", pipeline.clock())
    (fact,) = pipeline.store.facts(1)
    assert (fact.step, fact.name, fact.via) == (Step.TAKE, "Ann", "slack, incident/1")


def test_taking_is_won_once_by_ten_at_once_and_the_others_hear_who(pipeline: Pipeline) -> None:
    said: Counter[str] = Counter()
    together = threading.Barrier(10)

    def take(number: int) -> None:
        move = Move(step=Step.TAKE, by=f"U{number}", name=f"P{number}", via="slack", at=NOON, key=f"take/{number}")
        together.wait()
        try:
            act_on_incident(pipeline.store, RULES, CAUSE, move, NOON)
            said["won"] += 1
        except NotAllowed as no:
            said["has it already" if "has it already; to take it over" in str(no) else str(no)] += 1

    people = [threading.Thread(target=take, args=(number,)) for number in range(10)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert said == {"won": 1, "has it already": 9}
    assert len(pipeline.store.incident_facts(CAUSE)) == 1
    assert len(set(owners(pipeline))) == 1


def test_the_same_click_delivered_again_changes_nothing(pipeline: Pipeline) -> None:
    assert step(pipeline, Step.TAKE, key="click/17") is not None
    before = len(pipeline.wire.wire)
    assert step(pipeline, Step.TAKE, key="click/17") is None
    assert len(pipeline.wire.wire) == before


def test_taking_over_moves_what_the_former_owner_had_and_nothing_else(pipeline: Pipeline) -> None:
    step(pipeline, Step.TAKE)
    pipeline.clock.move(minutes=1)
    act(pipeline.store, RULES, 2, a_move(pipeline, Step.ASSIGN, to="U3", to_name="Cid"), pipeline.clock())
    with pytest.raises(NotAllowed, match="Ann has it already"):
        step(pipeline, Step.TAKE, "U2")
    step(pipeline, Step.TAKE_OVER, "U2")
    assert owners(pipeline) == ["Bob", "Cid", "Bob", "Bob", "Bob"]


def test_whoever_is_given_an_incident_is_told_in_private_once_for_all_of_it(pipeline: Pipeline) -> None:
    step(pipeline, Step.ASSIGN, to="U1", to_name="Ann")
    assert [message for message in pipeline.wire.wire if message.to] == []
    pipeline.clock.move(minutes=1)
    step(pipeline, Step.ASSIGN, to="U2", to_name="Bob")
    (private,) = [message for message in pipeline.wire.wire if message.to]
    assert (private.title, private.to) == ("Ann gave you incident/1, in 5 cases · other · Acme", "U2")
    assert owners(pipeline) == ["Bob"] * 5


def test_customers_who_come_later_belong_to_whoever_has_the_incident(pipeline: Pipeline) -> None:
    step(pipeline, Step.TAKE)
    pipeline.clock.move(minutes=11)
    pipeline.hear(crowd(3, first=6, posted_at=pipeline.clock()))
    assert owners(pipeline) == ["Ann"] * 8
    assert case(pipeline, 8).told_at == pipeline.clock()
    told = pipeline.wire.wire[0]
    assert [name for name, _ in told.facts[:2]] == ["Status", "Altogether"], "neither edit undoes the other"
    assert dict(told.facts)["Altogether"] == "8 posts, 8 people"


def test_nobody_takes_it_and_a_second_person_and_the_lead_are_called_once_for_all(pipeline: Pipeline) -> None:
    called = []
    for _ in range(60):
        pipeline.clock.move(minutes=1)
        if due(pipeline):
            called.append((pipeline.clock() - NOON, pipeline.wire.wire[-1].pings))
    assert called == [(timedelta(minutes=5), ("U2",)), (timedelta(minutes=15), ("U9",))]
    assert pipeline.wire.wire[-1].title.startswith("Still nobody has taken some of these, such as case/1")
    assert pipeline.wire.wire[-1].thread == pipeline.wire.wire[0].key


def test_once_taken_nobody_is_called_and_after_a_day_its_owner_is_once(pipeline: Pipeline) -> None:
    step(pipeline, Step.TAKE)
    pipeline.clock.move(hours=23, minutes=59)
    assert due(pipeline) == 0
    pipeline.clock.move(minutes=1)
    assert due(pipeline) == 1
    assert pipeline.wire.wire[-1].pings == ("U1",)
    assert pipeline.wire.wire[-1].title.startswith("Customers of these have not heard from us for a day")


def test_a_muted_incident_says_nothing_more_but_what_must_be_acted_on_now(pipeline: Pipeline) -> None:
    until = pipeline.clock() + timedelta(hours=2)
    step(pipeline, Step.SNOOZE, until=until)
    assert "muted until 2026-11-02 14:00 UTC" in pipeline.wire.wire[0].facts[0][1]
    before = len(pipeline.wire.wire)
    pipeline.clock.move(minutes=30)
    held = pipeline.hear(crowd(30, first=6, posted_at=pipeline.clock()))
    assert (len(pipeline.wire.wire), held.next_at) == (before, until)
    pipeline.hear([a_mention("Acme kettle caught fire, ambulance is here!!", "x", author="eve")])
    assert pipeline.wire.titles[before:] == ["Act now · other · Acme", "case/36: all of it"]
    pipeline.clock.move(minutes=90)
    pipeline.work()
    assert pipeline.wire.titles[-1] == "Growing: 36 people complain · other · Acme"
    told = [post for posts in pipeline.told()["team"] for post in posts]
    assert len(told) == len(set(told)) == 36, "nothing is lost or told twice"


def test_done_for_everybody_is_no_end_and_each_customer_is_asked(pipeline: Pipeline) -> None:
    with pytest.raises(NotAllowed, match="say what was done"):
        step(pipeline, Step.DONE)
    step(pipeline, Step.DONE, remedy="the depot works again")
    assert {one.state for one in pipeline.store.open_cases_of()} == {State.DONE_BY_US}
    assert pipeline.wire.wire[-1].facts == (("Done", "the depot works again"),)
    when = []
    for day in range(1, 9):
        pipeline.clock.now = NOON + timedelta(days=day)
        when += [day] * due(pipeline)
    assert when == [1, 7]
    assert pipeline.wire.wire[-1].title.startswith("Follow-ups due: are these customers satisfied?")


def test_what_belongs_to_one_customer_is_not_done_to_all(pipeline: Pipeline) -> None:
    for what in (Step.NOT_A_COMPLAINT, Step.CLOSE, Step.ANSWER, Step.DUPLICATE):
        with pytest.raises(NotAllowed, match="only be done in a single case"):
            step(pipeline, what)
    with pytest.raises(NotAllowed, match="no incident 7"):
        act_on_incident(pipeline.store, RULES, 7, a_move(pipeline, Step.TAKE), NOON)


def test_whoever_escalates_calls_the_lead_under_it(pipeline: Pipeline) -> None:
    step(pipeline, Step.ESCALATE)
    assert (pipeline.wire.wire[-1].title.split(" · ")[0], pipeline.wire.wire[-1].pings) == ("Ann escalated it", ("U9",))


def test_open_incidents_are_listed_with_their_open_cases(pipeline: Pipeline) -> None:
    (standing,) = pipeline.store.open_incidents()
    assert (standing.incident.key, standing.open_cases, standing.incident.owner) == ("incident/1", 5, None)
    step(pipeline, Step.TAKE)
    for number in range(1, 6):
        act(pipeline.store, RULES, number, a_move(pipeline, Step.CLOSE, note="fine"), pipeline.clock())
    assert pipeline.store.open_incidents() == []


def test_customers_told_one_by_one_before_it_show_who_has_them(pipeline: Pipeline) -> None:
    pipeline.clock.move(hours=8)
    for number, words in enumerate(("kettle lid", "toaster wire", "blender jug")):
        post = a_mention(f"Acme {words} broke!!", f"s{number}", author=f"s{number}", posted_at=pipeline.clock())
        pipeline.hear([post])
    pipeline.hear([a_mention("Acme oven door fell off!!", "s3", author="s3", posted_at=pipeline.clock())])
    alone = [message for message in pipeline.wire.wire if message.case and not message.thread]
    assert len(alone) == 3
    move = a_move(pipeline, Step.TAKE)
    act_on_incident(pipeline.store, RULES, 2, move, pipeline.clock())
    pipeline.deliver()
    shown = [message for message in pipeline.wire.wire if message.case and not message.thread]
    assert all("with Ann" in dict(message.facts)["Status"] for message in shown)


def test_an_incident_mutes_the_ladders_of_its_cases_except_what_must_be_acted_on_now(pipeline: Pipeline) -> None:
    pipeline.clock.move(hours=8)
    for number, words in enumerate(("kettle lid", "toaster wire", "blender jug caught fire and")):
        post = a_mention(f"Acme {words} broke!!", f"s{number}", author=f"s{number}", posted_at=pipeline.clock())
        pipeline.hear([post])
    pipeline.hear([a_mention("Acme oven door fell off!!", "s3", author="s3", posted_at=pipeline.clock())])
    step(pipeline, Step.TAKE)
    before = len(pipeline.wire.wire)
    for _ in range(20):
        pipeline.clock.move(minutes=1)
        due(pipeline)
    calls = [(message.title.split(" · ")[0], message.pings) for message in pipeline.wire.wire[before:]]
    assert calls == [
        ("Nobody has taken some of these yet, such as case/6", ("U2",)),
        ("Nobody has taken this yet", ("U2",)),
        ("Still nobody has taken some of these, such as case/6", ("U9",)),
        ("Still nobody has taken this", ("U9",)),
    ]
