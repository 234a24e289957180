"""The program that the crash tests kill: the real pipeline over invented posts, the real store and the real Slack.

``python -m tests.crash.worker`` reads one plan per line and forks a worker for it, so that a start costs milliseconds:
it answers with the worker's process id, and with its exit status once it has ended. A worker can be told to kill
itself (SIGKILL) at any point where the pipeline touches the store or the target.
"""

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg  # noqa: F401 - like the two above imported once here, not in every worker
from sqlalchemy import exists, func, select

from monitor import service
from monitor.app import App, LazyClassifier, clock
from monitor.core.alerting import AlertPolicy
from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.case import Move, Step
from monitor.core.cause import EpisodeRule
from monitor.core.mention import Mention, Page
from monitor.core.routing import Route
from monitor.core.verdict import Score, Thresholds, Word
from monitor.core.watch import Matcher, Watch
from monitor.jobs import deliver
from monitor.jobs.collect import Source
from monitor.jobs.deliver import Target
from monitor.jobs.digest import Subscription
from monitor.jobs.steps import CaseRules
from monitor.jobs.triage import TriageRules
from monitor.notifiers.slack import Options, SlackNotifier
from monitor.ports import Classifier, Round
from monitor.secret import Secret
from monitor.store.connection import open_engine, reading
from monitor.store.migrate import upgrade
from monitor.store.schema import cases, mentions, outbox
from monitor.store.sql import SqlStore
from monitor.store.stages import Stage, State

SOURCE = "posts"
START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
BRANDS = ("Acme", "Bolt")
PAGE = 2
PAGES = 2
DOUBT = timedelta(seconds=2)
"""Longer than the loopback Slack takes to commit late."""

ANSWER_WITHIN = 0.4
"""Seconds; shorter than the loopback Slack's slow faults."""

LEASE = 1.5
LIFETIME = 600

DUE = time(8)
SUBSCRIPTIONS = (
    Subscription(name="team", brands=BRANDS, targets=("C0FIRST", "C0SECOND"), at=DUE, zone=ZoneInfo("Europe/Berlin")),
    Subscription(name="board", brands=("Bolt",), targets=("C0FIRST",), at=time(2), zone=ZoneInfo("America/New_York")),
    Subscription(name="week", brands=BRANDS, targets=("C0SECOND",), at=DUE, zone=ZoneInfo("Europe/Berlin"), weekday=0),
)
"""Three subscribers whose editions are due at one moment, the last one's on Mondays."""

COLLEAGUE = "U2COLLEAGUE"
PRIVATE = "D2COLLEAGUE"
"""Who is given cases, and where Slack shows them what is for them alone."""

