"""Triage: file complaints into cases, then decide once per case and target whether to speak."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.alerting import AlertPolicy, Decision, Reason, Told, count_voices, decide
from monitor.core.case import GROUPING, Case, EpisodeRule, continues, topic_of
from monitor.core.routing import Route, Silence, Subject, destinations
from monitor.core.trend import AT_LEAST, Usual
from monitor.core.wording import foremost, write_alert
from monitor.ports import Alert, OpenCase, Store, Transaction, Unfiled

BATCH = 1_000

EXPLAINED = 25
"""So many alerts of one pass say which words carried them: the database is locked meanwhile."""

Words = Callable[[str], Sequence[str]]
"""Which words of a post carried its verdict."""


def no_words(text: str) -> Sequence[str]:  # noqa: ARG001 (the signature of Words)
    """Nobody can say."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRules:
    """Everything triage goes by."""

    routes: tuple[Route, ...]
    policy: AlertPolicy = AlertPolicy()
    episodes: EpisodeRule = EpisodeRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triaged:
    """How many complaints were filed and alerts enqueued, and when those that wait have something to say next."""

    filed: int = 0
    alerts: int = 0
    next_at: datetime | None = None


def triage(store: Store, rules: TriageRules, now: datetime, words: Words = no_words) -> Triaged:
    """File what waits, then speak about every case that has something to say; all of it in one transaction.

    Filing comes first, so that the first alert about a burst says "41 complaints" and not "1".
    """
    silences = store.silences(now)
    filed = 0
    with store.begin() as transaction:
        is_more = True
        while is_more:
            complaints = transaction.unfiled(BATCH)
            _file(complaints, rules.episodes, transaction)
            filed += len(complaints)
            is_more = len(complaints) == BATCH
        desk = _Desk(transaction, rules, silences, now, words)
        desk.go_through(transaction.open_cases())
    return Triaged(filed=filed, alerts=len(desk.alerts), next_at=min(desk.later, default=None))


def _file(complaints: Sequence[Unfiled], rule: EpisodeRule, transaction: Transaction) -> None:
    if not complaints:
        return
    by_thing: dict[tuple[str, str], list[Unfiled]] = {}
    for complaint in complaints:
        by_thing.setdefault((complaint.brand, topic_of(complaint.topics)), []).append(complaint)
    latest = transaction.latest_cases(by_thing, GROUPING)
    filed: list[tuple[int, int]] = []
    for (brand, topic), members in by_thing.items():
        case = latest.get((brand, topic))
        for complaint in members:
            if case is not None and complaint.posted_at < case.opened_at - rule.quiet_after:
                filed.append((complaint.mention, _late(case, complaint, rule, transaction).id))
                continue
            if case is None or not continues(case, complaint.posted_at, rule):
                episode = case.episode + 1 if case else 1
                case = transaction.open_case(brand, topic, GROUPING, episode, complaint.posted_at)
            filed.append((complaint.mention, case.id))
            case = replace(case, last_at=max(case.last_at, complaint.posted_at))
    transaction.file(filed)


def _late(newest: Case, complaint: Unfiled, rule: EpisodeRule, transaction: Transaction) -> Case:
    """The episode of a post that arrives late: that of its time, or else the newest."""
    then = transaction.case_at(newest.brand, newest.topic, newest.grouping, complaint.posted_at)
    return then if then is not None and continues(then, complaint.posted_at, rule) else newest


@dataclass(slots=True)
class _Heard:
    """What one target is to hear about a case now, and why the rest is held back."""

    target: str
    now: list[int] = field(default_factory=list)
    held: Decision | None = None

    def add(self, posts: Sequence[int], silenced: datetime | None, quiet: datetime | None) -> None:
        if not posts:
            return
        if silenced:
            self.held = Decision(reason=Reason.SILENCED, speaks=False, until=silenced)
        elif quiet:
            self.held = Decision(reason=Reason.QUIET_HOURS, speaks=False, until=quiet)
        else:
            self.now += posts


@dataclass(frozen=True, slots=True)
class _Said:
    """What was decided to be said to a target about a case."""

    about: OpenCase
    target: str
    reason: Reason
    mentions: tuple[int, ...]
    thread: str | None


