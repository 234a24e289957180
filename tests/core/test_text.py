"""Text: cleaned without harm, cut between signs, the same fingerprint for copies and only for copies."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import CUT, MAX_CHARS, clean, cut, excerpt, fingerprint, fold, for_model, visible

FAMILY = "👨‍👩‍👧‍👦"
SIGNS = {
    "a flag": "🇩🇪",
    "a skin colour": "👍🏽",
    "a family": FAMILY,
    "a heart": "❤️",
    "a keycap": "1️⃣",
    "the flag of Scotland": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "a letter with two accents": "e\u0302\u0301",
    "a Hindi syllable": "की",
    "a Thai syllable": "ที่",
}

UNCHANGED = {
    "Arabic": "طردي لم يصل منذ أسبوعين، أين الدعم؟",
    "Arabic with points": "الطَّرْدُ لَمْ يَصِلْ",
    "Hebrew with points": "שָׁלוֹם",
    "Hindi": "मेरा पार्सल अभी तक नहीं आया",
    "Vietnamese": "Giao hàng quá chậm, tôi rất thất vọng",
    "Thai": "พัสดุยังไม่มาเลย",
    "Japanese": "荷物が届きません。",
    "Persian with a joiner": "نمی\u200cخواهم",
    "flags": "🇩🇪🇫🇷🇺🇦",
    "families": FAMILY * 3,
    "a pirate": "🏴‍☠️",
    "lines and tabs": "one\ttwo\nthree\r\nfour",
    "nothing": "",
}


@pytest.mark.parametrize("text", UNCHANGED.values(), ids=UNCHANGED)
def test_cleaning_leaves_the_worlds_scripts_as_they_are(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my\0 parcel", "my parcel"),
        ("half an emoji \ud83d here", "half an emoji ? here"),
        ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("bell\x07 escape\x1b[31m", "bell escape[31m"),
        ("a" + "\u0301" * 100, "a" + "\u0301" * 4),
    ],
    ids=["NUL", "lone surrogate", "zero width", "soft hyphen", "control", "zalgo"],
)
def test_cleaning_removes_what_cannot_be_stored_or_seen(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_hundred_thousand_characters_are_cut_and_say_so() -> None:
    cleaned = clean("abcd " * 20_000)
    assert len(cleaned) == MAX_CHARS
    assert cleaned.endswith(CUT)


def test_a_post_of_nothing_but_accents_is_neither_slow_nor_lost() -> None:
    assert len(clean("ก" + "\u0e34" * 50_000)) > MAX_CHARS - 100


@given(st.text(max_size=300))
def test_cleaned_text_can_be_stored_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(codec=None), max_size=100))
def test_any_code_points_at_all_can_be_cleaned(text: str) -> None:
    clean(text).encode()


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("before", [[], ["x"], ["x", "y", " ", "🇫🇷"]], ids=len)
def test_a_cut_never_takes_a_sign_apart(sign: str, before: list[str]) -> None:
    pieces = [*before, sign, *"the end"]
    whole = {"".join(pieces[:count]) for count in range(len(pieces))}
    text = "".join(pieces)
    for limit in range(1, len(text)):
        assert cut(text, limit).removesuffix(CUT) in whole


def test_a_row_of_flags_is_cut_between_flags() -> None:
    assert cut("🇩🇪🇫🇷🇺🇦🇩🇪", 6) == "🇩🇪🇫🇷…"


@given(st.text(max_size=200), st.integers(1, 200))
def test_what_is_cut_fits_and_begins_as_it_did(text: str, limit: int) -> None:
    shortened = cut(text, limit)
    assert len(shortened) <= max(limit, 1)
    assert shortened == text or text.startswith(shortened.removesuffix(CUT))


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("two\nlines\tand  spaces", 40, "two lines and spaces"),
        ("the parcel never arrived", 16, "the parcel…"),
        ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ("\u202eevil\u202c", 10, "evil"),
        ("  \n ", 10, ""),
    ],
)
def test_an_excerpt_is_one_line_cut_at_a_word(text: str, limit: int, expected: str) -> None:
    assert excerpt(text, limit) == expected


@given(st.text(max_size=300), st.integers(2, 300))
def test_an_excerpt_fits_in_one_line(text: str, limit: int) -> None:
    line = excerpt(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_direction_overrides_are_not_shown() -> None:
    assert visible("a\u202eb\u2066c\u200f") == "abc"


PARCEL = "Acme lost my parcel again, this is unacceptable"


@pytest.mark.parametrize(
    "copy",
    [
        "RT @someone: Acme lost my parcel again, this is unacceptable",
        "rt @someone Acme lost my parcel again, this is unacceptable",
        "Acme lost my parcel again, this is unacceptable https://t.example/abc",
        "@acme @acmehelp Acme lost my parcel again, this is unacceptable!!!",
        "ACME LOST MY PARCEL AGAIN, THIS IS UNACCEPTABLE",
        "Acmé löst my parcel again... this is unacceptable 😡😡",
        "Acme  lost\nmy parcel again — this is unacceptable",
        "Acme lost my parcel again, this is unacceptable",
    ],
)
def test_copies_have_one_fingerprint(copy: str) -> None:
    assert fingerprint(copy) == fingerprint(PARCEL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PARCEL, "Acme lost my parcel again, this is acceptable"),
        ("😡", "🎉"),
        ("😡😡", "😡"),
        ("https://a.example/1", "https://a.example/2"),
        ("@ann", "@bob"),
        ("荷物が届きません", "荷物が届きました"),
        ("!!!", "???"),
    ],
)
def test_different_posts_have_different_fingerprints(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


@given(st.text(string.ascii_letters + " ", min_size=1).filter(str.strip))
def test_case_never_changes_a_fingerprint(text: str) -> None:
    assert fingerprint(text.upper()) == fingerprint(text.lower())


@given(st.text(st.characters(codec=None), max_size=100))
def test_every_text_has_a_fingerprint_of_sixteen_hex_digits(text: str) -> None:
    assert len(fingerprint(text)) == 16
    int(fingerprint(text), 16)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Acme_Help why &amp; where?", "@user why & where?"),
        ("see https://a.example/x?y=1 and www.b.example", "see http and http"),
        ("mail me at ann@mail.example", "mail me at ann@mail.example"),
        ("@ann@social.example hello", "@user hello"),
        ("  a\n\n b ", "a b"),
        ("ALL CAPS stay", "ALL CAPS stay"),
    ],
)
def test_the_model_sees_no_handles_and_no_addresses(text: str, expected: str) -> None:
    assert for_model(text) == expected


@given(st.text(string.ascii_letters + string.punctuation.replace("&", "") + " \n\té漢", max_size=200))
def test_what_the_model_sees_does_not_change_when_seen_twice(text: str) -> None:
    assert for_model(for_model(text)) == for_model(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME", "acme"),
        ("Äcme", "acme"),
        ("a\u0301cme", "acme"),
        ("Ａｃｍｅ", "acme"),
        ("STRASSE", "straße"),
        ("İSTANBUL", "istanbul"),
        ("ISTANBUL", "ıstanbul"),
        ("ﬁne", "fine"),
    ],
)
def test_folding_makes_spellings_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_folding_keeps_what_tells_words_apart() -> None:
    assert fold("が") != fold("か")
    assert fold("ё") == fold("е"), "Russian readers write both"
    assert fold("की") != fold("का")


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing_that_people_write(text: str) -> None:
    if text.isprintable() and all(unicodedata.category(c) not in ("Lm", "Mn", "So", "No") for c in text):
        assert fold(fold(text)) == fold(text)
