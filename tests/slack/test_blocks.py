"""Every message is valid and harmless in Slack, whatever a post says."""

import json
import re
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock

from monitor.core.case_message import OFFERS
from monitor.core.message import Message, Quote, Tone
from monitor.slack.blocks import (
    FALLBACK,
    JSON_BUDGET,
    TEXT_BUDGET,
    Block,
    fallback,
    json_size,
    render,
    text_size,
    texts,
)
from monitor.slack.safety import clusters, escape, literal, one_line, shorten, units, web_link
from monitor.slack.validate import problems
from monitor.testing.notifier_contract import HOSTILE, SAMPLE
from tests.slack.judges import by_slackblocks

COMMAND = re.compile(r"<(?:[!@#]|[a-z]+:)", re.IGNORECASE)

PIECES = [
    *("<!channel>", "<!here|x>", "<@U024BE7LH>", "<#C024BE7LH|x>", "<https://good.example|click>", "<mailto:a@b.c>"),
    *(
        "<!date^1^{date}|x>",
        "&lt;!channel&gt;",
        "&amp;",
        "2026-11-23 09:03 UTC",
        "9999-99-99 99:99 UTC",
        "0001-01-01 00:00 UTC",
        "<<!channel>",
        "<\u200b!channel>",
        "<\u202e!here>",
        "<\x00@U1>",
    ),
    *(
        "👩‍👩‍👧‍👦",
        "🇩🇪🇫🇷",
        "👍🏽",
        "e\u0301",
        "한국어",
        "नमस्ते",
        "Tiếng Việt",
        "مرحبا",
        "\ud800",
        "\r\n",
        "word ",
        "*b* _i_ `c`",
        ":fire:",
    ),
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES)).map("".join),
    st.tuples(st.sampled_from(PIECES), st.integers(0, 5_000)).map(lambda pair: pair[0] * pair[1]),
)
ADDRESSES = st.one_of(
    st.none(),
    TEXTS,
    st.sampled_from(PIECES).map(lambda piece: f"https://example.org/{piece}"),
    st.integers(0, 4_000).map(lambda count: "https://example.org/" + "a" * count),
)
QUOTES = st.builds(
    Quote,
    text=TEXTS,
    where=TEXTS,
    url=ADDRESSES,
    case=st.one_of(st.none(), st.integers(1, 3)),
    about=TEXTS,
    offers=st.lists(st.sampled_from(OFFERS), max_size=2).map(tuple),
)
MESSAGES = st.builds(
    Message,
    key=TEXTS,
    title=TEXTS,
    quotes=st.lists(QUOTES, max_size=12).map(tuple),
    facts=st.lists(st.tuples(TEXTS, TEXTS), max_size=30).map(tuple),
    why=st.lists(TEXTS, max_size=12).map(tuple),
    more=st.integers(0, 10**6),
    tone=st.sampled_from(Tone),
    thread=st.one_of(st.none(), TEXTS),
    edits=st.booleans(),
    case=st.one_of(st.none(), st.integers(1, 10**9)),
    incident=st.one_of(st.none(), st.integers(1, 10**9)),
    offers=st.lists(st.one_of(st.sampled_from(OFFERS), TEXTS), max_size=6, unique=True).map(tuple),
    pings=st.lists(st.one_of(st.sampled_from(["here", "U024BE7LH"]), TEXTS), max_size=4).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(MESSAGES)
def test_every_message_is_valid_and_within_budget(message: Message) -> None:
    blocks = render(message)
    assert problems(blocks) == []
    assert text_size(blocks) <= TEXT_BUDGET
    assert json_size(blocks) <= JSON_BUDGET
    assert judged_by_the_sdk(blocks) == blocks
    assert len(by_slackblocks(blocks)) == len(blocks)
    assert 0 < units(fallback(message)) <= FALLBACK


@pytest.mark.parametrize("fill", ["😀", "é", "ا", "<", "&", "a", "word "])
def test_the_longest_messages_are_within_budget(fill: str) -> None:
    long = fill * 5_000
    quote = Quote(text=long, where=long, url="https://example.org/" + "a" * 2_900)
    message = Message(key="k", title=long, quotes=(quote,) * 9, facts=((long, long),) * 20, why=(long,) * 20, more=3)
    assert problems(render(message)) == []
    listed = replace(message, quotes=(replace(quote, case=1, about=long, offers=("take",)),) * 12)
    assert problems(render(listed)) == []
    assert units(fallback(message)) <= FALLBACK
    ordinary = Quote(text=shorten(long, 280), where="mastodon · @sam · 2026-11-22 09:03 UTC · waiting 1 h 12 min")
    shown = texts(render(Message(key="k", title="t", quotes=(ordinary,) * 3)))
    assert literal(ordinary.text) in shown, "cut needlessly"


@settings(max_examples=150, deadline=None)
@given(MESSAGES)
def test_no_text_can_ping_or_forge_a_link(message: Message) -> None:
    wire = json.dumps({"text": fallback(message), "blocks": render(message)}, ensure_ascii=False)
    wire.encode()
    assert not COMMAND.search(wire)
    assert '"mrkdwn"' not in wire
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", wire), "a post reorders what is around it"
    for url in urls(render(message)):
        assert re.fullmatch(r"https?://[a-z0-9._\-:\[\]]+[!-~]*", url)


@settings(deadline=None)
@given(TEXTS, st.integers(10, 400))
def test_a_cut_breaks_neither_a_character_nor_an_entity(text: str, limit: int) -> None:
    line = one_line(text)
    cut = shorten(line, limit)
    assert units(escape(cut)) <= limit
    if cut != line:
        kept = cut.removesuffix("…")
        ends = list(accumulate(map(len, clusters(line)), initial=0))
        assert cut.endswith("…")
        assert any(line[:end].rstrip() == kept for end in ends if end <= len(kept) + 2)
    assert not re.search(r"&(?!amp;|lt;|gt;)", escape(cut))


@given(st.text())
def test_clusters_lose_nothing(text: str) -> None:
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    "one", ["👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301", "नि", "🏴\U000e0067\U000e0062\U000e007f", "❤️", "\u1112\u1161\u11ab"]
)
def test_what_looks_like_one_character_is_one(one: str) -> None:
    assert list(clusters(one * 3)) == [one] * 3


