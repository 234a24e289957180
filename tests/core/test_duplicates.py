"""Copies: reposts, quotes and reworded texts are found; customers who say the same in their own words are not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.duplicates import KEYS, is_copy, keys
from monitor.core.text import MAX_CHARS

KETTLE = "@acme the kettle I bought in March caught fire yesterday and your hotline has ignored me since breakfast"

COPIES = {
    "a repost": "RT @kim: " + KETTLE,
    "a repost of a repost": "RT @lee: RT @kim: " + KETTLE,
    "a repost cut off inside a word": "RT @kim: " + KETTLE[:80] + "…",
    "a repost cut off with dots": "RT @kim: " + KETTLE[:81] + " ...",
    "a quote with a remark": f"“@kim: {KETTLE}” same here, never again!",
    "a remark before": "Wow, be careful people. RT @kim: " + KETTLE,
    "another link": KETTLE + " https://example.com/abc",
    "capitals and signs": KETTLE.upper() + "!!! 🔥🔥",
    "hash tags": KETTLE + " #acme #fail #kettle",
    "entities": "&quot;" + KETTLE + "&quot;",
    "another handle, too": KETTLE.replace("@acme", "@acme @acmehelp"),
    "a short word changed": KETTLE.replace(" in March", " last March"),
    "a short word less": KETTLE.replace(" and your", ", your"),
    "via": KETTLE + " via @kim",
}

OTHERS = {
    "another matter": "@acme the toaster I ordered never came, and nobody answers my letters about the refund",
    "the same beginning": "@acme the kettle I bought in March works nicely, thanks for the quick delivery and gift",
    "another order number": KETTLE + " order 4711",
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_found_and_known(copy: str) -> None:
    assert set(keys(copy)) & set(keys(KETTLE))
    assert is_copy(copy, KETTLE)
    assert is_copy(KETTLE, copy)


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_text_is_no_copy(other: str) -> None:
    assert not is_copy(other, KETTLE + " order 4712")


@pytest.mark.parametrize(
    "text",
    [
        "@acme thanks",
        "worst service ever @acme",
        "@acme your app is down again!",
        "Never again, @acme. Never.",
        "客服太差了",
    ],
)
def test_the_same_few_words_of_two_customers_are_two_complaints(text: str) -> None:
    assert not is_copy(text, text)


def test_a_short_text_is_joined_by_what_says_that_it_is_a_repost() -> None:
    assert is_copy("RT @kim: worst service ever @acme", "worst service ever @acme")
    assert is_copy("worst service ever @acme", "“@kim: worst service ever @acme”")
    assert keys("RT @kim: worst service ever @acme") == keys("worst service ever @acme") != ()
    assert not is_copy("RT @kim: worst service ever @acme", "worst delivery ever @acme")
    assert not is_copy("RT @kim: thanks", "thanks")


def test_the_same_form_with_other_numbers_is_another_customers_matter() -> None:
    form = "My card ending in {} was charged a yearly membership of {} without asking me, please refund this amount"
    assert not is_copy(form.format(1234, "$60"), form.format(9876, "$80"))
    assert is_copy(form.format(1234, "$60"), form.format(1234, "$60"))


def test_canned_replies_to_different_people_are_no_copies() -> None:
    reply = "we are sorry about this. Please send a message with your tracking number so that somebody can help"
    assert not is_copy(f"@kim {reply}", f"@lee {reply}")
    assert not is_copy(f"RT @acme: @kim {reply}", f"@lee {reply}")
    assert is_copy(f"RT @acme: @kim {reply}", f"@kim {reply}")
    assert is_copy(f"@lee look! RT @acme: @kim {reply}", f"@kim {reply}")


@pytest.mark.parametrize(
    "text",
    [
        "我三周前订购的电视机还没有送到，客服电话也一直没有人接听，请尽快退款",
        "注文した冷蔵庫が三週間たっても届かず、電話もつながりません。早く返金してください",
        "지난달에 주문한 냉장고가 아직 도착하지 않았고 고객센터는 전화를 받지 않습니다",
        "สั่งตู้เย็นไปสามสัปดาห์แล้วยังไม่ได้รับของ โทรหาศูนย์บริการก็ไม่มีใครรับสาย",
        "मैंने तीन हफ्ते पहले फ्रिज मंगवाया था लेकिन वह अभी तक नहीं आया और कोई जवाब भी नहीं देता",
        "طلبت الثلاجة قبل ثلاثة أسابيع ولم تصل حتى اليوم وخدمة العملاء لا ترد على الهاتف",
        "Холодильник заказан три недели назад, доставки до сих пор нет, горячая линия молчит",
    ],
)
def test_copies_are_found_in_the_worlds_scripts(text: str) -> None:
    copy = f"RT @kim: {text} https://example.com/1"
    assert set(keys(copy)) & set(keys(text))
    assert is_copy(copy, text)


def test_keys_are_few_and_short() -> None:
    found = keys(KETTLE * 20)
    assert 0 < len(found) <= KEYS
    assert {len(key) for key in found} == {12}
    assert keys("") == keys("ok") == keys("🔥🔥🔥") == keys("@acme https://example.com") == ()


@pytest.mark.parametrize(
    "part", ["a", "@a", "@", ".", "… ", "RT ", "RT @a ", "via", "http", "“@a", "#a ", "客", "'", " "]
)
def test_no_text_takes_long(part: str) -> None:
    begun = time.process_time()
    text = part * (MAX_CHARS // len(part))
    keys(text)
    is_copy(text, text + " ")
    assert time.process_time() - begun < 1


WORDS = st.lists(st.from_regex(r"(?!http)[a-z]{4,12}", fullmatch=True), min_size=5, max_size=60, unique=True)


@given(WORDS)
def test_a_long_text_is_its_own_copy(words: list[str]) -> None:
    text = " ".join(words)
    assert keys(text)
    assert is_copy(text, text)


@given(WORDS, st.integers(0, 59))
def test_one_word_more_in_a_long_text_is_still_a_copy_that_is_found(words: list[str], place: int) -> None:
    text = " ".join(words)
    longer = " ".join([*words[:place], "really", *words[place:]])
    assert is_copy(longer, text)
    assert is_copy(text, longer)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared_either_way(one: str, other: str) -> None:
    assert is_copy(one, other) == is_copy(other, one)
    assert len(keys(one)) <= KEYS
    if is_copy(one, one):
        assert keys(one)


@given(st.text(st.characters(), min_size=1), st.sampled_from([KETTLE, *COPIES.values()]))
def test_anything_may_stand_around_a_text(around: str, text: str) -> None:
    assert is_copy(around + text, text) == is_copy(text, around + text)
