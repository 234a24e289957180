"""Words that set an hour apart."""

import pytest

from monitor.core.terms import apart, as_written, spoken, typical

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


@pytest.mark.parametrize(
    ("term", "texts", "written"),
    [
        ("verspatung", ["Wieder Verspätung!", "VERSPÄTUNG ohne Ende", "Verspatung"], "verspätung"),
        ("kart aidati", ["Kart aidatı geri ödenmedi"], "kart aidatı"),
        ("билаин", ["Билайн не работает"], "билайн"),
        ("refund", ["no Refund"], "refund"),
        ("gone", ["never said"], "gone"),
    ],
)
def test_a_term_is_shown_as_people_write_it(term: str, texts: list[str], written: str) -> None:
    assert as_written(term, texts) == written


def test_what_sets_texts_apart_keeps_its_accents() -> None:
    now = [f"Der Zug hat Verspätung, Anschluss {n} weg" for n in range(30)]
    assert "verspätung" in " ".join(apart(now, ["Der Zug fährt, Anschluss da" for _ in range(60)]))


def test_chinese_is_named_by_pairs_of_signs() -> None:
    slow = [f"送餐太慢了，等了{n}个小时" for n in range(2, 9)]
    others = ["味道不错，下次再来", "包装很好", "分量很足，推荐", "服务态度很好", "价格便宜"] * 3
    name = typical(spoken(slow), spoken([*slow, *others]))
    assert "太慢" in name or "送餐" in name


@pytest.mark.parametrize(
    "text", ["schon wieder immer noch", "otra vez sigue siendo", "yine hala olarak", "всегда опять очень"]
)
def test_idle_words_name_nothing(text: str) -> None:
    assert typical(spoken([text] * 5), spoken([text] * 5)) == []
