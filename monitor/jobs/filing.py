"""Filing: which cause a complaint belongs to, and which customer's case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.case import Case, Move, Step
from monitor.core.cause import GROUPING, Cause, EpisodeRule, continues, topic_of
from monitor.core.duplicates import is_copy, keys
from monitor.core.level import Signals, grade
from monitor.core.text import fingerprint
from monitor.jobs.steps import UMBRAGE, CaseRules, retell, take_step
from monitor.ports import Transaction, Unfiled

BATCH = 1_000
COPIES = timedelta(days=7)
"""The same words within this time are one case; after it somebody may well mean something new."""


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
        kept = [complaint for complaint in complaints if not self._is_overruled(complaint)]
        things = {_thing(complaint) for complaint in kept}
        latest = self.transaction.latest_causes(things, GROUPING) if things else {}
        for complaint in kept:
            thing = _thing(complaint)
            cause = latest.get(thing)
            if cause is not None and complaint.posted_at < cause.opened_at - self.rule.quiet_after:
                self._into(self._late(cause, complaint), complaint)
                continue
            if cause is None or not continues(cause, complaint.posted_at, self.rule):
                episode = cause.episode + 1 if cause else 1
                cause = self.transaction.open_cause(*thing, GROUPING, episode, complaint.posted_at)
            self._into(cause, complaint)
            latest[thing] = replace(cause, last_at=max(cause.last_at, complaint.posted_at))

    def _is_overruled(self, complaint: Unfiled) -> bool:
        """What a person has said of these words of this author outranks the model."""
        is_overruled = self.transaction.is_overruled(complaint)
        if is_overruled:
            self.transaction.dismiss(complaint.mention)
        return is_overruled

    def _late(self, newest: Cause, complaint: Unfiled) -> Cause:
        """The episode of a post that arrives late: that of its time, or else the newest."""
        then = self.transaction.cause_at(newest.brand, newest.topic, newest.grouping, complaint.posted_at)
        return then if then is not None and continues(then, complaint.posted_at, self.rule) else newest

    def _into(self, cause: Cause, complaint: Unfiled) -> None:
        """Into the case of its conversation, of its copies, or of its author about this cause; else into a new one."""
        found_by = keys(complaint.text)
        number = (
            self.transaction.conversation(complaint)
            or self._copied(complaint, found_by)
            or self.transaction.case_of_voice(complaint, cause.id)
        )
        if number is None:
            graded = grade(_signals(complaint))
            case = self.transaction.open_case(cause.id, complaint, cause.topic, graded.level, graded.reasons)
        else:
            case = self.transaction.cases([number])[number]
            if complaint.posted_at > case.last_at and self.transaction.is_voice_of(number, complaint):
                self._wrote_again(case, complaint)
        self.transaction.file([(complaint.mention, cause.id, case.id)])
        self.transaction.add_keys(complaint, found_by)

    def _copied(self, complaint: Unfiled, found_by: Sequence[str]) -> int | None:
        """The case of what this is a copy of; of the same few words only if they are the same person's."""
        for one in self.transaction.like(complaint, found_by, complaint.posted_at - COPIES):
            is_own = complaint.author is not None and one.author == complaint.author
            is_same = fingerprint(one.text) == complaint.fingerprint
            if (is_own and is_same) or is_copy(complaint.text, one.text):
                return one.case
        return None

    def _wrote_again(self, case: Case, complaint: Unfiled) -> None:
        """Another complaint after we answered is a second failure; before that, it can only make the matter clearer."""
        is_repeat = case.answered_at is not None or case.done_at is not None
        graded = grade(replace(_signals(complaint), is_repeat=is_repeat))
        level, reasons = int(graded.level), graded.reasons
        if is_repeat:
            level = min(level, max(case.level - 1, 1))
        elif level >= case.level:
            level, reasons = case.level, case.reasons
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
            retell(self.transaction, after, move, self.cases, self.now)


def _thing(complaint: Unfiled) -> tuple[str, str]:
    return complaint.brand, topic_of(complaint.topics)


def _signals(complaint: Unfiled) -> Signals:
    return Signals(topics=complaint.topics, intent=complaint.intent, text=complaint.text)
