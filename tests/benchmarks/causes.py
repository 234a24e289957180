"""Do complaints that are put together belong together, and stay so? ``python -m tests.benchmarks.causes``.

It needs ../shared.

- Agreement with labels: the reasons of complaints about two airlines (topics), of all and of those alone that the
  model's topics were not learned with, 3,000 questions to a bank in their own
  words (banking77, 77 intents), and near copies among all posts of two replays (dedup). B-cubed precision, recall and
  F1 (https://doi.org/10.1007/s10791-008-9066-8), the adjusted Rand index, and of the groups of five and more, which
  alone are shown: how many, the share of texts in them, and the share that has its group's main label. Against: TF-IDF
  and k-means, the mean states of the network with the same gathering, every text by itself, all in one.
- Complaints in Turkish, German and Portuguese with the labels of their sites, by the network that reads these languages
  and by the English one.
- Identity over ten days, with a restart after each: the bank's questions, each intent on some of the days. Of the
  groups of five and more that were seen on an earlier day: the share whose main intent is the same as then. Of the
  intents with five and more on two days: the share whose largest group has the same number. Against: k-means of every
  day for itself, whose groups take the numbers of the nearest earlier ones from a cosine of 0.8 on.
- Time: 100,000 complaints of one day through the job and an SQLite file.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score
from sqlalchemy import insert

from monitor.app import LazyClassifier
from monitor.core.text import fingerprint
from monitor.core.theme import Near
from monitor.encoder import Encoder
from monitor.gathering import HASHED, NEAR, NEAR_ASKED, TOPICS, Gathering, Seed, unit
from monitor.jobs.themes import gather
from monitor.model_files import shipped
from monitor.ports.themes import Meaning, MeaningOf
from monitor.settings import ClassifierSettings
from monitor.store.connection import open_engine, writing
from monitor.store.migrate import upgrade
from monitor.store.schema import cases, causes, mentions
from monitor.store.sql import SqlStore
from monitor.store.stages import Stage

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SHOWN, QUESTIONS, DAYS, COMPLAINTS = 5, 3_000, 10, 100_000
START = datetime(2026, 1, 1, tzinfo=UTC)
Vectors = Sequence[NDArray[numpy.float32]]
Texts = list[tuple[str, str]]
"""Texts with their labels."""


def rows(*path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.joinpath(*path).read_text("utf-8").splitlines()]


def airline(brand: str, parts: Sequence[str] = ("train", "val", "test")) -> Texts:
    found = [row for part in parts for row in rows("topics", f"{part}.jsonl")]
    found = [row for row in found if row["brand"] == brand and row["scheme"].startswith("airline")]
    return [(row["text"], row["topic_as_published"]) for row in sorted(found, key=lambda row: str(row["created_at"]))]


def bank() -> Texts:
    found = rows("intent", "banking77_train.jsonl")
    random.Random(1).shuffle(found)
    return [(row["text"], row["label"]) for row in found[:QUESTIONS]]


def foreign(source: str) -> list[dict[str, Any]]:
    found = [row for part in ("train", "val", "test") for row in rows("complaints_multilingual", f"{part}.jsonl")]
    return [row for row in found if row["source"] == source and row["complaint"] == 1]


def often(labelled: Texts, least: int = 20) -> Texts:
    """Those whose label at least so many have."""
    counts = Counter(label for _, label in labelled)
    return [pair for pair in labelled if pair[1] and counts[pair[1]] >= least]


def turkish() -> Texts:
    """Complaints about a bank, with the product that the complaint site files them under."""
    return often([(row["text"], row["keywords"]) for row in foreign("sikayetvar")])


def german() -> Texts:
    """Complaints about a railway, with the first particular thing that annotators found bad."""
    found = []
    for row in foreign("germeval2017"):
        aspects = [name.split("#")[0] for name, feeling in row["aspects"] if feeling == "negative"]
        found += [(row["text"], name) for name in aspects if name != "Allgemein"][:1]
    return found


def shops() -> Texts:
    """Complaints about two Brazilian shops, with the last category of theirs that is neither a shop nor "other"."""
    found = []
    for row in foreign("reclameaqui"):
        kinds = [kind for kind in row["categories"] if "Loja F" not in kind and not kind.startswith("Outro")]
        found += [(row["text"], kinds[-1])] if kinds else []
    return often(found)


def copies(name: str) -> Texts:
    """The posts of a replay that are near copies of others, among two thousand that are not; no text twice."""
    groups = {number: row["group"] for row in rows("dedup", f"{name}.groups.jsonl") for number in row["ids"]}
    posts = rows("replay", name, "posts.jsonl")
    near = [(row["text"], groups[row["id"]]) for row in posts if row["id"] in groups]
    others = [(row["text"], row["id"]) for row in posts if row["id"] not in groups][:2_000]
    return list({text: (text, label) for text, label in near + others}.values())


def bcubed(found: Sequence[int], labels: Sequence[str]) -> tuple[float, float, float]:
    together, alike = defaultdict[int, Counter[str]](Counter), Counter(labels)
    for group, label in zip(found, labels, strict=True):
        together[group][label] += 1
    precision = recall = 0.0
    for group, label in zip(found, labels, strict=True):
        same = together[group][label]
        precision += same / together[group].total() / len(found)
        recall += same / alike[label] / len(found)
    return precision, recall, 2 * precision * recall / (precision + recall)


def shown(found: Sequence[int], labels: Sequence[str]) -> tuple[int, float, float]:
    groups = defaultdict[int, list[str]](list)
    for group, label in zip(found, labels, strict=True):
        groups[group].append(label)
    large = [group for group in groups.values() if len(group) >= SHOWN]
    count = sum(map(len, large))
    right = sum(Counter(group).most_common(1)[0][1] for group in large)
    return len(large), count / len(found), right / count if count else 0.0


def led(vectors: Vectors, near: float = NEAR.later) -> list[int]:
    """The groups by number, as the product makes them."""
    gathered, found = Gathering(near=Near(near, NEAR.at_first)), []
    for number, vector in enumerate(vectors):
        group = gathered.place(vector).group
        found.append(number if group is None else group)
        gathered.join(vector, found[-1])
        gathered.let_go()
    return found


def by_means(texts: Sequence[str], groups: int) -> list[int]:
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english").fit_transform(texts)
    found: list[int] = KMeans(groups, n_init=3, random_state=1).fit_predict(vectors).tolist()
    return found


def only_states(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Plain means of the network's states, with nothing where words and topics would be."""
    return [
        numpy.concatenate([unit(encoder.pooled(text)), numpy.zeros(HASHED + TOPICS, numpy.float32)]) for text in texts
    ]


