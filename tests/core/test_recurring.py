"""The same question again, and what the FAQ says of it."""

from datetime import UTC, datetime, timedelta

from monitor.core.digest import Words
from monitor.core.gathering import Space
from monitor.core.recurring import ASKED, Faq, questions

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


def test_a_question_of_five_people_is_found_among_others() -> None:
    (found,) = questions(asked(*OTHERS, *RETURNS), None, ("Acme",))
    assert found.people >= ASKED
    assert "return label" in found.terms
    assert all("label" in words.text for words in found.examples)
    assert len(found.examples) == 3
    assert found.answer is None


def test_one_person_who_asks_five_times_is_no_recurring_question() -> None:
    """Product 004-7."""
    assert questions(asked(*OTHERS, *RETURNS, author="impatient"), None, ("Acme",)) == ()


def test_a_question_that_the_faq_answers_is_matched_with_its_answer() -> None:
    faq = [Faq("Do you ship abroad?", "To all of Europe."), Faq("Where is my return label?", "In your account.")]
    (found,) = questions(asked(*OTHERS, *RETURNS), faq, ("Acme",))
    assert found.answer == "In your account."


def test_a_question_that_the_faq_does_not_know_is_a_gap() -> None:
    (found,) = questions(asked(*OTHERS, *RETURNS), [Faq("Do you ship abroad?", "To all of Europe.")], ("Acme",))
    assert found.answer == ""


def test_nobody_asked_anything() -> None:
    assert questions([], [Faq("Why?", "Because.")], ()) == ()


def test_the_same_texts_make_the_same_groups() -> None:
    texts = [*OTHERS, *RETURNS]
    assert Space(texts).gather(range(len(texts))) == Space(texts).gather(range(len(texts)))


def test_texts_without_any_word_stay_alone() -> None:
    groups = Space(["…", "!!", ""]).gather(range(3))
    assert [group.members for group in groups] == [(0,), (1,), (2,)]
