"""Surges over a real store: said once, named as what they are, edited as they grow, and over when they are over."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert

from monitor.core.case import NotAllowed
from monitor.core.mark import Mark, Marked
from monitor.core.message import Message
from monitor.core.routing import Matching
from monitor.core.surge import Kind, Often, Scope, Surge
from monitor.jobs.digest import make_digest
from monitor.jobs.mark import mark
from monitor.jobs.steps import CaseRules
from monitor.jobs.surges import SurgeRules, SurgeWatch
from monitor.store.connection import writing
from monitor.store.schema import cases, causes, mentions, outbox, pulses
from monitor.store.sql import SqlStore
from monitor.store.stages import Stage

START = datetime(2026, 11, 2, tzinfo=UTC)
NOW = START + timedelta(days=14, hours=15)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RULES = SurgeRules(brands={"Acme": ("acme",)}, targets=("team",), threaded=frozenset({"team"}))


class World:
    """Complaints as they were filed, put straight into the tables."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.watch = SurgeWatch(RULES)
        self._numbers = count(1)
        self._dice = random.Random(3)
        with writing(store.engine) as connection:
            row = {"brand": "Acme", "topic": "x", "grouping": "g", "episode": 1, "opened_at": START}
            connection.execute(insert(causes), [row | {"id": 1}])
            connection.execute(insert(pulses), [{"source": "old", "hour": START, "seen": 1, "skipped": 0}])

    def weeks(self, platforms: int = 2) -> None:
        """Two weeks in which about two people an hour complain by day, some on a second platform, and three say other
        things."""
        for hour in range(14 * 24 + 15):
            at = START + hour * HOUR
            for _ in range(self._dice.choice([1, 2, 3]) if 8 <= hour % 24 < 20 else self._dice.choice([0, 0, 1])):
                topic = self._dice.choice(["delivery", "price"])
                self.complain([at + self._dice.random() * HOUR], topic=topic)
            if platforms > 1 and hour % 3 == 0:
                self.complain([at + self._dice.random() * HOUR], topic="price", platform="reviews")
            self.say([at + self._dice.random() * HOUR for _ in range(3)])

    def complain(
        self,
        moments: Iterable[datetime],
        topic: str = "delivery",
        author: str | None = None,
        case: int | None = None,
        text: str = "Acme courier lost parcel {n}",
        source: str = "old",
        platform: str = "social",
    ) -> None:
        """One complaint at each moment: each of another person with a case of their own, unless one is given."""
        opened: list[dict[str, Any]] = []
        posts = []
        for at in moments:
            number = next(self._numbers)
            if case is None or not opened:
                opened.append(_case(number, topic, at))
            of = opened[0]["id"] if case is not None else number
            post = _post(number, at, author, text.format(n=number), source)
            posts.append(post | {"cause_id": 1, "case_id": of, "platform": platform})
        self._insert(opened, posts)

    def say(self, moments: Iterable[datetime], text: str = "Acme is fine {n}", author: str | None = None) -> None:
        """Posts that are no complaints."""
        posts = []
        for at in moments:
            number = next(self._numbers)
            posts.append(_post(number, at, author, text.format(n=number), "old") | {"cause_id": None, "case_id": None})
        self._insert([], posts)

    def _insert(self, opened: list[dict[str, Any]], posts: list[dict[str, Any]]) -> None:
        with writing(self.store.engine) as connection:
            if opened:
                connection.execute(insert(cases), opened)
            connection.execute(insert(mentions), posts)

    def look(self, now: datetime = NOW) -> int:
        return self.watch.look(self.store, now)

    def told(self) -> list[Message]:
        with self.store.engine.connect() as connection:
            rows = connection.execute(outbox.select().order_by(outbox.c.id))
            return [Message.from_json(row.message) for row in rows]

    def surges(self) -> list[Surge]:
        return self.store.surges(START)

    def kinds(self) -> list[tuple[str, Kind]]:
        return [(one.topic, one.kind) for one in self.store.surges(START)]


