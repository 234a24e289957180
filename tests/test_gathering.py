"""Texts that say the same are put together, in any number, and in the order in which they come."""

import numpy
import pytest
from numpy.typing import NDArray

from monitor import gathering
from monitor.app import LazyClassifier
from monitor.gathering import HASHED, OFTEN, TOPICS, Gathering, Seed, unit
from monitor.ports.themes import Meaning, MeaningOf
from monitor.settings import ClassifierSettings

Numbers = NDArray[numpy.float32]

LOCKER = (
    "The parcel locker at the station is full again and my parcel went back",
    "parcel locker full, so they sent my parcel back",
    "Again the parcel locker was full and the parcel was returned",
)
ABROAD = (
    (
        "Die Packstation am Bahnhof ist schon wieder voll und mein Paket ging zurück",
        "La consigne de colis à la gare est encore pleine et mon colis est reparti",
        "Packstation voll, also wurde mein Paket zurückgeschickt",
    ),
    (
        "Die App stürzt jedes Mal ab, wenn ich den Warenkorb öffne",
        "L'application plante dès que j'ouvre le panier",
        "La aplicación se cierra cada vez que abro la cesta",
    ),
    (
        "Rechnung doppelt abgebucht und keine Erstattung",
        "On m'a débité deux fois et toujours pas de remboursement",
    ),
)
APP = (
    "The app crashes every time I open the basket",
    "your app crashed when I opened my basket",
    "opening the basket crashes the app",
)


@pytest.fixture(scope="module")
def meaning_of() -> MeaningOf:
    return LazyClassifier(ClassifierSettings()).meaning_of


@pytest.fixture(scope="module")
def meaning(meaning_of: MeaningOf) -> Meaning:
    return meaning_of(LOCKER[0])


def put(gathered: Gathering, vectors: list[Numbers]) -> list[int]:
    groups: list[int] = []
    for vector in vectors:
        group = gathered.place(vector).group
        groups.append(len(groups) + 1000 if group is None else group)
        gathered.join(vector, groups[-1])
    return groups


def a_cloud(number: int, count: int, spread: float = 0.05) -> list[Numbers]:
    """Vectors around one of many directions that have nothing in common, about no topic."""
    dice = numpy.random.default_rng(number)
    middle = dice.standard_normal(2 * HASHED)
    parts = [(middle + spread * dice.standard_normal(2 * HASHED)).astype(numpy.float32) for _ in range(count)]
    nothing = numpy.zeros(TOPICS, numpy.float32)
    return [numpy.concatenate([unit(part[:HASHED]), unit(part[HASHED:]), nothing]) for part in parts]


def test_texts_that_say_the_same_come_together(meaning: Meaning) -> None:
    texts = [text for pair in zip(LOCKER, APP, strict=True) for text in pair]
    groups = put(Gathering(), [meaning.vector(text) for text in texts])
    assert len(set(groups)) == 2
    assert len(set(groups[::2])) == 1
    assert len(set(groups[1::2])) == 1


def test_the_same_text_is_the_same_vector_everywhere(meaning: Meaning) -> None:
    again = LazyClassifier(ClassifierSettings()).meaning_of(LOCKER[0])
    assert (meaning.vector(LOCKER[0]) == again.vector(LOCKER[0])).all()
    assert meaning.space == again.space


def test_what_is_said_in_several_languages_comes_together(meaning_of: MeaningOf, meaning: Meaning) -> None:
    """German and French are read by one network, and what says the same lies together whatever its language."""
    texts = [text for group in ABROAD for text in group]
    (space,) = {meaning_of(text).space for text in texts}
    assert space != meaning.space
    reading = meaning_of(texts[0])
    groups = put(Gathering(near=reading.near), [reading.vector(text) for text in texts])
    sizes = iter(groups)
    assert [len({next(sizes) for _ in group}) for group in ABROAD] == [1] * len(ABROAD)
    assert len(set(groups)) == len(ABROAD)


