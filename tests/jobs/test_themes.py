"""Complaints become causes with a name and an identity that stays, on both databases, with the shipped model."""

from datetime import UTC, timedelta
from itertools import cycle, islice

import pytest
from sqlalchemy import select, update

from monitor.app import LazyClassifier
from monitor.core.days import Window
from monitor.core.digest import Theme
from monitor.jobs.digest import make_digest
from monitor.jobs.themes import gather
from monitor.ports.themes import MeaningOf
from monitor.settings import ClassifierSettings
from monitor.store.connection import writing
from monitor.store.schema import cases, mentions, themes
from monitor.store.sql import SqlStore
from tests.jobs.test_surges import HOUR, START, World

DAY = timedelta(days=1)
LOCKER = (
    "Acme parcel locker at the station is full again and my parcel went back",
    "parcel locker full, so Acme sent my parcel back to the depot",
    "Again the parcel locker was full and the Acme parcel was returned",
    "why does Acme use a parcel locker that is always full?!",
    "third time the Acme parcel locker is full, parcel returned to sender",
    "full parcel locker, returned parcel, thanks Acme",
)
PACKSTATION = (
    "Die Packstation von Acme am Bahnhof ist schon wieder voll, mein Paket ging zurück",
    "Packstation voll, also hat Acme mein Paket zurückgeschickt",
    "Schon wieder war die Packstation voll und das Paket von Acme ist weg",
    "Warum nimmt Acme eine Packstation, die immer voll ist?!",
    "Zum dritten Mal Packstation voll, Paket zurück an Acme",
    "Volle Packstation, Paket zurück, danke Acme",
)
BASKET = (
    "The Acme app crashes every time I open the basket",
    "your app crashed when I opened my basket @acme",
    "opening the basket crashes the Acme app",
    "Acme app keeps crashing in the basket, fix it",
    "app crash, again, as soon as the basket opens, Acme",
    "every time I tap on the basket the Acme app crashes",
)
OTHERS = (
    "Acme charged my card twice for one kettle",
    "the Acme driver was rude to my grandmother",
    "no answer from Acme to five mails about the warranty",
    "Acme raised the price after I had ordered",
    "my Acme heater smells of burning plastic",
    "I cannot cancel the Acme subscription anywhere",
    "the shoes from Acme came in two sizes",
    "Acme leaked my address to a stranger",
    "the voucher from Acme is not accepted at the till",
    "waited two hours in the Acme shop in Leeds",
    "the manual of the Acme drill is missing pages",
    "Acme closed my account without a reason",
)


@pytest.fixture(scope="module")
def meaning_of() -> MeaningOf:
    return LazyClassifier(ClassifierSettings()).meaning_of


@pytest.fixture
def world(sql_store: SqlStore) -> World:
    return World(sql_store)


def say(world: World, texts: tuple[str, ...], day: int, count: int | None = None) -> None:
    """Different people say these on a day of the calendar that begins with START."""
    for number, text in enumerate(islice(cycle(texts), count or len(texts))):
        world.complain([START + day * DAY + (1 + number) * HOUR], text=text, topic="delivery")


def work(store: SqlStore, meaning_of: MeaningOf, limit: int = 256) -> None:
    while gather(store, meaning_of, limit):
        pass


def causes(world: World, day: int, days: int = 1) -> dict[str, Theme]:
    """The causes of a span by the first word of their names."""
    first = START.date() + timedelta(days=day)
    digest = make_digest(world.store, "Acme", first, days, UTC, START + 60 * DAY)
    return {" ".join(cause.name): cause for cause in digest.causes}


def the(found: dict[str, Theme], word: str) -> Theme:
    (cause,) = [cause for name, cause in found.items() if word in name]
    return cause


def test_complaints_that_say_the_same_are_a_cause_with_a_name_and_a_quote(world: World, meaning_of: MeaningOf) -> None:
    say(world, (*OTHERS, *LOCKER, *BASKET), 0)
    work(world.store, meaning_of)
    found = causes(world, 0)
    locker, basket = the(found, "locker"), the(found, "basket")
    assert locker.people >= 4
    assert basket.people >= 4
    assert "locker" in locker.quote.text
    assert locker.quote.url
    assert len(found) == 2


def test_a_cause_keeps_its_number_from_day_to_day_and_says_how_it_goes(world: World, meaning_of: MeaningOf) -> None:
    """Ten days, with a start of the program in each."""
    say(world, OTHERS, -20)
    for day in range(10):
        say(world, OTHERS, day)
        say(world, LOCKER, day, 3 if day < 9 else 12)
        if day in (0, 9):
            say(world, BASKET, day)
        work(world.store, LazyClassifier(ClassifierSettings()).meaning_of)
    numbers = {the(causes(world, day), "locker").number for day in range(10)}
    assert len(numbers) == 1
    assert the(causes(world, 0), "locker").trend == "new"
    assert the(causes(world, 8), "locker").trend == "as usual"
    assert the(causes(world, 9), "locker").trend == "growing"
    assert the(causes(world, 9), "basket").trend == "came back"
    assert the(causes(world, 10), "locker").trend == "fading"
    assert the(causes(world, 10), "locker").people == 0


