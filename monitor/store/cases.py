"""Cases: opened once, changed only as they were when somebody looked, with every step kept as a fact."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, insert, select, text, update
from sqlalchemy import case as when

from monitor.core.alerting import Reason, Told
from monitor.core.case import ENDS, Case, Fact, Move, State, Step
from monitor.core.case_message import Author, Similar
from monitor.core.cause import Complaint
from monitor.core.level import Level
from monitor.core.message import Message
from monitor.core.verdict import Label
from monitor.ports import Filed, Quoting, Standing, Unfiled
from monitor.store.connection import reading
from monitor.store.posts import upsert
from monitor.store.schema import IN_CASE, STANDING, Stage, cases, copies, corrections, facts, mentions, outbox
from monitor.store.schema import State as Sending

_STANDING = " AND ".join(f"outbox.{part}" for part in STANDING.split(" AND "))
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LOOKED_AT = 20
_LONGEST_THREAD = 20
"""Answers to answers, up to the post that opened the case."""


class CaseWrites:
    """The part of a transaction that is about cases."""

    _connection: Connection

    def conversation(self, complaint: Unfiled) -> int | None:
        """The case of the conversation that a complaint belongs to, by what it answers, step by step."""
        parent = complaint.reply_to
        for _ in range(_LONGEST_THREAD):
            if parent is None:
                return None
            query = select(mentions.c.case_id, mentions.c.reply_to).where(
                mentions.c.native_id == parent,
                mentions.c.platform == complaint.platform,
                mentions.c.brand == complaint.brand,
            )
            row = self._connection.execute(query).first()
            if row is None:
                return None
            if row.case_id is not None:
                return int(row.case_id)
            parent = row.reply_to
        return None

    def like(self, complaint: Unfiled, keys: Collection[str], since: datetime) -> list[Filed]:
        """Filed complaints about the brand that may be copies, by their keys or words, newest first."""
        by_key = select(copies.c.mention_id).where(copies.c.brand == complaint.brand, copies.c.key.in_(list(keys)))
        by_words = (
            select(mentions.c.id)
            .where(mentions.c.brand == complaint.brand, mentions.c.fingerprint == complaint.fingerprint)
            .where(text(f"mentions.{IN_CASE}"))
        )
        found: dict[int, Filed] = {}
        for wanted in (by_key, by_words) if keys else (by_words,):
            query = select(mentions.c.id, mentions.c.case_id, mentions.c.text, mentions.c.author)
            query = query.where(
                mentions.c.id.in_(wanted), mentions.c.posted_at >= since, mentions.c.case_id.is_not(None)
            )
            for row in self._connection.execute(query.order_by(mentions.c.id.desc()).limit(_LOOKED_AT)):
                found[row.id] = Filed(row.case_id, row.text, row.author)
        return [found[number] for number in sorted(found, reverse=True)]

    def add_keys(self, complaint: Unfiled, keys: Collection[str]) -> None:
        """By these keys a complaint is found when somebody copies it."""
        rows = [{"brand": complaint.brand, "key": key, "mention_id": complaint.mention} for key in dict.fromkeys(keys)]
        if rows:
            self._connection.execute(upsert(self._connection, copies).on_conflict_do_nothing(), rows)

    def case_of_voice(self, complaint: Unfiled, cause: int) -> int | None:
        """The newest case of the same person about this cause."""
        if complaint.author is None:
            return None
        same = and_(mentions.c.cause_id == cause, mentions.c.author == complaint.author)
        return self._newest_case(and_(same, mentions.c.platform == complaint.platform))

    def is_voice_of(self, case: int, complaint: Unfiled) -> bool:
        """Has the author of a complaint written in this case before?"""
        same = and_(mentions.c.author == complaint.author, mentions.c.platform == complaint.platform)
        query = select(mentions.c.id).where(mentions.c.case_id == case, text(f"mentions.{IN_CASE}"), same).limit(1)
        return self._connection.execute(query).first() is not None

    def _newest_case(self, which: ColumnElement[bool]) -> int | None:
        query = select(func.max(mentions.c.case_id)).where(which, text(f"mentions.{IN_CASE}"))
        found: int | None = self._connection.execute(query).scalar()
        return found

    def open_case(self, cause: int, complaint: Unfiled, topic: str, level: int, reasons: Sequence[str]) -> Case:
        values = {
            "cause_id": cause,
            "brand": complaint.brand,
            "topic": topic,
            "opened_at": complaint.posted_at,
            "last_at": complaint.posted_at,
            "level": level,
            "reasons": list(reasons),
            "state": State.NEW,
            "version": 0,
        }
        row = self._connection.execute(insert(cases).values(**values).returning(*cases.c)).one()
        return as_case(row)

    def cases(self, ids: Collection[int]) -> dict[int, Case]:
        found = self._connection.execute(select(cases).where(cases.c.id.in_(list(ids))))
        return {row.id: as_case(row) for row in found}

    def move(self, before: Case, after: Case, move: Move, due_at: datetime | None) -> bool:
        """Keep a step and what became of the case; ``False`` if the case or its facts are not as they were."""
        change = update(cases).where(cases.c.id == before.id, cases.c.version == before.version)
        changed = change.values(**_changeable(after), due_at=due_at).returning(cases.c.id)
        fact = {"case_id": before.id, **{name: getattr(move, name) for name in _OF_FACT}}
        kept = upsert(self._connection, facts).values(**fact).on_conflict_do_nothing().returning(facts.c.id)
        if self._connection.execute(kept).first() is None:
            return False
        return self._connection.execute(changed).first() is not None

    def facts(self, case: int) -> list[Fact]:
        return _facts(self._connection, case)

    def set_told_at(self, now: datetime, due_at: Mapping[int, datetime | None]) -> None:
        for number, due in due_at.items():
            change = update(cases).where(cases.c.id == number, cases.c.told_at.is_(None))
            self._connection.execute(change.values(told_at=now, due_at=due))

    def set_due(self, case: int, due_at: datetime | None) -> None:
        self._connection.execute(update(cases).where(cases.c.id == case).values(due_at=due_at))

    def correct_case(self, case: int, label: Label, by: str, why: str, now: datetime) -> None:
        said = {"label": label, "by": by, "why": why, "at": now}
        numbers = self._connection.execute(select(mentions.c.id).where(mentions.c.case_id == case)).scalars()
        rows = [{"mention_id": number, **said} for number in numbers]
        if rows:
            self._connection.execute(insert(corrections), rows)

    def is_overruled(self, complaint: Unfiled) -> bool:
        """Has a person said of the same words of the same author that they are no complaint?"""
        if complaint.author is None:
            return False
        same = and_(mentions.c.brand == complaint.brand, mentions.c.fingerprint == complaint.fingerprint)
        who = and_(mentions.c.author == complaint.author, mentions.c.platform == complaint.platform)
        query = (
            select(corrections.c.label)
            .join(mentions, mentions.c.id == corrections.c.mention_id)
            .where(same, who, text(f"mentions.{IN_CASE}"))
            .order_by(corrections.c.id.desc())
            .limit(1)
        )
        return self._connection.execute(query).scalar() == Label.OTHER

    def dismiss(self, mention: int) -> None:
        change = update(mentions).where(mentions.c.id == mention, mentions.c.stage == Stage.COMPLAINT)
        self._connection.execute(change.values(stage=Stage.DONE))

    def promote(self, mention: int) -> bool:
        judged = mentions.c.judged_by.is_not(None)
        change = update(mentions).where(mentions.c.id == mention, mentions.c.case_id.is_(None), judged)
        changed = change.where(mentions.c.stage == Stage.DONE).values(stage=Stage.COMPLAINT)
        return self._connection.execute(changed.returning(mentions.c.id)).first() is not None

    def numbers_of(self, platform: str, name: str) -> list[int]:
        """The numbers of a post, one for each brand."""
        query = select(mentions.c.id).where(mentions.c.native_id == name, mentions.c.platform == platform)
        return list(self._connection.execute(query).scalars())

    def author(self, complaint: Complaint) -> Author | None:
        """What we have seen of the author of a complaint; ``None`` when we do not know who it is."""
        if complaint.author is None:
            return None
        ended = cases.c.state == State.SATISFIED
        query = (
            select(
                func.count(mentions.c.id.distinct()).label("posts"),
                func.count(mentions.c.cause_id).label("complaints"),
                func.count(mentions.c.case_id.distinct()).label("cases"),
                func.count(when((ended, cases.c.id)).distinct()).label("satisfied"),
                func.min(mentions.c.posted_at).label("since"),
            )
            .select_from(mentions.outerjoin(cases, cases.c.id == mentions.c.case_id))
            .where(mentions.c.author == complaint.author, mentions.c.platform == complaint.platform)
        )
        row = self._connection.execute(query).one()
        return Author(**row._mapping)  # noqa: SLF001 - public in spite of its name

    def similar(self, case: Case) -> list[Similar]:
        """The latest satisfied cases about the same thing, with what was done."""
        query = (
            select(cases.c.id, cases.c.ended_at, facts.c.remedy)
            .join(facts, facts.c.case_id == cases.c.id)
            .where(cases.c.brand == case.brand, cases.c.topic == case.topic, cases.c.state == State.SATISFIED)
            .where(facts.c.remedy.is_not(None))
            .order_by(cases.c.ended_at.desc(), facts.c.id.desc())
            .limit(3)
        )
        rows = self._connection.execute(query)
        return [Similar(key=f"case/{row.id}", ended_at=row.ended_at, remedy=row.remedy) for row in rows]

    def told_of_cases(self, of: Collection[int]) -> dict[tuple[int, str], Told]:
        """What has been said about single cases, by (case, target): messages, when, and the key of the parent."""
        parent = func.min(outbox.c.id).filter(outbox.c.thread.is_(None)).label("parent")
        sums = (
            select(
                outbox.c.case_id,
                outbox.c.target,
                func.count().filter(outbox.c.reason.is_not(None)).label("messages"),
                func.max(outbox.c.created_at).filter(outbox.c.reason.is_not(None)).label("last_at"),
                parent,
            )
            .where(outbox.c.case_id.in_(list(of)))
            .group_by(outbox.c.case_id, outbox.c.target)
            .subquery()
        )
        query = select(sums, outbox.c.key).join(outbox, outbox.c.id == sums.c.parent)
        return {
            (row.case_id, row.target): Told(messages=row.messages, last_at=row.last_at, thread=row.key)
            for row in self._connection.execute(query)
        }

    def parents_of(self, case: int) -> list[Quoting]:
        """The messages that stand for a case, one for each target that was told of it by itself."""
        query = select(outbox).where(outbox.c.case_id == case, outbox.c.thread.is_(None)).order_by(outbox.c.id)
        return [_told(row) for row in self._connection.execute(query)]

    def message(self, target: str, key: str) -> Quoting | None:
        """The message of a target that has a key."""
        row = self._connection.execute(select(outbox).where(outbox.c.target == target, outbox.c.key == key)).first()
        return _told(row) if row else None

    def last_listed(self, targets: Collection[str]) -> dict[str, datetime]:
        """When a target last got a list of what it had no room for, of those that did."""
        query = (
            select(outbox.c.target, func.max(outbox.c.created_at).label("at"))
            .where(outbox.c.target.in_(list(targets)), outbox.c.reason == Reason.BUDGET, text(_STANDING))
            .group_by(outbox.c.target)
        )
        return {row.target: row.at for row in self._connection.execute(query)}

    def standing(self, targets: Collection[str], now: datetime) -> dict[str, Standing]:
        """How many messages that stand by themselves targets got about complaints lately."""
        is_recent = outbox.c.created_at > now - _HOUR
        query = (
            select(
                outbox.c.target,
                func.count().filter(is_recent).label("hour"),
                func.count().label("day"),
                func.count().filter(is_recent, cases.c.level == Level.GENTLE).label("gentle"),
            )
            .select_from(outbox.outerjoin(cases, cases.c.id == outbox.c.case_id))
            .where(outbox.c.target.in_(list(targets)), outbox.c.created_at > now - _DAY)
            .where(text(_STANDING))
            .group_by(outbox.c.target)
        )
        return {row.target: Standing(row.hour, row.day, row.gentle) for row in self._connection.execute(query)}

    def parents_since(self, causes: Collection[int], since: datetime) -> dict[tuple[int, str], int]:
        """How many messages of their own single cases got since a moment, by (cause, target)."""
        query = (
            select(outbox.c.cause_id, outbox.c.target, func.count().label("parents"))
            .where(outbox.c.cause_id.in_(list(causes)), outbox.c.case_id.is_not(None))
            .where(outbox.c.thread.is_(None), outbox.c.created_at > since)
            .group_by(outbox.c.cause_id, outbox.c.target)
        )
        return {(row.cause_id, row.target): row.parents for row in self._connection.execute(query)}


class CaseReads:
    """The part of a store that is about cases."""

    engine: Engine

    def case(self, number: int) -> Case | None:
        with reading(self.engine) as connection:
            row = connection.execute(select(cases).where(cases.c.id == number)).first()
        return as_case(row) if row else None

    def facts(self, case: int) -> list[Fact]:
        with reading(self.engine) as connection:
            return _facts(connection, case)

    def name_of(self, user: str) -> str | None:
        """What somebody who took a step before is called."""
        query = select(facts.c.name).where(facts.c.by == user).order_by(facts.c.id.desc()).limit(1)
        with reading(self.engine) as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def due_cases(self, now: datetime, limit: int) -> list[Case]:
        """Cases in which something is due, longest due first."""
        query = select(cases).where(cases.c.due_at <= now).order_by(cases.c.due_at, cases.c.id).limit(limit)
        with reading(self.engine) as connection:
            return [as_case(row) for row in connection.execute(query)]

    def open_cases_of(self, owner: str | None = None, limit: int = 50) -> list[Case]:
        """Cases that have not ended, of one owner or of all; the customer who waits longest comes first."""
        query = select(cases).where(cases.c.state.not_in(list(ENDS))).order_by(cases.c.opened_at, cases.c.id)
        if owner is not None:
            query = query.where(cases.c.owner == owner)
        with reading(self.engine) as connection:
            return [as_case(row) for row in connection.execute(query.limit(limit))]


_OF_FACT = ("key", "step", "by", "name", "via", "at", "remedy", "note", "evidence")
_FIXED = ("id", "cause", "brand", "topic", "opened_at")


def _facts(connection: Connection, case: int) -> list[Fact]:
    rows = connection.execute(select(facts).where(facts.c.case_id == case).order_by(facts.c.at, facts.c.id))
    return [
        Fact(**{name: getattr(row, name) for name in _OF_FACT if name != "step"}, step=Step(row.step)) for row in rows
    ]


def _changeable(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in Case.__slots__ if name not in _FIXED}
    return values | {"reasons": list(case.reasons)}


def _told(row: Row[Any]) -> Quoting:
    message = Message.from_json(row.message)
    return Quoting(id=row.id, target=row.target, message=message, is_out=row.state != Sending.PENDING, posts=())


def as_case(row: Row[Any]) -> Case:
    """A row of the table as a case."""
    values = {name: getattr(row, name) for name in Case.__slots__ if name not in ("cause", "state", "reasons")}
    return Case(**values, cause=row.cause_id, state=State(row.state), reasons=tuple(row.reasons))
