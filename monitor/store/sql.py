"""The store over SQLAlchemy Core: transactions, what is due, the outbox's hand-over, leases and silences."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from monitor.core.health import Health
from monitor.core.message import Message
from monitor.core.routing import Matching, Silence
from monitor.core.verdict import Label
from monitor.ports import Delivery, Receipt, Unjudged
from monitor.store.cases import CaseReads
from monitor.store.connection import reading, writing
from monitor.store.digests import DigestReads
from monitor.store.engagement import EngagementReads
from monitor.store.incidents import IncidentReads
from monitor.store.posts import upsert
from monitor.store.schema import corrections, cursors, health, leases, mentions, outbox, silences
from monitor.store.sources import SourceReads
from monitor.store.stages import OPEN, UNFINISHED, Stage, State
from monitor.store.surges import SurgeReads
from monitor.store.themes import ThemeReads
from monitor.store.transaction import SqlTransaction


class SqlStore(SourceReads, CaseReads, IncidentReads, EngagementReads, DigestReads, SurgeReads, ThemeReads):
    """A :class:`monitor.ports.Store` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        with writing(self.engine) as connection:
            yield SqlTransaction(connection)

    def cursor(self, source: str) -> str | None:
        found: str | None = self._of_source(source, cursors.c.cursor)
        return found

    def oldest(self, source: str) -> datetime | None:
        found: datetime | None = self._of_source(source, cursors.c.oldest)
        return found

    def _of_source(self, source: str, column: Column[Any]) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(select(column).where(cursors.c.source == source)).scalar()

    def unjudged(self, limit: int) -> list[Unjudged]:
        query = (
            select(mentions.c.id, mentions.c.text)
            .where(text(f"mentions.{UNFINISHED}"), mentions.c.stage == Stage.NEW)
            .order_by(mentions.c.id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            return [Unjudged(mention=row.id, text=row.text) for row in connection.execute(query)]

    def silences(self, now: datetime) -> list[Silence]:
        query = select(silences).where(silences.c.until > now).order_by(silences.c.id)
        with reading(self.engine) as connection:
            return [_silence(row) for row in connection.execute(query)]

    def add_silence(self, matching: Matching, until: datetime, by: str, why: str, now: datetime) -> int:
        with self.begin() as transaction:
            return transaction.add_silence(matching, until, by, why, now)

    def correct(self, mention: int, label: Label, by: str, why: str, now: datetime) -> None:
        with writing(self.engine) as connection:
            connection.execute(insert(corrections).values(mention_id=mention, label=label, by=by, why=why, at=now))

    def health(self, name: str) -> Health:
        with reading(self.engine) as connection:
            row = connection.execute(select(health).where(health.c.name == name)).first()
        return _health(row) if row else Health(name=name)

    def all_health(self) -> list[Health]:
        with reading(self.engine) as connection:
            return [_health(row) for row in connection.execute(select(health).order_by(health.c.name))]

    def wake(self, names: Collection[str]) -> None:
        waiting = and_(health.c.name.in_(names), health.c.is_permanent)
        with writing(self.engine) as connection:
            connection.execute(update(health).where(waiting).values(resting_until=None))

    def claim_deliveries(self, target: str, now: datetime, doubt: timedelta, limit: int) -> list[Delivery]:
        given = {"of_target": target, "now": now, "overdue": now - doubt, "limit": limit}
        with reading(self.engine) as connection:
            if connection.execute(_DUE, given).first() is None:
                return []
        with writing(self.engine) as connection:
            rows = sorted(connection.execute(_CLAIM, given).all(), key=lambda row: (row.urgency, row.id))
            return [_delivery(connection, row) for row in rows]

    def last_sent(self, target: str) -> datetime | None:
        query = select(func.max(outbox.c.sent_at)).where(outbox.c.target == target, outbox.c.sent_at.is_not(None))
        with reading(self.engine) as connection:
            return connection.execute(query).scalar()

    def sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        self._finish(delivery, state=State.SENT, sent_at=now, reference=receipt.reference, error=None)

    def postpone(self, delivery: Delivery, error: str, due_at: datetime, *, doubtful: bool) -> None:
        doubt = {"is_doubtful": True, "doubts": outbox.c.doubts + 1} if doubtful else {}
        self._finish(delivery, state=State.PENDING, due_at=due_at, error=error, **doubt)

    def bury(self, delivery: Delivery, error: str, now: datetime) -> None:
        self._finish(delivery, state=State.DEAD, due_at=now, error=error)

    def _finish(self, delivery: Delivery, **values: Any) -> None:
        # The attempt number fences off a worker that was overtaken while it was frozen.
        mine = and_(
            outbox.c.id == delivery.id,
            outbox.c.state == State.SENDING,
            outbox.c.attempts == delivery.attempts,
        )
        with writing(self.engine) as connection:
            connection.execute(update(outbox).where(mine).values(**values))

    def lease(self, name: str, holder: str, now: datetime, length: timedelta) -> bool:
        values = {"holder": holder, "until": now + length}
        with writing(self.engine) as connection:
            statement = (
                upsert(connection, leases)
                .values(name=name, **values)
                .on_conflict_do_update(
                    index_elements=["name"],
                    set_=values,
                    where=or_(leases.c.holder == holder, leases.c.until <= now),
                )
                .returning(leases.c.name)
            )
            return connection.execute(statement).first() is not None

    def release(self, name: str, holder: str) -> None:
        with writing(self.engine) as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


_NOW = bindparam("now", type_=outbox.c.due_at.type)
_PARENT = outbox.alias("parent")
_DUE = (
    select(outbox.c.id)
    .where(
        outbox.c.target == bindparam("of_target"),
        text(f"outbox.{OPEN}"),
        or_(
            and_(outbox.c.state == State.PENDING, outbox.c.due_at <= _NOW),
            and_(outbox.c.state == State.SENDING, outbox.c.claimed_at <= bindparam("overdue")),
        ),
        ~select(_PARENT.c.id)
        .where(
            _PARENT.c.target == outbox.c.target,
            _PARENT.c.key == outbox.c.thread,
            text(f"parent.{OPEN}"),
        )
        .exists(),
    )
    .order_by(outbox.c.urgency, outbox.c.id)
    .limit(bindparam("limit"))
)
_CHOSEN = _DUE.with_for_update(skip_locked=True, of=outbox).cte("chosen")
_CLAIM = (
    update(outbox)
    .where(outbox.c.id.in_(select(_CHOSEN.c.id)))
    .values(
        state=State.SENDING,
        is_doubtful=case((outbox.c.state == State.SENDING, True), else_=outbox.c.is_doubtful),
        attempts=outbox.c.attempts + 1,
        claimed_at=_NOW,
        started_at=func.coalesce(outbox.c.started_at, _NOW),
    )
    .returning(*outbox.c)
)


def _delivery(connection: Connection, row: Row[Any]) -> Delivery:
    thread = None
    if row.thread is not None:
        query = select(outbox.c.reference).where(
            outbox.c.target == row.target, outbox.c.key == row.thread, outbox.c.state == State.SENT
        )
        found = connection.execute(query).first()
        thread = Receipt(reference=found.reference) if found else None
    return Delivery(
        id=row.id,
        target=row.target,
        message=Message.from_json(row.message),
        attempts=row.attempts,
        doubts=row.doubts,
        queued_at=row.created_at,
        started_at=row.started_at,
        is_doubtful=row.is_doubtful,
        thread=thread,
    )


def _silence(row: Row[Any]) -> Silence:
    fields = {name: tuple(values) for name, values in row.matching.items()}
    return Silence(id=row.id, matching=Matching(**fields), until=row.until, by=row.by, why=row.why)


def _health(row: Row[Any]) -> Health:
    return Health(**row._mapping)  # noqa: SLF001 - public in spite of its name
