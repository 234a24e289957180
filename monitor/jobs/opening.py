"""Opening: a person makes an incident of a surge, so that somebody has it and all its cases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.alerting import Reason, count_voices
from monitor.core.case import Case, NotAllowed
from monitor.core.cause import GROUPING, Cause, Complaint
from monitor.core.incident import Incident
from monitor.core.incident_message import restated
from monitor.core.mark import Marked
from monitor.core.message import Message, Urgency
from monitor.core.surge import Surge
from monitor.core.timers import next_at
from monitor.core.wording import write_alert
from monitor.jobs.steps import CaseRules
from monitor.ports import Alert, Transaction


def open_incident(
    transaction: Transaction, targets: Sequence[str], rules: CaseRules, surge: Surge, said: Marked, now: datetime
) -> Incident:
    """Tell the cause of a surge as one, wherever the surge was told. Raises ``NotAllowed`` with words for the person.

    From then on it goes on as every incident does: what is added stands under it.
    """
    cause = transaction.latest_causes({(surge.brand, surge.topic)}, GROUPING).get((surge.brand, surge.topic))
    if cause is None or not surge.topic:
        raise NotAllowed("only what is about one topic can be an incident")
    incident = transaction.incidents([cause.id])[cause.id]
    if incident.told_at is not None:
        who = f"{incident.owner_name} has it" if incident.owner_name else "nobody has it"
        raise NotAllowed(f"it is told as {incident.key} already; {who}")
    cases = transaction.cases_of_incident(cause.id)
    numbers = {number for case in cases for number in transaction.posts_of(case.id)}
    complaints = list(transaction.complaints(numbers).values())
    if not complaints:
        raise NotAllowed("no case about it is open")
    message = _message(cause, complaints, replace(incident, told_at=now), rules, said, now)
    known = transaction.told_mentions(numbers)
    voices = count_voices(*_counts(complaints))
    alerts = [
        Alert(
            target=target,
            reason=Reason.INCIDENT,
            message=message,
            cause=cause.id,
            mentions=tuple(sorted(number for number in numbers if (number, target) not in known)),
            voices=voices,
            urgency=Urgency.SOON,
        )
        for target in targets
        if transaction.message(target, surge.key) is not None
    ]
    if not alerts:
        raise NotAllowed("nobody was told of this surge")
    transaction.enqueue_alerts(alerts, now)
    _start_clocks(transaction, cases, rules, now)
    return incident


def _message(
    cause: Cause, complaints: Sequence[Complaint], incident: Incident, rules: CaseRules, said: Marked, now: datetime
) -> Message:
    voices, posts = count_voices(*_counts(complaints)), len(complaints)
    message = write_alert(cause, Reason.INCIDENT, complaints, voices, posts, None, now)
    message = replace(message, why=(f"{said.name} opened it from a surge", *message.why[1:]))
    return restated(message, incident, rules.staffed, now)


def _counts(complaints: Sequence[Complaint]) -> tuple[int, int]:
    """How many people, and how many wordings."""
    people = {(one.platform, one.author or f"#{one.id}") for one in complaints}
    return len(people), len({one.fingerprint for one in complaints})


def _start_clocks(transaction: Transaction, cases: Sequence[Case], rules: CaseRules, now: datetime) -> None:
    fresh = [case for case in cases if case.told_at is None]
    transaction.set_told_at(now, {case.id: next_at(replace(case, told_at=now), rules.staffed, ()) for case in fresh})
