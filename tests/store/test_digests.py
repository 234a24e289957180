"""The counts of a digest, on both databases, against sums made by hand over what lies in the tables."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from monitor.core.case import ENDS, OVERRULED, State, Step
from monitor.core.days import Window, window
from monitor.core.digest_message import write_digest
from monitor.core.digest_view import basics_lines
from monitor.core.timers import Due
from monitor.core.verdict import Label
from monitor.core.week import ALL_ELSE, KINDS
from monitor.digest.mail import LARGEST, write_mail
from monitor.digest.render import FORMATS
from monitor.export import write
from monitor.industry import pack
from monitor.jobs.digest import About, make_digest
from monitor.jobs.rivals import Rivals
from monitor.store.connection import writing
from monitor.store.digests import FIRST_ROWS
from monitor.store.report import Report
from monitor.store.schema import cases, causes, facts, mentions, outbox, told, verdicts
from monitor.store.sql import SqlStore
from monitor.store.stages import Stage

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 10, 25)
"""A day of 25 hours."""

NOW = datetime(2026, 10, 26, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fill(store: SqlStore, seed: int) -> None:
    """Random posts, verdicts, cases and steps of six weeks around the clock change, of two brands."""
    dice = random.Random(seed)
    start = NOW - timedelta(days=45)
    rows: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (causes, cases, mentions, verdicts, facts, outbox, told)
    }
    for number, brand in enumerate(("Acme", "Other"), 1):
        rows[causes].append(
            {"id": number, "brand": brand, "topic": "x", "grouping": "g", "episode": 1, "opened_at": start}
        )
    for number in range(1, 61):
        rows[cases].append(_case(dice, number))
    rows[outbox].append(_message())
    for number in range(1, 301):
        post = _post(dice, number, rows[cases])
        if number == 1:
            post |= {"brand": "Acme", "posted_at": start, "collected_at": start, "case_id": None, "cause_id": None}
        rows[mentions].append(post)
        rows[verdicts].append(_verdict(dice, number))
        if post["case_id"] and dice.random() < 0.7:
            rows[told].append({"mention_id": number, "target": "team", "outbox_id": 1})
    for number in range(1, 121):
        rows[facts].append(_fact(dice, number))
    with writing(store.engine) as connection:
        for table, found in rows.items():
            connection.execute(insert(table), found)


def _moment(dice: random.Random) -> datetime:
    """Most within two days of the change of the clocks, some at the very midnights."""
    edges = [window(DAY, 1, BERLIN).start, window(DAY, 1, BERLIN).end]
    if dice.random() < 0.1:
        return dice.choice(edges) + dice.choice([timedelta(0), -timedelta(microseconds=1)])
    back = timedelta(days=dice.choice([1, 1, 1, 2, 3, 8, 15, 22, 29, 36, 44]), hours=dice.random() * 24)
    return NOW - back


def _case(dice: random.Random, number: int) -> dict[str, Any]:
    state = dice.choice(list(State))
    opened = _moment(dice)
    return {
        "id": number,
        "cause_id": dice.choice([1, 2]),
        "brand": dice.choice(["Acme", "Acme", "Other"]),
        "topic": dice.choice(["delivery", "price", "safety"]),
        "opened_at": opened,
        "last_at": opened,
        "level": dice.choice([1, 2, 3, 4]),
        "reasons": [],
        "state": state,
        "version": 0,
        "owner_name": dice.choice([None, "Ann", "Bob"]),
        "told_at": dice.choice([None, opened + HOUR]),
        "answered_at": dice.choice([None, opened + 2 * HOUR]),
        "ended_at": opened + dice.randint(3, 40) * HOUR if state in ENDS else None,
    }


def _post(dice: random.Random, number: int, kept: list[dict[str, Any]]) -> dict[str, Any]:
    case = dice.choice([None, None, *(row for row in kept)])
    brand = case["brand"] if case else dice.choice(["Acme", "Other"])
    posted = _moment(dice)
    return {
        "id": number,
        "native_id": f"n{number}",
        "platform": dice.choice(["x", "reddit"]),
        "brand": brand,
        "source": "s",
        "kind": "post",
        "author": dice.choice([None, *(f"a{name}" for name in range(12))]),
        "text": f"<b>Post</b> {number} *says* [it](http://x)",
        "url": dice.choice([None, f"https://posts.example/{number}"]),
        "posted_at": posted,
        "collected_at": posted + dice.choice([timedelta(0), timedelta(days=1)]),
        "reposts": dice.choice([None, 0, 5]),
        "is_own": case is None and dice.random() < 0.2,
        "matched": ["acme"],
        "fingerprint": f"f{number}",
        "stage": Stage.DONE if case else dice.choice([Stage.NEW, Stage.DONE, Stage.ASIDE, Stage.BY_BOT]),
        "judged_by": "m",
        "cause_id": case["cause_id"] if case else None,
        "case_id": case["id"] if case else None,
        "forgotten_at": NOW if dice.random() < 0.1 else None,
    }


def _verdict(dice: random.Random, number: int) -> dict[str, Any]:
    return {
        "mention_id": number,
        "model": "m",
        "label": dice.choice(list(Label)),
        "complaint": dice.random(),
        "topics": [],
        "at": NOW,
        "sentiment": dice.choice([None, "positive", "negative"]),
        "language": dice.choice([None, "en", "de"]),
        "is_measured": dice.random() < 0.7,
    }


def _fact(dice: random.Random, number: int) -> dict[str, Any]:
    step = dice.choice([Step.NUDGE, Step.NUDGE, Step.NOTE, Step.CLOSE, Step.DONE, Step.WROTE_AGAIN, Step.REOPEN])
    note = dice.choice([Due.FOLLOW_UP, Due.UPDATE]) if step is Step.NUDGE else "asked"
    said = {"key": f"k{number}", "step": step, "by": "U1", "name": "Ann", "via": "slack", "note": note}
    return {"id": number, "case_id": dice.randint(1, 60), "at": _moment(dice), **said}


def _message() -> dict[str, Any]:
    when = {"created_at": NOW, "due_at": NOW}
    counts = {"is_doubtful": False, "attempts": 0, "doubts": 0}
    return {"id": 1, "target": "team", "key": "k", "message": {}, "state": "sent", **counts, **when}


class Oracle:
    """The same numbers, counted over the rows themselves."""

    def __init__(self, store: SqlStore) -> None:
        with store.engine.connect() as connection:

            def rows(table: Any) -> list[dict[str, Any]]:
                return [dict(row) for row in connection.execute(select(table)).mappings()]

            self.posts, self.facts = rows(mentions), rows(facts)
            self.cases = {row["id"]: row for row in rows(cases)}
            self.verdicts = {row["mention_id"]: row for row in rows(verdicts)}
            self.told = {row["mention_id"] for row in rows(told)}

    def complaints(self, span: Window, brand: str = "Acme") -> list[dict[str, Any]]:
        return [
            post
            for post in self.posts
            if post["brand"] == brand
            and span.holds(post["posted_at"])
            and post["case_id"] is not None
            and self.cases[post["case_id"]]["state"] not in OVERRULED
        ]

    def others(self, span: Window) -> list[dict[str, Any]]:
        posts = (p for p in self.posts if p["brand"] == "Acme" and span.holds(p["posted_at"]))
        return [post for post in posts if not post["is_own"] and post["stage"] != Stage.BY_BOT]

    def opened(self, span: Window) -> Iterator[dict[str, Any]]:
        for case in self.cases.values():
            if case["brand"] == "Acme" and span.holds(case["opened_at"]) and case["state"] not in OVERRULED:
                yield case


def voice(post: dict[str, Any]) -> tuple[str, ...]:
    return (post["platform"], post["author"]) if post["author"] else ("", post["platform"], post["native_id"])


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_p30_every_number_is_what_is_counted_over_the_rows(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    oracle, span = Oracle(sql_store), window(DAY, 1, BERLIN)
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW)
    found = oracle.complaints(span)
    assert span.hours == 25
    assert digest.basics.complaints.now == len(found)
    assert digest.basics.people.now == len({voice(post) for post in found})
    for shift, said in ((1, digest.basics.complaints.before), (7, digest.basics.complaints.week_before)):
        assert said == len(oracle.complaints(window(DAY - timedelta(days=shift), 1, BERLIN)))
    weeks = [len(oracle.complaints(window(DAY - timedelta(days=7 * n), 1, BERLIN))) for n in (1, 2, 3, 4)]
    assert digest.basics.complaints.usual == sum(weeks) / 4
    opened = list(oracle.opened(span))
    assert digest.basics.new_cases.now == len(opened)
    assert digest.basics.answered == sum(case["answered_at"] is not None for case in opened)
    waiting = [
        c for c in oracle.cases.values() if c["brand"] == "Acme" and c["state"] not in ENDS and not c["answered_at"]
    ]
    assert digest.basics.open_unanswered == len(waiting)
    for problem in digest.problems:
        about = [post for post in found if oracle.cases[post["case_id"]]["topic"] == problem.topic]
        assert (problem.complaints.now, problem.people.now) == (len(about), len({voice(post) for post in about}))
        assert problem.quote.mention in {post["id"] for post in about if post["forgotten_at"] is None}
    others = oracle.others(span)
    assert digest.posts == len(others)
    judged = [(post, oracle.verdicts[post["id"]]) for post in others]
    assert digest.praised == sum(v["sentiment"] == "positive" and v["label"] == Label.OTHER for _, v in judged)
    assert digest.honesty.deleted == sum(post["forgotten_at"] is not None for post in others)
    assert digest.honesty.unjudged == sum(post["stage"] == Stage.NEW for post in others)
    assert digest.honesty.not_told == sum(post["id"] not in oracle.told for post in found)
    assert sum(count for _, count in digest.honesty.unmeasured) == sum(not v["is_measured"] for _, v in judged)
    before = oracle.others(Window(start=span.start - timedelta(days=3), end=span.start))
    assert digest.honesty.late == sum(span.holds(post["collected_at"]) for post in before)


@pytest.mark.parametrize("seed", SEEDS)
def test_reminders_outcomes_and_wrong_alerts_are_what_is_counted_over_the_rows(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    oracle, span = Oracle(sql_store), window(DAY, 1, BERLIN)
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW)
    ours = [fact for fact in oracle.facts if oracle.cases[fact["case_id"]]["brand"] == "Acme"]
    due = [f for f in ours if f["step"] == Step.NUDGE and f["note"] == Due.FOLLOW_UP and span.holds(f["at"])]
    assert digest.basics.reminders == len(due)
    done = [
        one
        for one in due
        if any(
            f["case_id"] == one["case_id"] and f["at"] >= one["at"] and f["step"] not in (Step.NUDGE, Step.WROTE_AGAIN)
            for f in ours
        )
    ]
    assert digest.basics.reminders_done == len(done)
    ended = [c for c in oracle.cases.values() if c["brand"] == "Acme" and c["ended_at"] and span.holds(c["ended_at"])]
    assert digest.outcomes.satisfied == sum(case["state"] == State.SATISFIED for case in ended)
    assert digest.outcomes.unknown_silent == sum(case["state"] == State.UNKNOWN_SILENT for case in ended)
    month = Window(start=span.end - timedelta(days=30), end=span.end)
    alerted = [c for c in oracle.cases.values() if c["brand"] == "Acme" and c["told_at"] and month.holds(c["told_at"])]
    assert digest.honesty.alerted == len(alerted)
    assert digest.honesty.overruled == sum(case["state"] in OVERRULED for case in alerted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grid_of_stages_sums_to_all_complaints_and_all_praise(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW, About(pack=pack("shop")))
    assert sum(cell.complaints for cell in digest.journey) == digest.basics.complaints.now
    assert sum(cell.praise for cell in digest.journey) == digest.praised
    assert digest.praised == sql_store.praised("Acme", window(DAY, 1, BERLIN))


TOPICS = ("delivery", "price", "safety")


@pytest.mark.parametrize("seed", SEEDS)
def test_words_of_several_topics_are_those_of_each(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    oracle, span = Oracle(sql_store), window(DAY - timedelta(days=6), 7, BERLIN)
    found, openers = sql_store.quotes_of("Acme", span, TOPICS, 3), sql_store.openers_of("Acme", span, TOPICS, 4)
    for topic in TOPICS:
        assert found[topic] == sql_store.complaints_of("Acme", span, topic, None, 3)
        first: dict[int, dict[str, Any]] = {}
        for post in oracle.complaints(span):
            if oracle.cases[post["case_id"]]["topic"] == topic:
                first.setdefault(post["case_id"], post)
        kept = [post for post in first.values() if post["forgotten_at"] is None]
        assert openers[topic] == [p["text"] for p in sorted(kept, key=lambda p: (p["posted_at"], p["id"]))][:4]


def test_a_quote_of_another_person_is_found_behind_any_number_by_one(sql_store: SqlStore) -> None:
    fill(sql_store, 1)
    span = window(DAY, 1, BERLIN)
    with writing(sql_store.engine) as connection:
        case = {"topic": "delivery", "brand": "Acme", "state": State.NEW, "level": 1}
        connection.execute(update(cases).where(cases.c.id == 1).values(case))
        for table in (told, verdicts, mentions):
            connection.execute(delete(table))
        posts = [_post(random.Random(1), number, []) for number in range(1, 3 * FIRST_ROWS)]
        of = {"posted_at": span.start, "brand": "Acme", "case_id": 1, "cause_id": 1, "forgotten_at": None, "reposts": 0}
        rows = [post | of | {"author": "one", "platform": "x"} for post in posts]
        rows[-1] |= {"author": "another"}
        connection.execute(insert(mentions), rows)
    assert [one.author for one in sql_store.complaints_of("Acme", span, None, None, 2)] == ["one", "another"]
    assert [one.author for one in sql_store.quotes_of("Acme", span, TOPICS, 2)["delivery"]] == ["one", "another"]


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_p30_every_rendering_shows_the_same_numbers(sqlite_store: SqlStore, name: str) -> None:
    fill(sqlite_store, 1)
    digest = make_digest(sqlite_store, "Acme", DAY, 1, BERLIN, NOW)
    shown = FORMATS[name](digest).replace("\\", "").replace("\n    ", " ")
    for line in basics_lines(digest.basics, 1):
        assert line.value in shown


def test_a_week_counts_seven_local_days(sql_store: SqlStore) -> None:
    fill(sql_store, 3)
    oracle, first = Oracle(sql_store), DAY - timedelta(days=6)
    digest = make_digest(sql_store, "Acme", first, 7, BERLIN, NOW)
    assert digest.window.hours == 7 * 24 + 1
    assert digest.basics.complaints.now == len(oracle.complaints(window(first, 7, BERLIN)))
    assert digest.basics.complaints.before == digest.basics.complaints.week_before


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_tells_who_complained_again_after_us(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    oracle, first = Oracle(sql_store), DAY - timedelta(days=6)
    week = make_digest(sql_store, "Acme", first, 7, BERLIN, NOW).week
    assert week is not None
    end = window(first, 7, BERLIN).end
    span = Window(start=end - timedelta(days=28), end=end)
    done: dict[str, set[int]] = defaultdict(set)
    again: dict[str, set[int]] = defaultdict(set)
    for fact in oracle.facts:
        case = oracle.cases[fact["case_id"]]
        if case["brand"] != "Acme" or case["state"] in OVERRULED or not span.holds(fact["at"]):
            continue
        if fact["step"] in (Step.DONE, Step.CLOSE):
            done[case["topic"]].add(case["id"])
            later = [f for f in oracle.facts if f["case_id"] == case["id"] and f["at"] > fact["at"]]
            if any(f["step"] in (Step.WROTE_AGAIN, Step.REOPEN) for f in later):
                again[case["topic"]].add(case["id"])
    assert {one.topic: (one.done, one.again) for one in week.relapses} == {
        topic: (len(done[topic]), len(found)) for topic, found in again.items()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_counts_people_from_day_to_day_and_by_kind_of_trouble(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    oracle, first = Oracle(sql_store), DAY - timedelta(days=6)
    week = make_digest(sql_store, "Acme", first, 7, BERLIN, NOW, is_silent_asked=True).week
    assert week is not None
    for one in week.days:
        found = oracle.complaints(window(one.day, 1, BERLIN))
        assert (one.complaints, one.people) == (len(found), len({voice(post) for post in found}))
        before = [oracle.complaints(window(one.day - timedelta(days=7 * n), 1, BERLIN)) for n in (1, 2, 3, 4)]
        assert one.usual == sum(len({voice(post) for post in posts}) for posts in before) / 4
    for course in week.courses:
        spans = [window(first + timedelta(days=step), 1, BERLIN) for step in range(7)]
        about = [
            [p for p in oracle.complaints(s) if oracle.cases[p["case_id"]]["topic"] == course.topic] for s in spans
        ]
        assert course.people == tuple(len({voice(post) for post in posts}) for posts in about)
    kinds: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for post in oracle.complaints(window(first, 7, BERLIN)):
        kinds[KINDS.get(oracle.cases[post["case_id"]]["topic"], ALL_ELSE)].add(voice(post))
    assert {one.assumed.kind: one.people for one in week.silent} == {kind: len(found) for kind, found in kinds.items()}
    assert all(one.people <= one.low < one.high for one in week.silent)


@pytest.mark.parametrize("seed", SEEDS)
def test_rivals_are_counted_by_people_and_heard_in_posts_that_name_both(sql_store: SqlStore, seed: int) -> None:
    fill(sql_store, seed)
    span = window(DAY, 1, BERLIN)
    oracle = Oracle(sql_store)
    said = {
        "b1": ("x", "ann", "Acme lost it again, I am switching to Other", False),
        "b2": ("x", "ann", "Leaving Acme for Other", False),
        "b3": ("reddit", None, "just left Other for Acme", False),
        "b4": ("x", "other_inc", "Leaving Acme for Other? Come in", True),
        "b5": ("x", "bob", "Acme or Other, all the same", False),
        "b6": ("x", "offers", "Leaving Acme for Other", False),
    }
    rows = []
    for brand in ("Acme", "Other"):
        for number, (name, (platform, author, text, is_rival)) in enumerate(said.items()):
            row = oracle.posts[0] | {"native_id": name, "brand": brand, "platform": platform, "author": author}
            kept = {"text": text, "posted_at": span.start + HOUR, "is_own": is_rival and brand == "Other"}
            free = {
                "stage": Stage.BY_BOT if author == "offers" else Stage.DONE,
                "case_id": None,
                "cause_id": None,
                "forgotten_at": None,
                "id": 900 + number + 50 * (brand == "Other"),
            }
            rows.append(row | kept | free)
    with writing(sql_store.engine) as connection:
        connection.execute(insert(mentions), rows)
    oracle = Oracle(sql_store)
    rivals = Rivals(ours=("Acme",), theirs={"Other": ("Other",)})
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW, About(rivals=rivals))
    (other,) = digest.rivals
    assert digest.spoke == len({voice(post) for post in oracle.others(span)})
    theirs = oracle.complaints(span, "Other")
    about = [post for post in theirs if oracle.cases[post["case_id"]]["topic"] == other.topic]
    assert other.complained == len({voice(post) for post in about})
    assert (other.leaving, other.coming, other.since) == (1, 1, None)
    assert [one.post for one in other.examples] == ["x:b1", "reddit:b3"]
    assert make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW).rivals == ()


def test_an_empty_store_makes_a_quiet_digest(sql_store: SqlStore) -> None:
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW)
    assert digest.is_quiet
    assert digest.basics.complaints.usual is None
    assert digest.chart[-1].value == 0
    assert len(digest.chart) == 1


def test_a_rate_needs_the_orders_of_every_day(sql_store: SqlStore) -> None:
    fill(sql_store, 2)
    monday = DAY - timedelta(days=6)
    days = [(monday + timedelta(days=step), 100) for step in range(6)]
    sql_store.add_orders([("Acme", day, amount) for day, amount in days])
    assert make_digest(sql_store, "Acme", monday, 7, BERLIN, NOW).honesty.orders is None
    sql_store.add_orders([("Acme", DAY, 100), ("Acme", monday, 150)])
    digest = make_digest(sql_store, "Acme", monday, 7, BERLIN, NOW)
    assert digest.honesty.orders == 750
    assert digest.problems[0].rate == 1000 * digest.problems[0].complaints.now / 750


def test_an_edition_is_decided_once(sql_store: SqlStore) -> None:
    def decide(day: date) -> bool:
        with sql_store.begin() as transaction:
            return transaction.decide_digest("team", day, NOW, is_sent=True)

    assert sql_store.last_digest("team") is None
    assert [decide(DAY), decide(DAY), decide(DAY - timedelta(days=1))] == [True, False, True]
    assert sql_store.last_digest("team") == DAY
    assert sql_store.last_digest("others") is None


@pytest.mark.parametrize("seed", SEEDS)
def test_p30_the_exported_table_holds_the_complaints_that_the_digest_counts(
    sql_store: SqlStore, tmp_path: Path, seed: int
) -> None:
    fill(sql_store, seed)
    span = window(DAY, 1, BERLIN)
    digest = make_digest(sql_store, "Acme", DAY, 1, BERLIN, NOW)
    assert (
        write(Report(sql_store.engine).complaints("Acme", span), tmp_path / "out.csv") == digest.basics.complaints.now
    )
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        topics = Counter(row["topic"] for row in csv.DictReader(file))
    for problem in digest.problems:
        assert topics[problem.topic] == problem.complaints.now


def test_p33_a_digest_of_a_thousand_complaints_fits_into_a_mail(sqlite_store: SqlStore) -> None:
    fill(sqlite_store, 1)
    with writing(sqlite_store.engine) as connection:
        (case,) = connection.execute(select(cases.c.id).where(cases.c.brand == "Acme").limit(1)).scalars()
        first = window(DAY, 1, BERLIN).start
        rows = [_post(random.Random(number), 1_000 + number, []) for number in range(1_000)]
        filed = {"brand": "Acme", "case_id": case, "cause_id": 1, "posted_at": first + HOUR, "is_own": False}
        connection.execute(insert(mentions), [row | filed | {"text": "word " * 900} for row in rows])
    summary, *_ = write_digest(make_digest(sqlite_store, "Acme", DAY, 1, BERLIN, NOW), "k")
    mail = write_mail(summary, "u@a.example", "b@a.example", NOW)
    html = mail.get_body(("html",))
    assert html is not None
    assert len(html.get_content().encode()) < LARGEST
