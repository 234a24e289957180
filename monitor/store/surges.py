"""Independent people by hour, for surges, and the surges that were found."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, not_, or_, select, text, update

from monitor.core.days import Window
from monitor.core.digest import Words
from monitor.core.mark import Mark, Marked, standing
from monitor.core.routing import Matching
from monitor.core.spread import Reach
from monitor.core.surge import WHOLE, Crowd, Kind, Scope, Surge
from monitor.store.connection import reading
from monitor.store.digests import INDEPENDENT, VOICE, as_words, complaints, others, words
from monitor.store.posts import upsert
from monitor.store.schema import cases, mentions, pulses, reach, silences, surge_facts, surges

_COUNTS = (func.count().label("posts"), func.count(INDEPENDENT.distinct()).label("people"))
_FIELDS = ("id", "brand", "topic", "platform", "first_at", "found_at", "people", "peak", "expected", "ended_at")


class SurgeWrites:
    """The part of a transaction that is about surges."""

    _connection: Connection

    def open_surge(
        self, brand: str, scope: Scope, kind: Kind, first_at: datetime, people: int, expected: float, now: datetime
    ) -> Surge | None:
        what = {"brand": brand, "topic": scope.topic, "platform": scope.platform, "kind": kind}
        same = and_(*(surges.c[name] == value for name, value in what.items()), surges.c.ended_at.is_(None))
        if self._connection.execute(select(surges.c.id).where(same)).first() is not None:
            return None
        row = {"first_at": first_at, "found_at": now, "seen_at": now}
        numbers = {"people": people, "peak": people, "expected": expected}
        found = self._connection.execute(insert(surges).values(**what, **row, **numbers).returning(surges)).one()
        return _surge(found)

    def set_surge(self, surge: Surge) -> None:
        values = {"people": surge.people, "peak": surge.peak, "seen_at": surge.told_at, "ended_at": surge.ended_at}
        self._connection.execute(update(surges).where(surges.c.id == surge.id).values(**values))

    def surge(self, number: int) -> Surge | None:
        row = self._connection.execute(select(surges).where(surges.c.id == number)).first()
        return _surge(row, self.surge_facts(number)) if row else None

    def surge_facts(self, surge: int) -> list[Marked]:
        return _facts(self._connection, [surge]).get(surge, [])

    def add_surge_fact(self, surge: int, said: Marked) -> bool:
        statement = upsert(self._connection, surge_facts).values(surge_id=surge, **asdict(said))
        kept = statement.on_conflict_do_nothing().returning(surge_facts.c.id)
        return self._connection.execute(kept).first() is not None

    def add_silence(self, matching: Matching, until: datetime, by: str, why: str, now: datetime) -> int:
        statement = insert(silences).values(matching=asdict(matching), until=until, by=by, why=why, created_at=now)
        return int(self._connection.execute(statement.returning(silences.c.id)).scalar_one())


class SurgeReads:
    """The part of a store that is about surges."""

    engine: Engine

    def sources_since(self) -> dict[str, datetime]:
        query = select(pulses.c.source, func.min(pulses.c.hour).label("since")).group_by(pulses.c.source)
        return {row.source: row.since for row in self._rows(query)}

    def busy(self, brands: Collection[str], span: Window, at_least: int) -> set[str]:
        brand, posted_at = mentions.c.brand, mentions.c.posted_at
        within = select(brand).where(brand.in_(list(brands)), posted_at >= span.start, posted_at < span.end)
        return {row.brand for row in self._rows(within.group_by(brand).having(func.count() >= at_least))}

    def by_hour(self, brand: str, span: Window, without: Collection[str]) -> dict[Scope, dict[datetime, Crowd]]:
        hour = self._hour()
        query = _complaints(select(hour, *_COUNTS), brand, span, without).group_by(hour)
        found: dict[Scope, dict[datetime, Crowd]] = defaultdict(dict)
        for scope, row in self._by_scope(query):
            found[scope][_moment(row.hour)] = Crowd(posts=row.posts, people=row.people)
        return found

    def talk_by_hour(self, brand: str, span: Window, without: Collection[str]) -> dict[datetime, Crowd]:
        hour = self._hour()
        query = select(hour, func.count().label("posts"), func.count(VOICE.distinct()).label("people"))
        rows = self._rows(query.where(_others(brand, span, without)).group_by(hour))
        return {_moment(row.hour): Crowd(posts=row.posts, people=row.people) for row in rows}

    def crowds(
        self,
        brand: str,
        span: Window,
        without: Collection[str],
        within: Scope = WHOLE,
        beside: Collection[Scope] = (),
    ) -> dict[Scope, Crowd]:
        query = _of(_complaints(select(*_COUNTS), brand, span, without), within)
        for other in beside:
            query = query.where(not_(and_(*_conditions(other))))
        return {scope: Crowd(posts=row.posts, people=row.people) for scope, row in self._by_scope(query)}

    def talk_of(self, brand: str, span: Window, without: Collection[str]) -> Crowd:
        query = select(func.count().label("posts"), func.count(VOICE.distinct()).label("people"))
        (row,) = self._rows(query.where(_others(brand, span, without)))
        return Crowd(posts=row.posts, people=row.people)

    def most_of(self, brand: str, scope: Scope, span: Window) -> tuple[int, int]:
        counts = []
        for what in (mentions.c.case_id, VOICE):
            query = _of(_complaints(select(func.count().label("posts")), brand, span, ()), scope)
            rows = self._rows(query.group_by(what).order_by(func.count().desc()).limit(1))
            counts.append(rows[0].posts if rows else 0)
        return counts[0], counts[1]

    def most_talk_of(self, brand: str, span: Window) -> int:
        query = select(func.count().label("posts")).where(_others(brand, span, ()))
        rows = self._rows(query.group_by(mentions.c.fingerprint).order_by(func.count().desc()).limit(1))
        return int(rows[0].posts) if rows else 0

    def talk_in(self, brand: str, span: Window, limit: int) -> list[Words]:
        same = select(func.min(mentions.c.id).label("id"), func.count().label("copies")).where(_others(brand, span, ()))
        first = same.where(mentions.c.forgotten_at.is_(None)).group_by(mentions.c.fingerprint)
        most = first.order_by(func.count().desc(), func.min(mentions.c.id)).limit(limit).subquery()
        query = words().join(most, most.c.id == mentions.c.id).order_by(most.c.copies.desc(), mentions.c.id)
        return [as_words(row) for row in self._rows(query)]

    def said_in(self, brand: str, topic: str, span: Window, limit: int, platform: str = "") -> list[Words]:
        scope = Scope(topic=topic, platform=platform)
        first = _of(_complaints(select(func.min(mentions.c.id)), brand, span, ()), scope)
        numbers = first.group_by(mentions.c.case_id)
        query = words().where(mentions.c.id.in_(numbers), mentions.c.forgotten_at.is_(None))
        rows = self._rows(query.order_by(mentions.c.posted_at, mentions.c.id).limit(limit))
        return [as_words(row) for row in rows]

    def reach_in(self, brand: str, scope: Scope, span: Window) -> list[tuple[datetime, list[Reach]]]:
        query = select(mentions.c.id, mentions.c.posted_at, reach.c.at, reach.c.reposts)
        query = _of(_complaints(query, brand, span, ()), scope)
        query = query.join(reach, reach.c.mention_id == mentions.c.id).where(reach.c.reposts.is_not(None))
        rows = self._rows(query.order_by(mentions.c.id, reach.c.at))
        found = (list(points) for _, points in groupby(rows, key=lambda row: row.id))
        return [(points[0].posted_at, [Reach(row.at, row.reposts) for row in points]) for points in found]

    def surges(self, since: datetime) -> list[Surge]:
        wanted = or_(surges.c.ended_at.is_(None), surges.c.ended_at > since)
        with reading(self.engine) as connection:
            rows = connection.execute(select(surges).where(wanted).order_by(surges.c.id)).all()
            said = _facts(connection, [row.id for row in rows])
        return [_surge(row, said.get(row.id, [])) for row in rows]

    def _by_scope(self, query: Any) -> Iterator[tuple[Scope, Any]]:
        """The rows of a query for the brand as a whole, for each topic and for each platform."""
        yield from ((WHOLE, row) for row in self._rows(query))
        for row in self._rows(query.add_columns(cases.c.topic).group_by(cases.c.topic)):
            yield Scope(topic=row.topic), row
        for row in self._rows(query.add_columns(mentions.c.platform).group_by(mentions.c.platform)):
            yield Scope(platform=row.platform), row

    def _hour(self) -> Any:
        if self.engine.dialect.name == "sqlite":
            return func.strftime("%Y-%m-%dT%H", mentions.c.posted_at).label("hour")
        return func.to_char(func.timezone("UTC", mentions.c.posted_at), text("'YYYY-MM-DD\"T\"HH24'")).label("hour")

    def _rows(self, query: Any) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(query).all()


def _complaints(query: Any, brand: str, span: Window, without: Collection[str]) -> Any:
    """Complaints of a span with their cases, except those of some sources."""
    found = complaints(query, brand, span)
    return found.where(mentions.c.source.not_in(list(without))) if without else found


def _of(query: Any, scope: Scope) -> Any:
    return query.where(*_conditions(scope))


def _conditions(scope: Scope) -> Iterator[Any]:
    if scope.topic:
        yield cases.c.topic == scope.topic
    if scope.platform:
        yield mentions.c.platform == scope.platform


def _others(brand: str, span: Window, without: Collection[str]) -> Any:
    found = others(brand, span)
    return and_(found, mentions.c.source.not_in(list(without))) if without else found


def _moment(hour: str) -> datetime:
    return datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)


def _facts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Marked]]:
    """What people said about surges, oldest first."""
    query = select(surge_facts).where(surge_facts.c.surge_id.in_(numbers)).order_by(surge_facts.c.id)
    found: dict[int, list[Marked]] = defaultdict(list)
    for row in connection.execute(query):
        values = {name: getattr(row, name) for name in ("by", "name", "via", "at", "key", "until")}
        found[row.surge_id].append(Marked(mark=Mark(row.mark), **values))
    return found


def _surge(row: Any, said: Sequence[Marked] = ()) -> Surge:
    values = {name: getattr(row, name) for name in _FIELDS}
    last = standing(said)
    return Surge(**values, kind=Kind(row.kind), told_at=row.seen_at, mark=last.mark if last else None)
