"""Triage: one message about one thing, growth is said, and every complaint is told once to every target."""

import random
import shutil
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.cause import EpisodeRule
from monitor.core.message import Message, Tone
from monitor.core.routing import Matching, QuietHours, Route
from monitor.explain import explain_cause
from monitor.jobs.triage import Triaged, TriageRules, triage
from monitor.store.connection import open_engine
from monitor.store.sql import SqlStore
from monitor.testing.fakes import NOON, Clock, FakeNotifier, a_mention, a_watch, crowd
from tests.jobs.pipeline import Pipeline

NIGHT = QuietHours(start=time(22), end=time(7), zone=ZoneInfo("Europe/Berlin"), breaks_through=("safety",))


def test_one_complaint_one_message(pipeline: Pipeline) -> None:
    triaged = pipeline.hear([a_mention("Acme lost the delivery!!")])
    assert (triaged.filed, triaged.alerts, triaged.next_at) == (1, 1, None)
    assert pipeline.wire.titles == ["Answer today · delivery · Acme"]
    assert pipeline.triage().alerts == 0


def test_the_first_alert_about_a_burst_says_how_many(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(41))
    assert pipeline.wire.titles == ["Incident: 41 people at once · other · Acme"]
    assert pipeline.wire.wire[0].more == 38
    assert pipeline.told() == {"team": [[str(n) for n in range(1, 42)]]}


def test_p05_five_hundred_at_once_are_three_messages_from_which_all_are_reached(pipeline: Pipeline) -> None:
    texts = ("Acme lost delivery {}!!", "Acme price {} is wrong!!", "Acme lamp {} broke!!")
    posts = [post for number, text in enumerate(texts) for post in crowd(167, text, first=1 + 1_000 * number)]
    pipeline.hear(posts[:500])
    assert sorted(title.split(": ")[1] for title in pipeline.wire.titles) == [
        "166 people at once · other · Acme",
        "167 people at once · delivery · Acme",
        "167 people at once · price · Acme",
    ]
    told = [post for message in pipeline.told()["team"] for post in message]
    assert len(told) == len(set(told)) == 500
    for message in pipeline.wire.wire:
        key = dict(message.facts)["All of them"].removeprefix("umbrage explain ")
        assert len(list(explain_cause(pipeline.report, key))) >= 166


def test_up_to_three_customers_get_messages_of_their_own(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(2))
    pipeline.clock.move(minutes=1)
    pipeline.hear(crowd(1, first=3))
    assert pipeline.wire.titles == ["Answer today · other · Acme"] * 3
    assert pipeline.told() == {"team": [["1"], ["2"], ["3"]]}


def test_more_than_three_within_a_quarter_of_an_hour_are_an_incident(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(3))
    pipeline.clock.move(minutes=14)
    pipeline.hear(crowd(1, first=4))
    assert pipeline.reasons() == ["first complaint"] * 3 + ["several people at once"]
    assert pipeline.wire.titles[3:] == ["Incident: 4 people at once · other · Acme"]


def test_more_than_three_in_a_longer_time_are_none(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(3))
    pipeline.clock.move(minutes=15)
    pipeline.hear(crowd(1, first=4))
    assert pipeline.reasons() == ["first complaint"] * 4


def test_more_of_an_incident_is_a_quiet_word_in_its_thread(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(5))
    pipeline.clock.move(minutes=1)
    held = pipeline.hear(crowd(2, first=6))
    assert (held.alerts, held.next_at) == (0, NOON + timedelta(minutes=10))
    pipeline.clock.move(minutes=9)
    pipeline.work()
    first, more = pipeline.wire.wire
    assert (more.title, more.tone, more.thread) == ("2 more · other · Acme", Tone.QUIET, first.key)
    assert pipeline.wire.threads[1] is not None
    assert pipeline.wire.threads[1].reference == first.key


