"""Triage: file complaints into cases, then decide once per case and target whether to speak."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.alerting import AlertPolicy, Decision, Reason, Told, count_voices, decide
from monitor.core.case import GROUPING, Case, EpisodeRule, continues, topic_of
from monitor.core.routing import Destination, Route, Silence, Subject, destinations
from monitor.core.trend import AT_LEAST, Usual
from monitor.core.wording import write_alert
from monitor.ports import Alert, OpenCase, Store, Transaction, Unfiled

BATCH = 1_000


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


def triage(store: Store, rules: TriageRules, now: datetime) -> Triaged:
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
        desk = _Desk(transaction, rules, silences, now)
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
            if case is None or not continues(case, complaint.posted_at, rule):
                episode = case.episode + 1 if case else 1
                case = transaction.open_case(brand, topic, GROUPING, episode, complaint.posted_at)
            filed.append((complaint.mention, case.id))
            case = replace(case, last_at=max(case.last_at, complaint.posted_at))
    transaction.file(filed)


class _Desk:
    """One pass over the open cases; what is asked of the store is asked once for all of them."""

    def __init__(
        self, transaction: Transaction, rules: TriageRules, silences: Sequence[Silence], now: datetime
    ) -> None:
        self._transaction = transaction
        self._rules = rules
        self._silences = silences
        self._now = now
        self._told: dict[tuple[int, str], Told] = {}
        self._known: set[tuple[int, str]] = set()
        self._usual: dict[tuple[str, str], Usual] = {}
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
        self._transaction.enqueue_alerts(self.alerts, self._now)
        self._transaction.settle(settled)

    def _decide_all(self, item: OpenCase) -> list[Decision]:
        subject = Subject(brand=item.case.brand, topic=item.case.topic, platforms=item.platforms)
        silenced = max((s.until for s in self._silences if s.mutes(subject, self._now)), default=None)
        voices = count_voices(item.authors, item.wordings)
        return [
            self._decide(item, destination, silenced, voices)
            for destination in destinations(self._rules.routes, subject, self._now)
        ]

    def _decide(self, item: OpenCase, to: Destination, silenced: datetime | None, voices: int) -> Decision:
        untold = [c for c in item.pending if (c.mention, to.target) not in self._known]
        if untold and silenced:
            return Decision(reason=Reason.SILENCED, speaks=False, until=silenced)
        if untold and to.quiet_until:
            return Decision(reason=Reason.QUIET_HOURS, speaks=False, until=to.quiet_until)
        told = self._told.get((item.case.id, to.target), Told())
        decision = decide(untold, voices, told, self._usual_of(item.case), self._rules.policy, self._now)
        if decision.speaks:
            message = write_alert(item.case, decision.reason, untold, voices, item.posts, told.thread, self._now)
            self.alerts.append(
                Alert(
                    target=to.target,
                    reason=decision.reason,
                    message=message,
                    case=item.case.id,
                    mentions=tuple(complaint.mention for complaint in untold),
                    voices=voices,
                )
            )
        return decision

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