@pytest.mark.parametrize(
    "text", ["مرحبا بالعالم", "नमस्ते दुनिया", "Tiếng Việt", "🇩🇪 👩‍👩‍👧‍👦 👍🏽", "I <3 you & me", "1 < 2 > 0"]
)
def test_harmless_text_of_the_world_is_left_alone(text: str) -> None:
    message = Message(key="k", title=text, quotes=(Quote(text=text, where=text),))
    shown = texts(render(message))
    assert shown[0].endswith(text)
    assert shown[1:] == [text, text]


@pytest.mark.parametrize(
    ("written", "url", "host"),
    [
        ("HTTPS://Mastodon.Social./@s/1", "https://mastodon.social/@s/1", "mastodon.social"),
        ("https://münchen.de/", "https://xn--mnchen-3ya.de/", "münchen.de"),
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/", "пример.рф"),
        ("https://аррӏе.com/", "https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com"),
        ("https://e.org/é|<x>?q=a b#f".replace(" ", "+"), "https://e.org/%C3%A9%7C%3Cx%3E?q=a+b#f", "e.org"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x", "::1"),
        ("https://e.org//evil.example/", "https://e.org//evil.example/", "e.org"),
    ],
)
def test_a_link_names_the_host_it_opens(written: str, url: str, host: str) -> None:
    link = web_link(written, 3_000)
    assert link is not None
    assert (link.url, link.host) == (url, host)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "slack://open",
            "mailto:a@b.example",
            "//x.org",
        ),
        *(
            "https://good.example@evil.example/",
            "https://good.example\\@evil.example",
            "https://a b.example/",
            "https:///x",
        ),
        *(
            "https://a.example:99999/",
            "https://a.example/\\b",
            "https://exa%6dple.org/",
            "https://[x",
            "x",
            "",
            None,
            "https://e.org/" + "a" * 3_000,
        ),
    ],
)
def test_what_is_not_plainly_a_web_page_is_no_link(written: str | None) -> None:
    assert web_link(written, 3_000) is None
    message = Message(key="k", title="t", quotes=(Quote(text="q", where="w", url=written),))
    assert urls(render(message)) == []