def test_growth_is_a_new_message_and_later_follow_ups_go_under_it(pipeline: Pipeline) -> None:
    pipeline.hear(crowd(4))
    pipeline.clock.move(minutes=1)
    pipeline.hear(crowd(5, first=5))
    pipeline.clock.move(minutes=30)
    pipeline.hear(crowd(1, first=10))
    first, growing, more = pipeline.wire.wire
    assert pipeline.reasons() == ["several people at once", "more people", "more of the same"]
    assert growing.title == "Growing: 9 people complain · other · Acme"
    assert growing.thread is None
    assert more.thread == growing.key != first.key


def test_pauses_between_follow_ups_of_one_customer_double(pipeline: Pipeline) -> None:
    said_at = []
    for minute in range(0, 181, 5):
        pipeline.clock.now = NOON + timedelta(minutes=minute)
        before = len(list(pipeline.report.all_alerts()))
        text = f"Acme is bad again and again {'x' * minute}!!"
        pipeline.hear([a_mention(text, str(minute), posted_at=pipeline.clock())])
        if len(list(pipeline.report.all_alerts())) > before:
            said_at.append(minute)
    assert said_at == [0, 10, 30, 70, 130]


def test_three_hundred_copies_are_one_voice(pipeline: Pipeline) -> None:
    pipeline.hear([a_mention("Acme lost my parcel!!", "first")])
    pipeline.clock.move(minutes=1)
    copies = [a_mention("RT @ann: Acme lost my parcel!!", f"c{n}", author=f"bot{n}") for n in range(300)]
    assert pipeline.hear(copies).alerts == 0
    pipeline.clock.move(minutes=10)
    pipeline.work()
    assert pipeline.reasons() == ["first complaint", "more of the same"]


def test_p58_one_complaint_on_three_platforms_is_three_mentions_and_one_alert(pipeline: Pipeline) -> None:
    words = "Acme lost the delivery, again!!"
    posts = [a_mention(words, "1", author="ann", platform=name) for name in ("x", "bluesky", "mastodon")]
    assert pipeline.hear(posts).filed == 3
    assert [len(told) for told in pipeline.told()["team"]] == [3]
    assert len(pipeline.wire.wire[0].quotes) == 1, "the same words are quoted once"


def test_two_topics_are_two_cases(pipeline: Pipeline) -> None:
    pipeline.hear(
        [
            a_mention("Acme delivery!!"),
            a_mention("Acme price!!", "2", author="bob"),
            a_mention("Acme delivery late!!", "3"),
        ]
    )
    assert sorted(pipeline.wire.titles) == ["Answer today · delivery · Acme", "Answer today · price · Acme"]
    assert pipeline.told() == {"team": [["1", "3"], ["2"]]}, "one person about one thing is one case"


def test_a_post_about_two_brands_is_told_for_both(pipeline: Pipeline) -> None:
    pipeline.watches = (a_watch("Acme"), a_watch("Apex"))
    pipeline.hear([a_mention("Acme and Apex!!")])
    assert sorted(pipeline.wire.titles) == ["Answer today · other · Acme", "Answer today · other · Apex"]


@pytest.mark.parametrize(
    ("hours", "titles"),
    [
        ([0, 25], ["Answer today · other · Acme", "Answer today · other · Acme"]),
        ([0, 7], ["Answer today · other · Acme", "1 more · other · Acme"]),
        ([0, 5], ["Answer today · other · Acme", "1 more · other · Acme"]),
    ],
    ids=["a new episode", "a new episode, but the same person within a day", "the same episode"],
)
def test_after_a_quiet_time_it_is_a_new_case(pipeline: Pipeline, hours: list[int], titles: list[str]) -> None:
    for number, hour in enumerate(hours):
        pipeline.clock.now = NOON + timedelta(hours=hour)
        pipeline.hear([a_mention(f"Acme {'very ' * number}bad!!", str(number), posted_at=pipeline.clock())])
    assert [title.split(" · team")[0] for title in pipeline.wire.titles] == titles


