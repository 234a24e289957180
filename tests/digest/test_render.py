"""The digest as page, Markdown, text and JSON; whatever a post says, it stays words."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.digest_message import write_digest
from monitor.core.digest_view import headline, sections
from monitor.core.message import Message
from monitor.digest.read import from_json, schema
from monitor.digest.render import FORMATS, page
from monitor.slack.blocks import CHART, render
from monitor.slack.validate import problems
from tests.digest.digests import a_digest, a_week, words

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "[click](javascript:alert(1)) <!channel> @here",
    "\u202eevil\u202c\u200b line\nbreak\r\n# heading",
    "=HYPERLINK(1)",
    "| table | ` code ` **bold** ![x](http://x/y.png)",
)
EVIL = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300))


class Seen(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def seen(html: str) -> Seen:
    parser = Seen()
    parser.feed(html)
    return parser


PLAIN = seen(page(a_digest()))


@given(text=EVIL)
def test_no_post_can_add_a_tag_or_an_attribute_to_the_page(text: str) -> None:
    found = seen(page(a_digest(text)))
    assert sorted(found.tags) == sorted(PLAIN.tags)
    assert {name for name, _ in found.attributes} == {name for name, _ in PLAIN.attributes}
    assert all(value.startswith("https://social.example/") for name, value in found.attributes if name == "href")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://a@b.example/", "ftp://x", ""])
def test_only_a_web_address_becomes_a_link(url: str) -> None:
    digest = a_digest()
    bad = replace(digest, gentle=(words(url=url),), praise=(), problems=(), causes=(), questions=(), story=())
    bad = replace(bad, rivals=())
    bad = replace(bad, basics=replace(bad.basics, oldest=words(url=url)))
    for name in ("html", "markdown", "text"):
        shown = FORMATS[name](bad)
        assert not url or url not in shown
        assert "href" not in shown


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(PLAIN.tags)
    assert "default-src 'none'" in page(a_digest())


@given(text=EVIL)
def test_no_post_can_write_markdown(text: str) -> None:
    """Every mark that means something is escaped, and no line begins anything."""
    plain, found = FORMATS["markdown"](a_digest()), FORMATS["markdown"](a_digest(text))
    assert len(re.findall(r"(?m)^#", found)) == len(re.findall(r"(?m)^#", plain))
    assert len(re.findall(r"(?<!\\)\]\(", found)) == len(re.findall(r"(?<!\\)\]\(", plain))
    assert len(re.findall(r"(?<!\\)!\[", found)) == 0


def test_the_json_is_what_the_published_schema_says_and_comes_back_whole() -> None:
    digest = a_digest()
    assert from_json(json.loads(FORMATS["json"](digest))) == digest
    assert (ROOT / "docs" / "digest.schema.json").read_text("utf-8") == schema() + "\n", (
        "write it: python -c 'from monitor.digest.read import schema; print(schema())' > docs/digest.schema.json"
    )


def test_what_is_no_digest_is_refused() -> None:
    with pytest.raises(ValueError, match="not a digest"):
        from_json({"brand": "Acme"})


def test_the_basics_and_the_honesty_box_are_always_there() -> None:
    bare = replace(a_digest(), story=(), surges=(), problems=(), causes=(), questions=())
    bare = replace(bare, gentle=(), praise=(), journey=(), rivals=())
    assert [section.key for section in sections(bare)] == ["basics", "outcomes", "honesty"]


def test_p32_a_quiet_day_is_one_line_everywhere() -> None:
    digest = a_digest()
    basics = replace(digest.basics, complaints=replace(digest.basics.complaints, now=0), open_unanswered=0)
    quiet = replace(digest, basics=basics, problems=(), story=(), honesty=replace(digest.honesty, blind=(), unjudged=0))
    line = "Acme · Tuesday 24 November · quiet day: 0 complaints, sources healthy, last post 2026-11-24 12:00 UTC"
    assert headline(quiet) == line
    assert FORMATS["text"](quiet) == line + "\n"
    assert [message.title for message in write_digest(quiet, "k")] == [line]


def test_p32_a_quiet_day_of_a_dead_source_does_not_sound_healthy() -> None:
    digest = a_digest()
    basics = replace(digest.basics, complaints=replace(digest.basics.complaints, now=0), open_unanswered=0)
    assert "but not everything was seen" in headline(replace(digest, basics=basics))


def test_no_share_of_few_and_no_infinity() -> None:
    for shown in (FORMATS[name](a_digest()) for name in ("text", "html", "markdown")):
        assert "inf" not in shown.lower().replace("info", "")
        assert "nan" not in shown.lower()


@given(text=EVIL)
def test_in_slack_every_part_is_valid_whatever_a_post_says(text: str) -> None:
    for message in write_digest(a_digest(text), "digest/team/Acme/2026-11-24"):
        assert problems(render(message)) == []


def test_p34_the_chart_in_slack_shows_the_numbers_of_the_digest() -> None:
    digest = a_digest()
    summary, *rest = write_digest(digest, "k")
    (chart,) = [block for block in render(summary) if block["type"] == CHART]
    (series,) = chart["chart"]["series"]
    assert [(point["label"], point["value"]) for point in series["data"]] == [
        (bar.label, bar.value) for bar in digest.chart
    ]
    assert chart["chart"]["axis_config"]["categories"] == [bar.label for bar in digest.chart]
    assert all(message.thread == "k" for message in rest)


def test_the_menus_under_the_problems_survive_the_outbox_and_name_the_quoted_cases() -> None:
    (found,) = [message for message in write_digest(a_digest(), "k") if message.menus]
    assert found.key == "k/problems"
    assert Message.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert [menu.name for menu in found.menus] == ["more", "owner", "give", "topic"]
    words_, value = found.menus[0].choices[0]
    assert (words_, value) == ("delivery", "31:1795478400:1795564800")


def test_a_message_with_a_chart_and_a_digest_survives_the_outbox() -> None:
    summary, *_ = write_digest(a_digest(), "k")
    kept = Message.from_json(json.loads(json.dumps(summary.to_json())))
    assert kept == summary
    assert from_json(kept.digest or {}) == a_digest()


def test_a_week_says_its_days_who_complained_again_and_ranges_with_their_assumption() -> None:
    shown = FORMATS["text"](a_week())
    assert "Mon 23 Nov: 0 people (usual 1.5), 0 complaints" in shown
    assert "Delivery: 0, 1, 2, 3, 4, 5, 6 people from day to day" in shown
    assert "Delivery: 4 of 12 (33%) customers complained again" in shown
    assert "Account app: 1 of 3 customers complained again" in shown
    assert "Money lost: 6 people spoke up; 8 to 12 affected, if 50% to 75% of those affected speak up" in shown
    assert "Poor quality or treatment: 9 people spoke up; 30 to 180 affected" in shown
    assert "All else: 1 person spoke up; 1 to 26 affected" in shown
    assert "TARP" in shown
    assert from_json(a_week().to_json()) == a_week()


def test_nobody_guesses_who_is_silent_unasked() -> None:
    week = a_week().week
    assert week is not None
    assert "TARP" not in FORMATS["text"](replace(a_week(), week=replace(week, silent=())))


def test_a_week_in_slack_is_valid() -> None:
    for message in write_digest(a_week(), "digest/team/Acme/2026-11-30"):
        assert problems(render(message)) == []


def test_rivals_are_said_with_what_is_counted() -> None:
    shown = " ".join(FORMATS["text"](a_digest()).split())
    assert "Acme: 120 of 180 (67%) people Bolt: 60 of 180 (33%) people; most complain about delivery (7)" in shown
    assert "watched only since 2026-11-24 12:00 UTC" in shown
    assert "To and from Bolt: at least 2 leave us for it, 1 come to us" in shown
    assert "What this counts: different people in posts that were collected" in shown
