"""Filing: which cause a complaint belongs to, and which customer's case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.case import Case, Move, State, Step
from monitor.core.cause import GROUPING, Cause, EpisodeRule, continues, topic_of
from monitor.core.level import Signals, grade
from monitor.core.splitting import ACTS, raised
from monitor.jobs.engagement import Listed
from monitor.jobs.placing import Place, Places
from monitor.jobs.steps import UMBRAGE, CaseRules, retell, retell_anywhere, take_step
from monitor.ports import Draft, Transaction, Unfiled

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class _Placed:
    complaint: Unfiled
    cause: Cause
    place: Place
    is_reported: bool


@dataclass(frozen=True, slots=True)
class Filing:
    """One pass of filing, within a transaction."""

    transaction: Transaction
    rule: EpisodeRule
    cases: CaseRules
    now: datetime

    def file_all(self) -> int:
        """File every complaint that waits, oldest post first, and return how many there were."""
        filed = 0
        is_more = True
        while is_more:
            complaints = self.transaction.unfiled(BATCH)
            self._file(complaints)
            filed += len(complaints)
            is_more = len(complaints) == BATCH
        return filed

    def _file(self, complaints: Sequence[Unfiled]) -> None:
        """In the order they were posted, whatever they are about, so that an answer finds what it answers."""
        overruled = self.transaction.overruled(complaints)
        self.transaction.dismiss(overruled)
        kept = [complaint for complaint in complaints if complaint.mention not in overruled]
        if not kept:
            return
        causes = self._causes(kept)
        places = Places(self.transaction, kept)
        places.know({cause.id for cause in causes})
        placed = []
        for complaint, cause in zip(kept, causes, strict=True):
            place = places.of(complaint, cause.id)
            is_reported = not place.is_new and places.reported(complaint) == place.number
            placed.append(_Placed(complaint, cause, place, is_reported))
        authors = {complaint.author for complaint in kept if complaint.author}
        listed = Listed(self.transaction, self.cases, self.now, self.transaction.restraints(authors))
        self.transaction.file(self._into_cases(placed, listed))
        self.transaction.wake_answers([complaint.mention for complaint in kept])
        self.transaction.add_keys(places.keys())

    def _into_cases(self, placed: Sequence[_Placed], listed: Listed) -> list[tuple[int, int, int]]:
        """Open what is new, and let known customers write again; returns mention, cause and case of each."""
        firsts = {one.place.number: one for one in reversed(placed) if one.place.is_new}
        drafts = [firsts[number] for number in sorted(firsts)]
        cases = self.transaction.open_cases([_draft(one) for one in drafts])
        opened = [listed.began(case, one.complaint) for case, one in zip(cases, drafts, strict=True)]
        known = self.transaction.cases({one.place.number for one in placed if not one.place.is_new})
        wrote = self.transaction.writers(known, {one.complaint.author for one in placed if one.complaint.author})
        known |= {case.id: case for case in opened}
        filed = []
        for one in placed:
            number = opened[one.place.number].id if one.place.is_new else one.place.number
            case, complaint = known[number], one.complaint
            if one.is_reported and complaint.posted_at < case.opened_at:
                case = known[case.id] = self._began_earlier(case, complaint)
            if complaint.author:
                voice = (case.id, complaint.platform, complaint.author)
                if complaint.posted_at > case.last_at and voice in wrote:
                    known[case.id] = self._wrote_again(case, complaint, listed.holds(complaint))
                wrote.add(voice)
            known[case.id] = listed.went_on(case, known[case.id], complaint)
            filed.append((complaint.mention, one.cause.id, case.id))
        return filed

    def _causes(self, complaints: Sequence[Unfiled]) -> list[Cause]:
        """The cause of each complaint; one that has been quiet for long begins anew."""
        latest = self.transaction.latest_causes({_thing(complaint) for complaint in complaints}, GROUPING)
        found = []
        for complaint in complaints:
            thing = _thing(complaint)
            cause = latest.get(thing)
            if cause is not None and complaint.posted_at < cause.opened_at - self.rule.quiet_after:
                found.append(self._late(cause, complaint))
                continue
            if cause is None or not continues(cause, complaint.posted_at, self.rule):
                episode = cause.episode + 1 if cause else 1
                cause = self.transaction.open_cause(*thing, GROUPING, episode, complaint.posted_at)
            found.append(cause)
            latest[thing] = replace(cause, last_at=max(cause.last_at, complaint.posted_at))
        return found

    def _late(self, newest: Cause, complaint: Unfiled) -> Cause:
        """The episode of a post that arrives late: that of its time, or else the newest."""
        then = self.transaction.cause_at(newest.brand, newest.topic, newest.grouping, complaint.posted_at)
        return then if then is not None and continues(then, complaint.posted_at, self.rule) else newest

    def _began_earlier(self, case: Case, complaint: Unfiled) -> Case:
        """Who reported a post did not say when it was written."""
        key = f"{Step.BEGAN_EARLIER}/{complaint.mention}"
        at, via = complaint.posted_at, complaint.platform
        move = Move(step=Step.BEGAN_EARLIER, by=UMBRAGE, name=UMBRAGE, via=via, at=at, key=key)
        after = take_step(self.transaction, case, move, self.cases)
        retell_anywhere(self.transaction, after, move, self.cases, self.now)
        return after

    def _wrote_again(self, case: Case, complaint: Unfiled, is_restrained: bool) -> Case:
        """Another complaint after we answered is a second failure; before that, it can only make the matter clearer."""
        is_repeat = self._has_acted(case, complaint) and case.state is not State.NOT_ENGAGED and not is_restrained
        level, reasons = raised(case, signals_of(complaint), is_repeat=is_repeat)
        move = Move(
            step=Step.WROTE_AGAIN,
            by=UMBRAGE,
            name=UMBRAGE,
            via=complaint.platform,
            at=complaint.posted_at,
            key=f"{Step.WROTE_AGAIN}/{complaint.mention}",
            level=level,
            reasons=reasons,
        )
        after = take_step(self.transaction, case, move, self.cases)
        if case.told_at is not None:
            rises = after.is_open and after.level < case.level
            tell = retell_anywhere if rises or is_repeat else retell
            tell(self.transaction, after, move, self.cases, self.now, rises=rises)
        return after

    def _has_acted(self, case: Case, complaint: Unfiled) -> bool:
        """Whether we answered before: as somebody said, or as was read, if that stood there when they wrote."""
        if case.answered_at is None and case.done_at is None:
            return False
        done = [fact for fact in self.transaction.facts(case.id) if fact.step in ACTS]
        return any(fact.step is not Step.ANSWER_SEEN or fact.at <= complaint.posted_at for fact in done)


def _thing(complaint: Unfiled) -> tuple[str, str]:
    return complaint.brand, topic_of(complaint.topics)


def _draft(placed: _Placed) -> Draft:
    graded = grade(signals_of(placed.complaint))
    complaint, cause = placed.complaint, placed.cause
    return Draft(cause.id, complaint.brand, cause.topic, complaint.posted_at, graded.level, graded.reasons)


def signals_of(complaint: Unfiled) -> Signals:
    """What a level goes by."""
    return Signals(topics=complaint.topics, intent=complaint.intent, text=complaint.text)
