"""The do-not-engage list over a real store: counted, not told, until it is over; what must be acted on now is told."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from monitor.core.case import Case, NotAllowed, State, Step
from monitor.core.engagement import FACT, SPANS, Person
from monitor.core.mention import Mention
from monitor.core.routing import Route
from monitor.jobs.digest import make_digest
from monitor.jobs.engagement import end_early
from monitor.jobs.remind import remind
from monitor.jobs.triage import TriageRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import FakeNotifier, a_mention
from tests.jobs.pipeline import Pipeline
from tests.jobs.test_cases import RULES, case, facts, lines, step

RAGE = "troll"
WHY = "insults the staff by name"
Hear = Callable[..., None]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """An empty store of either kind."""
    found: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(autouse=True)
def threads(pipeline: Pipeline) -> None:
    pipeline.rules = TriageRules(routes=(Route(name="all", targets=("team",)),), cases=RULES)
    pipeline.targets = {"team": FakeNotifier(has_threads=True)}


@pytest.fixture
def hear(pipeline: Pipeline) -> Hear:
    """Somebody writes; the next number is the post's id."""
    numbers = iter(range(1, 100))

    def say(text: str, author: str = RAGE, **more: Any) -> None:
        pipeline.clock.move(minutes=20)
        post: Mention = a_mention(text, str(next(numbers)), author=author, posted_at=pipeline.clock(), **more)
        pipeline.hear([post])

    return say


@pytest.fixture
def listed(pipeline: Pipeline, hear: Hear) -> Pipeline:
    """A person was put on the list for 90 days, on their first case."""
    hear("Acme lost the delivery of my kettle, you idiots!!")
    step(pipeline, Step.DO_NOT_ENGAGE, note=WHY, until=pipeline.clock() + SPANS["90d"])
    return pipeline


def parents(pipeline: Pipeline) -> list[str]:
    """The titles of messages of their own, as they are now."""
    return [message.title for message in pipeline.wire.wire if message.edits or not message.thread]


def ended(found: Case) -> bool:
    return found.state is State.NOT_ENGAGED


def test_the_message_and_its_thread_say_so(listed: Pipeline) -> None:
    assert ended(case(listed))
    said = dict(listed.wire.wire[0].facts)
    assert said[FACT].startswith("with this person until 20")
    assert said[FACT].endswith(", says Ann")
    assert "nor anything of this person until 20" in lines(listed)[-1]


def test_what_they_write_later_is_filed_and_told_to_nobody(listed: Pipeline, hear: Hear) -> None:
    shown = len(listed.wire.wire)
    hear("Acme and their silly price of a toaster, thieves!!")
    assert len(listed.wire.wire) == shown
    assert listed.triage().next_at is None, "nothing waits"
    new = case(listed, 2)
    assert (ended(new), new.told_at, new.cause) == (True, None, 2)
    (fact,) = facts(listed, 2)
    assert (fact.by, fact.name, fact.via, fact.note) == ("umbrage", "Ann", "do-not-engage list", WHY)
    assert remind(listed.store, RULES, listed.clock() + timedelta(days=5)) == 0
    assert listed.store.open_cases_of() == []
    assert len(listed.report.case_members(2)) == 1, "it is filed, and so it is counted"


def test_the_digest_counts_it_and_does_not_call_it_waiting(listed: Pipeline, hear: Hear) -> None:
    day = listed.clock().date()
    hear("Acme and their silly price of a toaster, thieves!!")
    digest = make_digest(listed.store, "Acme", day, 1, UTC, listed.clock())
    assert (digest.basics.complaints.now, digest.basics.open_unanswered) == (2, 0)


def test_the_same_name_elsewhere_is_somebody_else(listed: Pipeline, hear: Hear) -> None:
    hear("Acme and the price of the blender, a scandal!!", platform="elsewhere")
    hear("Acme wants a price for the oven, shame on them!!", author="somebody")
    assert len(parents(listed)) == 3


def test_what_must_be_acted_on_now_is_told_and_says_what_was_decided(listed: Pipeline, hear: Hear) -> None:
    hear("Acme, the price is that the toaster caught fire and I am in hospital!!")
    assert parents(listed)[-1].startswith("Act now")
    message = [one for one in listed.wire.wire if not one.thread][-1]
    assert WHY in dict(message.facts)[FACT]
    assert "must be acted on now" in dict(message.facts)[FACT]
    assert case(listed, 2).is_open


def test_what_was_not_told_is_told_once_it_must_be_acted_on_now(listed: Pipeline, hear: Hear) -> None:
    hear("Acme and their silly price of a toaster, thieves!!")
    hear("Acme, that price, and now the toaster caught fire and I am in hospital!!")
    assert case(listed, 2).is_open
    assert parents(listed)[-1].startswith("Act now")


