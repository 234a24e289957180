"""What automated accounts write, over a real store: kept, and never a complaint, an answer or a figure."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta

import pytest

from monitor.core.case import State, Step
from monitor.core.days import Window
from monitor.core.mention import Mention
from monitor.jobs.digest import make_digest
from monitor.jobs.forget import forget
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, Clock, a_mention, a_watch
from tests.jobs.pipeline import Pipeline

LOST = "Acme lost the delivery of my blue harbour kettle!!"
HOUR = timedelta(hours=1)
DAY = Window(start=NOON - 12 * HOUR, end=NOON + 12 * HOUR)


@pytest.fixture
def pipeline(sql_store: SqlStore, clock: Clock) -> Pipeline:
    return Pipeline(sql_store, clock, watches=(a_watch(own_accounts=("acme",)),))


def bot(text: str, name: str, author: str = "newsbot", **changed: object) -> Mention:
    return a_mention(text, name, author=author, by_bot=True, **changed)


def complaints(count: int) -> list[Mention]:
    things = ("kettle", "vase", "lamp", "sofa", "mirror", "ladder", "curtain", "drill")
    return [
        a_mention(f"Acme lost the delivery of my {thing}{thing}!!", f"c{n}", author=f"p{n}")
        for n, thing in enumerate(things[:count])
    ]


def steps(pipeline: Pipeline) -> list[Step]:
    return [fact.step for fact in pipeline.store.facts(1)]


# Complaints


def test_it_is_stored_and_nobody_hears_of_it(pipeline: Pipeline) -> None:
    pipeline.hear([bot(LOST, "1"), bot("Acme lost the delivery of a vase!!", "2", reply_to="1")])
    assert [len(pipeline.report.posts(name)) for name in ("1", "2")] == [1, 1]
    assert (pipeline.store.case(1), pipeline.wire.wire, pipeline.report.counts()["verdicts"]) == (None, [], 0)


@pytest.mark.parametrize("is_first", [True, False], ids=["before it", "after it"])
def test_its_copy_of_a_complaint_leaves_the_complaint_what_it_is(pipeline: Pipeline, is_first: bool) -> None:
    both = [bot(f"RT @ann: {LOST}", "copy"), a_mention(LOST, "1")]
    for one in both if is_first else both[::-1]:
        pipeline.hear([one])
    assert pipeline.told() == {"team": [["1"]]}
    assert [post["native_id"] for post in pipeline.report.case_members(1)] == ["1"]
    assert pipeline.report.members(1)[0]["author"] == "ann"
    assert pipeline.report.posts("copy")[0]["text"] == f"RT @ann: {LOST}"


def test_its_answer_in_a_conversation_is_none_and_breaks_no_thread(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention(LOST, "1")])
    pipeline.clock.move(minutes=1)
    pipeline.hear([bot("Acme has a page about that", "2", reply_to="1", posted_at=pipeline.clock())])
    assert (steps(pipeline), case_state(pipeline)) == ([], State.NEW)
    pipeline.hear([a_mention("Acme, still nothing, and no price!!", "3", reply_to="2", posted_at=pipeline.clock())])
    assert (steps(pipeline), pipeline.store.case(2)) == ([Step.WROTE_AGAIN], None)


def case_state(pipeline: Pipeline) -> State | None:
    case = pipeline.store.case(1)
    return case.state if case else None


@pytest.mark.parametrize("author", ["acme", "@Acme"])
def test_our_own_automated_account_answers_a_case(pipeline: Pipeline, author: str) -> None:
    pipeline.hear([a_mention(LOST, "1")])
    pipeline.clock.move(minutes=1)
    pipeline.hear([bot("We are sorry and look for it", "2", author, reply_to="1", posted_at=pipeline.clock())])
    assert steps(pipeline) == [Step.ANSWER_SEEN]
    case = pipeline.store.case(1)
    assert case is not None
    assert case.answered_at == pipeline.clock()


def test_it_is_ours_for_one_brand_and_a_strangers_for_another(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch(own_accounts=("acme",)), a_watch("Bolt"))
    pipeline.hear([bot("Acme and Bolt lost the delivery!!", "1", "acme")])
    kept = {post["brand"]: post["is_own"] for post in pipeline.report.posts("1")}
    assert (kept, pipeline.wire.wire) == ({"Acme": True, "Bolt": False}, [])
    assert (pipeline.store.spoke("Acme", DAY), pipeline.store.spoke("Bolt", DAY)) == (0, 0)


# Figures


def figures(pipeline: Pipeline) -> tuple[object, ...]:
    store, today = pipeline.store, date(NOON.year, NOON.month, NOON.day)
    digest = make_digest(store, "Acme", today, 1, UTC, NOON + 12 * HOUR)
    return (
        digest,
        store.posts_of("Acme", DAY),
        store.spoke("Acme", DAY),
        store.talk("Acme", DAY),
        store.talk_of("Acme", DAY, ()),
        store.talk_by_hour("Acme", DAY, ()),
        store.most_talk_of("Acme", DAY),
        store.talk_in("Acme", DAY, 20),
        store.crowds("Acme", DAY, ()),
        store.by_hour("Acme", DAY, ()),
        list(store.of_both("Acme", "Bolt", DAY)),
        list(pipeline.report.judged(DAY.start, DAY.end)),
        pipeline.report.case_counts(DAY.start),
    )


def test_no_figure_changes_by_what_automated_accounts_write(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch(own_accounts=("acme",)), a_watch("Bolt"))
    pipeline.hear([*complaints(5), a_mention("Acme or Bolt, who knows", "b", author="kim")])
    before = figures(pipeline)
    flood: Sequence[Mention] = [
        *(bot(f"Acme is better than Bolt, says offer {n}", f"f{n}", f"bot{n % 40}") for n in range(400)),
        *(bot(f"Leaving Acme for Bolt!! {n}", f"g{n}", f"bot{n}") for n in range(50)),
        *(bot(one.text, f"h{n}", "repeater", reply_to=one.id) for n, one in enumerate(complaints(5))),
    ]
    pipeline.hear(flood)
    assert pipeline.report.found("news", NOON - HOUR)[0] == len(flood) * 2 - 5 + 7
    assert figures(pipeline) == before


def test_what_was_taken_back_is_in_no_figure_either(pipeline: Pipeline) -> None:
    pipeline.hear(complaints(2))
    before = figures(pipeline)
    pipeline.hear([bot("Acme offers a lamp", "1")])
    with pipeline.store.begin() as transaction:
        forget(transaction, [("social", "1")], pipeline.clock())
    (post,) = pipeline.report.posts("1")
    assert (post["text"], post["author"]) == ("", None)
    assert figures(pipeline) == before