TOPICS = ("delivery", "billing_refund", "account_app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a worker is to do: deliver everything about the first ``posts`` posts, unless it dies before.

    It dies at the ``nth`` point called ``point``, or at the ``nth`` of all points. With ``as_service`` it runs as
    ``umbrage run`` does, with a short lease, until it is told to stop. Only power cuts need a ``durable`` database.

    Its clock is so many seconds ``ahead``, and posts are so many minutes ``apart``. With ``edition``, a local date, the
    digests of that date are to be out as well. With ``gives`` somebody gives each case that was told to a colleague.
    With ``splits`` one post in eight answers another and is taken out of its case, and no incidents are made.
    """

    database: str
    slack: str
    targets: tuple[str, ...]
    posts: int
    point: str | None = None
    nth: int | None = None
    as_service: bool = False
    durable: bool = True
    report: str | None = None
    ahead: float = 0.0
    apart: float = 1.0
    edition: str | None = None
    gives: bool = False
    splits: bool = False


def post(number: int, apart: float = 1.0, *, joins: bool = False) -> Mention:
    """The invented post with a number. Three in four are complaints, one in five names both brands.

    One in eight is what we answer to the one before.
    """
    ours: dict[str, Any] = {"author": "acme", "reply_to": str(number - 1), "own": True} if is_answer(number) else {}
    joined = {"reply_to": str(number - 4 * len(TOPICS))} if joins and number % 8 == 5 else {}
    both = " and Bolt" if number % 5 == 0 else ""
    word = "lost" if is_complaint(number) else "here"
    return Mention(
        platform="invented",
        id=str(number),
        text=f"Acme{both}: my parcel q{number}q is {word}",
        posted_at=START + timedelta(minutes=apart * number),
        **({"author": f"author{number}"} | joined | ours),
    )


def is_complaint(number: int) -> bool:
    return number % 4 != 3


def is_answer(number: int) -> bool:
    return number % 8 == 3


def answers(posts: int) -> int:
    """How many of the first posts are answers to complaints."""
    return sum(map(is_answer, range(posts)))


def complaints(posts: int) -> set[tuple[str, str]]:
    """(post, brand) of every complaint among the first posts."""
    brands = {number: ("Acme", "Bolt") if number % 5 == 0 else ("Acme",) for number in range(posts)}
    return {(str(number), brand) for number in range(posts) if is_complaint(number) for brand in brands[number]}


NOW = timedelta(0)
"""No pause at all."""

POLICY = AlertPolicy(first_gap=NOW, longest_gap=NOW, per_hour=10**6, per_day=10**6)


class Points:
    """Every moment at which the pipeline touches something outside itself."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.seen: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        self.seen[name] += 1
        count = self.seen.total() if self._plan.point is None else self.seen[name]
        if self._plan.point in (None, name) and count == self._plan.nth:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Something whose calls are points, before and after each."""

    def __init__(self, inner: Any, name: str, points: Points) -> None:
        self._inner, self._name, self._points = inner, name, points

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._points.reach(f"{self._name}.{name} before")
            result = found(*arguments, **named)
            self._points.reach(f"{self._name}.{name} after")
            return result

        return call


class WatchedStore(Watched):
    """A store whose transactions are watched too."""

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self._points.reach("store.begin before")
        with self._inner.begin() as transaction:
            yield Watched(transaction, "transaction", self._points)
            self._points.reach("store.commit before")
        self._points.reach("store.commit after")


class InventedPosts:
    """A collector that gives a few pages of what is new at a time; its cursor is the number of the next post."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def pages(self, asked: Round) -> Iterator[Page]:
        start = int(asked.cursor or 0)
        plan = self._plan
        for first in range(start, min(plan.posts, start + PAGE * PAGES), PAGE):
            end = min(plan.posts, first + PAGE)
            found = tuple(post(number, plan.apart, joins=plan.splits) for number in range(first, end))
            yield Page(mentions=found, cursor=str(end))


class InventedClassifier(LazyClassifier):
    """Knows a complaint by one word, and its topic by the number of the post."""

    model = "invented@1"
    cutoffs = Cutoffs.everywhere(Thresholds())
    calibrations: Mapping[str, Calibration] = {}

    def __init__(self) -> None:
        """There is nothing to load."""

    @property
    def health(self) -> str:
        return "classifier/invented"

    def get(self) -> tuple[Classifier, Cutoffs]:
        return self, self.cutoffs

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(text) for text in texts]

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        return ()

    def _score(self, text: str) -> Score:
        topic = TOPICS[int(text.split("q")[1]) % len(TOPICS)]
        return Score(complaint=0.9 if text.endswith("lost") else 0.1, topics=((topic, 1.0),))


class HastySlack(SlackNotifier):
    """Does not keep Slack's pace of one message per second."""

    pace = timedelta(milliseconds=1)


def build(plan: Plan, points: Points) -> App:
    """The application of a plan. Pauses are short, so that a test is."""
    deliver.SHORTEST_REST, deliver.LONGEST_REST = timedelta(milliseconds=30), timedelta(milliseconds=200)
    engine = open_engine(plan.database, durable=plan.durable)
    upgrade(engine)
    watches = tuple(Watch(brand=brand, terms=(brand,)) for brand in BRANDS)
    return App(
        store=cast(SqlStore, WatchedStore(SqlStore(engine), "store", points)),
        watches=watches,
        matcher=Matcher(watches),
        sources={SOURCE: Source(name=SOURCE, collector=InventedPosts(plan), look_back=timedelta(days=3650))},
        classifier=InventedClassifier(),
        targets={name: _target(plan, name, points) for name in plan.targets},
        rules=TriageRules(
            routes=(Route(name="all", targets=plan.targets),),
            policy=replace(POLICY, singles=10**6) if plan.splits else POLICY,
            episodes=EpisodeRule(longest=timedelta(minutes=45)),
            cases=CaseRules(threaded=frozenset(plan.targets)),
        ),
        digests=SUBSCRIPTIONS if plan.edition else (),
        clock=lambda: clock() + timedelta(seconds=plan.ahead),
    )


def _target(plan: Plan, name: str, points: Points) -> Target:
    os.environ["LOOPBACK_TOKEN"] = "xoxb-loopback"
    options = Options(token=Secret(env="LOOPBACK_TOKEN"), channel=name, base_url=plan.slack)
    # People may only choose whole seconds.
    options = options.model_copy(update={"timeout_seconds": ANSWER_WITHIN})
    notifier = cast(SlackNotifier, Watched(HastySlack(options), "notifier", points))
    return Target(name=name, notifier=notifier, doubt=DOUBT)


