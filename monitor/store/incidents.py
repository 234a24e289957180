"""Incidents: one row when somebody first acts on one, changed only as it was, with every step kept as a fact."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select, text, update

from monitor.core.alerting import Reason
from monitor.core.case import ENDS, Case, Fact, Move
from monitor.core.incident import Incident
from monitor.core.incident_message import Standing
from monitor.ports import Quoting
from monitor.store.cases import OF_FACT, as_case, as_facts, as_told
from monitor.store.connection import reading
from monitor.store.posts import upsert
from monitor.store.schema import cases, causes, incident_facts, incidents, mentions, outbox, told
from monitor.store.stages import STANDING

AS_ONE = (Reason.INCIDENT, Reason.GROWING, Reason.UNUSUAL)
"""Why a cause is told as one."""

_CHANGEABLE = ("version", "owner", "owner_name", "taken_at", "muted_until", "done_at")


class IncidentWrites:
    """The part of a transaction that is about incidents."""

    _connection: Connection

    def incidents(self, of: Collection[int]) -> dict[int, Incident]:
        rows = self._connection.execute(_INCIDENTS.where(causes.c.id.in_(list(of))))
        return {row.cause: _incident(row) for row in rows}

    def incident_facts(self, cause: int) -> list[Fact]:
        return _facts_of(self._connection, cause)

    def move_incident(self, before: Incident, after: Incident, move: Move) -> bool:
        fact = {"cause_id": before.cause, **{name: getattr(move, name) for name in OF_FACT}}
        kept = upsert(self._connection, incident_facts).values(**fact).on_conflict_do_nothing()
        if self._connection.execute(kept.returning(incident_facts.c.id)).first() is None:
            return False
        values = {name: getattr(after, name) for name in _CHANGEABLE}
        if before.version == 0:
            first = upsert(self._connection, incidents).values(cause_id=before.cause, **values).on_conflict_do_nothing()
            return self._connection.execute(first.returning(incidents.c.cause_id)).first() is not None
        as_it_was = (incidents.c.cause_id == before.cause, incidents.c.version == before.version)
        change = update(incidents).where(*as_it_was).values(**values).returning(incidents.c.cause_id)
        return self._connection.execute(change).first() is not None

    def cases_of_incident(self, cause: int) -> list[Case]:
        return [as_case(row) for row in self._connection.execute(_open_cases(cause))]

    def messages_of_incident(self, cause: int) -> list[Quoting]:
        query = select(outbox).where(outbox.c.cause_id == cause, outbox.c.case_id.is_(None))
        query = query.where(outbox.c.thread.is_(None), outbox.c.reason.in_(AS_ONE)).order_by(outbox.c.id)
        return [as_told(row) for row in self._connection.execute(query)]

    def posts_of(self, case: int) -> list[int]:
        query = select(mentions.c.id).where(mentions.c.case_id == case, mentions.c.forgotten_at.is_(None))
        return list(self._connection.execute(query.order_by(mentions.c.id)).scalars())

    def groups_of(self, case: int) -> list[Quoting]:
        telling = (
            select(outbox.c.target, func.coalesce(outbox.c.thread, outbox.c.key).label("key"))
            .join(told, told.c.outbox_id == outbox.c.id)
            .join(mentions, mentions.c.id == told.c.mention_id)
            .where(mentions.c.case_id == case, outbox.c.case_id.is_(None))
            .subquery()
        )
        same = (outbox.c.target == telling.c.target) & (outbox.c.key == telling.c.key)
        query = select(outbox).join(telling, same).order_by(outbox.c.id)
        latest = {row.target: row for row in self._connection.execute(query)}
        return [as_told(row) for _, row in sorted(latest.items())]


class IncidentReads:
    """The part of a store that is about incidents."""

    engine: Engine

    def open_incidents(self) -> list[Standing]:
        open_cases = func.count(cases.c.id).label("open_cases")
        query = _INCIDENTS.join(cases, cases.c.cause_id == causes.c.id).add_columns(open_cases)
        query = query.where(cases.c.state.not_in(list(ENDS)), _TOLD_AT.is_not(None))
        query = query.group_by(*_COLUMNS).order_by(causes.c.opened_at, causes.c.id)
        return [Standing(incident=_incident(row), open_cases=row.open_cases) for row in self._rows(query)]

    def incident(self, cause: int) -> Incident | None:
        """A cause that was told as an incident."""
        rows = self._rows(_INCIDENTS.where(causes.c.id == cause, _TOLD_AT.is_not(None)))
        return _incident(rows[0]) if rows else None

    def open_cases_of_incident(self, cause: int) -> list[Case]:
        """The cases of it that have not ended, oldest first."""
        return [as_case(row) for row in self._rows(_open_cases(cause))]

    def incident_facts(self, cause: int) -> list[Fact]:
        """Every step in an incident, oldest first."""
        with reading(self.engine) as connection:
            return _facts_of(connection, cause)

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with reading(self.engine) as connection:
            return connection.execute(query).all()


_TOLD_AT = (
    select(func.min(outbox.c.created_at))
    .where(outbox.c.cause_id == causes.c.id, outbox.c.case_id.is_(None), outbox.c.reason.in_(AS_ONE), text(STANDING))
    .scalar_subquery()
)
_COLUMNS = (
    causes.c.id,
    causes.c.brand,
    causes.c.topic,
    causes.c.opened_at,
    *(incidents.c[name] for name in _CHANGEABLE),
)
_INCIDENTS = (
    select(*_COLUMNS, causes.c.id.label("cause"), _TOLD_AT.label("told_at"))
    .select_from(causes)
    .outerjoin(incidents, incidents.c.cause_id == causes.c.id)
)


def _open_cases(cause: int) -> Select[Any]:
    query = select(cases).where(cases.c.cause_id == cause, cases.c.state.not_in(list(ENDS)))
    return query.order_by(cases.c.opened_at, cases.c.id)


def _incident(row: Any) -> Incident:
    values = {name: getattr(row, name) for name in Incident.__slots__ if name != "version"}
    return Incident(**values, version=row.version or 0)


def _facts_of(connection: Connection, cause: int) -> list[Fact]:
    order = (incident_facts.c.at, incident_facts.c.id)
    return as_facts(
        connection.execute(select(incident_facts).where(incident_facts.c.cause_id == cause).order_by(*order))
    )
