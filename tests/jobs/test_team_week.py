"""A week of a support team in virtual time, over the change of clocks: what they see, when, and nothing else.

Every message is wanted in a window of time; whatever comes that no window wanted fails the test, and so does what is
missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from monitor.core.case import Move, NotAllowed, Step
from monitor.core.clocks import Staffed
from monitor.core.message import Message
from monitor.core.routing import QuietHours, Route
from monitor.jobs.act import act
from monitor.jobs.incidents import act_on_incident
from monitor.jobs.remind import remind
from monitor.jobs.steps import CaseRules
from monitor.jobs.triage import TriageRules
from monitor.ports import Store
from monitor.store.connection import reading
from monitor.store.schema import cases
from monitor.testing.fakes import Clock, FakeNotifier, a_mention
from tests.jobs.pipeline import Pipeline

ZONE = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
Act = Callable[[Store, CaseRules, int, Move, datetime], object]
OFFICE = Staffed(zone=ZONE, days=range(5), start=time(9), end=time(17))
NIGHT = QuietHours(start=time(20), end=time(8), zone=ZONE)


def at(day: int, clock: str) -> datetime:
    """A local time of a day of March 2027; on the 28th the clocks go forward."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2027, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@dataclass(frozen=True)
class Post:
    at: datetime
    name: str
    text: str
    author: str
    reply_to: str | None = None
    own: bool = False


@dataclass(frozen=True)
class Doing:
    at: datetime
    case: int
    step: Step
    by: str = "U1"
    refused: bool = False
    remedy: str | None = None
    evidence: str | None = None
    until: datetime | None = None
    act: Act = act


@dataclass(frozen=True)
class Wanted:
    """A message whose title begins so, from a moment on and within so many minutes."""

    at: datetime
    title: str
    pings: tuple[str, ...] = ()
    within: int = 2


