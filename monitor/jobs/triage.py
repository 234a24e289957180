"""Triage: file complaints, then decide once per cause and target who is told what, and where it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.alerting import AlertPolicy, Decision, Reason, Told, count_voices, decide
from monitor.core.case import Case, State
from monitor.core.cause import Cause, EpisodeRule
from monitor.core.incident import Incident
from monitor.core.level import Level
from monitor.core.routing import Destination, Route, Silence, Subject, destinations
from monitor.core.trend import AT_LEAST, Usual, is_unusual
from monitor.jobs.budgets import Channels
from monitor.jobs.filing import Filing
from monitor.jobs.steps import CaseRules
from monitor.jobs.talk import follow_talk
from monitor.jobs.telling import Listed, Said, Telling, Unexplained
from monitor.ports import Alert, OpenCause, Pending, Store, Transaction

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

    What was answered before is looked at first, so that a customer who writes after our answer has been failed again.
    Filing comes first, so that the first alert about a burst says "41 complaints" and not "1". What the model has to
    say about the posts to be told is asked between two looks, never while the database is locked.
    """
    silences = store.silences(now)
    with store.begin() as transaction:
        follow_talk(transaction, rules.cases, now)
        filed = Filing(transaction, rules.episodes, rules.cases, now).file_all()
        if filed:
            follow_talk(transaction, rules.cases, now)
    carried: dict[int, Sequence[str]] | None = None if words else {}
    try:
        desk = _speak(store, rules, silences, now, carried)
    except Unexplained as asked:
        carried = {one.mention: words(one.text) for one in asked.complaints} if words else {}
        desk = _speak(store, rules, silences, now, carried)
    return Triaged(filed=filed, alerts=len(desk.alerts), next_at=min(desk.later, default=None))