def agreement(name: str, labelled: Texts, meaning: Meaning, encoder: Encoder) -> None:
    texts, labels = [text for text, _ in labelled], [label for _, label in labelled]
    vectors = [meaning.vector(text) for text in texts]
    classes = len(set(labels))
    root = min(120, round((len(texts) / 2) ** 0.5))
    ways: dict[str, Callable[[], list[int]]] = {f"ours, from {near} on": partial(led, vectors, near) for near in NEARS}
    ways["mean states, same way"] = partial(led, only_states(encoder, texts))
    ways |= {f"TF-IDF, k-means into {count}": partial(by_means, texts, count) for count in {min(classes, 400), root}}
    prints = {one: number for number, one in enumerate(dict.fromkeys(map(fingerprint, texts)))}
    ways["same fingerprint"] = lambda: [prints[fingerprint(text)] for text in texts]
    ways |= {"each by itself": lambda: list(range(len(texts))), "all in one": lambda: [0] * len(texts)}
    print(f"\n{name}: {len(texts)} texts, {classes} labels")
    print(f"{'way':<28}{'P':>6}{'R':>6}{'F1':>6}{'ARI':>7}{'shown':>7}{'of texts':>9}{'right':>7}{'CPU s':>7}")
    for way, make in ways.items():
        begun = time.process_time()
        found = make()
        spent = time.process_time() - begun
        precision, recall, both = bcubed(found, labels)
        groups, share, right = shown(found, labels)
        numbers = f"{precision:>6.2f}{recall:>6.2f}{both:>6.2f}{adjusted_rand_score(labels, found):>7.3f}"
        print(f"{way:<28}{numbers}{groups:>7}{share:>9.0%}{right:>7.0%}{spent:>7.1f}", flush=True)