POSTS = [
    Post(at(25, "10:00"), "ann1", "Acme lost the delivery of my kettle from Monday!!", "ann"),
    Post(at(25, "22:30"), "bob1", "Acme price was charged wrongly, the bill says otherwise!!", "bob"),
    Post(at(26, "03:00"), "cid1", "Acme safety: the lamp caught fire in our kitchen tonight!!", "cid"),
    Post(at(26, "16:57"), "dora1", "Acme delivery is three streets away and nobody moves!!", "dora"),
    Post(at(26, "17:30"), "fay1", "Acme shop window is far too bright at night!!", "fay"),
    Post(at(30, "11:00"), "ann2", "Acme delivery came, and the kettle inside is broken!!", "ann", "ann1"),
    *(
        Post(at(31, "10:00") + n * MINUTE, f"out{n}", f"Acme delivery van {word} stands still since morning!!", f"p{n}")
        for n, word in enumerate(("north", "harbour", "airport", "market", "castle"))
    ),
    Post(at(31, "11:10"), "eve1", "Acme teapot lid cracked on its first day!!", "eve"),
    Post(at(31, "11:13"), "us1", "Acme: sorry, a new lid is on its way", "acmecare", "eve1", own=True),
    Post(at(31, "11:40"), "eve2", "Acme, thanks, that was quick", "eve", "us1"),
]
DOINGS = [
    Doing(at(25, "10:03"), 1, Step.TAKE),
    Doing(at(25, "10:04"), 1, Step.TAKE, by="U2", refused=True),
    Doing(at(25, "12:00"), 1, Step.ANSWER),
    Doing(at(25, "15:00"), 1, Step.DONE, remedy="a new kettle"),
    Doing(at(26, "08:30"), 2, Step.NOT_ABOUT_US),
    Doing(at(26, "03:10"), 3, Step.SNOOZE, refused=True, until=at(26, "09:00")),
    Doing(at(26, "03:20"), 3, Step.TAKE),
    Doing(at(26, "09:00"), 3, Step.CLOSE, evidence="https://social.example/cid2"),
    Doing(at(26, "16:59"), 4, Step.SNOOZE, until=at(29, "09:30")),
    Doing(at(29, "09:40"), 4, Step.TAKE, by="U2"),
    Doing(at(29, "10:00"), 4, Step.CLOSE, by="U2"),
    Doing(at(29, "09:16"), 5, Step.TAKE),
    Doing(at(29, "09:16"), 5, Step.TAKE, by="U2", refused=True),
    Doing(at(29, "16:00"), 5, Step.DONE, remedy="dimmed"),
    Doing(at(31, "10:18"), 7, Step.TAKE, by="U2", act=act_on_incident),
    Doing(at(31, "10:19"), 7, Step.TAKE, refused=True, act=act_on_incident),
    Doing(at(31, "11:45"), 11, Step.CLOSE, by="U2", evidence="https://social.example/eve2"),
]
WANTED = [
    Wanted(at(25, "10:00"), "Answer today · delivery · Acme"),
    Wanted(at(25, "10:00"), "case/1: all of it"),
    Wanted(at(25, "10:03"), "Ann took it"),
    Wanted(at(25, "12:00"), "Ann answered in public"),
    Wanted(at(25, "15:00"), "Done by us, said Ann"),
    Wanted(at(26, "08:00"), "Answer today · price · Acme"),
    Wanted(at(26, "08:00"), "case/2: all of it"),
    Wanted(at(26, "08:30"), "Ann said: not about us"),
    Wanted(at(26, "03:00"), "Act now · safety · Acme", ("here",)),
    Wanted(at(26, "03:00"), "case/3: all of it"),
    Wanted(at(26, "03:05"), "Nobody has taken this yet", ("U2",)),
    Wanted(at(26, "03:15"), "Still nobody has taken this", ("U9",)),
    Wanted(at(26, "03:20"), "Ann took it"),
    Wanted(at(26, "09:00"), "Ann closed it: satisfied"),
    Wanted(at(26, "15:00"), "Follow-up due", ("U1",)),
    Wanted(at(26, "16:57"), "Answer today · delivery · Acme"),
    Wanted(at(26, "16:57"), "case/4: all of it"),
    Wanted(at(26, "16:59"), "Ann snoozed it until 2027-03-29 07:30"),
    Wanted(at(26, "17:30"), "Answer today · other · Acme"),
    Wanted(at(26, "17:30"), "case/5: all of it"),
    Wanted(at(29, "09:05"), "Nobody has taken this yet", ("U2",)),
    Wanted(at(29, "09:15"), "Still nobody has taken this", ("U9",)),
    Wanted(at(29, "09:16"), "Ann took it"),
    Wanted(at(29, "16:00"), "Done by us, said Ann"),
    Wanted(at(30, "16:00"), "Follow-up due", ("U1",)),
    Wanted(at(29, "09:30"), "Still nobody has taken this", ("U9",)),
    Wanted(at(29, "09:30"), "The snooze is over"),
    Wanted(at(29, "09:40"), "Bob took it"),
    Wanted(at(29, "10:00"), "Bob closed it: unknown, the customer is silent"),
    Wanted(at(30, "11:00"), "The customer wrote again", ("U1", "U9")),
    Wanted(at(30, "11:00"), "1 more · delivery · Acme"),
    Wanted(at(31, "10:00"), "Answer today · delivery · Acme"),
    Wanted(at(31, "10:00"), "case/6: all of it"),
    Wanted(at(31, "10:01"), "Answer today · delivery · Acme"),
    Wanted(at(31, "10:01"), "case/7: all of it"),
    Wanted(at(31, "10:02"), "Answer today · delivery · Acme"),
    Wanted(at(31, "10:02"), "case/8: all of it"),
    Wanted(at(31, "10:03"), "Incident: "),
    Wanted(at(31, "10:05"), "Nobody has taken some of these yet, such as case/6", ("U2",)),
    Wanted(at(31, "10:15"), "Still nobody has taken some of these, such as case/6", ("U9",)),
    Wanted(at(31, "10:13"), "1 more · delivery · Acme"),
    Wanted(at(31, "10:18"), "Bob took it, in 5 cases"),
    *(Wanted(at(31, "10:18"), "Bob took it") for _ in range(3)),
    Wanted(at(31, "11:00"), "The customer has not heard from us for a day", ("U1",)),
    Wanted(at(31, "11:10"), "Answer today · other · Acme"),
    Wanted(at(31, "11:10"), "case/11: all of it"),
    Wanted(at(31, "11:13"), "@acmecare answered in public"),
    Wanted(at(31, "11:40"), "The customer wrote, and it is no complaint"),
    Wanted(at(31, "11:45"), "Bob closed it: satisfied"),
]


