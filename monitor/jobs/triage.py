"""Triage: file complaints into cases, then decide once per case and target whether to speak."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.alerting import AlertPolicy, Decision, Reason, count_voices, decide
from monitor.core.case import GROUPING, Case, EpisodeRule, continues, topic_of
from monitor.core.routing import Destination, Route, Silence, Subject, destinations
from monitor.core.trend import Usual
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
    filed = alerts = 0
    later: list[datetime] = []
    with store.begin() as transaction:
        while complaints := transaction.unfiled(BATCH):
            _file(complaints, rules.episodes, transaction)
            filed += len(complaints)
        for case in transaction.open_cases():
            for decision in _tell(case, rules, silences, transaction, now):
                alerts += decision.speaks
                later += [decision.until] if decision.until else []
    return Triaged(filed=filed, alerts=alerts, next_at=min(later, default=None))


def _file(complaints: Sequence[Unfiled], rule: EpisodeRule, transaction: Transaction) -> None:
    by_thing: dict[tuple[str, str], list[Unfiled]] = {}
    for complaint in complaints:
        by_thing.setdefault((complaint.brand, topic_of(complaint.topics)), []).append(complaint)
    for (brand, topic), members in by_thing.items():
        case = transaction.latest_case(brand, topic, GROUPING)
        batch: list[int] = []
        for complaint in members:
            if case is None or not continues(case, complaint.posted_at, rule):
                if case is not None:
                    transaction.file(case, batch)
                episode = case.episode + 1 if case else 1
                case = transaction.open_case(brand, topic, GROUPING, episode, complaint.posted_at)
                batch = []
            batch.append(complaint.mention)
            case = _extended(case, complaint.posted_at)
        if case is not None:
            transaction.file(case, batch)


def _extended(case: Case, posted_at: datetime) -> Case:
    return replace(case, last_at=max(case.last_at, posted_at))


def _tell(
    open_case: OpenCase, rules: TriageRules, silences: Sequence[Silence], transaction: Transaction, now: datetime
) -> list[Decision]:
    """Decide for every target of a case; when none of them has to wait, its complaints are settled."""
    subject = Subject(brand=open_case.case.brand, topic=open_case.case.topic, platforms=open_case.platforms)
    silence = max((silence.until for silence in silences if silence.mutes(subject, now)), default=None)
    decisions = [
        _speak(open_case, destination, silence, rules.policy, transaction, now)
        for destination in destinations(rules.routes, subject, now)
    ]
    if all(decision.until is None for decision in decisions):
        transaction.settle([complaint.mention for complaint in open_case.pending])
    return decisions


def _speak(
    open_case: OpenCase,
    destination: Destination,
    silenced_until: datetime | None,
    policy: AlertPolicy,
    transaction: Transaction,
    now: datetime,
) -> Decision:
    case, target = open_case.case, destination.target
    known = transaction.told_mentions(case.id, target)
    untold = [complaint for complaint in open_case.pending if complaint.mention not in known]
    if untold and silenced_until:
        return Decision(reason=Reason.SILENCED, speaks=False, until=silenced_until)
    if untold and destination.quiet_until:
        return Decision(reason=Reason.QUIET_HOURS, speaks=False, until=destination.quiet_until)
    voices = count_voices(open_case.voices)
    told = transaction.told(case.id, target)
    usual = transaction.usual(case.brand, case.topic, now) if told.messages else Usual(now=0, per_hour=0.0)
    decision = decide(untold, voices, told, usual, policy, now)
    if decision.speaks:
        message = write_alert(case, decision.reason, untold, voices, len(open_case.voices), told.thread, now)
        alert = Alert(
            target=target,
            reason=decision.reason,
            message=message,
            case=case.id,
            mentions=tuple(complaint.mention for complaint in untold),
            voices=voices,
        )
        transaction.enqueue_alert(alert, now)
    return decision
