"""Talk: our own answers and the customers' other words are read where they stand, and move their cases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.core.case import Case, State, Step
from monitor.core.case_message import EVIDENCE
from monitor.core.clocks import customer_waited_for_answer
from monitor.core.mention import Mention
from monitor.core.message import Message
from monitor.core.routing import Route
from monitor.jobs.forget import forget
from monitor.jobs.steps import CaseRules
from monitor.jobs.triage import TriageRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, Clock, FakeNotifier, a_mention, crowd
from tests.jobs.pipeline import Pipeline
from tests.jobs.test_cases import step

MINUTE = timedelta(minutes=1)
RULES = CaseRules(second=("U2",), lead=("U9",), threaded=frozenset({"team"}))


@pytest.fixture(autouse=True)
def threads(pipeline: Pipeline) -> None:
    _in_threads(pipeline)


def _in_threads(pipeline: Pipeline) -> None:
    pipeline.rules = TriageRules(routes=(Route(name="all", targets=("team",)),), cases=RULES)
    pipeline.targets = {"team": FakeNotifier(has_threads=True)}


def ours(
    pipeline: Pipeline, name: str, answers: str, text: str = "Acme: sorry, we look for it", **more: Any
) -> Mention:
    given = {"author": "acmecare", "reply_to": answers, "own": True, "posted_at": pipeline.clock(), **more}
    return a_mention(text, name, **given)


def theirs(pipeline: Pipeline, name: str, answers: str, text: str, **more: Any) -> Mention:
    return a_mention(text, name, **{"reply_to": answers, "posted_at": pipeline.clock(), **more})


def case(pipeline: Pipeline, number: int = 1) -> Case:
    found = pipeline.store.case(number)
    assert found is not None
    return found


def steps(pipeline: Pipeline) -> list[Step]:
    return [fact.step for fact in pipeline.store.facts(1)]


def under(pipeline: Pipeline) -> list[Message]:
    return [message for message in pipeline.wire.wire if message.thread and not message.edits]


def test_our_public_answer_moves_the_case_and_stops_the_ladder_without_a_click(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    pipeline.clock.move(minutes=4)
    posted = pipeline.clock()
    pipeline.clock.move(minutes=3)
    pipeline.hear([ours(pipeline, "2", "1", posted_at=posted)])
    after = case(pipeline)
    assert (after.state, after.owner, after.answered_at) == (State.ANSWERED, None, posted)
    assert customer_waited_for_answer(after) == 5 * MINUTE, "to the moment of the answer, not to that of its reading"
    assert pipeline.wire.wire[0].facts[0] == ("Status", "answered · team wait 4 min · customer waits 8 min")
    line = under(pipeline)[-1]
    assert line.title.startswith("@acmecare answered in public")
    assert (line.quotes[0].text, line.quotes[0].url) == ("Acme: sorry, we look for it", "https://social.example/2")
    assert line.pings == ()
    assert step(pipeline, Step.TAKE) is not None, "and somebody may still take it"


def test_an_answer_that_is_read_before_its_post_is_known_counts(pipeline: Pipeline) -> None:
    pipeline.hear([ours(pipeline, "2", "1", posted_at=NOON - MINUTE / 2)])
    pipeline.clock.move(minutes=30)
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    assert case(pipeline).answered_at == NOON - MINUTE / 2
    assert pipeline.wire.wire[0].facts[0][1].startswith("answered"), "told with its answer"


def test_an_answer_to_somebody_else_in_the_conversation_is_none_to_the_customer(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    pipeline.hear([theirs(pipeline, "2", "1", "Acme is like that", author="bob")])
    pipeline.hear([ours(pipeline, "3", "2")])
    assert (case(pipeline).state, steps(pipeline)) == (State.NEW, [])
    pipeline.hear([ours(pipeline, "4", "1"), ours(pipeline, "5", "4", "Acme: second part")])
    assert steps(pipeline) == [Step.ANSWER_SEEN, Step.ANSWER_SEEN], "an answer in two parts"


def test_what_failed_after_our_answer_is_a_second_failure_and_goes_to_the_lead(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    pipeline.clock.move(minutes=5)
    pipeline.hear([ours(pipeline, "2", "1")])
    pipeline.clock.move(hours=2)
    pipeline.hear([theirs(pipeline, "3", "2", "Acme kettle still nowhere!!")])
    assert (case(pipeline).level, case(pipeline).reasons[0]) == (2, "it has failed a second time")
    (line,) = [message for message in under(pipeline) if message.title.startswith("The customer wrote again")]
    assert (line.pings, line.surfaces) == (("U9",), True)
    pipeline.clock.move(hours=2)
    pipeline.hear([theirs(pipeline, "4", "3", "Acme toaster went missing, too!!")])
    assert case(pipeline).level == 2, "it rises once, else by what is said"
    pipeline.clock.move(hours=2)
    pipeline.hear([theirs(pipeline, "5", "4", "Acme, I paid €340 for the blender!!")])
    assert case(pipeline).level == 2, "what is said later counts as it stands"
    pipeline.clock.move(hours=2)
    pipeline.hear([theirs(pipeline, "6", "5", "Acme: there is glass in the soup maker!!")])
    assert case(pipeline).level == 1
    lines = [message for message in under(pipeline) if message.title.startswith("The customer wrote again")]
    assert [message.surfaces for message in lines] == [True, False, False, True], "only when the level rises"


def test_a_case_that_was_told_among_others_and_fails_again_is_named_there(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(5))
    step(pipeline, Step.ANSWER, 2)
    pipeline.clock.move(hours=1)
    again = a_mention("Acme wardrobe door fell off!!", "b", author="person2", reply_to="2", posted_at=pipeline.clock())
    pipeline.hear([again])
    (line,) = [message for message in under(pipeline) if "wrote again" in message.title]
    assert line.title.startswith("case/2: The customer wrote again")
    assert (line.thread, line.pings, line.surfaces) == (pipeline.wire.wire[0].key, ("U1", "U9"), True)


def test_a_customer_who_writes_twice_before_our_answer_is_not_failed_twice(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    early = pipeline.clock()
    pipeline.clock.move(minutes=5)
    answer = ours(pipeline, "2", "1")
    pipeline.clock.move(minutes=1)
    pipeline.hear([answer, theirs(pipeline, "3", "1", "Acme kettle still nowhere!!", posted_at=early)])
    assert case(pipeline).level == 3


def test_thanks_are_shown_and_close_the_case_with_one_click(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    step(pipeline, Step.TAKE)
    pipeline.clock.move(hours=1)
    pipeline.hear([theirs(pipeline, "9", "1", "Thanks @acme, it came this morning <!channel>")])
    line = under(pipeline)[-1]
    assert line.title.startswith("The customer wrote, and it is no complaint")
    assert (line.case, line.offers, line.pings) == (1, (EVIDENCE,), ())
    assert line.quotes[0].url == "https://social.example/9"
    assert case(pipeline).last_at == pipeline.clock(), "they are not silent"
    assert case(pipeline).state is State.TAKEN, "a person decides what it means"
    with pipeline.store.begin() as transaction:
        forget(transaction, [("social", "9")], pipeline.clock())
    pipeline.deliver()
    assert "this morning" not in str(pipeline.wire.wire)


def test_other_peoples_words_and_talk_about_nothing_of_ours_say_nothing(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!", "1")])
    before = len(pipeline.wire.wire)
    others = theirs(pipeline, "2", "1", "Acme, same here", author="bob")
    pipeline.hear([others, theirs(pipeline, "3", "99", "Acme, a fine day", author="cid")])
    assert (len(pipeline.wire.wire), steps(pipeline)) == (before, [])
    pipeline.hear([])
    with pipeline.store.begin() as transaction:
        assert transaction.talk(9) == [], "each is looked at once"


def test_after_a_mistaken_alert_nothing_is_said(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme is killing it!!", "1")])
    step(pipeline, Step.NOT_A_COMPLAINT)
    before = len(pipeline.wire.wire)
    pipeline.hear([ours(pipeline, "2", "1"), theirs(pipeline, "3", "1", "Acme, I mean it")])
    assert len(pipeline.wire.wire) == before


def test_a_post_that_is_changed_after_our_answer_says_so(pipeline: Pipeline) -> None:
    post = a_mention("Acme lost the delivery!!", "1")
    pipeline.hear([post])
    pipeline.clock.move(minutes=5)
    pipeline.hear([replace(post, text="Acme lost the delivery of a lamp!!", edited_at=pipeline.clock())])
    assert Step.CHANGED not in steps(pipeline), "nobody has answered yet"
    pipeline.hear([ours(pipeline, "2", "1")])
    pipeline.clock.move(hours=1)
    edited = replace(post, text="Acme lost it and now they call me a liar!!", edited_at=pipeline.clock())
    for _ in range(2):
        pipeline.hear([edited])
    assert steps(pipeline) == [Step.ANSWER_SEEN, Step.CHANGED]
    assert dict(pipeline.wire.wire[0].facts)["Changed"].startswith("by the customer, after our answer")
    assert under(pipeline)[-1].title.startswith("The customer changed what they wrote, after our answer")
    assert "liar" in under(pipeline)[-1].quotes[0].text


def test_on_both_databases_what_answers_a_post_waits_for_its_verdict(sql_store: SqlStore, clock: Clock) -> None:
    pipeline = Pipeline(sql_store, clock)
    _in_threads(pipeline)
    pipeline.collector.add(a_mention("Acme lost the delivery!!", "1"), ours(pipeline, "2", "1"))
    pipeline.collect()
    pipeline.triage()
    with sql_store.begin() as transaction:
        assert [one.name for one in transaction.talk(9)] == ["2"], "nobody knows yet what it answers"
    pipeline.work()
    assert case(pipeline).state is State.ANSWERED
    pipeline.collector.add(a_mention("Acme, hm", "7", author="bob"), ours(pipeline, "8", "7"))
    pipeline.collect()
    pipeline.clock.move(hours=1)
    pipeline.triage()
    with sql_store.begin() as transaction:
        assert transaction.talk(9) == [], "not for ever"