@pytest.mark.parametrize("text", ["", "…", "!!", "😡😡", "@acme", "a"])
def test_what_has_no_words_belongs_to_nothing(meaning: Meaning, text: str) -> None:
    gathered = Gathering()
    put(gathered, [meaning.vector(text) for text in LOCKER])
    assert gathered.place(meaning.vector(text)).group is None


def test_what_all_have_in_common_does_not_bring_them_together() -> None:
    """Each says the same of the brand and something of its own: with the mean taken away only the own counts."""
    common = a_cloud(0, 1)[0]
    vectors = [0.8 * common + 0.6 * a_cloud(number, 1)[0] for number in range(1, 4 * OFTEN)]
    groups = put(Gathering(), vectors)
    assert len(set(groups[OFTEN:])) == len(groups[OFTEN:])


def test_a_large_group_does_not_draw_in_what_is_little_like_each_of_it() -> None:
    """Everything lies near to the mean of many, which has nothing of its own left; a pair has to be as like."""
    clouds = [vector for number in range(1, 8 * OFTEN) for vector in a_cloud(number, 1)]
    loose = a_cloud(500, 9, spread=1.0)
    pair = Gathering()
    put(pair, clouds)
    pair.join(loose[0], 7)
    many = Gathering()
    put(many, clouds)
    for vector in loose[:8]:
        many.join(vector, 7)
    alone, among = pair.place(loose[8]), many.place(loose[8])
    assert alone.group == among.group == 7
    assert among.near == pytest.approx(alone.near, abs=0.1)


def test_what_is_about_another_topic_does_not_say_the_same() -> None:
    one, two = numpy.eye(TOPICS, dtype=numpy.float32)[:2]
    clouds = [vector for number in range(1, 2 * OFTEN) for vector in a_cloud(number, 1)]
    for vector in clouds[: len(clouds) // 2]:
        vector[-TOPICS:] = one
    for vector in clouds[len(clouds) // 2 :]:
        vector[-TOPICS:] = two
    known, alike, other = a_cloud(500, 3, spread=1.0)
    known[-TOPICS:] = alike[-TOPICS:] = one
    other[-TOPICS:] = two
    gathered = Gathering()
    put(gathered, clouds)
    gathered.join(known, 7)
    near = [gathered.place(vector) for vector in (alike, other)]
    assert near[0].group == 7
    assert near[1].near < near[0].near


def test_kept_groups_go_on_after_a_restart() -> None:
    clouds = [vector for number in range(1, 41) for vector in a_cloud(number, 2)]
    before = Gathering()
    groups = put(before, clouds)
    after = Gathering(before.seed(group) for group in dict.fromkeys(groups))
    for number in range(1, 41):
        vector = a_cloud(number, 3)[2]
        assert after.place(vector).group == before.place(vector).group == groups[2 * (number - 1)]


def test_too_many_groups_let_go_of_single_texts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 60)
    monkeypatch.setattr(gathering, "KEPT", 40)
    gathered = Gathering()
    pairs = [vector for number in range(1, 31) for vector in a_cloud(number, 2)]
    singles = [a_cloud(number, 1)[0] for number in range(100, 130)]
    groups = put(gathered, pairs + singles)
    gone = gathered.let_go()
    assert len(gone) == 20
    assert gone == groups[60:80]
    assert gathered.let_go() == []
    assert gathered.place(a_cloud(1, 3)[2]).group == groups[0]
    assert gathered.place(a_cloud(100, 2)[1]).group is None


def test_one_group_becomes_a_part_of_another() -> None:
    gathered = Gathering([Seed(1, 1, a_cloud(1, 1)[0]), Seed(2, 3, 3 * a_cloud(2, 1)[0])])
    seed = gathered.merge(1, 2)
    assert (seed.number, seed.size) == (2, 4)
    assert numpy.allclose(seed.total, a_cloud(1, 1)[0] + 3 * a_cloud(2, 1)[0])
    with pytest.raises(KeyError):
        gathered.seed(1)