def test_episodes_are_told_apart_also_within_one_batch(pipeline: Pipeline) -> None:
    pipeline.hear(
        a_mention(f"Acme {'very ' * n}bad!!", str(n), author=f"ann{n}", posted_at=NOON - timedelta(hours=22 - 10 * n))
        for n in range(3)
    )
    assert [cause.episode for cause, _ in pipeline.report.all_causes()] == [1, 2, 3]
    assert pipeline.told() == {"team": [["0"], ["1"], ["2"]]}


def test_an_episode_ends_when_it_is_old_however_busy(pipeline: Pipeline) -> None:
    pipeline.rules = TriageRules(routes=pipeline.rules.routes, episodes=EpisodeRule(longest=timedelta(hours=8)))
    for number in range(10):
        posted = NOON + timedelta(hours=number)
        pipeline.clock.now = posted
        pipeline.hear([a_mention(f"Acme {'very ' * number}bad!!", str(number), posted_at=posted)])
    assert [len(posts) for _, posts in pipeline.report.all_causes()] == [8, 2]


def night(*targets: str) -> TriageRules:
    return TriageRules(routes=(Route(name="night", targets=targets or ("team",), quiet=NIGHT),))


def test_quiet_hours_hold_back_and_then_catch_up_in_one_message(pipeline: Pipeline) -> None:
    pipeline.rules = night()
    morning = datetime.fromisoformat("2026-11-03T06:00Z")
    for hour in range(8):
        pipeline.clock.now = datetime.fromisoformat("2026-11-02T22:00Z") + timedelta(hours=hour)
        triaged = pipeline.hear(crowd(3, first=1 + 3 * hour, posted_at=pipeline.clock()))
        assert (triaged.alerts, triaged.next_at) == (0, morning)
    pipeline.clock.now = morning
    pipeline.work()
    assert pipeline.wire.titles == ["Incident: 24 people at once · other · Acme"]


def test_what_is_dangerous_is_told_at_night(pipeline: Pipeline) -> None:
    pipeline.rules = night()
    pipeline.classifier.topics = ("safety", "delivery")
    pipeline.clock.now = datetime.fromisoformat("2026-11-02T23:00Z")
    pipeline.hear([a_mention("Acme safety!!"), a_mention("Acme delivery!!", "2")])
    assert pipeline.wire.titles == ["Answer within the hour · safety · Acme"]


def test_a_silence_holds_and_what_was_held_is_told_when_it_ends(pipeline: Pipeline) -> None:
    until = NOON + timedelta(hours=2)
    pipeline.store.add_silence(Matching(topics=("delivery",)), until, "kim", "known", pipeline.clock())
    triaged = pipeline.hear([a_mention("Acme delivery!!"), a_mention("Acme price!!", "2", author="bob")])
    assert pipeline.wire.titles == ["Answer today · price · Acme"]
    assert triaged.next_at == until
    pipeline.clock.move(hours=1)
    pipeline.hear(crowd(3, "Acme delivery {} is late!!", first=3))
    pipeline.clock.now = until
    pipeline.work()
    assert pipeline.wire.titles[1:] == ["Incident: 4 people at once · delivery · Acme"]


def test_two_targets_have_states_of_their_own(pipeline: Pipeline) -> None:
    pipeline.targets = {"day": FakeNotifier(), "always": FakeNotifier()}
    pipeline.rules = TriageRules(
        routes=(
            Route(name="a", targets=("day",), quiet=NIGHT, stop=False),
            Route(name="b", targets=("always",)),
        )
    )
    pipeline.clock.now = datetime.fromisoformat("2026-11-03T05:40Z")
    pipeline.hear(crowd(2, posted_at=pipeline.clock()))
    pipeline.clock.move(minutes=15)
    pipeline.hear(crowd(2, first=3, posted_at=pipeline.clock()))
    pipeline.clock.move(minutes=5)
    pipeline.work()
    assert pipeline.told() == {"day": [["1", "2", "3", "4"]], "always": [["1"], ["2"], ["3"], ["4"]]}
    assert pipeline.targets["day"].titles == ["Incident: 4 people at once · other · Acme"]
    assert pipeline.targets["always"].titles == ["Answer today · other · Acme"] * 4


