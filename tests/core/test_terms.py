"""Words that set an hour apart."""

from monitor.core.terms import apart

BEFORE = [f"Acme parcel number {n} is late, the parcel is late again" for n in range(60)]
NOW = [f"Acme checkout crashed at payment, order {n} gone, checkout crashed" for n in range(12)]


def test_what_is_new_comes_first_and_what_is_always_said_does_not_come() -> None:
    found = apart([*NOW, *BEFORE[:20]], BEFORE, without=("Acme",))
    assert "checkout crashed" in found or "checkout" in found
    assert not any("parcel" in term or "late" in term or "acme" in term for term in found)


def test_a_word_of_one_angry_text_is_not_a_trend() -> None:
    assert not any("zebra" in term for term in apart([*BEFORE, "zebra zebra zebra zebra"], BEFORE))


def test_no_word_is_said_twice() -> None:
    words = [word for term in apart(NOW, BEFORE) for word in term.split()]
    assert len(words) == len(set(words))


def test_addresses_and_names_of_people_are_no_words() -> None:
    texts = [f"@sam{n} look https://evil.example/{n} refund denied" for n in range(9)]
    assert not any("evil" in term or "sam" in term for term in apart(texts, BEFORE))


def test_nothing_sets_nothing_apart() -> None:
    assert apart([], []) == []
    assert apart([], BEFORE) == []
