"""Telling: what triage decided to say becomes alerts in the outbox, and the clocks of the cases start."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.alerting import Reason, count_voices
from monitor.core.case import Case
from monitor.core.case_message import with_playbook, write_case, write_more
from monitor.core.cause import Complaint
from monitor.core.engagement import Person, Restraint, heard_all_the_same
from monitor.core.incident import Incident
from monitor.core.incident_message import joining, restated
from monitor.core.list_message import write_list
from monitor.core.message import Message, Urgency
from monitor.core.timers import next_at
from monitor.core.trend import Lately
from monitor.core.wording import edit_of_count, foremost, recounted, write_alert
from monitor.jobs.details import details_of
from monitor.jobs.steps import CaseRules, retell, take_step
from monitor.ports import Alert, OpenCause, Transaction

EXPLAINED = 25
"""So many alerts of one pass say which words carried them: finding them takes a model a fifth of a second each."""


class Unexplained(Exception):
    """Nothing was written: it is not known yet which words of these complaints carried their verdicts."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(f"{len(complaints)} complaints are not explained")
        self.complaints = complaints


@dataclass(frozen=True, slots=True)
class Said:
    """What was decided to be said to a target about a cause, or about one case of it.

    ``was_held``: quiet hours held it back until now.
    """

    about: OpenCause
    target: str
    reason: Reason
    mentions: tuple[int, ...]
    thread: str | None
    case: Case | None = None
    was_held: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Cases that a target hears of in one list, and why not one by one."""

    target: str
    reason: Reason
    entries: Sequence[tuple[Said, Case]]


@dataclass(slots=True)
class Telling:
    """One pass of it, within a transaction; ``carried`` are the words that carried verdicts, by mention, once asked."""

    transaction: Transaction
    cases: CaseRules
    now: datetime
    carried: Mapping[int, Sequence[str]] | None
    said: Sequence[Said]
    lists: Sequence[Listed]
    case_of: Mapping[int, int]
    incidents: Mapping[int, Incident]
    _complaints: Mapping[int, Complaint] = field(init=False, default_factory=dict)
    _lately: Mapping[tuple[str, str], Lately] = field(init=False, default_factory=dict)
    _restraints: Mapping[Person, Restraint] = field(init=False, default_factory=dict)

    def tell(self) -> list[Alert]:
        """Enqueue everything, with what follows from it. Raises ``Unexplained`` before anything is written."""
        everything = list(self._everything())
        self._complaints = self.transaction.complaints({mention for said in everything for mention in said.mentions})
        self._need_words()
        firsts = {(said.case.brand, said.case.topic) for said in self.said if said.case and not said.thread}
        self._lately = self.transaction.lately(firsts, self.now)
        if firsts:
            self._restraints = self.transaction.restraints(
                {one.author for one in self._complaints.values() if one.author}
            )
        alerts = []
        details: list[tuple[str, Case, Message]] = []
        for said in self.said:
            told = [self._complaints[mention] for mention in said.mentions]
            message = self._message(said, told)
            rest = self._further_words(said, told)
            further = tuple(one.mention for one in rest)
            alerts.append(_alert(replace(said, mentions=_without(said.mentions, further)), message))
            if said.case and rest:
                line = replace(said, reason=Reason.MORE, thread=message.key, mentions=further)
                alerts.append(_alert(line, write_more(said.case, rest, message.key, self.now)))
            if said.reason is Reason.FIRST and said.case and said.target in self.cases.threaded:
                under = details_of(self.transaction, self.cases, said.case, foremost(told), message.key)
                details.append((said.target, said.case, under))
        alerts += [self._list(listed) for listed in self.lists]
        self.transaction.enqueue_alerts(alerts, self.now)
        for target, case, message in details:
            self.transaction.enqueue(target, message, self.now, case.id)
        self._recount()
        self._start_clocks(everything)
        self._join()
        return alerts

    def _everything(self) -> Iterator[Said]:
        yield from self.said
        for listed in self.lists:
            yield from (said for said, _ in listed.entries)

    def _list(self, listed: Listed) -> Alert:
        """All that a channel has no room for or slept through, in one message, in order of level."""
        entries = [(case, foremost([self._complaints[m] for m in said.mentions])) for said, case in listed.entries]
        return Alert(
            target=listed.target,
            reason=listed.reason,
            message=write_list(entries, listed.reason, self.now),
            cause=None,
            mentions=tuple(mention for said, _ in listed.entries for mention in said.mentions),
            voices=0,
        )

    def _message(self, said: Said, told: Sequence[Complaint]) -> Message:
        first = foremost(told)
        if said.case is None:
            return self._of_incident(said, told)
        if said.reason is Reason.MORE and said.thread:
            return write_more(said.case, told, said.thread, self.now)
        case = replace(said.case, told_at=said.case.told_at or self.now)
        lately = self._lately.get((case.brand, case.topic))
        message = write_case(case, told, self._words_of(first), self.cases.staffed, self.now, lately)
        entry = self._restraints.get(Person(case.brand, first.platform, first.author or ""))
        if entry is not None and entry.holds(self.now):
            message = heard_all_the_same(message, entry)
        return message if said.target in self.cases.threaded else with_playbook(message, case, self.cases.playbooks)

    def _further_words(self, said: Said, told: Sequence[Complaint]) -> list[Complaint]:
        """What else is said in a new case, in other words than those its message quotes: a line under it has them."""
        if said.reason is not Reason.FIRST or said.target not in self.cases.threaded:
            return []
        first = foremost(told)
        return [one for one in told if one.fingerprint != first.fingerprint]

    def _of_incident(self, said: Said, told: Sequence[Complaint]) -> Message:
        cause, posts, voices = said.about.cause, said.about.posts, _voices(said)
        words = self._words_of(foremost(told)) if said.reason is not Reason.MORE else ()
        message = write_alert(cause, said.reason, told, voices, posts, said.thread, self.now, words)
        if message.thread is not None:
            return message
        incident = self.incidents[cause.id]
        incident = replace(incident, told_at=incident.told_at or self.now)
        return restated(message, incident, self.cases.staffed, self.now)

    def _need_words(self) -> None:
        """Before anything is written: raise :class:`Unexplained` if nobody was asked for the words yet."""
        explained = [said for said in self.said if said.reason is not Reason.MORE]
        if self.carried is None and explained:
            first = [foremost([self._complaints[mention] for mention in said.mentions]) for said in explained]
            raise Unexplained(list({one.mention: one for one in first}.values())[:EXPLAINED])

    def _words_of(self, complaint: Complaint) -> Sequence[str]:
        return (self.carried or {}).get(complaint.mention, ())

    def _recount(self) -> None:
        """The message of an incident says how many there are by now, wherever messages can be changed."""
        for said in self.said:
            if said.reason is not Reason.MORE or said.case or not said.thread:
                continue
            told = self.transaction.message(said.target, said.thread)
            if told is not None and said.target in self.cases.threaded:
                message = recounted(told.message, said.about.posts, _voices(said))
                self.transaction.revise(told.id, message)
                self.transaction.enqueue(said.target, edit_of_count(message, said.about.posts), self.now)

    def _start_clocks(self, everything: Sequence[Said]) -> None:
        """The team's clock starts with the first message, also of what is told among others."""
        numbers = {self.case_of[mention] for said in everything for mention in said.mentions}
        fresh = [case for case in self.transaction.cases(numbers).values() if case.told_at is None]
        started = {case.id: next_at(replace(case, told_at=self.now), self.cases.staffed, ()) for case in fresh}
        self.transaction.set_told_at(self.now, started)

    def _join(self) -> None:
        """Whoever has an incident has what is added to it, too."""
        for said in self.said:
            incident = self.incidents.get(said.about.cause.id)
            if said.case is not None or incident is None or incident.owner is None:
                continue
            for case in self.transaction.cases({self.case_of[mention] for mention in said.mentions}).values():
                if case.is_open and case.owner is None:
                    move = joining(case, incident, self.now)
                    after = take_step(self.transaction, case, move, self.cases)
                    retell(self.transaction, after, move, self.cases, self.now)


def _alert(said: Said, message: Message) -> Alert:
    return Alert(
        target=said.target,
        reason=said.reason,
        message=message,
        cause=said.about.cause.id,
        case=said.case.id if said.case else None,
        mentions=said.mentions,
        voices=_voices(said),
        urgency=_urgency(said),
    )


def _without(mentions: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    return tuple(mention for mention in mentions if mention not in others)


def _voices(said: Said) -> int:
    return count_voices(said.about.authors, said.about.wordings)


def _urgency(said: Said) -> Urgency:
    """By the level of the case; an incident is many cases, and what goes under another message can wait."""
    if said.reason is Reason.MORE:
        return Urgency.GENTLE
    return Urgency.SOON if said.case is None else Urgency(min(said.case.level, Urgency.GENTLE))