def abroad(name: str, labelled: Texts, meaning_of: MeaningOf, english: Meaning) -> None:
    """The network that reads the language beside the English one, each from several likenesses on."""
    texts, labels = [text for text, _ in labelled], [label for _, label in labelled]
    most = Counter(labels).most_common(1)[0][1] / len(labels)
    print(f"\n{name}: {len(texts)} texts, {len(set(labels))} labels, the commonest {most:.0%}")
    own = meaning_of("Die Bahn kam gestern schon wieder eine ganze Stunde zu spät")
    for way, meaning in (("its own network", own), ("English network", english)):
        vectors = [meaning.vector(text) for text in texts]
        for near in (0.28, 0.32, 0.36):
            groups, share, right = shown(led(vectors, near), labels)
            print(f"{way}, from {near} on: {groups} shown, {share:.0%} of texts, {right:.0%} right", flush=True)


NEARS = (0.28, NEAR.later, 0.36, NEAR_ASKED.later)


def ten_days() -> list[Texts]:
    """Each intent on three of the days and on those alone, so that causes come, go and come back."""
    dice = random.Random(2)
    days: list[Texts] = [[] for _ in range(DAYS)]
    when: dict[str, list[int]] = {}
    for text, label in bank():
        when.setdefault(label, dice.sample(range(DAYS), 3))
        days[dice.choice(when[label])].append((text, label))
    return days


def by_the_job(days: Sequence[Vectors], near: Near = NEAR) -> Iterator[list[int]]:
    """The groups of every day, from what the day before left."""
    seeds: list[Seed] = []
    numbers = iter(range(1_000_000))
    for vectors in days:
        gathered, found = Gathering(seeds, near), []
        for vector in vectors:
            group = gathered.place(vector).group
            found.append(next(numbers) if group is None else group)
            gathered.join(vector, found[-1])
        known = [seed.number for seed in seeds if seed.number not in set(found)]
        seeds = [gathered.seed(number) for number in [*known, *dict.fromkeys(found)]]
        yield found


def by_days(days: Sequence[Vectors]) -> Iterator[list[int]]:
    """k-means of every day, with numbers handed on."""
    known: dict[int, NDArray[numpy.float32]] = {}
    numbers = iter(range(1_000_000))
    for vectors in days:
        every = numpy.array(vectors)
        apart = unit(every - every.mean(axis=0))
        means = KMeans(40, n_init=3, random_state=1).fit(apart)
        centres = unit(means.cluster_centers_)
        names = []
        for centre in centres:
            near = max(((float(centre @ other), number) for number, other in known.items()), default=(0.0, 0))
            names.append(near[1] if near[0] >= 0.8 else next(numbers))
        known |= dict(zip(names, centres, strict=True))
        yield [names[label] for label in means.labels_]


def identity(meaning: Meaning) -> None:
    days = ten_days()
    vectors = [[meaning.vector(text) for text, _ in day] for day in days]
    print(f"\nten days: {', '.join(str(len(day)) for day in days)} questions")
    ways: dict[str, Callable[[Sequence[Vectors]], Iterator[list[int]]]] = {
        "ours, as complaints": by_the_job,
        "ours, as questions": partial(by_the_job, near=NEAR_ASKED),
        "k-means a day, matched": by_days,
    }
    for name, way in ways.items():
        found = list(way(vectors))
        meant, kept = stable(found, [[label for _, label in day] for day in days])
        print(f"{name:<28} same meaning {meant[0]} of {meant[1]}, same number {kept[0]} of {kept[1]}")
    if list(by_the_job(vectors)) != list(by_the_job(vectors)):
        raise AssertionError("the same days gave other groups")


