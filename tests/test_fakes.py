"""The fakes do what a real plugin is asked to do, so that a test with them means something."""

from datetime import timedelta

import pytest

from monitor.core.errors import Busy, Doubtful, Unavailable
from monitor.core.mention import Mention
from monitor.ports import Classifier, Collector, Notifier, Receipt, Round
from monitor.testing.fakes import (
    NOON,
    Clock,
    FakeClassifier,
    FakeCollector,
    FakeNotifier,
    a_cause,
    a_complaint,
    a_mention,
    a_message,
    a_page,
    a_watch,
    crowd,
)


def read(collector: Collector, cursor: str | None = None) -> list[Mention]:
    return [
        mention
        for page in collector.pages(Round(watches=(), cursor=cursor, since=NOON, now=NOON))
        for mention in page.mentions
    ]


def test_a_collector_goes_on_where_it_was_left() -> None:
    collector = FakeCollector()
    for mention in crowd(3):
        collector.add(mention)
    assert [mention.id for mention in read(collector)] == ["1", "2", "3"]
    assert [mention.id for mention in read(collector, "2")] == ["3"]
    assert read(collector, "3") == []
    assert len(read(collector, "unknown")) == 3
    assert [asked.cursor for asked in collector.asked] == [None, "2", "3", "unknown"]


def test_a_collector_breaks_after_its_pages() -> None:
    collector = FakeCollector(a_page(a_mention()), error=Unavailable("down"))
    pages = collector.pages(Round(watches=(), cursor=None, since=NOON, now=NOON))
    assert next(pages).mentions == (a_mention(),)
    with pytest.raises(Unavailable):
        next(pages)


def test_a_classifier_answers_every_text_by_its_rule() -> None:
    classifier: Classifier = FakeClassifier(topics=("price",))
    scores = classifier.score(["fine", "the price!!"])
    assert [(score.complaint, score.topics) for score in scores] == [(0.1, ()), (0.9, (("price", 1.0),))]
    assert classifier.score([]) == []


def test_a_notifier_finds_what_arrived_and_nothing_else() -> None:
    fake = FakeNotifier(outcomes=[Busy("down"), None], lost_answers=[Doubtful("no answer")])
    notifier: Notifier = fake
    for kind in (Busy, Doubtful):
        assert notifier.find(a_message(), None, NOON) is None
        with pytest.raises(kind):
            notifier.send(a_message(), None)
    assert notifier.find(a_message(), None, NOON) == Receipt(reference="acme/1")
    assert (fake.keys, fake.attempts, fake.pace) == (["acme/1"], 2, timedelta(0))


def test_a_clock_moves_only_when_it_is_moved() -> None:
    clock = Clock()
    assert clock() == clock() == NOON
    assert clock.move(hours=1, minutes=5) == clock() == NOON + timedelta(minutes=65)


def test_builders_take_changes() -> None:
    assert a_mention("x", "7", author=None).author is None
    assert a_watch("Apex", languages=("de",)).terms == ("Apex",)
    assert a_cause(id=3).key.endswith("/3")
    assert a_complaint(followers=5).followers == 5
    assert a_message("k", title="t").title == "t"
    assert len({mention.text for mention in crowd(100)}) == 100
