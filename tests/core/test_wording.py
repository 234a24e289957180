"""The words of alerts and notices: templates over facts, nothing invented."""

from datetime import datetime, timedelta

import pytest

from monitor.core.alerting import Reason
from monitor.core.cause import Complaint
from monitor.core.health import Health
from monitor.core.message import Message, Tone, plain_text
from monitor.core.wording import QUOTED, write_alert, write_recovery, write_trouble
from monitor.testing.fakes import NOON, a_cause, a_complaint

WORDS = ("lost it", "broke it", "late again", "no answer", "refund please")


def people(count: int) -> list[Complaint]:
    return [
        a_complaint(
            f"Acme {WORDS[n % 5]} {'again ' * n}", n + 1, author=f"p{n}", posted_at=NOON - timedelta(minutes=count - n)
        )
        for n in range(count)
    ]


def alert(complaints: list[Complaint], reason: Reason = Reason.FIRST, *, voices: int = 1, total: int = 1) -> Message:
    return write_alert(a_cause(), reason, complaints, voices, total, "thread", NOON)


def test_a_first_complaint_reads_like_this() -> None:
    assert plain_text(alert(people(1))).splitlines() == [
        "Complaint · delivery · Acme",
        "“Acme lost it”",
        "  social · @p0 · 2026-11-02 11:59 UTC · waiting 1 min  https://social.example/1",
        "Why: first complaint; matched Acme; complaint probability 0.90",
    ]


@pytest.mark.parametrize(
    ("reason", "count", "title", "tone", "thread"),
    [
        (Reason.FIRST, 1, "Complaint · delivery · Acme", Tone.ALERT, None),
        (Reason.FIRST, 41, "41 complaints · delivery · Acme", Tone.ALERT, None),
        (Reason.MORE, 4, "4 more · delivery · Acme", Tone.QUIET, "thread"),
        (Reason.GROWING, 4, "Growing: 12 people complain · delivery · Acme", Tone.GROWING, None),
        (Reason.UNUSUAL, 4, "Unusual: 12 people complain · delivery · Acme", Tone.GROWING, None),
    ],
)
def test_each_reason_has_its_title_and_only_quiet_ones_go_under_another(
    reason: Reason, count: int, title: str, tone: Tone, thread: str | None
) -> None:
    message = alert(people(count), reason, voices=12, total=40)
    assert (message.title, message.tone, message.thread) == (title, tone, thread)


def test_the_oldest_are_quoted_first_and_the_rest_is_counted() -> None:
    message = alert(people(41)[::-1], voices=41, total=41)
    assert [quote.url for quote in message.quotes] == [f"https://social.example/{n}" for n in (1, 2, 3)]
    assert message.more == 41 - QUOTED
    assert ("Altogether", "41 posts, 41 people") in message.facts
    assert ("Waiting longest", "41 min") in message.facts


def test_copies_and_one_persons_posts_do_not_fill_a_message() -> None:
    copies = [a_complaint("Acme lost it", n, author=f"bot{n}") for n in range(1, 6)]
    ann = [a_complaint(f"Acme {'very ' * n} bad", n, author="ann") for n in range(6, 11)]
    message = alert(copies + ann)
    assert len(message.quotes) == 2
    assert message.more == 8


def test_the_key_is_stable_and_names_the_case_and_the_oldest_post() -> None:
    assert alert(people(3)).key == alert(people(3)[::-1]).key == "topic-2026-11/acme/delivery/1/social:1"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"text": "  \n "}, "(no words)"),
        ({"text": "x " * 1_000}, "x " * 138 + "x…"),
        ({"text": "\u202ereversed"}, "reversed"),
    ],
)
def test_quotes_are_short_and_harmless(changed: dict[str, str], expected: str) -> None:
    assert alert([a_complaint(**changed)]).quotes[0].text == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("author", "where"),
    [("ann", "@ann"), ("@ann", "@ann"), (None, "social · 2026"), ("x" * 500, "@" + "x" * 59 + "…")],
)
def test_authors_are_named_if_known(author: str | None, where: str) -> None:
    assert where in alert([a_complaint(author=author)]).quotes[0].where


def test_scores_are_given_as_a_range_when_they_differ() -> None:
    message = alert([a_complaint(score=0.81), a_complaint(mention=2, score=0.99)])
    assert "complaint probability 0.81 to 0.99" in message.why


def test_at_most_four_terms_are_named() -> None:
    message = alert([a_complaint(matched=tuple("abcdef"))])
    assert "matched a, b, c, d" in message.why


def test_a_topic_is_written_in_words() -> None:
    message = write_alert(a_cause(topic="delay_or_outage"), Reason.FIRST, people(1), 1, 1, None, NOON)
    assert message.title == "Complaint · delay or outage · Acme"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("source/news", "Blind: source news has not worked for 1 h"),
        ("target/slack", "Mute: target slack has not worked for 1 h"),
        ("classifier/onnx", "Undecided: classifier onnx has not worked for 1 h"),
        ("source/a/b", "Blind: source a/b has not worked for 1 h"),
    ],
)
@pytest.mark.parametrize("last_ok", [None, NOON - timedelta(hours=2)])
def test_trouble_says_what_it_means(name: str, title: str, last_ok: datetime | None) -> None:
    health = Health(name=name, troubled_since=NOON - timedelta(hours=1), problem="it burns", last_ok=last_ok)
    message = write_trouble(health, NOON)
    assert message.title == title
    assert ("Problem", "it burns") in message.facts
    assert ("Before", "last worked 2026-11-02 10:00 UTC" if last_ok else "never worked yet") in message.facts
    assert message.tone is Tone.HEALTH


def test_trouble_and_its_end_have_keys_of_their_own() -> None:
    health = Health(name="source/news", troubled_since=NOON, problem="it burns")
    again = Health(name="source/news", troubled_since=NOON + timedelta(days=1), problem="it burns")
    over = write_recovery(Health(name="source/news", last_ok=NOON), NOON, NOON)
    assert over.title == "Working again: source news"
    assert len({write_trouble(health, NOON).key, write_trouble(again, NOON).key, over.key}) == 3