def _case(number: int, topic: str, at: datetime) -> dict[str, Any]:
    fixed = {"cause_id": 1, "brand": "Acme", "level": 3, "reasons": [], "state": "new", "version": 0}
    return {"id": number, "topic": topic, "opened_at": at, "last_at": at, **fixed}


def _post(number: int, at: datetime, author: str | None, text: str, source: str) -> dict[str, Any]:
    who = {
        "native_id": f"n{number}",
        "author": author or f"a{number}",
        "platform": "social",
        "url": f"https://p.example/{number}",
    }
    fixed = {"brand": "Acme", "kind": "post", "is_own": False, "matched": ["acme"], "stage": Stage.DONE}
    when = {"posted_at": at, "collected_at": at}
    return {"id": number, "text": text, "source": source, "fingerprint": text, **who, **fixed, **when}


@pytest.fixture
def world(sql_store: SqlStore) -> World:
    found = World(sql_store)
    found.weeks()
    return found


def minutes_before(now: datetime, number: int, within: int = 50) -> list[datetime]:
    return [now - (1 + step * within / number) * MINUTE for step in range(number)]


def test_two_ordinary_weeks_bring_nothing(world: World) -> None:
    for hour in range(-48, 1):
        assert world.look(NOW + hour * HOUR) == 0


def test_many_independent_people_are_a_surge_told_once_with_its_evidence(world: World) -> None:
    world.complain(minutes_before(NOW, 25), text="Acme checkout crashed at payment {n}")
    assert world.look() == 1
    assert world.look() == 0
    assert world.kinds() == [("delivery", Kind.SURGE)]
    (notice,) = world.told()
    assert notice.title == "Surge of complaints · delivery · Acme"
    facts = dict(notice.facts)
    assert int(facts["Now"].split()[0]) >= 25
    assert "checkout crashed" in facts["Words that set it apart"] or "checkout" in facts["Words that set it apart"]
    assert len(notice.quotes) == 3
    assert all("checkout" in quote.text for quote in notice.quotes)
    assert facts["First post"]
    assert "chance alone" in notice.why[0]


def test_it_is_found_within_an_hour_of_its_tenth_complaint(world: World) -> None:
    moments = [NOW + step * 4 * MINUTE for step in range(30)]
    tenth = moments[9]
    world.complain(moments)
    now = NOW
    while not world.look(now):
        now += MINUTE
        assert now < tenth + HOUR


def test_people_of_all_topics_are_a_surge_of_the_brand_and_not_one_of_each_topic(world: World) -> None:
    for topic in ("delivery", "price", "safety", "policy"):
        world.complain(minutes_before(NOW, 7), topic=topic)
    assert world.look() == 1
    assert world.kinds() == [("", Kind.SURGE)]
    assert dict(world.told()[0].facts)["About"]


def spread_of(notice: Message) -> str:
    return dict(notice.facts)["Spread"].split(",")[0].split(":")[0]