def is_done(store: SqlStore, plan: Plan) -> bool:
    """Everything was read, judged, filed, told, given away and delivered, and the editions are out."""
    if store.cursor(SOURCE) != str(plan.posts) or not is_decided(store, plan.edition):
        return False
    if plan.gives and any(case.owner is None for case in store.open_cases_of(limit=10**6)):
        return False
    if plan.splits and joined(store):
        return False
    with reading(store.engine) as connection:
        unfinished = select(func.count()).select_from(mentions).where(mentions.c.stage < Stage.DONE)
        unsent = select(func.count()).select_from(outbox).where(outbox.c.state.in_([State.PENDING, State.SENDING]))
        return not connection.execute(unfinished).scalar() and not connection.execute(unsent).scalar()


def is_decided(store: SqlStore, edition: str | None) -> bool:
    """Every subscription has decided its newest edition, as seen from a date."""
    if edition is None:
        return True
    day = date.fromisoformat(edition)
    back = {one.name: 0 if one.weekday is None else (day.weekday() - one.weekday) % 7 for one in SUBSCRIPTIONS}
    return all(store.last_digest(name) == day - timedelta(days=days) for name, days in back.items())


def work(plan: Plan) -> None:
    """Run the steps in turn until everything is delivered."""
    points = Points(plan)
    app = build(plan, points)
    while not is_done(SqlStore(app.store.engine), plan):
        app.collect(SOURCE)
        app.classify()
        app.triage()
        app.digest()
        if plan.gives:
            give(app)
        if plan.splits:
            split(app)
        for name in app.targets:
            app.deliver(name)
        app.stopping.wait(0.005)
    if plan.report:
        Path(plan.report).write_text(json.dumps(points.seen))


def give(app: App) -> None:
    """Somebody gives every case that was told to a colleague."""
    for case in app.store.open_cases_of(limit=10**6):
        if case.told_at is not None and case.owner is None:
            given = Move(
                step=Step.ASSIGN,
                by="U1",
                name="Ann",
                via="slack",
                at=app.clock(),
                key=f"give/{case.id}",
                to=COLLEAGUE,
                to_name="Bob",
            )
            app.act(case.id, given)


def split(app: App) -> None:
    """Somebody takes every post that has joined a case out of it, once that was told."""
    for case, name in joined(SqlStore(app.store.engine)):
        taken_out = Move(
            step=Step.SPLIT,
            by="U1",
            name="Ann",
            via="slack",
            at=app.clock(),
            key=f"split/{name}",
            to=f"invented:{name}",
        )
        app.act(case, taken_out)


def joined(store: SqlStore) -> list[tuple[int, str]]:
    """Which posts stand in cases that were told and began with another."""
    other = mentions.alias()
    before = exists().where(other.c.case_id == mentions.c.case_id, other.c.id < mentions.c.id)
    query = (
        select(mentions.c.case_id, mentions.c.native_id)
        .join(cases, cases.c.id == mentions.c.case_id)
        .where(mentions.c.reply_to.is_not(None), ~mentions.c.is_own, cases.c.told_at.is_not(None), before)
    )
    with reading(store.engine) as connection:
        return [(row.case_id, row.native_id) for row in connection.execute(query)]


def serve(plan: Plan) -> None:
    """Work as the background service does, with a lease that is soon free."""
    service.LEASE_LENGTH, service.LEASE_RENEWAL = timedelta(seconds=LEASE), 0.3  # type: ignore[assignment]
    service.WORK_EVERY = service.DELIVER_EVERY = 0.1
    service.DIGEST_EVERY = 0.1  # type: ignore[assignment]
    every: dict[str, timedelta] = {SOURCE: timedelta(seconds=0.1)}
    service.Service(build(plan, Points(plan)), every).run()


def forks(run: Callable[[dict[str, Any]], None]) -> None:
    """A worker for each line that comes in, one at a time: its number, and once it has ended its status."""
    while line := sys.stdin.readline():
        number = os.fork()
        if number == 0:
            _run(run, json.loads(line))
        print(number, flush=True)
        print(os.waitpid(number, 0)[1], flush=True)


def _carry_out(given: dict[str, Any]) -> None:
    plan = Plan(**given | {"targets": tuple(given["targets"])})
    (serve if plan.as_service else work)(plan)


def _run(run: Callable[[dict[str, Any]], None], given: dict[str, Any]) -> None:
    # Should everybody die who would kill it.
    signal.alarm(LIFETIME)
    code = 1
    try:
        run(given)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def as_line(plan: Plan) -> str:
    return json.dumps(asdict(plan)) + "\n"


if __name__ == "__main__":
    forks(_carry_out)
