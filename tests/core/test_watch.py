"""Watch: the brand and nothing but the brand, in every script."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.mention import Mention
from monitor.core.watch import Match, Matcher, Watch
from monitor.testing.fakes import a_mention, a_watch


def matched(watch: Watch, text: str, **changed: Any) -> tuple[str, ...] | None:
    """By which terms, or ``None``."""
    found = Matcher([watch]).matches(a_mention(text, **changed))
    return found[0].terms if found else None


ACME = a_watch(terms=("Acme", "acme.com", "Acme Air"), handles=("@acme",))

IS_ACME = [
    "Acme lost my parcel",
    "ACME!!!",
    "acme",
    "I hate acme.",
    "(Acme)",
    "“Acme”",
    "Acme's service",
    "Acme’s service",
    "Acme-Kunde seit 2010",
    "#acme",
    "#AcmeFail",
    "#FailAcme",
    "#acme_fail",
    "#ACMEFail",
    "＃AcmeFail",
    "@acme where is it",
    "@ACME",
    ".@acme hello",
    "Äcme",
    "ácme",
    "Ａｃｍｅ is full width",
    "see https://www.acme.com/help",
    "acme.com/orders does not load",
    "mail from service@acme.com",
    "😡Acme😡",
    "Acme❤️",
    "❤️Acme",
    "Acmeの荷物が届かない",
    "今日Acmeに電話した",
    "พัสดุAcmeยังไม่มา",
    "我的Acme包裹丢了",
    "thanks\nAcme\nfor nothing",
    "\u200fAcme\u200f طردي",
    "Acme\u00a0Air",
]

IS_NOT_ACME = [
    "AcmePhoneCase",
    "acmeology",
    "my acmes are fine",
    "Pacme",
    "acme_fan wrote",
    "acme2000",
    "Aсme with a Cyrillic letter",
    "#acmeology",
    "@acmeology",
    "A c m e",
    "acmé2",
    "акме",
    "",
    "😡",
]


@pytest.mark.parametrize("text", IS_ACME)
def test_the_brand_is_found(text: str) -> None:
    assert matched(ACME, text)


@pytest.mark.parametrize("text", IS_NOT_ACME)
def test_what_only_looks_like_the_brand_is_not(text: str) -> None:
    assert matched(ACME, text) is None


@pytest.mark.parametrize(
    ("term", "text", "is_found"),
    [
        ("トヨタ", "昨日トヨタの車を買った", True),
        ("华为", "我的华为手机坏了", True),
        ("กสิกร", "แอปกสิกรล่มอีกแล้ว", True),
        ("삼성", "삼성 서비스 최악", True),
        ("टाटा", "टाटा की सेवा", True),
        ("ओला", "ओला ने लूट लिया", True),
        ("ओला", "ओलावृष्टि से फसल", False),
        ("राम", "रामा आया", False),
        ("Яндекс", "яндекс опять не работает", True),
        ("Яндекс", "Яндексоид", False),
        ("مرسول", "تطبيق مرسول سيء", True),
        ("מרסול", "אפליקציית מרסול", True),
        ("Straßenbau AG", "STRASSENBAU AG antwortet nicht", True),
        ("İşbank", "işbank çöktü", True),
        ("İşbank", "ISBANK çöktü", True),
        ("Migros", "MİGROS berbat", True),
        ("Garanti", "GARANTI kapandı", True),
        ("C&A", "at C&A again", True),
        ("AT&T", "AT&T is down", True),
        ("Yahoo!", "Yahoo! is down", True),
        (".NET", "the .NET runtime", True),
        ("7-Eleven", "7-eleven robbed me", True),
        ("X", "X is down", True),
        ("X", "Xbox is down", False),
        ("O2", "o2 is down", True),
        ("O2", "CO2 is up", False),
    ],
)
def test_borders_follow_the_script(term: str, text: str, is_found: bool) -> None:
    assert bool(matched(a_watch(terms=(term,)), text)) is is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Acme Air lost my bag", True),
        ("acme air", True),
        ("#AcmeAir", True),
        ("#acmeair", True),
        ("@acmeair", True),
        ("acmeair without a sign", False),
        ("#acmeairlines", False),
        ("#AcmeAirFail", True),
    ],
)
def test_several_words_are_one_word_in_a_hashtag(text: str, is_found: bool) -> None:
    assert bool(matched(a_watch(terms=("Acme Air",)), text)) is is_found


def test_misspellings_are_matched_and_named() -> None:
    watch = a_watch(misspellings=("Akme", "Accme"))
    assert matched(watch, "akme lost my parcel") == ("Akme",)


def test_every_term_that_matched_is_named_once() -> None:
    assert matched(ACME, "acme acme ACME, acme.com") == ("Acme", "acme.com")


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("the Acme comic is great", False),
        ("Acme comics are great", True),
        ("@acme why do you not answer about the Acme comic", True),
        ("Wile E. Coyote buys at Acme", False),
        ("Acme lost my parcel", True),
    ],
)
def test_an_exclusion_rules_out_unless_the_brand_itself_is_addressed(text: str, is_found: bool) -> None:
    watch = a_watch(terms=("Acme",), handles=("acme",), exclude=("Acme comic", "Wile E. Coyote"))
    assert bool(matched(watch, text)) is is_found


@pytest.mark.parametrize("author", ["AcmeHelp", "@acmehelp", "ACMEHELP", "acme"])
def test_the_brands_own_words_are_kept_as_such(author: str) -> None:
    watch = a_watch(handles=("@acme",), own_accounts=("AcmeHelp",), exclude=("sorry",))
    (match,) = Matcher([watch]).matches(a_mention("We are sorry, please write to us", author=author))
    assert match.own


def test_somebody_elses_words_are_not_the_brands() -> None:
    (match,) = Matcher([ACME]).matches(a_mention("acme", author="acme_hater"))
    assert not match.own
    (match,) = Matcher([ACME]).matches(a_mention("acme", author=None))
    assert not match.own


def test_a_source_may_know_that_the_brand_wrote_it() -> None:
    (match,) = Matcher([ACME]).matches(a_mention("acme", author="a person of the team", own=True))
    assert match.own


@pytest.mark.parametrize(
    ("language", "is_found"),
    [("de", True), ("de-AT", True), ("DE_ch", True), ("fr", False), (None, True), ("", True)],
)
def test_languages_are_admitted_by_their_main_tag_and_unknown_ones_are_heard(
    language: str | None, is_found: bool
) -> None:
    assert bool(matched(a_watch(languages=("de",)), "Acme", language=language)) is is_found


def test_no_languages_admit_all() -> None:
    assert matched(a_watch(), "Acme", language="tlh")


def test_a_review_needs_no_brand_in_its_words() -> None:
    assert matched(ACME, "never again", brand="ACME") == ("named by the source as ACME",)
    assert matched(ACME, "never again", brand="Apex") is None


def test_what_the_source_says_overrides_an_exclusion() -> None:
    assert matched(a_watch(exclude=("comic",)), "a comic experience", brand="Acme")


def test_a_post_may_be_about_several_brands() -> None:
    matcher = Matcher([a_watch("Acme"), a_watch("Apex"), a_watch("Zenith")])
    found = matcher.matches(a_mention("Zenith is better than Acme"))
    assert found == [
        Match(brand="Acme", terms=("Acme",), own=False),
        Match(brand="Zenith", terms=("Zenith",), own=False),
    ]


def test_one_brands_exclusion_leaves_the_others_alone() -> None:
    matcher = Matcher([a_watch("Acme", exclude=("comic",)), a_watch("Apex")])
    assert [m.brand for m in matcher.matches(a_mention("Acme and Apex in a comic"))] == ["Apex"]


def test_a_term_may_belong_to_several_brands() -> None:
    matcher = Matcher([a_watch("Acme", terms=("Roadrunner",)), a_watch("Apex", terms=("roadrunner",))])
    assert [m.brand for m in matcher.matches(a_mention("my Roadrunner broke"))] == ["Acme", "Apex"]


def test_a_thousand_watches_are_matched_at_once() -> None:
    brands = [f"Brand{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}{n}" for n in range(1_000)]
    matcher = Matcher([a_watch(brand) for brand in brands])
    assert [m.brand for m in matcher.matches(a_mention(f"{brands[999]} is worse than {brands[3]}"))] == [
        brands[3],
        brands[999],
    ]


def test_no_watches_match_nothing() -> None:
    assert Matcher([]).matches(a_mention("Acme")) == []


@pytest.mark.parametrize(
    "term",
    ["a.b*c", "[acme", "(?i)acme", "acme\\", "%acme%", "'; DROP TABLE", "$^", "😡", "-", ".", "\u0301", "@", "#"],
)
def test_hostile_terms_are_taken_literally(term: str) -> None:
    watch = a_watch(terms=(term, "Acme"), handles=("@",), exclude=("\u0301",))
    assert matched(watch, "a post about something else @someone") is None
    assert matched(watch, "Acme lost it")


def test_a_term_finds_itself() -> None:
    for term in ("a.b*c", "[acme", "(?i)acme", "%acme%", "😡"):
        assert matched(a_watch(terms=(term,)), f"about {term} today") == (term,)


def test_a_hostile_post_takes_no_time_to_speak_of() -> None:
    matcher = Matcher([a_watch(terms=("aaaa", "aaaaaaaa"), handles=("a",))])
    for text in ("a" * 20_000, "#" * 20_000, "#" + "aA" * 10_000, "@a " * 6_000, "İ" * 20_000):
        matcher.matches(a_mention(text))


@given(st.text(max_size=200), st.text(min_size=1, max_size=20).filter(str.strip))
def test_no_text_and_no_term_breaks_the_matcher(text: str, term: str) -> None:
    Matcher([a_watch(terms=(term,), handles=(term,), exclude=(term,))]).matches(a_mention(text))


@given(st.sampled_from(IS_ACME), st.sampled_from(["", " ", "\n", "!", "😡", "。"]))
def test_punctuation_around_a_post_changes_nothing(text: str, around: str) -> None:
    assert matched(ACME, around + text + around)


def test_followers_time_and_tone_do_not_matter_for_a_match() -> None:
    quiet = a_mention("acme, could you look at my order please?", followers=3)
    loud = Mention(
        platform="social",
        id="2",
        text="ACME!!! WTF",
        posted_at=quiet.posted_at - timedelta(days=1),
        followers=9_000_000,
    )
    assert [m.brand for m in Matcher([ACME]).matches(quiet)] == [m.brand for m in Matcher([ACME]).matches(loud)]


DELTA = Watch(
    brand="Delta",
    terms=("Delta", "Delta Air Lines"),
    handles=("@delta",),
    ambiguous=("Delta",),
    context=("flight", "gate", "luggage"),
    against=("river", "variant", "flight"),
)


@pytest.mark.parametrize(
    ("text", "least", "terms"),
    [
        ("Delta again, two hours at the gate, no luggage", 0, ("Delta", "with gate, luggage")),
        ("Delta again", 0, ("Delta",)),
        ("Delta again", 1, None),
        ("The river delta is flooded", 0, None),
        ("the delta variant at the gate", 0, ("Delta", "with gate")),
        ("the delta variant at the gate", 1, None),
        ("the river delta, seen from Delta Air Lines", 0, ("Delta", "Delta Air Lines")),
        ("@delta the river is flooded", 1, ("@delta", "Delta")),
    ],
)
def test_a_word_that_means_something_else_needs_others_to_speak_for_it(
    text: str, least: int, terms: tuple[str, ...] | None
) -> None:
    matcher = Matcher([replace(DELTA, least_context=least, against=("river", "variant"))])
    found = matcher.matches(a_mention(text))
    assert [set(match.terms) for match in found] == ([set(terms)] if terms else [])


def test_context_alone_is_no_match() -> None:
    assert Matcher([DELTA]).matches(a_mention("no luggage at the gate")) == []
