"""The same question again, put together by the shipped model, and what the FAQ says of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitor.app import LazyClassifier
from monitor.core.digest import Question, Words
from monitor.core.recurring import ASKED, Faq
from monitor.jobs.asked import asked_again
from monitor.ports.themes import MeaningOf
from monitor.settings import ClassifierSettings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RETURNS = (
    "Where do I find the return label for my Acme order?",
    "@acme how do I get a return label?",
    "Is there a return label in the box or do I print it?",
    "Acme, return label please, where do I find the label",
    "can somebody tell me where the return label is",
    "Does anybody know where to find the return label?",
)
OTHERS = (
    "What time does the store in Leeds open on Sunday?",
    "Is the blue kettle coming back this year?",
    "Do you ship to Norway?",
    "Which filter fits the old machine?",
    "Will there be a sale on Friday?",
)


@pytest.fixture(scope="module")
def meaning_of() -> MeaningOf:
    return LazyClassifier(ClassifierSettings()).meaning_of


def asked(*texts: str, author: str | None = None) -> list[Words]:
    return [
        Words(
            text=text,
            author=author or f"a{number}",
            platform="social",
            posted_at=NOON + timedelta(minutes=number),
            url=f"https://social.example/{number}",
            post=f"social:{number}",
        )
        for number, text in enumerate(texts)
    ]


def again(meaning_of: MeaningOf, words: Sequence[Words], faq: Sequence[Faq] | None = None) -> tuple[Question, ...]:
    return asked_again(words, faq, ("Acme",), meaning_of)


def test_a_question_of_five_people_is_found_among_others(meaning_of: MeaningOf) -> None:
    (found,) = again(meaning_of, asked(*OTHERS, *RETURNS))
    assert found.people >= ASKED
    assert "return label" in found.terms
    assert all("label" in words.text for words in found.examples)
    assert len(found.examples) == 3
    assert found.answer is None


def test_one_person_who_asks_five_times_is_no_recurring_question(meaning_of: MeaningOf) -> None:
    """Product 004-7."""
    assert again(meaning_of, asked(*OTHERS, *RETURNS, author="impatient")) == ()


def test_a_question_that_the_faq_answers_is_matched_with_its_answer(meaning_of: MeaningOf) -> None:
    faq = [Faq("Do you ship abroad?", "To all of Europe."), Faq("Where is my return label?", "In your account.")]
    (found,) = again(meaning_of, asked(*OTHERS, *RETURNS), faq)
    assert found.answer == "In your account."


def test_a_question_that_the_faq_does_not_know_is_a_gap(meaning_of: MeaningOf) -> None:
    (found,) = again(meaning_of, asked(*OTHERS, *RETURNS), [Faq("Do you ship abroad?", "To all of Europe.")])
    assert found.answer == ""


def test_questions_without_a_word_in_common_are_not_told(meaning_of: MeaningOf) -> None:
    texts = ("why?", "Why??", "but why", "why!?", "and why?", "why, Acme?")
    assert again(meaning_of, asked(*texts)) == ()


def test_nobody_asked_anything(meaning_of: MeaningOf) -> None:
    assert again(meaning_of, [], [Faq("Why?", "Because.")]) == ()


def test_questions_in_another_language_meet_the_faq_in_theirs(meaning_of: MeaningOf) -> None:
    german = (
        "Wo finde ich das Rücksendeetikett für meine Bestellung?",
        "Wie bekomme ich ein Rücksendeetikett?",
        "Liegt das Rücksendeetikett im Paket oder drucke ich es?",
        "Rücksendeetikett bitte, wo finde ich das Etikett?",
        "Kann mir jemand sagen, wo das Rücksendeetikett ist?",
    )
    faq = [Faq("Wo ist das Rücksendeetikett?", "Im Paket."), Faq("Do you ship to Norway?", "Yes.")]
    (found,) = again(meaning_of, asked(*OTHERS, *german), faq)
    assert (found.people, found.answer) == (len(german), "Im Paket.")
