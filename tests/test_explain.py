"""Explain: the story of one post for each fate it can have, from stored facts."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.errors import Refused
from monitor.core.routing import Matching, QuietHours, Route
from monitor.core.verdict import Label, Word
from monitor.explain import explain, explain_cause
from monitor.jobs.triage import TriageRules
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, Clock, FakeClassifier, a_mention, a_watch
from tests.jobs.pipeline import Pipeline


@pytest.fixture
def pipeline(store: SqlStore, clock: Clock) -> Pipeline:
    return Pipeline(store, clock)


def story(pipeline: Pipeline, named: str = "1") -> list[str]:
    return explain(pipeline.report, named, pipeline.rules, pipeline.clock())


def test_a_complaint_that_was_told(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost the delivery!!")])
    assert story(pipeline) == [
        "social 1 by @ann, 2026-11-02 11:59 UTC",
        "  “Acme lost the delivery!!”",
        "collected  2026-11-02 12:00 UTC by source news, 1 min after it was posted",
        "matched    Acme, by: Acme",
        "judged     complaint (0.900, topics: delivery) by fake@1, 2026-11-02 12:00 UTC",
        "filed      topic-2026-11/acme/delivery/1, opened by a post of 2026-11-02 11:59 UTC",
        "case       case/1, level 3, new",
        "told       team: Answer today · delivery · Acme (first complaint), sent 2026-11-02 12:00 UTC",
    ]


def test_the_words_that_carried_a_verdict_are_named_for_the_model_that_made_it(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme LOST the delivery!!")])
    words = pipeline.classifier.explain

    def explained(model: str, text: str) -> tuple[Word, ...]:
        return words(text) if model == "fake@1" else ()

    lines = explain(pipeline.report, "1", pipeline.rules, pipeline.clock(), explained)
    assert lines[5] == "  carried by “LOST” (0.10): so much of it falls as they are left out in turn"


def test_a_post_is_found_by_its_address_too(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention()])
    assert story(pipeline, "https://social.example/1") == story(pipeline, "1") != []


@pytest.mark.parametrize("number", ["98765432109876543210", "9" * 5_000, "٣"])
def test_an_address_that_ends_in_a_number_is_no_case(pipeline: Pipeline, number: str) -> None:
    assert explain_cause(pipeline.report, f"https://social.example/{number}") == []


def test_a_post_that_was_never_stored_has_no_story(pipeline: Pipeline) -> None:
    assert story(pipeline, "nobody knows") == []


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.1, "told       nobody: it is not taken for a complaint"),
        (0.6, "told       nobody: it is not sure enough for an alert"),
    ],
)
def test_a_post_below_the_threshold(pipeline: Pipeline, probability: float, words: str) -> None:
    pipeline.classifier = FakeClassifier(lambda _: probability)
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1] == words


def test_the_brands_own_words(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch(own_accounts=("ann",)),)
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1] == "judged     not at all: these are the brand's own words"


def test_what_an_automated_account_wrote(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention(by_bot=True)])
    assert story(pipeline)[-1] == "judged     not at all: written by an automated account"


def test_a_post_that_waits_for_the_classifier(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention())
    pipeline.collect()
    assert story(pipeline)[-1] == "judged     not yet: it waits for the classifier"


def test_a_complaint_that_waits_for_triage(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention())
    pipeline.collect()
    pipeline.judge()
    assert story(pipeline)[-1] == "filed      not yet: it waits for triage"


def test_a_complaint_held_back_by_quiet_hours(pipeline: Pipeline) -> None:
    quiet = QuietHours(start=time(8), end=time(20), zone=ZoneInfo("Europe/Berlin"))
    pipeline.rules = TriageRules(routes=(Route(name="night", targets=("team",), quiet=quiet),))
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1] == "told       not yet team: quiet hours (route night)"


def test_a_complaint_held_back_by_a_pause_or_a_silence(pipeline: Pipeline) -> None:
    pipeline.store.add_silence(Matching(), NOON + timedelta(hours=1), "kim", "known", NOON)
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1] == "told       not yet team: a pause after the last message, or a silence (route all)"


def test_a_complaint_that_no_route_leads_anywhere(pipeline: Pipeline) -> None:
    pipeline.rules = TriageRules(routes=(Route(name="x", targets=("team",), matching=Matching(brands=("Apex",))),))
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1] == "told       nobody: no route led anywhere when it was filed"


def test_a_message_that_was_refused(pipeline: Pipeline) -> None:
    pipeline.wire.outcomes = [Refused("channel_not_found")]
    pipeline.hear([a_mention()])
    assert story(pipeline)[-1].endswith("(first complaint), dead since 2026-11-02 12:00 UTC: channel_not_found")


def test_a_message_that_was_not_sent_yet(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention())
    pipeline.collect()
    pipeline.judge()
    pipeline.triage()
    assert story(pipeline)[-1].endswith("(first complaint), pending since 2026-11-02 12:00 UTC")


def test_a_correction_by_a_person(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention()])
    (post,) = pipeline.report.posts("1")
    pipeline.store.correct(post["id"], Label.OTHER, "kim", "a joke", NOON)
    assert "corrected  to other by kim: a joke" in story(pipeline)


def test_a_post_about_two_brands_has_two_stories(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch("Acme"), a_watch("Apex"))
    pipeline.hear([a_mention("Acme and Apex!!", author=None)])
    told = story(pipeline)
    assert told.count("") == 1
    assert [line for line in told if line.startswith("matched")] == [
        "matched    Acme, by: Acme",
        "matched    Apex, by: Apex",
    ]
    assert "by unknown author" in told[0]


def test_words_that_a_person_has_overruled(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme is killing it!!", "1")])
    with pipeline.store.begin() as transaction:
        transaction.correct_case(1, Label.OTHER, "ann", "praise", pipeline.clock())
    pipeline.clock.move(minutes=30)
    pipeline.hear([a_mention("ACME is killing it!!", "2", posted_at=pipeline.clock())])
    assert story(pipeline, "2")[-1] == (
        "filed      nowhere: a person has said of these words of this author that they are no complaint"
    )