def test_when_it_is_over_its_owner_is_told_once_and_posts_alert_again(listed: Pipeline, hear: Hear) -> None:
    listed.clock.move(days=91)
    assert remind(listed.store, RULES, listed.clock()) == 1
    listed.deliver()
    told = listed.wire.wire[-1]
    assert told.title.startswith("The time in which nobody answers this person is over")
    assert told.pings == ("U1",)
    assert dict(told.facts) == {"Decided by": "Ann", "Why": WHY}
    assert remind(listed.store, RULES, listed.clock()) == 0
    hear("Acme and their silly price of a toaster, thieves!!")
    assert parents(listed)[-1] == "Answer today · price · Acme"
    assert case(listed, 2).is_open


def test_a_conversation_that_ended_because_of_the_list_goes_on_when_it_is_over(listed: Pipeline, hear: Hear) -> None:
    hear("Acme and their silly price of a toaster, thieves!!")
    listed.clock.move(days=91)
    hear("Acme, the price of that toaster is still a scandal!!", reply_to="2")
    assert case(listed, 2).is_open
    assert facts(listed, 2)[-1].note == "the time in which nobody answered this person is over"
    assert len(parents(listed)) == 2, "told for the first time"


def test_somebody_else_who_copies_their_words_is_heard(listed: Pipeline, hear: Hear) -> None:
    words = "Acme asks a ridiculous price for the simplest toaster on the whole wide market, avoid them at all costs!!"
    hear(words)
    assert ended(case(listed, 2))
    hear(words, author="somebody")
    assert case(listed, 2).is_open
    assert len(parents(listed)) == 2
    assert "somebody" in listed.wire.wire[-2].quotes[0].where


def test_their_other_case_is_not_opened_again_by_them(pipeline: Pipeline, hear: Hear) -> None:
    hear("Acme lost the delivery of my kettle, you idiots!!")
    step(pipeline, Step.CLOSE, note="they are happy")
    hear("Acme and their silly price of a toaster, thieves!!")
    step(pipeline, Step.DO_NOT_ENGAGE, number=2, note=WHY, until=pipeline.clock() + SPANS["30d"])
    hear("Acme, the delivery of the kettle was late after all!!", reply_to="1")
    assert ended(case(pipeline, 1))
    assert [one.pings for one in pipeline.wire.wire if one.pings] == []


def test_opening_the_case_again_takes_them_off_the_list(listed: Pipeline, hear: Hear) -> None:
    step(listed, Step.REOPEN)
    assert FACT not in dict(listed.wire.wire[0].facts)
    assert listed.store.restrained(listed.clock()) == []
    listed.clock.move(days=1)
    hear("Acme and their silly price of a toaster, thieves!!")
    assert len(parents(listed)) == 2
    assert remind(listed.store, RULES, listed.clock() + timedelta(days=100)) >= 0
    assert "is over" not in str([message.title for message in listed.wire.wire])


def test_it_can_be_ended_early_and_be_decided_again(listed: Pipeline, hear: Hear) -> None:
    (entry,) = listed.store.restrained(listed.clock())
    assert (entry.person, entry.case, entry.name, entry.why) == (Person("Acme", "social", RAGE), 1, "Ann", WHY)
    assert end_early(listed.store, 1, listed.clock(), by="bob", name="bob", via="cli")
    assert not end_early(listed.store, 1, listed.clock(), by="bob", name="bob", via="cli")
    assert facts(listed)[-1].name == "bob"
    hear("Acme and their silly price of a toaster, thieves!!")
    assert len(parents(listed)) == 2
    step(listed, Step.DO_NOT_ENGAGE, number=2, note="again", until=listed.clock() + SPANS["30d"])
    (entry,) = listed.store.restrained(listed.clock())
    assert (entry.case, entry.why) == (2, "again")


def test_this_case_only_is_this_case_only(pipeline: Pipeline, hear: Hear) -> None:
    hear("Acme lost the delivery of my kettle, you idiots!!")
    step(pipeline, Step.DO_NOT_ENGAGE, note=WHY)
    hear("Acme and their silly price of a toaster, thieves!!")
    assert len(parents(pipeline)) == 2
    assert case(pipeline, 2).is_open


def test_what_cannot_be_decided(pipeline: Pipeline, hear: Hear) -> None:
    hear("Acme lost the delivery of my kettle!!", author=None)
    with pytest.raises(NotAllowed, match="nobody knows who wrote this"):
        step(pipeline, Step.DO_NOT_ENGAGE, note=WHY, until=pipeline.clock() + SPANS["30d"])
    with pytest.raises(NotAllowed, match="in the future"):
        step(pipeline, Step.DO_NOT_ENGAGE, note=WHY, until=pipeline.clock())
    assert case(pipeline).is_open