def test_small_and_large_batches_find_the_same_causes(sqlite_store: SqlStore, meaning_of: MeaningOf) -> None:
    world = World(sqlite_store)
    say(world, (*OTHERS, *LOCKER, *BASKET), 0)
    work(sqlite_store, meaning_of)
    at_once = causes(world, 0)
    with writing(sqlite_store.engine) as connection:
        connection.execute(update(mentions).values(theme_id=None, theme_near=None))
        connection.execute(themes.delete())
    work(sqlite_store, meaning_of, limit=5)
    assert {name: (one.people, one.quote) for name, one in causes(world, 0).items()} == {
        name: (one.people, one.quote) for name, one in at_once.items()
    }


def test_causes_in_another_language_stand_beside_the_english_ones(world: World, meaning_of: MeaningOf) -> None:
    say(world, (*OTHERS, *LOCKER, *PACKSTATION), 0)
    work(world.store, meaning_of)
    found = causes(world, 0)
    assert the(found, "locker").people >= 4
    assert the(found, "packstation").people >= 4
    assert "packstation" in the(found, "packstation").quote.text.lower()


def test_copies_of_one_post_are_no_cause(world: World, meaning_of: MeaningOf) -> None:
    """They are one case, and one voice, whoever passed it on."""
    say(world, OTHERS, 0)
    world.complain([START + (1 + number) * HOUR for number in range(9)], text=LOCKER[0], case=1)
    work(world.store, meaning_of)
    assert causes(world, 0) == {}


def test_brands_are_gathered_apart(world: World, meaning_of: MeaningOf) -> None:
    say(world, LOCKER, 0)
    with writing(world.store.engine) as connection:
        connection.execute(update(mentions).where(mentions.c.id <= 3).values(brand="Other"))
    work(world.store, meaning_of)
    with world.store.begin() as transaction:
        assert {kept.id for kept in transaction.themes("Acme", meaning_of("Acme").space)}.isdisjoint(
            kept.id for kept in transaction.themes("Other", meaning_of("Acme").space)
        )


def test_what_a_person_called_no_complaint_counts_no_more(world: World, meaning_of: MeaningOf) -> None:
    say(world, (*OTHERS, *LOCKER), 0)
    work(world.store, meaning_of)
    before = the(causes(world, 0), "locker")
    with writing(world.store.engine) as connection:
        first = select(mentions.c.case_id).where(mentions.c.theme_id == before.number).limit(1).scalar_subquery()
        connection.execute(update(cases).where(cases.c.id == first).values(state="not_a_complaint"))
    assert the(causes(world, 0), "locker").people == before.people - 1


def test_of_a_deleted_post_no_vector_of_its_own_is_kept(world: World, meaning_of: MeaningOf) -> None:
    say(world, ("Acme charged my card twice for one kettle",), 0)
    work(world.store, meaning_of)
    with world.store.begin() as transaction:
        assert len(transaction.themes("Acme", meaning_of("Acme").space)) == 1
        transaction.forget("social", ["n1"], START + DAY)
        assert transaction.themes("Acme", meaning_of("Acme").space) == []


def test_themes_of_one_name_are_one_theme(world: World, meaning_of: MeaningOf) -> None:
    """The older one's number stays, and everything that was said counts under it."""
    say(world, (*OTHERS, *BASKET, *LOCKER), 0)
    work(world.store, meaning_of)
    basket, locker = the(causes(world, 0), "basket"), the(causes(world, 0), "locker")
    assert basket.number < locker.number
    with world.store.begin() as transaction:
        transaction.name_theme(basket.number, locker.name)
    say(world, LOCKER, 1)
    work(world.store, meaning_of)
    (both,) = causes(world, 0).values()
    assert both.number == basket.number
    assert both.complaints == basket.complaints + locker.complaints
    assert both.since == min(basket.since, locker.since)


def test_the_span_counts_and_nothing_else(world: World, meaning_of: MeaningOf) -> None:
    say(world, (*OTHERS, *LOCKER), 0)
    work(world.store, meaning_of)
    span = Window(start=START, end=START + DAY)
    said = world.store.said("Acme", span)
    with world.store.engine.connect() as connection:
        rows = connection.execute(select(mentions.c.theme_id, mentions.c.author)).all()
    for one in said:
        of = [row.author for row in rows if row.theme_id == one.theme]
        assert one.talk.complaints == len(of)
        assert one.talk.people == len(set(of))
    assert world.store.said("Acme", Window(start=START - DAY, end=START)) == []