def stable(found: Sequence[Sequence[int]], labels: Sequence[Sequence[str]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of groups seen before: those that mean the same; of labels seen before: those whose largest group is the same."""
    meanings: dict[int, str] = {}
    numbers: dict[str, int] = {}
    meant, kept = [], []
    for groups, of in zip(found, labels, strict=True):
        by_group, by_label = defaultdict[int, Counter[str]](Counter), defaultdict[str, Counter[int]](Counter)
        for group, label in zip(groups, of, strict=True):
            by_group[group][label] += 1
            by_label[label][group] += 1
        for group, counts in by_group.items():
            if counts.total() >= SHOWN:
                meant += [meanings[group] == counts.most_common(1)[0][0]] if group in meanings else []
                meanings[group] = counts.most_common(1)[0][0]
        for label, seen in by_label.items():
            if seen.total() >= SHOWN:
                kept += [numbers[label] == seen.most_common(1)[0][0]] if label in numbers else []
                numbers[label] = seen.most_common(1)[0][0]
    return (sum(meant), len(meant)), (sum(kept), len(kept))


def speed(meaning: Meaning) -> None:
    """Real complaints, each several times with another flight number, so that few are the same."""
    texts = [text for text, _ in (*airline("United"), *airline("Southwest"), *bank())]
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/b.db", durable=False)
        upgrade(engine)
        with writing(engine) as connection:
            base = {"brand": "Acme", "topic": "x", "grouping": "g", "episode": 1, "opened_at": START}
            connection.execute(insert(causes), [base | {"id": 1}])
            for number in range(1, COMPLAINTS + 1):
                at = START + timedelta(days=1) * number / COMPLAINTS
                connection.execute(insert(cases), [_case(number, at)])
                connection.execute(insert(mentions), [_post(number, at, f"{texts[number % len(texts)]} {number}")])
        store, begun, wall, done = SqlStore(engine), time.process_time(), time.monotonic(), 0
        while count := gather(store, lambda _: meaning):
            done += count
            if done % 10_240 == 0:
                print(f"  {done} in {time.process_time() - begun:.0f} s CPU", file=sys.stderr, flush=True)
        spent = time.process_time() - begun
        print(
            f"\n{done} complaints: {spent:.0f} s CPU, {time.monotonic() - wall:.0f} s wall, {spent / done:.5f} s each"
        )
        engine.dispose()


def _case(number: int, at: datetime) -> dict[str, Any]:
    fixed = {"cause_id": 1, "brand": "Acme", "topic": "x", "level": 3, "reasons": [], "state": "new", "version": 0}
    return {"id": number, "opened_at": at, "last_at": at, **fixed}


def _post(number: int, at: datetime, text: str) -> dict[str, Any]:
    fixed = {"platform": "p", "brand": "Acme", "source": "s", "kind": "post", "is_own": False, "matched": []}
    of = {"stage": Stage.DONE, "case_id": number, "cause_id": 1, "posted_at": at, "collected_at": at}
    return {
        "id": number,
        "native_id": f"n{number}",
        "author": f"a{number}",
        "text": text,
        "fingerprint": "",
        **of,
        **fixed,
    }


def main() -> None:
    meaning_of, encoder = LazyClassifier(ClassifierSettings()).meaning_of, Encoder(shipped(), 96)
    meaning = meaning_of("I was told to wait")
    for name, texts in (
        ("Turkish, a bank", turkish()),
        ("German, a railway", german()),
        ("Portuguese, shops", shops()),
    ):
        abroad(name, texts, meaning_of, meaning)
    for brand in ("United", "Southwest"):
        agreement(f"{brand}, reasons", airline(brand), meaning, encoder)
        agreement(f"{brand}, posts the model was not taught with", airline(brand, ("val", "test")), meaning, encoder)
    agreement("bank, intents", bank(), meaning, encoder)
    for name in ("airlines_2015", "apple_2014"):
        agreement(f"{name}, near copies", copies(name), meaning, encoder)
    identity(meaning)
    speed(meaning)


if __name__ == "__main__":
    main()
