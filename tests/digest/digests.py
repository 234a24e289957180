"""A digest with something in every part, and hostile words wherever a stranger could have put them."""

from datetime import UTC, date, datetime, timedelta

from monitor.core.days import window
from monitor.core.digest import (
    Bar,
    Basics,
    Cell,
    Count,
    Digest,
    Honesty,
    Outcomes,
    Problem,
    Question,
    Rival,
    Sentence,
    Silenced,
    Theme,
    Words,
)
from monitor.core.journey import Stage
from monitor.core.surge import Kind, Surge
from monitor.core.week import ALL_ELSE, MONEY, QUALITY, Relapse, TopicWeek, Week, Weekday, silent

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


def words(text: str = "Third week, three mails, still no parcel.", **changed: object) -> Words:
    fields: dict[str, object] = {
        "text": text,
        "author": "sam",
        "platform": "mastodon",
        "posted_at": NOON,
        "url": "https://social.example/@sam/1",
        "post": "mastodon:1",
        "case": "case/31",
        "mention": 1,
    }
    return Words(**fields | changed)  # type: ignore[arg-type]


def a_digest(text: str = "Third week, three mails, still no parcel.", **changed: object) -> Digest:
    said = words(text, author=text[:40] or None)
    fields: dict[str, object] = {
        "brand": "Acme",
        "first_day": DAY,
        "days": 1,
        "zone": "UTC",
        "window": window(DAY, 1, UTC),
        "made_at": NOON + 20 * HOUR,
        "is_late": False,
        "posts": 260,
        "overruled": 1,
        "basics": Basics(
            complaints=Count(now=14, before=9, week_before=11, usual=9.5),
            people=Count(now=12, before=8, week_before=10, usual=8.25),
            new_cases=Count(now=11, before=8, week_before=9, usual=8.0),
            answered=7,
            unanswered=4,
            open_unanswered=6,
            oldest_wait=timedelta(days=2, hours=4),
            oldest=said,
            reminders=3,
            reminders_done=2,
        ),
        "story": (Sentence(text="12 people complained on Tuesday 24 November.", evidence=(said,)),),
        "problems": (
            Problem(
                topic="delivery",
                complaints=Count(now=9, usual=3.0),
                people=Count(now=8, usual=2.5),
                trend="growing",
                quote=said,
                owner="Ann",
                open=5,
                rate=4.2,
                terms=("halden depot",),
            ),
            Problem(
                topic="account_app",
                complaints=Count(now=3, usual=2.0),
                people=Count(now=3, usual=2.0),
                trend="as usual",
                quote=said,
                owner=None,
                open=1,
            ),
        ),
        "causes": (
            Theme(
                number=17,
                name=("parcel locker", "full"),
                complaints=6,
                people=5,
                lately=2,
                trend="growing",
                since=NOON - 72 * HOUR,
                topic="delivery",
                quote=said,
            ),
        ),
        "surges": (
            Surge(
                id=1,
                brand="Acme",
                topic="delivery",
                kind=Kind.SURGE,
                first_at=NOON,
                found_at=NOON + HOUR,
                told_at=NOON + HOUR,
                people=64,
                peak=64,
                expected=4.2,
                ended_at=NOON + 4 * HOUR,
            ),
        ),
        "questions": (
            Question(people=6, terms=("return label",), examples=(said, said), answer="Print it from your account."),
            Question(people=5, terms=("opening hours",), examples=(said,), answer=""),
        ),
        "gentle": (said,),
        "praised": 4,
        "praise": (said,),
        "journey": (
            Cell(stage=Stage.BEFORE, touchpoint="price or offer", complaints=1, praise=2),
            Cell(stage=Stage.AFTER, touchpoint="delivery", complaints=9, praise=0),
            Cell(stage=Stage.UNKNOWN, touchpoint="unknown", complaints=4, praise=2),
        ),
        "outcomes": Outcomes(
            satisfied=2,
            unknown_silent=1,
            other=0,
            first_answer=HOUR,
            to_satisfied=26 * HOUR,
            worst=70 * HOUR,
            unsolved=9,
            unsolved_share=0.3,
        ),
        "honesty": Honesty(
            blind=(Silenced(source="news", start=NOON, end=NOON + HOUR, why=text),),
            late=2,
            unjudged=1,
            not_judgeable=1,
            deleted=1,
            not_told=3,
            unmeasured=(("tr", 4),),
            alerted=120,
            overruled=2,
            overruled_low=0.005,
            overruled_high=0.059,
            orders=2_143,
        ),
        "spoke": 120,
        "rivals": (
            Rival(
                name="Bolt",
                people=60,
                since=NOON,
                topic="delivery",
                complained=7,
                quote=said,
                leaving=2,
                coming=1,
                examples=(said,),
            ),
        ),
        "chart": tuple(Bar(label=f"Day {n}", value=3 * n) for n in range(14)),
        "last_post": NOON,
    }
    return Digest(**fields | changed)  # type: ignore[arg-type]


def a_week(text: str = "Third week, three mails, still no parcel.") -> Digest:
    """A weekly edition with all its parts."""
    monday = date(2026, 11, 23)
    days = tuple(
        Weekday(day=monday + timedelta(days=n), complaints=2 * n, people=n, usual=None if n == 6 else 1.5)
        for n in range(7)
    )
    week = Week(
        days=days,
        courses=(TopicWeek(topic="delivery", people=(0, 1, 2, 3, 4, 5, 6)),),
        relapses=(Relapse(topic="delivery", done=12, again=4), Relapse(topic="account_app", done=3, again=1)),
        silent=tuple(silent({MONEY: 6, QUALITY: 9, ALL_ELSE: 1})),
    )
    return a_digest(text, first_day=monday, days=7, window=window(monday, 7, UTC), week=week)
