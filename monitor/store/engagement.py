"""The do-not-engage list: one row for each person, who may come onto it again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, select, text, update

from monitor.core.engagement import Person, Restraint
from monitor.store.connection import reading
from monitor.store.posts import portions, upsert
from monitor.store.schema import mentions, restraints
from monitor.store.stages import IN_CASE

_NAMES = ("brand", "platform", "author", "until", "by", "name", "why", "at", "ended_at")


class EngagementWrites:
    """The part of a transaction that is about the do-not-engage list."""

    _connection: Connection

    def opener(self, case: int) -> Person | None:
        return _opener(self._connection, case)

    def restrain(self, entry: Restraint) -> None:
        values = {"case_id": entry.case, **{name: getattr(entry, name) for name in _NAMES}}
        statement = upsert(self._connection, restraints).values(values)
        who = {name: values.pop(name) for name in Person._fields}
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(who), set_=values))

    def release(self, case: int, now: datetime) -> int:
        of_case = (restraints.c.case_id == case, restraints.c.ended_at.is_(None))
        change = update(restraints).where(*of_case).values(ended_at=now).returning(restraints.c.author)
        return len(self._connection.execute(change).all())

    def restraints(self, authors: Collection[str]) -> dict[Person, Restraint]:
        found = {}
        for some in portions(authors):
            for row in self._connection.execute(select(restraints).where(restraints.c.author.in_(some))):
                entry = _restraint(row)
                found[entry.person] = entry
        return found

    def end(self, entry: Restraint, now: datetime) -> bool:
        who = (restraints.c[name] == value for name, value in entry.person._asdict().items())
        as_it_was = (restraints.c.until == entry.until, restraints.c.ended_at.is_(None))
        change = update(restraints).where(*who, *as_it_was).values(ended_at=now).returning(restraints.c.author)
        return self._connection.execute(change).first() is not None


class EngagementReads:
    """The part of a store that is about the do-not-engage list."""

    engine: Engine

    def opener(self, case: int) -> Person | None:
        """Who wrote first in a case; ``None`` where that is not known."""
        with reading(self.engine) as connection:
            return _opener(connection, case)

    def restrained(self, now: datetime) -> list[Restraint]:
        """Whom nobody answers now; who comes back first is first."""
        return self._listed(restraints.c.until > now)

    def over(self, now: datetime) -> list[Restraint]:
        """What is over and was not told to be."""
        return self._listed(restraints.c.until <= now)

    def _listed(self, when: ColumnElement[bool]) -> list[Restraint]:
        query = select(restraints).where(when, restraints.c.ended_at.is_(None))
        query = query.order_by(restraints.c.until, restraints.c.brand, restraints.c.platform, restraints.c.author)
        with reading(self.engine) as connection:
            return [_restraint(row) for row in connection.execute(query)]


def _opener(connection: Connection, case: int) -> Person | None:
    query = select(mentions.c.brand, mentions.c.platform, mentions.c.author)
    query = query.where(text(f"mentions.{IN_CASE}"), mentions.c.case_id == case)
    row = connection.execute(query.order_by(mentions.c.posted_at, mentions.c.id).limit(1)).first()
    return Person(*row) if row is not None and row.author is not None else None


def _restraint(row: Row[Any]) -> Restraint:
    return Restraint(case=row.case_id, **{name: getattr(row, name) for name in _NAMES})