def test_the_notice_says_whether_it_spreads_by_reposts_where_they_are_known(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    with world.store.engine.connect() as connection:
        numbers = [row.id for row in connection.execute(mentions.select().order_by(mentions.c.id.desc()).limit(2))]
    with world.store.begin() as transaction:
        transaction.add_reach([(numbers[0], 41), (numbers[1], None)], NOW)
    world.look()
    assert dict(world.told()[0].facts)["Spread"].startswith("growing, 41 reposts of the 1 post measured, ")
    later = NOW + HOUR
    world.complain(minutes_before(later, 25))
    with world.store.begin() as transaction:
        transaction.add_reach([(numbers[0], 42)], later)
    world.look(later)
    assert dict(world.told()[1].facts)["Spread"] == "flat, 42 reposts of the 1 post measured"


@pytest.mark.parametrize(("people", "said"), [((60, 60), "flat"), ((25, 60), "growing"), ((60, 25), "fading")])
def test_or_by_the_people_who_join_in(world: World, people: tuple[int, int], said: str) -> None:
    world.complain(minutes_before(NOW, people[0]))
    world.look()
    assert spread_of(world.told()[0]) == "unknown"
    later = NOW + HOUR
    world.complain(minutes_before(later, people[1]))
    world.look(later)
    assert spread_of(world.told()[1]) == said


TOPICS = ("delivery", "price", "safety", "policy")


def test_people_on_one_platform_about_many_things_are_a_surge_of_the_platform(world: World) -> None:
    for topic in TOPICS:
        world.complain(minutes_before(NOW, 6), topic=topic, platform="reviews")
    assert world.look() == 1
    assert [one.scope for one in world.surges()] == [Scope(platform="reviews")]
    (notice,) = world.told()
    assert notice.title == "Surge of complaints · on reviews · Acme"
    assert dict(notice.facts)["About"].startswith("delivery (6), ")
    assert "On" not in dict(notice.facts)


def test_a_topic_on_one_platform_is_one_surge_that_names_its_platforms(world: World) -> None:
    world.complain(minutes_before(NOW, 25), platform="reviews")
    assert world.look() == 1
    assert [one.scope for one in world.surges()] == [Scope(topic="delivery")]
    assert dict(world.told()[0].facts)["On"].startswith("reviews (25), social (")
    for minute in range(1, 30):
        world.look(NOW + minute * MINUTE)
    assert len(world.surges()) == 1


def test_a_platform_is_told_beside_a_topic_only_for_other_people(world: World) -> None:
    world.complain(minutes_before(NOW, 25), platform="reviews")
    world.look()
    later = NOW + 30 * MINUTE
    for topic in TOPICS[1:]:
        world.complain(minutes_before(later, 8, within=25), topic=topic, platform="reviews")
    world.look(later)
    assert [one.scope for one in world.surges()] == [Scope(topic="delivery"), Scope(platform="reviews")]


def test_a_topic_is_told_beside_a_platform_only_for_other_people(world: World) -> None:
    for topic in TOPICS:
        world.complain(minutes_before(NOW, 6), topic=topic, platform="reviews")
    world.look()
    later = NOW + 20 * MINUTE
    world.complain(minutes_before(later, 20, within=15), platform="reviews")
    world.look(later)
    assert [one.scope for one in world.surges()] == [Scope(platform="reviews")]
    world.complain(minutes_before(later, 30, within=15))
    world.look(later)
    assert [one.scope for one in world.surges()] == [Scope(platform="reviews"), Scope(topic="delivery")]


def test_a_single_platform_is_the_brand_as_a_whole(sql_store: SqlStore) -> None:
    world = World(sql_store)
    world.weeks(platforms=1)
    for topic in TOPICS:
        world.complain(minutes_before(NOW, 7), topic=topic)
    assert world.look() == 1
    assert world.kinds() == [("", Kind.SURGE)]
    assert [one.platform for one in world.surges()] == [""]


def test_a_silence_of_the_platform_holds_its_notice_back(world: World) -> None:
    world.store.add_silence(Matching(platforms=("reviews",)), NOW + HOUR, "ann", "known", NOW)
    for topic in TOPICS:
        world.complain(minutes_before(NOW, 6), topic=topic, platform="reviews")
    assert world.look() == 0


def test_copies_of_one_post_are_no_surge_and_said_to_be_copies(world: World) -> None:
    world.complain(minutes_before(NOW, 120), case=1, text="Acme lies, share this")
    assert world.look() == 1
    assert world.kinds() == [("delivery", Kind.COPIES)]
    assert world.told()[0].title == "Not a surge: copies of one post · delivery · Acme"
    assert "120 are copies of one post" in dict(world.told()[0].facts)["Posts"]


def test_one_furious_author_is_no_surge_and_said_to_be_one(world: World) -> None:
    for at in minutes_before(NOW, 60):
        world.complain([at], author="furious", case=None)
    # Their posts are one case, as the rules of filing have it.
    with writing(world.store.engine) as connection:
        first = connection.execute(mentions.select().where(mentions.c.author == "furious")).first()
        assert first is not None
        connection.execute(mentions.update().where(mentions.c.author == "furious").values(case_id=first.case_id))
    world.look()
    assert all(kind is not Kind.SURGE for _, kind in world.kinds())


def test_good_news_is_talk_and_said_to_be_none_of_complaints(world: World) -> None:
    world.say(minutes_before(NOW, 80), text="Acme wins the prize, lovely {n}")
    assert world.look() == 1
    assert world.kinds() == [("", Kind.TALK)]
    assert world.told()[0].title == "Much talk, few complaints · Acme"


def test_what_automated_accounts_write_is_no_talk(world: World) -> None:
    world.say(minutes_before(NOW, 80), text="Acme has offers, number {n}")
    by_bots = mentions.update().where(mentions.c.text.startswith("Acme has offers"))
    with writing(world.store.engine) as connection:
        connection.execute(by_bots.values(stage=Stage.BY_BOT))
    assert (world.look(), world.kinds()) == (0, [])


def test_copied_news_is_said_to_be_copies(world: World) -> None:
    world.say(minutes_before(NOW, 80), text="RT Acme wins the prize")
    world.look()
    assert world.kinds() == [("", Kind.COPIED_TALK)]


def test_a_source_that_was_just_added_says_nothing_yet(world: World) -> None:
    with writing(world.store.engine) as connection:
        connection.execute(insert(pulses), [{"source": "new", "hour": NOW - 5 * HOUR, "seen": 1, "skipped": 0}])
    world.complain(minutes_before(NOW, 40), source="new")
    assert world.look() == 0


def test_what_a_source_brings_late_counts_where_it_was_posted(world: World) -> None:
    """A collector catches up: the posts of five hours arrive at once."""
    world.complain([NOW - 5 * HOUR + step * 25 * MINUTE for step in range(12)])
    assert world.look() == 0


def test_it_grows_in_its_thread_and_its_notice_is_edited_and_it_ends(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    later = NOW + 30 * MINUTE
    world.complain(minutes_before(later, 40, within=25))
    assert world.look(later) == 2
    notice, edit, line = world.told()
    assert edit.edits
    assert edit.thread == notice.key
    assert line.thread == notice.key
    assert line.title.startswith("Growing: ")
    assert world.look(later + 5 * MINUTE) == 0
    ended = later + 3 * HOUR
    assert world.look(ended) == 2
    *_, last_edit, over = world.told()
    assert last_edit.title == "Surge of complaints, over · delivery · Acme"
    assert over.title.startswith("Over: as many as usual again")
    assert dict(last_edit.facts)["Now"] == dict(edit.facts)["Now"]


def test_after_its_end_the_same_people_are_not_told_again(world: World) -> None:
    world.complain(minutes_before(NOW, 60))
    world.look()
    for hour in range(1, 24):
        world.look(NOW + hour * HOUR)
    assert [one.kind for one in world.store.surges(START)] == [Kind.SURGE]


def test_a_new_wave_after_its_end_is_told(world: World) -> None:
    world.complain(minutes_before(NOW, 30))
    world.look()
    world.look(NOW + 4 * HOUR)
    again = NOW + 8 * HOUR
    world.complain(minutes_before(again, 30))
    world.look(again)
    assert len(world.store.surges(START)) == 2


def test_a_restart_in_the_middle_changes_nothing(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    world.watch = SurgeWatch(RULES)
    assert world.look(NOW + 5 * MINUTE) == 0
    assert len(world.told()) == 1


def test_a_silence_holds_its_notice_back(world: World) -> None:
    world.store.add_silence(Matching(topics=("delivery",)), NOW + HOUR, "ann", "known", NOW)
    world.complain(minutes_before(NOW, 25))
    assert world.look() == 0


def test_without_history_nothing_is_said(sql_store: SqlStore) -> None:
    world = World(sql_store)
    world.complain(minutes_before(NOW, 50))
    assert world.look() == 0


@pytest.mark.parametrize("often", list(Often))
def test_whatever_is_put_up_with_a_real_surge_is_told(world: World, often: Often) -> None:
    world.watch = SurgeWatch(SurgeRules(brands=RULES.brands, targets=("team",), often=often))
    world.complain(minutes_before(NOW, 60))
    assert world.look() == 1


def test_the_digest_of_the_day_tells_of_it(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    world.look(NOW + 4 * HOUR)
    today, tomorrow = (make_digest(world.store, "Acme", NOW.date() + timedelta(days=n), 1, UTC, NOW) for n in (0, 1))
    assert [one.topic for one in today.surges] == ["delivery"]
    assert tomorrow.surges == ()


# What people say about it


def say(world: World, what: Mark, *, key: str = "1", span: timedelta | None = None, now: datetime = NOW) -> None:
    said = Marked(mark=what, by="U1", name="ann", via="slack", at=now, key=key, until=now + span if span else None)
    mark(world.store, RULES, CaseRules(), 1, said, now)


def test_the_notice_offers_what_can_be_said_about_it(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    (notice,) = world.told()
    assert (notice.surge, notice.offers) == (1, ("incident", "known", "mute", "false"))


def test_of_a_known_issue_the_next_line_comes_when_people_have_doubled(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    later = NOW + 20 * MINUTE
    world.complain(minutes_before(later, 20, within=15))
    say(world, Mark.KNOWN, now=later - MINUTE)
    *_, edit = world.told()
    assert edit.edits
    assert edit.title == "Surge of complaints, known issue · delivery · Acme"
    assert dict(edit.facts)["Said about it"].startswith("known issue, by ann, ")
    assert edit.offers == ("incident", "mute", "false")
    assert world.look(later) == 0
    world.complain(minutes_before(later, 20, within=15))
    assert world.look(later + MINUTE) == 2
    *_, edit, line = world.told()
    assert line.title.startswith("Growing: ")
    assert dict(edit.facts)["Said about it"].startswith("known issue, by ann, ")


def test_a_false_alarm_is_quiet_until_it_is_over_and_is_in_no_digest(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    say(world, Mark.FALSE)
    assert world.told()[-1].title == "False alarm · delivery · Acme"
    later = NOW + 30 * MINUTE
    world.complain(minutes_before(later, 60, within=25))
    assert world.look(later) == 0
    world.look(later + 4 * HOUR)
    assert all(message.thread is None or message.edits for message in world.told())
    assert world.told()[-1].title == "False alarm, over · delivery · Acme"
    assert make_digest(world.store, "Acme", NOW.date(), 1, UTC, NOW).surges == ()
    say(world, Mark.REAL, key="2")
    assert [one.topic for one in make_digest(world.store, "Acme", NOW.date(), 1, UTC, NOW).surges] == ["delivery"]


def test_heard_again_it_changes_nothing(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    say(world, Mark.MUTED, span=HOUR)
    told = len(world.told())
    say(world, Mark.MUTED, span=HOUR)
    assert len(world.told()) == told
    (silence,) = world.store.silences(NOW)
    assert (silence.matching, silence.by) == (Matching(brands=("Acme",), topics=("delivery",)), "ann")


def test_what_is_muted_grows_without_a_line_until_it_is_no_more(world: World) -> None:
    world.complain(minutes_before(NOW, 25))
    world.look()
    say(world, Mark.MUTED, span=HOUR)
    later = NOW + 30 * MINUTE
    world.complain(minutes_before(later, 60, within=25))
    assert world.look(later) == 0
    assert world.surges()[0].mark is None
    world.look(NOW + HOUR)
    assert world.told()[-1].title.startswith("Growing: ")


def test_what_cannot_be_said_is_refused_in_words(world: World) -> None:
    with pytest.raises(NotAllowed, match="there is no surge 1"):
        say(world, Mark.KNOWN)
    for topic in TOPICS:
        world.complain(minutes_before(NOW, 7), topic=topic)
    world.look()
    assert "mute" not in world.told()[0].offers
    with pytest.raises(NotAllowed, match="only a topic can be muted"):
        say(world, Mark.MUTED, span=HOUR)
