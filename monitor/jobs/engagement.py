"""Engagement: what people on the do-not-engage list write is filed and counted, and told to nobody until it is over.

What must be acted on now is told whoever writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.core.case import Case, Move, NotAllowed, State, Step
from monitor.core.engagement import Person, Restraint, write_end
from monitor.core.level import Level
from monitor.jobs.steps import UMBRAGE, CaseRules, places_of, retell, take_step
from monitor.ports import Store, Transaction, Unfiled
from monitor.slack.safety import is_user

LIST = "do-not-engage list"


@dataclass(frozen=True, slots=True)
class Listed:
    """The list, for a batch of complaints that is filed."""

    transaction: Transaction
    rules: CaseRules
    now: datetime
    known: Mapping[Person, Restraint]

    def holds(self, complaint: Unfiled) -> bool:
        """Is its author one whom nobody answers?"""
        entry = self._entry(complaint)
        return entry is not None and entry.holds(self.now)

    def began(self, case: Case, complaint: Unfiled) -> Case:
        """A case that such a person has opened ends at once."""
        entry = self._entry(complaint)
        if entry is None or not entry.holds(self.now) or case.level <= Level.ACT_NOW:
            return case
        return self._step(case, self._end(entry, complaint))

    def went_on(self, before: Case, case: Case, complaint: Unfiled) -> Case:
        """Such a person opens no case again; whom everybody answers opens one that ended only because of the list."""
        entry = self._entry(complaint)
        if entry is not None and entry.holds(self.now):
            came_back = case.is_open and not before.is_open
            return self._step(case, self._end(entry, complaint)) if came_back and case.level > Level.ACT_NOW else case
        if case.state is not State.NOT_ENGAGED:
            return case
        if self._is_over(case, entry):
            return self._step(case, self._again(complaint, "the time in which nobody answered this person is over"))
        if self._was_listed(case):
            return self._step(
                case, self._again(complaint, "it was not told because of the list, on which whoever writes now is not")
            )
        return case

    def _entry(self, complaint: Unfiled) -> Restraint | None:
        return self.known.get(Person(complaint.brand, complaint.platform, complaint.author or ""))

    def _is_over(self, case: Case, entry: Restraint | None) -> bool:
        """Whether the case ended while its author was on the list, on which they are no more."""
        if entry is None or case.ended_at is None:
            return False
        return entry.at <= case.ended_at < min(entry.until, entry.ended_at or entry.until)

    def _was_listed(self, case: Case) -> bool:
        found = self.transaction.facts(case.id)
        ends = [fact for fact in found if fact.step is Step.DO_NOT_ENGAGE]
        return bool(ends) and ends[-1].by == UMBRAGE

    def _step(self, case: Case, move: Move) -> Case:
        after = take_step(self.transaction, case, move, self.rules)
        if after.told_at is not None:
            retell(self.transaction, after, move, self.rules, self.now)
        return after

    def _end(self, entry: Restraint, complaint: Unfiled) -> Move:
        key = f"{Step.DO_NOT_ENGAGE}/{complaint.mention}"
        step, until = Step.DO_NOT_ENGAGE, entry.until
        return Move(step=step, by=UMBRAGE, name=entry.name, via=LIST, at=self.now, key=key, note=entry.why, until=until)

    def _again(self, complaint: Unfiled, why: str) -> Move:
        key = f"{Step.REOPEN}/{complaint.mention}"
        return Move(step=Step.REOPEN, by=UMBRAGE, name=UMBRAGE, via=LIST, at=self.now, key=key, note=why)


def follow_engagement(transaction: Transaction, case: Case, move: Move, now: datetime) -> None:
    """What a person's step in a case means for the list."""
    if move.step is Step.REOPEN:
        transaction.release(case.id, now)
    if move.step is not Step.DO_NOT_ENGAGE or move.until is None:
        return
    person = transaction.opener(case.id)
    if person is None:
        raise NotAllowed("nobody knows who wrote this: only this case can be left unanswered")
    entry = Restraint(
        **person._asdict(),
        case=case.id,
        until=move.until,
        by=move.by,
        name=move.name,
        why=move.note or "",
        at=now,
    )
    transaction.restrain(entry)


def end_early(store: Store, number: int, now: datetime, *, by: str, name: str, via: str) -> bool:
    """Somebody ends what was decided on a case, of which its history tells; ``False`` if nothing holds."""
    with store.begin() as transaction:
        case = transaction.cases([number]).get(number)
        if case is None or not transaction.release(number, now):
            return False
        note = "this person is answered again, before the time that was set"
        key = f"{Step.NOTE}/{by}/{now.isoformat()}"
        move = Move(step=Step.NOTE, by=by, name=name, via=via, at=now, key=key, note=note)
        take_step(transaction, case, move, CaseRules())
    return True


def tell_ends(store: Store, rules: CaseRules, now: datetime) -> int:
    """Whoever put somebody on the list hears, once, that the time is over; returns how many messages that made."""
    count = 0
    for entry in store.over(now):
        with store.begin() as transaction:
            places = places_of(transaction, entry.case) if transaction.end(entry, now) else []
            for told in places:
                if told.target in rules.threaded:
                    message = write_end(entry, told.message.key, (entry.by,) if is_user(entry.by) else ())
                    count += transaction.enqueue(told.target, message, now, entry.case)
    return count