class _Desk:
    """One pass over the open cases; what is asked of the store is asked once for all of them."""

    def __init__(
        self, transaction: Transaction, rules: TriageRules, silences: Sequence[Silence], now: datetime, words: Words
    ) -> None:
        self._transaction = transaction
        self._rules = rules
        self._silences = silences
        self._now = now
        self._words = words
        self._told: dict[tuple[int, str], Told] = {}
        self._known: set[tuple[int, str]] = set()
        self._usual: dict[tuple[str, str], Usual] = {}
        self._said: list[_Said] = []
        self.alerts: list[Alert] = []
        self.later: list[datetime] = []

    def go_through(self, open_cases: Sequence[OpenCase]) -> None:
        """Decide about every case, enqueue what is said, and settle what nobody has to wait for."""
        if not open_cases:
            return
        self._told = self._transaction.told([item.case.id for item in open_cases])
        self._known = self._transaction.told_mentions([c.mention for item in open_cases for c in item.pending])
        self._usual = self._transaction.usual(self._running(open_cases), AT_LEAST, self._now)
        settled: list[int] = []
        for item in open_cases:
            waits = [decision.until for decision in self._decide_all(item) if decision.until]
            self.later += waits
            if not waits:
                settled += [complaint.mention for complaint in item.pending]
        self._write()
        self._transaction.settle(settled)

    def _write(self) -> None:
        complaints = self._transaction.complaints({mention for said in self._said for mention in said.mentions})
        carried: dict[int, Sequence[str]] = {}
        for said in self._said:
            voices = count_voices(said.about.authors, said.about.wordings)
            told = [complaints[mention] for mention in said.mentions]
            case = said.about.case
            first = foremost(told)
            if first.mention not in carried and said.reason is not Reason.MORE and len(carried) < EXPLAINED:
                carried[first.mention] = self._words(first.text)
            words = carried.get(first.mention, ())
            message = write_alert(case, said.reason, told, voices, said.about.posts, said.thread, self._now, words)
            self.alerts.append(
                Alert(
                    target=said.target,
                    reason=said.reason,
                    message=message,
                    case=case.id,
                    mentions=said.mentions,
                    voices=voices,
                )
            )
        self._transaction.enqueue_alerts(self.alerts, self._now)

    def _decide_all(self, item: OpenCase) -> list[Decision]:
        voices = count_voices(item.authors, item.wordings)
        return [self._decide(item, heard, voices) for heard in self._audience(item)]

    def _audience(self, item: OpenCase) -> list["_Heard"]:
        """Which target is to hear of which pending complaints: routes and silences may ask for the platform."""
        found: dict[str, _Heard] = {}
        for platform in dict.fromkeys(complaint.platform for complaint in item.pending):
            subject = Subject(brand=item.case.brand, topic=item.case.topic, platform=platform)
            silenced = max((s.until for s in self._silences if s.mutes(subject, self._now)), default=None)
            for to in destinations(self._rules.routes, subject, self._now):
                heard = found.setdefault(to.target, _Heard(to.target))
                here = [complaint.mention for complaint in item.pending if complaint.platform == platform]
                posts = [mention for mention in here if (mention, to.target) not in self._known]
                heard.add(posts, silenced, to.quiet_until)
        return list(found.values())

    def _decide(self, item: OpenCase, heard: "_Heard", voices: int) -> Decision:
        if not heard.now and heard.held is not None:
            return heard.held
        told = self._told.get((item.case.id, heard.target), Told())
        decision = decide(heard.now, voices, told, self._usual_of(item.case), self._rules.policy, self._now)
        if decision.speaks:
            self._said.append(_Said(item, heard.target, decision.reason, tuple(heard.now), told.thread))
        return replace(decision, until=heard.held.until) if heard.held and decision.until is None else decision

    def _running(self, open_cases: Sequence[OpenCase]) -> set[tuple[str, str]]:
        """The (brand, topic) pairs about which something was said already and where many people complain."""
        said = {case for case, _ in self._told}
        return {
            (item.case.brand, item.case.topic)
            for item in open_cases
            if item.case.id in said and count_voices(item.authors, item.wordings) >= AT_LEAST
        }

    def _usual_of(self, case: Case) -> Usual:
        return self._usual.get((case.brand, case.topic), Usual(now=0, per_hour=0.0))
