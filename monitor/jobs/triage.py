"""Triage: file complaints, then decide once per cause and target who is told what, and where it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.alerting import AlertPolicy, Decision, Reason, Told, count_voices, decide
from monitor.core.case import Case
from monitor.core.case_message import write_case, write_details, write_list, write_more
from monitor.core.cause import Cause, Complaint, EpisodeRule
from monitor.core.message import Message, Urgency
from monitor.core.routing import Destination, Route, Silence, Subject, destinations
from monitor.core.timers import next_at
from monitor.core.trend import AT_LEAST, Lately, Usual, is_unusual
from monitor.core.wording import foremost, recounted, write_alert
from monitor.jobs.budgets import Channels
from monitor.jobs.filing import Filing
from monitor.jobs.steps import CaseRules
from monitor.ports import Alert, OpenCause, Pending, Store, Transaction

EXPLAINED = 25
"""So many alerts of one pass say which words carried them: finding them takes a model a fifth of a second each."""

Words = Callable[[str], Sequence[str]]
"""Which words of a post carried its verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRules:
    """Everything triage goes by."""

    routes: tuple[Route, ...]
    policy: AlertPolicy = AlertPolicy()
    episodes: EpisodeRule = EpisodeRule()
    cases: CaseRules = CaseRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triaged:
    """How many complaints were filed and alerts enqueued, and when those that wait have something to say next."""

    filed: int = 0
    alerts: int = 0
    next_at: datetime | None = None


def triage(store: Store, rules: TriageRules, now: datetime, words: Words | None = None) -> Triaged:
    """File what waits, then speak in one transaction about every cause that has something to say.

    Filing comes first, so that the first alert about a burst says "41 complaints" and not "1". What the model has to
    say about the posts to be told is asked between two looks, never while the database is locked.
    """
    silences = store.silences(now)
    with store.begin() as transaction:
        filed = Filing(transaction, rules.episodes, rules.cases, now).file_all()
    carried: dict[int, Sequence[str]] | None = None if words else {}
    try:
        desk = _speak(store, rules, silences, now, carried)
    except _Unexplained as asked:
        carried = {one.mention: words(one.text) for one in asked.complaints} if words else {}
        desk = _speak(store, rules, silences, now, carried)
    return Triaged(filed=filed, alerts=len(desk.alerts), next_at=min(desk.later, default=None))