def test_without_a_route_nobody_is_told_and_nothing_waits(pipeline: Pipeline) -> None:
    pipeline.rules = TriageRules(routes=(Route(name="a", targets=("team",), matching=Matching(brands=("Apex",))),))
    assert pipeline.hear(crowd(3)).alerts == 0
    pipeline.rules = TriageRules(routes=(Route(name="a", targets=("team",)),))
    pipeline.clock.move(hours=1)
    pipeline.work()
    assert pipeline.wire.wire == []


def by_platform() -> TriageRules:
    return TriageRules(
        routes=(
            Route(name="a", targets=("forum team",), matching=Matching(platforms=("forum",))),
            Route(name="b", targets=("everybody else",)),
        )
    )


def test_each_target_hears_of_its_platforms_only_and_nothing_is_lost(pipeline: Pipeline) -> None:
    pipeline.targets = {"forum team": FakeNotifier(), "everybody else": FakeNotifier()}
    pipeline.rules = by_platform()
    pipeline.hear(
        [*crowd(3, platform="forum"), *crowd(2, first=4, platform="social"), *crowd(1, first=6, platform="shop")]
    )
    assert len(pipeline.report.all_causes()) == 1
    assert pipeline.told() == {"forum team": [["1"], ["2"], ["3"]], "everybody else": [["4"], ["5"], ["6"]]}
    assert pipeline.triage() == Triaged()


def test_a_target_that_is_partly_silenced_hears_the_rest_now_and_everything_once(pipeline: Pipeline) -> None:
    until = NOON + timedelta(hours=2)
    pipeline.store.add_silence(Matching(platforms=("forum",)), until, "kim", "known", NOON)
    triaged = pipeline.hear([*crowd(2, platform="forum"), *crowd(2, first=3, platform="social")])
    assert (triaged.next_at, pipeline.told()) == (until, {"team": [["3"], ["4"]]})
    pipeline.clock.move(hours=1)
    pipeline.hear(crowd(1, first=5, platform="social"))
    assert pipeline.told() == {"team": [["3"], ["4"], ["5"]]}
    pipeline.clock.now = until
    assert pipeline.work().next_at is None
    assert pipeline.told() == {"team": [["3"], ["4"], ["5"], ["1"], ["2"]]}


@pytest.mark.parametrize(
    ("hours", "episode"), [(-1, 2), (2, 1), (10, 2), (19, 2), (21, 2)], ids=["before", "first", "gap", "near", "second"]
)
def test_a_late_post_joins_the_episode_of_its_time_or_else_the_newest(
    pipeline: Pipeline, hours: int, episode: int
) -> None:
    for number, hour in enumerate((0, 20)):
        pipeline.clock.now = NOON + timedelta(hours=hour)
        pipeline.hear([a_mention(f"Acme {'very ' * number}bad!!", f"p{number}", posted_at=pipeline.clock())])
    pipeline.clock.move(hours=1)
    pipeline.hear([a_mention("Acme is late!!", "late", posted_at=NOON + timedelta(hours=hours))])
    assert {c.episode: "late" in ids for c, ids in pipeline.report.all_causes()} == {1: episode == 1, 2: episode == 2}
    pipeline.clock.move(hours=2)
    pipeline.work()
    assert sorted(post for posts in pipeline.told()["team"] for post in posts) == ["late", "p0", "p1"]


def test_two_brands_never_share_the_key_of_a_message(pipeline: Pipeline) -> None:
    pipeline.watches = (
        a_watch("Acme!", terms=("Acme",)),
        a_watch("acme", terms=("Acme",)),
        a_watch("😡", terms=("Acme",)),
    )
    pipeline.hear([a_mention()])
    assert len(set(pipeline.wire.keys)) == 3