@pytest.fixture
def week(pipeline: Pipeline) -> Pipeline:
    rules = CaseRules(staffed=OFFICE, second=("U2",), lead=("U9",), threaded=frozenset({"team"}))
    pipeline.rules = TriageRules(routes=(Route(name="all", targets=("team",), quiet=NIGHT),), cases=rules)
    pipeline.targets = {"team": FakeNotifier(has_threads=True)}
    pipeline.classifier.topics = ("safety", "delivery", "price")
    return pipeline


def test_a_week_of_a_support_team(week: Pipeline) -> None:
    seen: list[tuple[datetime, Message]] = []
    week.clock.now = at(25, "08:00")
    while week.clock() < at(31, "12:00"):
        week.clock.now = _moment(week, seen)
    unexpected = list(seen)
    missing = []
    for wanted in WANTED:
        found = next((one for one in unexpected if _fits(wanted, *one)), None)
        if found is None:
            missing.append(wanted)
        else:
            unexpected.remove(found)
    assert [(f"{moment.astimezone(ZONE):%d %H:%M}", message.title) for moment, message in unexpected] == []
    assert [(f"{one.at.astimezone(ZONE):%d %H:%M}", one.title) for one in missing] == []


def _moment(week: Pipeline, seen: list[tuple[datetime, Message]]) -> datetime:
    """Everything that happens at this moment, in the order in which the service does it; returns the next moment."""
    now = week.clock()
    for post in POSTS:
        if post.at == now:
            week.collector.add(
                a_mention(post.text, post.name, author=post.author, posted_at=now, reply_to=post.reply_to, own=post.own)
            )
    week.collect()
    week.judge()
    later = week.triage().next_at
    for doing in DOINGS:
        if doing.at == now:
            _do(week, doing, now)
    remind(week.store, week.rules.cases, now)
    before = len(week.wire.wire)
    week.deliver()
    seen += [(now, message) for message in week.wire.wire[before:]]
    coming = [post.at for post in POSTS] + [doing.at for doing in DOINGS] + [later, _due(week)]
    return min((one for one in coming if one is not None and one > now), default=at(31, "12:00"))


def _due(week: Pipeline) -> datetime | None:
    with reading(week.store.engine) as connection:
        found: datetime | None = connection.execute(select(func.min(cases.c.due_at))).scalar()
    return found


def _do(week: Pipeline, doing: Doing, now: datetime) -> None:
    name = {"U1": "Ann", "U2": "Bob"}[doing.by]
    given: dict[str, Any] = {"remedy": doing.remedy, "evidence": doing.evidence, "until": doing.until}
    move = Move(
        step=doing.step, by=doing.by, name=name, via="slack", at=now, key=f"{doing.step}/{doing.by}/{now}", **given
    )
    if doing.refused:
        with pytest.raises(NotAllowed):
            doing.act(week.store, week.rules.cases, doing.case, move, now)
    else:
        doing.act(week.store, week.rules.cases, doing.case, move, now)


def _fits(wanted: Wanted, moment: datetime, message: Message) -> bool:
    is_in_time = wanted.at <= moment <= wanted.at + wanted.within * MINUTE
    return is_in_time and message.title.startswith(wanted.title) and message.pings == wanted.pings


def test_the_clocks_go_forward_within_the_week() -> None:
    assert Clock(at(29, "09:00"))() - at(26, "09:00") == timedelta(days=3, hours=-1)
