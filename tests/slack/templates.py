"""One message of every kind that umbrage sends to Slack, with posts of our own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alerting import Reason
from monitor.core.case import Case, Move, State, Step, moved
from monitor.core.case_message import (
    Above,
    Author,
    Earlier,
    Similar,
    restated,
    taken_out,
    write_case,
    write_details,
    write_line,
    write_more,
    write_nudge,
)
from monitor.core.cause import Cause, Complaint
from monitor.core.clocks import Staffed
from monitor.core.digest_message import write_digest
from monitor.core.engagement import SPANS, noted
from monitor.core.health import Health
from monitor.core.incident import Incident
from monitor.core.incident import moved as moved_incident
from monitor.core.incident_message import restated as restated_incident
from monitor.core.incident_message import write_incident_line
from monitor.core.level import Level, Signals, grade
from monitor.core.list_message import relisted, write_list, write_nudge_of_many
from monitor.core.mark import Mark, Marked
from monitor.core.mention import Gap
from monitor.core.message import Message, Quote
from monitor.core.playbook import Playbook
from monitor.core.spread import Together
from monitor.core.surge import Crowd, Excess, Kind, Surge
from monitor.core.surge_message import Evidence, write_end, write_growth, write_said, write_surge
from monitor.core.timers import Due, timers
from monitor.core.trend import Lately
from monitor.core.verdict import Band
from monitor.core.wording import write_alert, write_gaps, write_recovery, write_trouble
from tests.digest.digests import a_digest, words

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
STAFFED = Staffed(zone=ZoneInfo("Europe/Berlin"), days=range(5))
WORDS = (
    "Third week, three mails, still no parcel from Acme. 49,90 € gone and nobody answers. Is anybody there?",
    "Acme, a small thing: the box was a bit dented this time. Otherwise lovely as always.",
    "The charger of my Acme lamp caught fire on the desk last night. Nobody was hurt, but please stop selling these.",
)


def complaint(number: int = 0, **changed: Any) -> Complaint:
    fields: dict[str, Any] = {
        "mention": number + 1,
        "id": str(4_711 + number),
        "platform": ("mastodon", "bluesky", "reddit")[number % 3],
        "author": ("sam", "mira", "joon")[number % 3],
        "text": WORDS[number % 3],
        "url": f"https://social.example/@someone/{4_711 + number}",
        "posted_at": NOW - timedelta(hours=1, minutes=12 + number),
        "fingerprint": str(number),
        "score": 0.93,
        "matched": ("Acme",),
        "followers": 212,
        "reposts": 3 - number % 3,
        "language": "en",
        "severity": Band(low=2, high=3, probability=0.71),
    }
    return Complaint(**(fields | changed))


def case(number: int = 0, topic: str = "delivery") -> Case:
    graded = grade(Signals(topics=(topic,), text=WORDS[number % 3]))
    posted = complaint(number).posted_at
    return Case(
        id=17 + number,
        cause=4,
        brand="Acme",
        topic=topic,
        opened_at=posted,
        last_at=posted,
        level=graded.level,
        reasons=graded.reasons,
        told_at=NOW - timedelta(minutes=6),
    )


def step(what: Step, **given: Any) -> Move:
    return Move(step=what, by="U024BE7LH", name="ann", via="slack", at=NOW, key="1", **given)


def cause() -> Cause:
    since = NOW - timedelta(hours=2)
    fields: dict[str, Any] = {"brand": "Acme", "topic": "delivery", "grouping": "topic-2026-11", "episode": 1}
    return Cause(id=4, opened_at=since, last_at=NOW, **fields)


EARLIER = (
    Earlier(
        post="mastodon:4001",
        text="Acme, where is my parcel? It was promised for Monday.",
        url="https://social.example/@sam/4001",
        posted_at=NOW - timedelta(days=40),
        case=3,
        state=State.SATISFIED,
    ),
    Earlier(
        post="mastodon:3003",
        text="New lamp by Acme, lovely.",
        url=None,
        posted_at=NOW - timedelta(days=90),
    ),
)
ABOVE = (
    Above(
        post="mastodon:4702",
        text="Has anybody had anything from Acme this week?",
        url="https://social.example/@kim/4702",
        posted_at=NOW - timedelta(hours=5),
        author="kim",
        is_own=False,
    ),
    Above(
        post="mastodon:4705",
        text="All parcels of Monday are on their way.",
        url="https://social.example/@acme/4705",
        posted_at=NOW - timedelta(hours=4),
        author="acme",
        is_own=True,
    ),
)
OTHERS = Lately(day=7, authors=5, per_day=2.2)


def templates() -> dict[str, Message]:
    """Every kind of message by its name."""
    new = {
        "case_within_the_hour": write_case(case(), [complaint()], ("nobody", "gone"), STAFFED, NOW, OTHERS),
        "case_gentle": write_case(case(1), [complaint(1)], ("dented",), STAFFED, NOW),
        "case_act_now": write_case(case(2, "safety"), [complaint(2)], ("fire",), STAFFED, NOW),
    }
    parent = new["case_within_the_hour"]
    return new | _life(parent) | _threads(parent) | _many() | _health() | _digest() | _surges()


def _life(parent: Message) -> dict[str, Message]:
    taken = moved(case(), step(Step.TAKE))
    done = moved(taken, step(Step.DONE, remedy="a new parcel by courier"))
    ends = {
        "case_taken": taken,
        "case_done_by_us": done,
        "case_satisfied": moved(done, step(Step.CLOSE, evidence="https://social.example/@sam/4720")),
        "case_not_a_complaint": moved(case(), step(Step.NOT_A_COMPLAINT)),
    }
    left = step(Step.DO_NOT_ENGAGE, note="insults the staff by name", until=NOW + SPANS["90d"])
    parents = dict.fromkeys(ends, parent) | {"case_not_engaged": noted(parent, left)}
    ends["case_not_engaged"] = moved(case(), left)
    return {
        name: replace(restated(parents[name], after, STAFFED, NOW, is_kept=False), edits=True, thread=parent.key)
        for name, after in ends.items()
    }


def _threads(parent: Message) -> dict[str, Message]:
    taken = moved(case(), step(Step.TAKE))
    author = Author(posts=7, complaints=3, cases=2, satisfied=1, since=NOW - timedelta(days=200), earlier=EARLIER)
    helped = [
        Similar(
            key="case/9",
            ended_at=NOW - timedelta(days=9),
            remedy="a new parcel by courier, and a call",
            reply="We are sorry, and a new parcel is on its way. You have it by Thursday noon.",
            reply_url="https://social.example/@acme/4700",
        )
    ]
    agreed = Playbook(link="https://wiki.acme.example/delivery", remedies=("a new parcel by courier", "the shipping"))
    seen, thanks = (replace(step(what), by="umbrage", name="@acme") for what in (Step.ANSWER_SEEN, Step.SPOKE))
    second, *_ = timers(case(), STAFFED)
    done = moved(taken, step(Step.DONE, remedy="a new parcel by courier"))
    follow_up = next(timer for timer in timers(done, STAFFED) if timer.due is Due.FOLLOW_UP)
    more = write_more(case(), [complaint(0, id="9", text="RT: no parcel", author="bob")], parent.key, NOW)
    apart = step(Step.SPLIT, note="it is case/18 now")
    note = step(Step.NOTE, note="asked the depot, they look for it until noon")
    return {
        "thread_details": write_details(case(), complaint(), author, helped, parent.key, agreed, ABOVE),
        "thread_line": write_line(taken, step(Step.TAKE), parent.key, STAFFED, NOW),
        "thread_note": write_line(taken, note, parent.key, STAFFED, NOW),
        "thread_answer_seen": write_line(
            moved(case(), seen), seen, parent.key, STAFFED, NOW, quote=_quote("Sorry, we look for it now.", "acme/4721")
        ),
        "thread_thanks": write_line(
            moved(taken, thanks), thanks, parent.key, STAFFED, NOW, quote=_quote("Thanks, it came today!", "sam/4722")
        ),
        "thread_nudge": write_nudge(case(), second, parent.key, ("U024BE7LH",), STAFFED, NOW),
        "thread_follow_up": write_nudge(done, follow_up, parent.key, ("U024BE7LH",), STAFFED, NOW + timedelta(days=1)),
        "thread_more": more,
        "thread_taken_out": replace(taken_out(more, {"mastodon:9"}, 18), edits=True, thread=more.key),
        "thread_split": write_line(taken, apart, parent.key, STAFFED, NOW),
    }


def _quote(text: str, address: str) -> Quote:
    return Quote(text=text, where="mastodon · 2026-11-23 10:11 UTC", url=f"https://social.example/@{address}")


def _many() -> dict[str, Message]:
    some = [complaint(number, platform="mastodon") for number in range(3)]
    incident = Incident(cause=4, brand="Acme", topic="delivery", opened_at=some[2].posted_at, told_at=NOW)
    alert = write_alert(cause(), Reason.INCIDENT, some, 23, 41, None, NOW, ("gone",))
    growing = write_alert(cause(), Reason.GROWING, some, 104, 131, None, NOW)
    told = restated_incident(alert, incident, STAFFED, NOW)
    taken = moved_incident(replace(incident, told_at=NOW - timedelta(minutes=6)), step(Step.TAKE))
    muted = moved_incident(taken, step(Step.SNOOZE, until=NOW + timedelta(hours=6)))
    held = [(replace(case(number), id=17 + number), complaint(number)) for number in range(34)]
    after = relisted(write_list(held[:9], Reason.QUIET_HOURS, NOW), moved(held[2][0], step(Step.TAKE)), NOW)
    return {
        "incident": told,
        "incident_taken": replace(restated_incident(told, muted, STAFFED, NOW), edits=True, thread=told.key),
        "incident_growing": restated_incident(growing, incident, STAFFED, NOW),
        "incident_line": write_incident_line(taken, step(Step.TAKE), 38, told.key, STAFFED, NOW),
        "catch_up": after,
        "catch_up_long": write_list(held, Reason.QUIET_HOURS, NOW),
        "list_nudge": write_nudge_of_many(case(), timers(case(), STAFFED)[0], told.key, ("U024BE7LH",), STAFFED, NOW),
        "list": write_list([(case(number), complaint(number)) for number in (0, 1)], Reason.BUDGET, NOW),
    }


def _health() -> dict[str, Message]:
    health = Health(name="source/x", last_ok=NOW - timedelta(hours=3), troubled_since=NOW - timedelta(hours=1))
    health = replace(health, problem="X says 401: the token is not accepted; make a new one")
    gap = Gap(NOW - timedelta(hours=5), NOW - timedelta(hours=3), "the feed holds only ten entries")
    return {
        "health_trouble": write_trouble(health, NOW),
        "health_recovery": write_recovery(Health(name="source/x", last_ok=NOW), NOW - timedelta(hours=1), NOW),
        "health_gaps": write_gaps("x", [gap], NOW),
    }


def _digest() -> dict[str, Message]:
    summary, *details = write_digest(a_digest(), "digest/marketing/Acme/2026-11-25")
    return {"digest": summary, **{f"digest_{message.key.rsplit('/', 1)[1]}": message for message in details}}


def _surges() -> dict[str, Message]:
    surge = Surge(
        id=1,
        brand="Acme",
        topic="account_app",
        kind=Kind.SURGE,
        first_at=NOW - timedelta(hours=1),
        found_at=NOW - timedelta(minutes=20),
        told_at=NOW,
        people=64,
        peak=31,
        expected=4.2,
    )
    said = [words(text, url=f"https://social.example/{n}") for n, text in enumerate(SURGING)]
    shown = Evidence(
        excess=Excess(hours=1, people=41, expected=4.2, chance=3e-12),
        crowd=Crowd(posts=48, people=41, copies=3, by_one=2),
        quotes=said,
        first=said[0],
        terms=("checkout", "payment failed", "basket"),
        topics=(),
        platforms=(("reddit", 29), ("mastodon", 12)),
        lately=(41, 9),
        is_young=False,
        spread=Together(posts=6, reposts=231, per_hour=64.0, is_growing=True),
    )
    over = replace(surge, ended_at=NOW + timedelta(hours=2), people=103)
    copies = replace(surge, kind=Kind.COPIES)
    by_copies = replace(shown, spread=None, crowd=Crowd(posts=311, people=12, copies=295, by_one=2))
    known = Marked(mark=Mark.KNOWN, by="U1", name="ann", via="slack", at=NOW, key="known/1")
    notice = write_said(write_surge(surge, shown), surge, ())
    return {
        "surge": notice,
        "surge_known": write_said(notice, surge, [known]),
        "surge_false": write_said(notice, surge, [known, replace(known, mark=Mark.FALSE, name="bob")]),
        "surge_copies": write_said(write_surge(copies, by_copies), copies, ()),
        "surge_growing": write_growth(surge, 31),
        "surge_over": write_end(over),
    }


SURGING = (
    "Acme checkout dies at the payment step, basket empty again. Third try.",
    "@acme payment failed twice and both times the money is reserved??",
    "Is it only me or can nobody pay at Acme right now",
)

assert case(1).level == Level.GENTLE
