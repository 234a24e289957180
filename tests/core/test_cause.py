"""Cases: one thing, in episodes, under a name that never changes."""

from datetime import timedelta

import pytest

from monitor.core.cause import EpisodeRule, continues, slug, topic_of
from monitor.testing.fakes import NOON, a_cause, a_complaint

RULE = EpisodeRule(quiet_after=timedelta(hours=6), longest=timedelta(hours=24))


@pytest.mark.parametrize(
    ("last", "posted", "same_episode"),
    [
        (0, 1, True),
        (0, 5.99, True),
        (0, 6, False),
        (20, 23.9, True),
        (20, 24, False),
        (20, 10, True),
        (0, -48, True),
    ],
    ids=[
        "soon after",
        "just before it is quiet",
        "after the quiet",
        "late but busy",
        "too old though busy",
        "late arrival",
        "very late arrival",
    ],
)
def test_an_episode_ends_when_it_is_quiet_or_old(last: float, posted: float, same_episode: bool) -> None:
    cause = a_cause(opened_at=NOON, last_at=NOON + timedelta(hours=last))
    assert continues(cause, NOON + timedelta(hours=posted), RULE) is same_episode


def test_a_case_has_a_public_name() -> None:
    assert a_cause(brand="Acme & Söhne", id=17, episode=4).key == "topic-2026-11/acme-sohne/delivery/17"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme", "acme"),
        ("Ä/B_C", "a-b-c"),
        ("../..", "brand"),
        ("トヨタ", "トヨタ"),
        ("😡", "brand"),
        ("  x  ", "x"),
        ("C++", "c"),
    ],
)
def test_a_brand_can_stand_in_a_name(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_a_complaint_is_filed_under_its_likeliest_topic() -> None:
    assert topic_of(("delivery", "price")) == "delivery"
    assert topic_of(()) == "other"


def test_an_unknown_author_is_a_voice_of_their_own() -> None:
    assert a_complaint(author="ann").voice == a_complaint(mention=2, author="ann").voice
    assert a_complaint(author=None).voice != a_complaint(mention=2, author=None).voice
    assert a_complaint(author="ann").voice != a_complaint(author="ann", platform="other").voice