def test_an_alert_looks_like_this() -> None:
    assert render(SAMPLE) == [
        {"type": "header", "text": {"type": "plain_text", "text": "🔴 Complaint · delivery · Acme", "emoji": False}},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_quote",
                    "elements": [
                        {"type": "text", "text": "Third week, three mails, still no parcel. Is anybody there?"},
                        {"type": "text", "text": "  "},
                        {
                            "type": "link",
                            "url": "https://mastodon.example/@sam/4711",
                            "text": "Open on mastodon.example",
                        },
                    ],
                },
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "mastodon · @sam · "},
                        {
                            "type": "date",
                            "timestamp": 1_795_338_180,
                            "format": "{date_short_pretty} {time}",
                            "fallback": "2026-11-22 09:03 UTC",
                        },
                        {"type": "text", "text": " · waiting 1 h 12 min"},
                    ],
                },
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Altogether: ", "style": {"bold": True}},
                        {"type": "text", "text": "7 posts, 5 people"},
                    ],
                }
            ],
        },
        small("Why you see this: first of its kind; matched acme; complaint probability 0.93"),
    ]


def test_a_notification_says_all_of_it_in_words() -> None:
    assert fallback(SAMPLE).splitlines() == [
        "Complaint · delivery · Acme",
        "“Third week, three mails, still no parcel. Is anybody there?”",
        "  mastodon · @sam · 2026-11-22 09:03 UTC · waiting 1 h 12 min  https://mastodon.example/@sam/4711",
        "Altogether: 7 posts, 5 people",
        "Why: first of its kind; matched acme; complaint probability 0.93",
    ]
    assert "&lt;!channel&gt;" in fallback(HOSTILE)


def test_what_stands_under_another_message_has_no_headline() -> None:
    kinds = [block["type"] for block in render(Message(key="b", title="2 more", tone=Tone.QUIET, thread="a"))]
    assert kinds == ["rich_text"]


def test_long_facts_stand_below_each_other_and_short_ones_side_by_side() -> None:
    long = (("Problem", "x" * 80), ("Since", "2026-11-22 09:03 UTC"))
    short = (("Altogether", "7 posts, 5 people"), ("Waiting longest", "1 h 12 min"))
    assert "\n" in texts(render(Message(key="k", title="t", facts=long)))
    assert "\n" not in texts(render(Message(key="k", title="t", facts=short)))


def test_says_how_many_posts_are_not_shown() -> None:
    quotes = tuple(Quote(text=f"q{number}", where="w") for number in range(8))
    message = Message(key="k", title="t", quotes=quotes, more=4)
    for shown in (" ".join(texts(render(message))), fallback(message)):
        assert re.findall(r"q\d", shown) == ["q0", "q1", "q2", "q3", "q4"]
        assert "and 7 more" in shown


def test_nothing_said_is_still_a_message() -> None:
    empty = Message(key="", title="\x00", quotes=(Quote(text="\u202e", where=""),), facts=(("", ""),), why=("",))
    assert problems(render(empty)) == []
    assert fallback(empty).startswith("(no title)")


def judged_by_the_sdk(blocks: list[Block]) -> list[Any]:
    """The blocks as Slack's own models read and write them; they raise on what they know to be wrong."""
    return [block.to_dict() for block in SdkBlock.parse_all(blocks)]


def urls(blocks: Any) -> list[str]:
    return re.findall(r'"url": "([^"]*)"', json.dumps(blocks))


def small(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}
