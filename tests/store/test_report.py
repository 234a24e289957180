"""What is read for a blind sample, on SQLite and PostgreSQL."""

from datetime import timedelta

from sqlalchemy import update

from monitor.core.verdict import Label
from monitor.store.connection import writing
from monitor.store.report import Report
from monitor.store.schema import mentions
from monitor.store.sql import SqlStore
from monitor.testing.store_contract import NOW, about, post, verdict

MINUTE = timedelta(minutes=1)


def fill(store: SqlStore) -> dict[str, int]:
    """Six posts, one a minute from NOW on: 5 is the brand's own, 4 about another brand, 3 not judged; the ids."""
    found = [(post(n), about("Brimble" if n == 4 else "Acme", own=n == 5)) for n in range(6)]
    with store.begin() as transaction:
        transaction.add_mentions("source", found, NOW)
    numbers = {each.text: each.mention for each in store.unjudged(10)}
    ids = {str(n): number for n in range(6) if (number := numbers.get(post(n).text)) is not None}
    with store.begin() as transaction:
        transaction.add_verdicts(
            (number, verdict(Label.OTHER if name == "1" else Label.COMPLAINT, complaint=int(name) / 10))
            for name, number in ids.items()
            if name != "3"
        )
    return ids


def test_others_judged_posts_of_a_time_are_read_with_their_scores(sql_store: SqlStore) -> None:
    ids = fill(sql_store)
    found = list(Report(sql_store.engine).judged(NOW + MINUTE, NOW + 5 * MINUTE))
    assert [(row["id"], row["label"], row["complaint"], row["model"]) for row in found] == [
        (ids["1"], "other", 0.1, "test@1"),
        (ids["2"], "complaint", 0.2, "test@1"),
        (ids["4"], "complaint", 0.4, "test@1"),
    ]


def test_the_brands_own_posts_are_not_among_them(sql_store: SqlStore) -> None:
    fill(sql_store)
    report = Report(sql_store.engine)
    (own,) = report.posts("5")
    with sql_store.begin() as transaction:
        transaction.add_verdicts([(own["id"], verdict())])
    with writing(sql_store.engine) as connection:
        connection.execute(update(mentions).where(mentions.c.id == own["id"]).values(judged_by="test@1"))
    assert len(list(report.judged(NOW, NOW + 60 * MINUTE))) == 4


def test_one_brand_alone_can_be_asked_for(sql_store: SqlStore) -> None:
    ids = fill(sql_store)
    found = Report(sql_store.engine).judged(NOW, NOW + 60 * MINUTE, "Brimble")
    assert [row["id"] for row in found] == [ids["4"]]


def test_only_the_deciding_verdict_counts(sql_store: SqlStore) -> None:
    ids = fill(sql_store)
    with sql_store.begin() as transaction:
        transaction.add_verdicts([(ids["1"], verdict(Label.COMPLAINT, model="test@2"))])
    found = list(Report(sql_store.engine).judged(NOW + MINUTE, NOW + 2 * MINUTE))
    assert [(row["label"], row["model"]) for row in found] == [("other", "test@1")]


def test_the_chosen_texts_are_read(sql_store: SqlStore) -> None:
    ids = fill(sql_store)
    found = Report(sql_store.engine).texts([ids["4"], ids["1"]])
    assert sorted((row["native_id"], row["platform"], row["brand"], row["text"]) for row in found) == [
        ("1", "mastodon", "Acme", "Where is parcel 1?"),
        ("4", "mastodon", "Brimble", "Where is parcel 4?"),
    ]