@dataclass(slots=True)
class _Heard:
    """What one target is to hear about a cause now, and why the rest is held back.

    ``overnight`` are the complaints that quiet hours held back until now.
    """

    target: str
    now: list[Pending] = field(default_factory=list)
    held: Decision | None = None
    overnight: set[int] = field(default_factory=set)

    def hold(self, reason: Reason, until: datetime) -> None:
        self.held = Decision(reason=reason, speaks=False, until=until)


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
        self._said: list[Said] = []
        self._lists: list[Listed] = []
        self._incidents: dict[int, Incident] = {}
        self._case_of: dict[int, int] = {}
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
        self._catch_up()
        waiting |= self._keep_to_budgets()
        self.alerts = self._telling().tell()
        self._transaction.settle([p.mention for item in open_causes for p in item.pending if p.mention not in waiting])

    def _look_up(self, open_causes: Sequence[OpenCause]) -> None:
        transaction, policy = self._transaction, self._rules.policy
        pending = [each for item in open_causes for each in item.pending]
        causes = [item.cause.id for item in open_causes]
        self._told = transaction.told(causes)
        self._incidents = transaction.incidents(causes)
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
                self._hear(heard, posts, silenced, to, subject)
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

    def _hear(
        self, heard: _Heard, posts: Sequence[Pending], silenced: datetime | None, to: Destination, subject: Subject
    ) -> None:
        if not posts:
            return
        if silenced:
            heard.hold(Reason.SILENCED, silenced)
        elif to.quiet_until:
            heard.hold(Reason.QUIET_HOURS, to.quiet_until)
        else:
            heard.now += posts
            heard.overnight |= {pending.mention for pending in posts if self._was_held(pending, subject, to.target)}

    def _was_held(self, pending: Pending, subject: Subject, target: str) -> bool:
        """Whether quiet hours of the target held it back when it came, until now."""
        then = destinations(self._rules.routes, subject, pending.collected_at)
        return any(to.target == target and to.quiet_until is not None for to in then)

    def _decide(self, item: OpenCause, heard: _Heard) -> list[Decision]:
        """Cases that the target knows go on in their threads; new ones are told one by one, or as an incident."""
        known: dict[int, list[int]] = {}
        fresh: dict[int, list[int]] = {}
        for pending in heard.now:
            is_known = (pending.case, heard.target) in self._told_of_cases
            if not is_known and _is_for_nobody(self._cases[pending.case]):
                continue
            (known if is_known else fresh).setdefault(pending.case, []).append(pending.mention)
        decisions = [heard.held] if heard.held else []
        decisions += [self._go_on(item, heard.target, case, posts) for case, posts in known.items()]
        if fresh:
            decisions += self._begin(item, heard, fresh)
        return decisions

    def _go_on(self, item: OpenCause, target: str, case: int, posts: Sequence[int]) -> Decision:
        told = self._told_of_cases[case, target]
        until = told.last_at + self._rules.policy.gap(told.messages) if told.last_at else self._now
        if self._now < until:
            return Decision(reason=Reason.TOO_SOON, speaks=False, until=until)
        self._said.append(Said(item, target, Reason.MORE, tuple(posts), told.thread, self._cases[case]))
        return Decision(reason=Reason.MORE, speaks=True)

    def _begin(self, item: OpenCause, heard: _Heard, fresh: dict[int, list[int]]) -> list[Decision]:
        target = heard.target
        told = self._told.get((item.cause.id, target), Told())
        if told.last_at is None and not self._is_incident(item, target, len(fresh)):
            self._said += [self._first(item, heard, case, posts) for case, posts in fresh.items()]
            return []
        if (incident := self._incidents[item.cause.id]).is_muted(self._now):
            return self._muted(item, heard, fresh, incident)
        posts = tuple(mention for members in fresh.values() for mention in members)
        voices = count_voices(item.authors, item.wordings)
        decision = decide(posts, voices, told, self._usual_of(item.cause), self._rules.policy, self._now)
        if decision.speaks:
            reason = Reason.INCIDENT if decision.reason is Reason.FIRST else decision.reason
            self._said.append(Said(item, target, reason, posts, told.thread))
        return [decision]

    def _first(self, item: OpenCause, heard: _Heard, case: int, posts: Sequence[int]) -> Said:
        was_held = not heard.overnight.isdisjoint(posts)
        return Said(item, heard.target, Reason.FIRST, tuple(posts), None, self._cases[case], was_held)

    def _muted(self, item: OpenCause, heard: _Heard, fresh: dict[int, list[int]], incident: Incident) -> list[Decision]:
        """Of a muted incident only what must be acted on now is told, by itself; the rest waits."""
        urgent = {case: posts for case, posts in fresh.items() if self._cases[case].level <= Level.ACT_NOW}
        self._said += [self._first(item, heard, case, posts) for case, posts in urgent.items()]
        held = Decision(reason=Reason.SILENCED, speaks=False, until=incident.muted_until)
        return [held] if len(urgent) < len(fresh) else []

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

    def _catch_up(self) -> None:
        """What quiet hours held back is told in one list for each target, except what is told as an incident."""
        late = [said for said in self._said if said.was_held and said.case and said.case.level > Level.ACT_NOW]
        for target in sorted({said.target for said in late}):
            entries = [(said, said.case) for said in late if said.target == target and said.case]
            if len(entries) > 1:
                self._lists.append(Listed(target, Reason.QUIET_HOURS, entries))
                self._said = [said for said in self._said if all(said is not one for one, _ in entries)]

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
                self._lists.append(Listed(target, Reason.BUDGET, left))
        return waiting

    def _telling(self) -> Telling:
        return Telling(
            transaction=self._transaction,
            cases=self._rules.cases,
            now=self._now,
            carried=self._carried,
            said=self._said,
            lists=self._lists,
            case_of=self._case_of,
            incidents=self._incidents,
        )


def _is_for_nobody(case: Case) -> bool:
    """Whether a case is counted and told in no channel."""
    return case.state is State.NOT_ENGAGED or case.level >= Level.DIGEST


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