COUNTERFACTUALS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"text": "Acme, could you please look for my parcel!!"}, {"text": "ACME YOU IDIOTS WHERE IS MY PARCEL!!"}),
    ({"followers": 50}, {"followers": 50_000}),
    ({"reposts": 0}, {"reposts": 9_000}),
]


@pytest.mark.parametrize(("one", "other"), COUNTERFACTUALS, ids=["polite or rude", "followers", "reposts"])
def test_rudeness_and_reach_change_nothing(
    tmp_path: Path, sqlite_template: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    stories = []
    for name, facts in (("one", one), ("other", other)):
        path = tmp_path / f"{name}.db"
        shutil.copyfile(sqlite_template, path)
        story = Pipeline(SqlStore(open_engine(f"sqlite:///{path}", durable=False)), Clock())
        story.hear(crowd(3))
        for minute in (2, 9):
            story.clock.move(minutes=minute)
            story.hear([a_mention(**({"id": f"x{minute}"} | facts))])
        stories.append([(row["created_at"], row["reason"], posts) for row, _, posts in story.report.all_alerts()])
        story.store.engine.dispose()
    assert stories[0] == stories[1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_every_complaint_is_told_exactly_once_to_every_target(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, seed: int, count: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.mktemp("told") / "umbrage.db"
    shutil.copyfile(sqlite_template, path)
    pipeline = Pipeline(SqlStore(open_engine(f"sqlite:///{path}", durable=False)), Clock())
    pipeline.targets = {"day": FakeNotifier(), "always": FakeNotifier()}
    pipeline.rules = TriageRules(
        routes=(
            Route(name="a", targets=("day",), quiet=NIGHT, stop=False),
            Route(name="b", targets=("always",)),
        )
    )
    posts = [
        a_mention(
            f"Acme {chance.choice(['delivery', 'price', ''])} {chance.choice('abcdef') * 3}!!",
            str(number),
            author=chance.choice(["ann", "bob", "cid", None]),
            posted_at=NOON - timedelta(minutes=chance.randrange(20 * 60)),
        )
        for number in range(count)
    ]
    while posts:
        size = chance.randint(1, 12)
        batch, posts = posts[:size], posts[size:]
        if chance.random() < 0.2:
            pipeline.store.add_silence(
                Matching(topics=("price",)), pipeline.clock() + timedelta(minutes=90), "kim", "", pipeline.clock()
            )
        pipeline.hear(batch)
        pipeline.clock.move(minutes=chance.choice([0, 1, 15, 300]))
    while (wake := pipeline.work().next_at) is not None:
        pipeline.clock.now = wake
    told = {
        target: sorted(post for posts in messages for post in posts) for target, messages in pipeline.told().items()
    }
    everything = sorted(str(number) for number in range(count))
    assert told == {"day": everything, "always": everything}
    for notifier in pipeline.targets.values():
        assert len(set(notifier.keys)) == len(notifier.keys)
    pipeline.store.engine.dispose()


def test_the_database_is_free_while_the_model_says_what_carried_a_verdict(pipeline: Pipeline) -> None:
    pipeline.collector.add(a_mention("Acme lost my parcel!!"))
    pipeline.collect()
    pipeline.judge()
    asked: list[str] = []

    def words(text: str) -> list[str]:
        with pipeline.store.begin() as transaction:
            transaction.enqueue("team", Message(key=f"meanwhile/{len(asked)}", title="Meanwhile"), pipeline.clock())
        asked.append(text)
        return ["lost"]

    assert triage(pipeline.store, pipeline.rules, pipeline.clock(), words).alerts == 1
    pipeline.deliver()
    assert asked == ["Acme lost my parcel!!"]
    (message,) = [told for told in pipeline.wire.wire if told.title != "Meanwhile"]
    assert "“lost”" in str(message.to_json())
