"""Splitting: what a case would be if a post had never joined it. Rules only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.case import Case, Fact, Move, NotAllowed, Step, moved
from monitor.core.level import REPEATED, Level, Signals, grade, grade_again

ACTS = (Step.ANSWER, Step.ANSWER_SEEN, Step.DONE, Step.CLOSE)
"""What we do for a customer; who complains after it has been failed again."""

_READ_LATER = timedelta(hours=1)
"""A post is dated when it was written and a click when it was made: so much later we may have read it."""

_BY_ITSELF = ("level", "reasons", "state", "last_at", "answered_at", "updated_at", "done_at", "ended_at")
"""What posts change by themselves. Who has the case and what it is about is for people to say."""


def raised(case: Case, signals: Signals, *, is_repeat: bool) -> tuple[int, tuple[str, ...]]:
    """Level and reasons after new words of the customer: a second failure raises it, once; else only clearer words."""
    if is_repeat:
        again = grade_again(signals, case.level, has_failed=any(REPEATED in reason for reason in case.reasons))
        return int(again.level), again.reasons
    graded = grade(signals)
    return (case.level, case.reasons) if graded.level >= case.level else (int(graded.level), graded.reasons)


def rewound(
    case: Case, facts: Sequence[Fact], gone: Collection[str], began: int, first: int, words: Mapping[int, Signals]
) -> Case:
    """The case without the facts whose keys are ``gone``: what they alone have changed is taken back.

    It ``began`` with one of its posts, and ``first`` is the one with which it begins then; ``words`` are those of all.
    The case is told twice, with those facts and without; what is the same in both stays as people left it.
    """
    kept = [fact for fact in facts if fact.key not in gone]
    was, would_be = _retold(case, facts, words[began], words), _retold(case, kept, words[first], words)
    changed = {name: getattr(would_be, name) for name in _BY_ITSELF if getattr(was, name) != getattr(would_be, name)}
    return replace(case, **changed)


def post_of(fact: Fact) -> int | None:
    """The number of the post that a fact of ours is about, if it is about one."""
    number = fact.key.split("/")[1:2]
    return int(number[0]) if number and number[0].isdecimal() else None


def _retold(case: Case, facts: Sequence[Fact], first: Signals, words: Mapping[int, Signals]) -> Case:
    graded = grade(first)
    told = Case(
        id=case.id,
        cause=case.cause,
        brand=case.brand,
        topic=case.topic,
        opened_at=case.opened_at,
        last_at=case.opened_at,
        level=graded.level,
        reasons=graded.reasons,
    )
    acted: list[Fact] = []
    for fact in facts:
        is_repeat = any(REPEATED in reason for reason in case.reasons) and _had_acted(acted, facts, fact.at)
        try:
            told = moved(told, _move(case, told, fact, words, is_repeat=is_repeat))
        except NotAllowed:
            continue
        acted += [fact] if fact.step in ACTS else []
    return told


def _had_acted(acted: Sequence[Fact], facts: Sequence[Fact], at: datetime) -> bool:
    clicked = [fact for fact in facts if fact.step in ACTS and fact.step is not Step.ANSWER_SEEN]
    return bool(acted) or any(fact.at <= at + _READ_LATER for fact in clicked)


def _move(case: Case, told: Case, fact: Fact, words: Mapping[int, Signals], *, is_repeat: bool) -> Move:
    """A fact as the step that it was; what facts do not keep is as it is now."""
    level: int | None = None
    reasons = told.reasons
    if fact.step is Step.SPREAD:
        level, reasons = Level.ACT_NOW, tuple(one for one in case.reasons if "spreading" in one) + reasons
    elif fact.step is Step.WROTE_AGAIN and (said := words.get(post_of(fact) or 0)) is not None:
        level, reasons = raised(told, said, is_repeat=is_repeat)
    return Move(
        step=fact.step,
        by=fact.by,
        name=fact.name,
        via=fact.via,
        at=fact.at,
        key=fact.key,
        remedy=fact.remedy,
        note=fact.note,
        evidence=fact.evidence,
        to=case.owner or fact.by,
        to_name=case.owner_name or fact.name,
        until=fact.at + _READ_LATER,
        level=level,
        reasons=reasons,
        topic=f"not {told.topic}",
    )
