"""A mention is one public post, identified and timed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.mention import Kind, Mention, storable, utc
from monitor.core.text import MAX_CHARS
from monitor.testing.fakes import a_mention


def test_what_a_platform_does_not_say_is_unknown_and_not_zero() -> None:
    mention = Mention(platform="social", id="1", text="hi", posted_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (mention.followers, mention.reposts, mention.author, mention.language) == (None, None, None, None)
    assert mention.kind is Kind.POST
    assert not mention.own


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"posted_at": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({"platform": ""}, "platform and an id"),
        ({"id": ""}, "platform and an id"),
    ],
)
def test_a_post_without_identity_or_time_zone_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        a_mention(**{"id": "1", **changed})  # type: ignore[arg-type]


def test_the_same_post_is_equal() -> None:
    assert a_mention() == a_mention()


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        (datetime(2026, 1, 1, 12), 12),  # noqa: DTZ001
        (datetime(2026, 1, 1, 12, tzinfo=UTC), 12),
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), 10),
    ],
)
def test_times_become_utc(moment: datetime, hour: int) -> None:
    assert utc(moment) == datetime(2026, 1, 1, hour, tzinfo=UTC)
    assert utc(moment).tzinfo is UTC


@pytest.mark.parametrize(
    "mention",
    [
        a_mention(),
        a_mention(
            "late\nagain\tand again: \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0440\u0443",
            author="\u00e9va \u2764\ufe0f",
        ),
        a_mention(id="https://x.example/ a", url="HTTPS://x.example/\u00e4", followers=0, reposts=2**31 - 1),
        a_mention(id="x" * 300, reply_to="\U0001f468\u200d\U0001f469", language="en-gb", brand="Acme"),
        a_mention(url=None, author=None),
    ],
)
def test_a_mention_that_is_safe_already_stays_the_same_object(mention: Mention) -> None:
    assert storable(mention) is mention


def test_control_characters_and_lone_surrogates_are_taken_out() -> None:
    bad = "a\x00\x1b[31m\x9b\n b\ud800"
    mention = storable(a_mention(bad, author=bad, language=bad, brand=bad, url=f"https://x.example/{bad}"))
    assert mention.text == "a[31m\n b?"
    assert (mention.author, mention.language, mention.brand) == ("a[31m b?",) * 3
    assert mention.url == "https://x.example/a[31mb?"
    assert storable(a_mention(author="\x00", brand="")).author is None


@pytest.mark.parametrize(
    ("one", "other"), [("a\x00", "a\x01"), ("a\ud800", "a\ud801"), ("x" * 400, "x" * 401), ("\x00", "\n")]
)
def test_ids_that_must_change_stay_different(one: str, other: str) -> None:
    ids = [storable(a_mention(id=id_, reply_to=id_, platform=id_)) for id_ in (one, other)]
    assert len({mention.id for mention in ids}) == 2
    for mention in ids:
        assert mention.id == mention.reply_to == mention.platform
        assert mention.id.isprintable()
        assert 0 < len(mention.id) <= 300


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "\x00", "//x.example", "https://" + "x" * 2_000],
)
def test_only_web_addresses_of_a_usual_length_are_kept(url: str) -> None:
    assert storable(a_mention(url=url)).url is None


@pytest.mark.parametrize("count", [-1, 2**31, 10**30])
def test_counts_that_no_database_holds_are_unknown(count: int) -> None:
    mention = storable(a_mention(followers=count, reposts=count))
    assert (mention.followers, mention.reposts) == (None, None)


@pytest.mark.parametrize("name", ["Anonymous", "[deleted]", "A Google user", "@Guest ", "null", "АНОНИМ", ""])
def test_a_name_that_many_write_under_is_nobodys(name: str) -> None:
    assert storable(a_mention(author=name)).author is None
    assert storable(a_mention(author=f"{name}42")).author == f"{name}42"


def test_long_texts_are_cut() -> None:
    mention = storable(a_mention("x" * (MAX_CHARS + 1), author="x" * 301))
    assert (len(mention.text), len(mention.author or "")) == (MAX_CHARS, 300)


_ANY = st.text(st.characters(exclude_categories=()), max_size=40)


@given(_ANY, _ANY.filter(bool), _ANY)
def test_any_mention_becomes_storable_at_once(text: str, name: str, path: str) -> None:
    after = storable(a_mention(text, id=name, platform=name, author=name, url=f"http://{path}"))
    assert storable(after) is after
    for value in (after.text, after.id, after.platform, after.author or "", after.url or ""):
        assert value.encode() is not None
        assert not set(value) & {"\x00", "\x1b", "\x7f", "\x9b", "\ud800"}
