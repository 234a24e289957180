"""Cases: opened once, changed only as they were when somebody looked, with every step kept as a fact."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy import case as when

from monitor.core.alerting import Reason, Told
from monitor.core.case import ENDS, Case, Fact, FirstWords, Move, State, Step
from monitor.core.case_message import Above, Author, Earlier, Similar
from monitor.core.cause import Complaint
from monitor.core.level import Level
from monitor.core.message import Message
from monitor.core.verdict import Label
from monitor.ports import Quoting, Standing
from monitor.store.connection import reading
from monitor.store.posts import upsert
from monitor.store.schema import cases, corrections, facts, mentions, outbox
from monitor.store.stages import IN_CASE, OUR_REPLY, STANDING, Stage
from monitor.store.stages import State as Sending

_OUR_REPLY = " AND ".join(f"own.{part}" for part in OUR_REPLY.split(" AND "))
_STANDING = " AND ".join(f"outbox.{part}" for part in STANDING.split(" AND "))
FEW = 3
"""So many earlier posts and similar cases are shown."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class CaseWrites:
    """The part of a transaction that is about cases."""

    _connection: Connection

    def cases(self, ids: Collection[int]) -> dict[int, Case]:
        found = self._connection.execute(select(cases).where(cases.c.id.in_(list(ids))))
        return {row.id: as_case(row) for row in found}

    def move(self, before: Case, after: Case, move: Move, due_at: datetime | None) -> bool:
        """Keep a step and what became of the case; ``False`` if the case or its facts are not as they were."""
        change = update(cases).where(cases.c.id == before.id, cases.c.version == before.version)
        changed = change.values(**_changeable(after), due_at=due_at).returning(cases.c.id)
        fact = {"case_id": before.id, **{name: getattr(move, name) for name in OF_FACT}}
        kept = upsert(self._connection, facts).values(**fact).on_conflict_do_nothing().returning(facts.c.id)
        if self._connection.execute(kept).first() is None:
            return False
        return self._connection.execute(changed).first() is not None

    def facts(self, case: int) -> list[Fact]:
        return _facts(self._connection, case)

    def set_told_at(self, now: datetime, due_at: Mapping[int, datetime | None]) -> None:
        rows = [{"of": number, "due": due, "now": now} for number, due in sorted(due_at.items())]
        if rows:
            self._connection.execute(_TOLD_AT, rows)

    def set_due(self, case: int, due_at: datetime | None) -> None:
        self._connection.execute(update(cases).where(cases.c.id == case).values(due_at=due_at))

    def correct_case(self, case: int, label: Label, by: str, why: str, now: datetime, topic: str | None = None) -> None:
        said = {"label": label, "by": by, "why": why, "at": now, "topic": topic}
        numbers = self._connection.execute(select(mentions.c.id).where(mentions.c.case_id == case)).scalars()
        rows = [{"mention_id": number, **said} for number in numbers]
        if rows:
            self._connection.execute(insert(corrections), rows)

    def promote(self, mention: int) -> bool:
        judged = mentions.c.judged_by.is_not(None)
        change = update(mentions).where(mentions.c.id == mention, mentions.c.case_id.is_(None), judged)
        changed = change.where(mentions.c.stage.in_([Stage.DONE, Stage.TALK])).values(stage=Stage.COMPLAINT)
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
        earlier = tuple(self._earlier(complaint))
        return Author(**row._mapping, earlier=earlier)  # noqa: SLF001 - public in spite of its name

    def _earlier(self, complaint: Complaint) -> Iterator[Earlier]:
        """The last few posts of the author that are in other cases, or in none."""
        this = mentions.alias("this")
        own_case = select(this.c.case_id).where(this.c.id == complaint.mention).scalar_subquery()
        query = (
            select(mentions, cases.c.state)
            .select_from(mentions.outerjoin(cases, cases.c.id == mentions.c.case_id))
            .where(mentions.c.author == complaint.author, mentions.c.platform == complaint.platform)
            .where(mentions.c.posted_at < complaint.posted_at, mentions.c.native_id != complaint.id)
            .where(or_(mentions.c.case_id.is_(None), mentions.c.case_id != own_case))
            .order_by(mentions.c.posted_at.desc(), mentions.c.id.desc())
            .limit(FEW)
        )
        for row in self._connection.execute(query):
            yield Earlier(
                post=f"{row.platform}:{row.native_id}",
                text=row.text,
                url=row.url,
                posted_at=row.posted_at,
                case=row.case_id,
                state=State(row.state) if row.state else None,
            )

    def above(self, complaint: Complaint) -> list[Above]:
        """The posts that a complaint answers, as far as they are kept: the nearest ones, in the order of the talk."""
        found: list[Above] = []
        query = select(mentions.c.brand, mentions.c.reply_to).where(mentions.c.id == complaint.mention)
        row: Any = self._connection.execute(query).one()
        while row is not None and row.reply_to is not None and len(found) < FEW:
            name = (mentions.c.native_id == row.reply_to, mentions.c.platform == complaint.platform)
            kept = select(mentions).where(*name, mentions.c.brand == row.brand, mentions.c.forgotten_at.is_(None))
            row = self._connection.execute(kept).first()
            if row is not None:
                found.insert(0, _above(row))
        return found

    def similar(self, case: Case) -> list[Similar]:
        """The latest satisfied cases about the same thing, with what was done."""
        each = facts.alias("each")
        last = select(func.max(each.c.id)).where(each.c.case_id == cases.c.id, each.c.remedy.is_not(None))
        query = (
            select(cases.c.id, cases.c.ended_at, facts.c.remedy)
            .select_from(cases.join(facts, facts.c.case_id == cases.c.id))
            .where(facts.c.id == last.correlate(cases).scalar_subquery())
            .where(cases.c.brand == case.brand, cases.c.topic == case.topic, cases.c.state == State.SATISFIED)
            .order_by(cases.c.ended_at.desc(), cases.c.id.desc())
            .limit(FEW)
        )
        return [self._similar(row) for row in self._connection.execute(query).all()]

    def _similar(self, row: Any) -> Similar:
        """With our last words to that customer, where a source has brought them."""
        own = mentions.alias("own")
        query = (
            select(own.c.text, own.c.url)
            .join(mentions, and_(mentions.c.native_id == own.c.reply_to, mentions.c.platform == own.c.platform))
            .where(mentions.c.case_id == row.id, text(_OUR_REPLY), own.c.posted_at <= row.ended_at)
            .order_by(own.c.posted_at.desc(), own.c.id.desc())
            .limit(1)
        )
        said = self._connection.execute(query).first()
        reply, url = (said.text or None, said.url) if said else (None, None)
        return Similar(key=f"case/{row.id}", ended_at=row.ended_at, remedy=row.remedy, reply=reply, reply_url=url)

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
        return [as_told(row) for row in self._connection.execute(query)]

    def message(self, target: str, key: str) -> Quoting | None:
        """The message of a target that has a key."""
        row = self._connection.execute(select(outbox).where(outbox.c.target == target, outbox.c.key == key)).first()
        return as_told(row) if row else None

    def last_listed(self, targets: Collection[str]) -> dict[str, datetime]:
        """When a target last got a list of what it had no room for, of those that did."""
        query = (
            select(outbox.c.target, func.max(outbox.c.created_at).label("at"))
            .where(outbox.c.target.in_(list(targets)), outbox.c.reason == Reason.BUDGET, text(_STANDING))
            .group_by(outbox.c.target)
        )
        return {row.target: row.at for row in self._connection.execute(query)}

    def standing(self, targets: Collection[str], now: datetime) -> dict[str, Standing]:
        """How many messages that stand by themselves targets got about complaints lately, lists of the rest aside."""
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
            .where(text(_STANDING), outbox.c.reason != Reason.BUDGET)
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

    def first_words(self, of: Collection[int]) -> dict[int, FirstWords]:
        query = select(mentions.c.case_id, mentions.c.text, mentions.c.url).where(text(f"mentions.{IN_CASE}"))
        query = query.where(mentions.c.case_id.in_(list(of)), mentions.c.forgotten_at.is_(None))
        found: dict[int, FirstWords] = {}
        with reading(self.engine) as connection:
            for row in connection.execute(query.order_by(mentions.c.posted_at, mentions.c.id)):
                found.setdefault(row.case_id, FirstWords(row.text, row.url))
        return found

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