class _Unexplained(Exception):
    """Nothing was written: it is not known yet which words of these complaints carried their verdicts."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(f"{len(complaints)} complaints are not explained")
        self.complaints = complaints


@dataclass(slots=True)
class _Heard:
    """What one target is to hear about a cause now, and why the rest is held back."""

    target: str
    now: list[Pending] = field(default_factory=list)
    held: Decision | None = None

    def hold(self, reason: Reason, until: datetime) -> None:
        self.held = Decision(reason=reason, speaks=False, until=until)


@dataclass(frozen=True, slots=True)
class _Said:
    """What was decided to be said to a target about a cause, or about one case of it."""

    about: OpenCause
    target: str
    reason: Reason
    mentions: tuple[int, ...]
    thread: str | None
    case: Case | None = None


class _Desk:
    """One pass over the open causes; what is asked of the store is asked once for all of them."""

    def __init__(
        self,
        transaction: Transaction,
        rules: TriageRules,
        silences: Sequence[Silence],
        now: datetime,
        carried: Mapping[int, Sequence[str]] | None,
    ) -> None:
        self._transaction = transaction
        self._rules = rules
        self._silences = silences
        self._now = now
        self._carried = carried
        self._told: dict[tuple[int, str], Told] = {}
        self._told_of_cases: dict[tuple[int, str], Told] = {}
        self._singles: dict[tuple[int, str], int] = {}
        self._cases: dict[int, Case] = {}
        self._known: set[tuple[int, str]] = set()
        self._usual: dict[tuple[str, str], Usual] = {}
        self._said: list[_Said] = []
        self._lists: dict[str, list[tuple[_Said, Case]]] = {}
        self._case_of: dict[int, int] = {}
        self._complaints: dict[int, Complaint] = {}
        self._lately: dict[tuple[str, str], Lately] = {}
        self.alerts: list[Alert] = []
        self.later: list[datetime] = []

    def go_through(self, open_causes: Sequence[OpenCause]) -> None:
        """Decide about every cause, enqueue what is said, and settle what nobody has to wait for."""
        if not open_causes:
            return
        self._look_up(open_causes)
        waiting: set[int] = set()
        for item in open_causes:
            for heard in self._audience(item):
                decisions = self._decide(item, heard)
                if any(decision.until for decision in decisions):
                    waiting |= {pending.mention for pending in item.pending}
                self.later += [decision.until for decision in decisions if decision.until]
        waiting |= self._keep_to_budgets()
        self._write()
        self._transaction.settle([p.mention for item in open_causes for p in item.pending if p.mention not in waiting])

    def _look_up(self, open_causes: Sequence[OpenCause]) -> None:
        transaction, policy = self._transaction, self._rules.policy
        pending = [each for item in open_causes for each in item.pending]
        causes = [item.cause.id for item in open_causes]
        self._told = transaction.told(causes)
        self._singles = transaction.parents_since(causes, self._now - policy.singles_within)
        self._known = transaction.told_mentions([each.mention for each in pending])
        self._case_of = {each.mention: each.case for each in pending}
        self._cases = transaction.cases(set(self._case_of.values()))
        self._told_of_cases = transaction.told_of_cases(list(self._cases))
        self._usual = transaction.usual(self._busy(open_causes), AT_LEAST, self._now)

    def _audience(self, item: OpenCause) -> list[_Heard]:
        """Which target is to hear of which pending complaints: routes and silences ask for what each of them is."""
        found: dict[str, _Heard] = {}
        by_subject: dict[Subject, list[Pending]] = {}
        for pending in item.pending:
            by_subject.setdefault(self._subject(item.cause, pending), []).append(pending)
        for subject, members in by_subject.items():
            silenced = max((s.until for s in self._silences if s.mutes(subject, self._now)), default=None)
            for to in destinations(self._rules.routes, subject, self._now):
                heard = found.setdefault(to.target, _Heard(to.target))
                posts = [pending for pending in members if (pending.mention, to.target) not in self._known]
                self._hear(heard, posts, silenced, to)
        return list(found.values())

    def _subject(self, cause: Cause, pending: Pending) -> Subject:
        return Subject(
            brand=cause.brand,
            topic=cause.topic,
            platform=pending.platform,
            source=pending.source,
            language=pending.language or "",
            level=self._cases[pending.case].level,
        )

    def _hear(self, heard: _Heard, posts: Sequence[Pending], silenced: datetime | None, to: Destination) -> None:
        if not posts:
            return
        if silenced:
            heard.hold(Reason.SILENCED, silenced)
        elif to.quiet_until:
            heard.hold(Reason.QUIET_HOURS, to.quiet_until)
        else:
            heard.now += posts

    def _decide(self, item: OpenCause, heard: _Heard) -> list[Decision]:
        """Cases that the target knows go on in their threads; new ones are told one by one, or as an incident."""
        known: dict[int, list[int]] = {}
        fresh: dict[int, list[int]] = {}
        for pending in heard.now:
            is_known = (pending.case, heard.target) in self._told_of_cases
            (known if is_known else fresh).setdefault(pending.case, []).append(pending.mention)
        decisions = [heard.held] if heard.held else []
        decisions += [self._go_on(item, heard.target, case, posts) for case, posts in known.items()]
        if fresh:
            decisions += self._begin(item, heard.target, fresh)
        return decisions

    def _go_on(self, item: OpenCause, target: str, case: int, posts: Sequence[int]) -> Decision:
        told = self._told_of_cases[case, target]
        until = told.last_at + self._rules.policy.gap(told.messages) if told.last_at else self._now
        if self._now < until:
            return Decision(reason=Reason.TOO_SOON, speaks=False, until=until)
        self._said.append(_Said(item, target, Reason.MORE, tuple(posts), told.thread, self._cases[case]))
        return Decision(reason=Reason.MORE, speaks=True)

    def _begin(self, item: OpenCause, target: str, fresh: dict[int, list[int]]) -> list[Decision]:
        told = self._told.get((item.cause.id, target), Told())
        posts = tuple(mention for members in fresh.values() for mention in members)
        if told.last_at is None and not self._is_incident(item, target, len(fresh)):
            for case, members in fresh.items():
                self._said.append(_Said(item, target, Reason.FIRST, tuple(members), None, self._cases[case]))
            return []
        voices = count_voices(item.authors, item.wordings)
        decision = decide(posts, voices, told, self._usual_of(item.cause), self._rules.policy, self._now)
        if decision.speaks:
            reason = Reason.INCIDENT if decision.reason is Reason.FIRST else decision.reason
            self._said.append(_Said(item, target, reason, posts, told.thread))
        return [decision]

    def _is_incident(self, item: OpenCause, target: str, fresh: int) -> bool:
        before = self._singles.get((item.cause.id, target), 0)
        return before + fresh > self._rules.policy.singles or is_unusual(self._usual_of(item.cause))

    def _busy(self, open_causes: Sequence[OpenCause]) -> set[tuple[str, str]]:
        """The (brand, topic) pairs about which many people complain."""
        return {
            (item.cause.brand, item.cause.topic)
            for item in open_causes
            if count_voices(item.authors, item.wordings) >= AT_LEAST
        }

    def _usual_of(self, cause: Cause) -> Usual:
        return self._usual.get((cause.brand, cause.topic), Usual(now=0, per_hour=0.0))

    def _keep_to_budgets(self) -> set[int]:
        """Cases for which a target has no room are told in one list; returns the complaints that wait for the next."""
        firsts = [said for said in self._said if said.reason is Reason.FIRST]
        targets = sorted({said.target for said in firsts})
        if not targets:
            return set()
        channels = Channels(self._rules.policy, self._transaction.standing(targets, self._now))
        listed = self._transaction.last_listed(targets)
        waiting: set[int] = set()
        for target in targets:
            of_target = [(said, said.case) for said in firsts if said.target == target and said.case]
            left = channels.too_many(target, of_target)
            for said, _ in left:
                self._said.remove(said)
            until = listed[target] + self._rules.policy.list_gap if target in listed else self._now
            if left and self._now < until:
                self.later.append(until)
                waiting |= {mention for said, _ in left for mention in said.mentions}
            elif left:
                self._lists[target] = left
        return waiting

    def _write(self) -> None:
        self._complaints = self._transaction.complaints(
            {mention for said in self._everything() for mention in said.mentions}
        )
        self._need_words()
        firsts = {(said.case.brand, said.case.topic) for said in self._said if said.case and not said.thread}
        self._lately = self._transaction.lately(firsts, self._now)
        details: list[tuple[str, Case, Message]] = []
        for said in self._said:
            told = [self._complaints[mention] for mention in said.mentions]
            message = self._message(said, told)
            self.alerts.append(self._alert(said, message))
            if said.reason is Reason.FIRST and said.case and said.target in self._rules.cases.threaded:
                details.append((said.target, said.case, self._details(said.case, foremost(told), message.key)))
        self.alerts += [self._list(target, left) for target, left in self._lists.items()]
        self._transaction.enqueue_alerts(self.alerts, self._now)
        for target, case, message in details:
            self._transaction.enqueue(target, message, self._now, case.id)
        self._recount()
        self._start_clocks()

    def _recount(self) -> None:
        """The message of an incident says how many there are by now, wherever messages can be changed."""
        for said in self._said:
            if said.reason is not Reason.MORE or said.case or not said.thread:
                continue
            told = self._transaction.message(said.target, said.thread)
            if told is not None and said.target in self._rules.cases.threaded:
                voices = count_voices(said.about.authors, said.about.wordings)
                self._transaction.enqueue(said.target, recounted(told.message, said.about.posts, voices), self._now)

    def _everything(self) -> list[_Said]:
        return [*self._said, *(said for left in self._lists.values() for said, _ in left)]

    def _alert(self, said: _Said, message: Message) -> Alert:
        return Alert(
            target=said.target,
            reason=said.reason,
            message=message,
            cause=said.about.cause.id,
            case=said.case.id if said.case else None,
            mentions=said.mentions,
            voices=count_voices(said.about.authors, said.about.wordings),
            urgency=_urgency(said),
        )

    def _list(self, target: str, left: Sequence[tuple[_Said, Case]]) -> Alert:
        """All that a channel has no room for, in one message, in order of level."""
        entries = [(case, foremost([self._complaints[m] for m in said.mentions])) for said, case in left]
        mentions = tuple(mention for said, _ in left for mention in said.mentions)
        message = write_list(entries, self._now)
        return Alert(target=target, reason=Reason.BUDGET, message=message, cause=None, mentions=mentions, voices=0)

    def _message(self, said: _Said, told: Sequence[Complaint]) -> Message:
        first = foremost(told)
        if said.case is None:
            voices = count_voices(said.about.authors, said.about.wordings)
            words = self._words_of(first) if said.reason is not Reason.MORE else ()
            return write_alert(
                said.about.cause, said.reason, told, voices, said.about.posts, said.thread, self._now, words
            )
        if said.reason is Reason.MORE and said.thread:
            return write_more(said.case, told, said.thread, self._now)
        case = replace(said.case, told_at=said.case.told_at or self._now)
        lately = self._lately.get((case.brand, case.topic))
        return write_case(case, told, self._words_of(first), self._rules.cases.staffed, self._now, lately)

    def _details(self, case: Case, complaint: Complaint, parent: str) -> Message:
        author = self._transaction.author(complaint)
        return write_details(case, complaint, author, self._transaction.similar(case), parent)

    def _need_words(self) -> None:
        """Before anything is written: raise :class:`_Unexplained` if nobody was asked for the words yet."""
        explained = [said for said in self._said if said.reason is not Reason.MORE]
        if self._carried is None and explained:
            first = [foremost([self._complaints[mention] for mention in said.mentions]) for said in explained]
            raise _Unexplained(list({one.mention: one for one in first}.values())[:EXPLAINED])

    def _words_of(self, complaint: Complaint) -> Sequence[str]:
        return (self._carried or {}).get(complaint.mention, ())

    def _start_clocks(self) -> None:
        """The team's clock starts with the first message; what is told among others rings nobody up."""
        due: dict[int, datetime | None] = {}
        for said in self._everything():
            for mention in said.mentions:
                due.setdefault(self._case_of[mention], None)
        for said in self._said:
            if said.reason is Reason.FIRST and said.case:
                case = replace(said.case, told_at=said.case.told_at or self._now)
                due[case.id] = next_at(case, self._rules.cases.staffed, ())
        self._transaction.set_told_at(self._now, due)


def _urgency(said: _Said) -> Urgency:
    """By the level of the case; an incident is many cases, and what goes under another message can wait."""
    if said.reason is Reason.MORE:
        return Urgency.GENTLE
    return Urgency.SOON if said.case is None else Urgency(min(said.case.level, Urgency.GENTLE))


def _speak(
    store: Store,
    rules: TriageRules,
    silences: Sequence[Silence],
    now: datetime,
    carried: Mapping[int, Sequence[str]] | None,
) -> _Desk:
    with store.begin() as transaction:
        desk = _Desk(transaction, rules, silences, now, carried)
        desk.go_through(transaction.open_causes())
    return desk
