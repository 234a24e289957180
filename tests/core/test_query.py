"""Queries hold every word of the watches and stay under the platform's limit."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.query import packed, quoted, search_words
from monitor.core.watch import Watch

ACME = Watch(
    brand="Acme",
    terms=("Acme", "Acme Phone", "acme.example", "ACME"),
    misspellings=("Akme",),
    handles=("@acmecare", "acme"),
)


def test_words_are_asked_for_once_and_the_shorter_one_finds_the_longer() -> None:
    assert search_words([ACME, ACME]) == ["Acme", "acme.example", "Akme", "@acmecare", "@acme"]
    assert search_words([ACME], handles=False) == ["Acme", "acme.example", "Akme"]


def test_phrases_are_quoted() -> None:
    assert [quoted(word) for word in ("Acme", "@acme_care", "Acme Phone", 'a"b', "acme.example")] == [
        "Acme",
        "@acme_care",
        '"Acme Phone"',
        '"a b"',
        '"acme.example"',
    ]


def test_queries_are_split_under_the_limit() -> None:
    assert list(packed(["one", "two", "three"], 12, wrap=lambda text: f"({text})")) == ["(one OR two)", "(three)"]
    assert list(packed(["one", "two", "three"], 100, most=2)) == ["one OR two", "three"]
    assert list(packed([], 100)) == []


def test_what_is_too_long_alone_is_left_out() -> None:
    assert list(packed(["much too long", "one"], 5)) == ["one"]


@given(st.lists(st.text(min_size=1, max_size=20)), st.integers(20, 100))
def test_no_part_is_lost_and_no_query_too_long(parts: list[str], limit: int) -> None:
    queries = list(packed(parts, limit))
    assert all(len(query) <= limit for query in queries)
    assert " OR ".join(queries) == " OR ".join(parts)
