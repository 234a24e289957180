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
    """How many complaints were filed, how many alerts enqueued, and how many complaints wait for a later moment."""

    filed: int = 0
    alerts: int = 0
    waiting: int = 0


def triage(store: Store, rules: TriageRules, now: datetime) -> Triaged:
    """File what waits, then speak about every case that has something to say; all of it in one transaction.

    Filing comes first, so that the first alert about a burst says "41 complaints" and not "1".
    """
    silences = store.silences(now)
    filed = alerts = waiting = 0
    with store.begin() as transaction:
        while complaints := transaction.unfiled(BATCH):
            _file(complaints, rules.episodes, transaction)
            filed += len(complaints)
        for case in transaction.open_cases():
            spoken, held = _tell(case, rules, silences, transaction, now)
            alerts += spoken
            waiting += held
    return Triaged(filed=filed, alerts=alerts, waiting=waiting)


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
) -> tuple[int, int]:
    subject = Subject(brand=open_case.case.brand, topic=open_case.case.topic, platforms=open_case.platforms)
    is_silenced = any(silence.mutes(subject, now) for silence in silences)
    voices = count_voices(open_case.voices)
    spoken = held = 0
    for destination in destinations(rules.routes, subject, now):
        decision = _speak(open_case, destination, is_silenced, voices, rules.policy, transaction, now)
        spoken += decision.speaks
        held += not decision.speaks and decision.reason is not Reason.NOTHING_NEW
    if not held:
        transaction.settle([complaint.mention for complaint in open_case.pending])
    return spoken, len(open_case.pending) if held else 0


def _speak(
    open_case: OpenCase,
    destination: Destination,
    is_silenced: bool,
    voices: int,
    policy: AlertPolicy,
    transaction: Transaction,
    now: datetime,
) -> Decision:
    case, target = open_case.case, destination.target
    known = transaction.told_mentions(case.id, target)
    untold = [complaint for complaint in open_case.pending if complaint.mention not in known]
    if untold and is_silenced:
        return Decision(reason=Reason.SILENCED, speaks=False)
    if untold and destination.is_quiet:
        return Decision(reason=Reason.QUIET_HOURS, speaks=False)
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
