"""The words without which a probability falls."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.occlusion import carrying_words

WEIGHTS = {"late": 0.4, "rude": 0.2, "again": 0.1}


class Counting:
    """A classifier that adds up the weights of words, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> list[float]:
        self.asked += len(texts)
        return [sum(WEIGHTS.get(word.strip(".,!"), 0) for word in text.split()) for text in texts]


def test_the_weightiest_words_come_first() -> None:
    words = carrying_words("my parcel is late, and the driver was rude. Again again!", Counting())
    assert [word.text for word in words] == ["late", "rude", "again"]
    assert [round(word.weight, 3) for word in words] == [0.4, 0.2, 0.1]


def test_words_that_change_nothing_are_not_named() -> None:
    assert [word.text for word in carrying_words("it is late", Counting())] == ["late"]
    assert carrying_words("it is here", Counting()) == ()


def test_no_words_no_explanation() -> None:
    assert carrying_words("", Counting()) == ()


def test_a_long_text_is_searched_in_pieces() -> None:
    counting = Counting()
    words = carrying_words("so it goes " * 300 + "late " + "and on " * 200, counting)
    assert [word.text for word in words] == ["late"]
    assert counting.asked < 150


def test_hints_are_tried_alone() -> None:
    counting = Counting()
    assert [word.text for word in carrying_words("late and rude", counting, hints=[2])] == ["rude"]
    assert counting.asked <= 3


def test_hints_name_the_words_of_the_text_as_it_is() -> None:
    assert [word.text for word in carrying_words("a &nbsp; late rude", Counting(), hints=[2])] == ["late"]


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    assert len(carrying_words(text, Counting(), 2)) <= 2


def test_what_stands_for_handles_and_links_is_not_named() -> None:
    def weighty(texts: Sequence[str]) -> list[float]:
        return [0.5 * ("@user" in text) + 0.3 * ("http" in text) + 0.1 * ("late" in text) for text in texts]

    assert [word.text for word in carrying_words("thanks @acme, late https://a.example!", weighty)] == ["late"]