_TOLD_AT = (
    update(cases)
    .where(cases.c.id == bindparam("of"), cases.c.told_at.is_(None))
    .values(told_at=bindparam("now"), due_at=bindparam("due"))
)
OF_FACT = ("key", "step", "by", "name", "via", "at", "remedy", "note", "evidence")
_FIXED = ("id", "cause", "brand")


def _facts(connection: Connection, case: int) -> list[Fact]:
    rows = connection.execute(select(facts).where(facts.c.case_id == case).order_by(facts.c.at, facts.c.id))
    return as_facts(rows)


def as_facts(rows: Iterable[Row[Any]]) -> list[Fact]:
    """Rows of a table of facts."""
    return [
        Fact(**{name: getattr(row, name) for name in OF_FACT if name != "step"}, step=Step(row.step)) for row in rows
    ]


def _changeable(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in Case.__slots__ if name not in _FIXED}
    return values | {"reasons": list(case.reasons)}


def _above(row: Row[Any]) -> Above:
    post = f"{row.platform}:{row.native_id}"
    return Above(post=post, text=row.text, url=row.url, posted_at=row.posted_at, author=row.author, is_own=row.is_own)


def as_told(row: Row[Any]) -> Quoting:
    """A row of the outbox as a message that stands somewhere."""
    message = Message.from_json(row.message)
    return Quoting(id=row.id, target=row.target, message=message, is_out=row.state != Sending.PENDING, posts=())


def as_case(row: Row[Any]) -> Case:
    """A row of the table as a case."""
    values = {name: getattr(row, name) for name in Case.__slots__ if name not in ("cause", "state", "reasons")}
    return Case(**values, cause=row.cause_id, state=State(row.state), reasons=tuple(row.reasons))
