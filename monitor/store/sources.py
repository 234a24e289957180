"""Sources: how far they were read, what they could not read, what they spent, and how much they usually bring."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, case, delete, func, insert, select, update

from monitor.core.case import ENDS
from monitor.core.mention import Gap
from monitor.core.silence import Pulse, hour_of
from monitor.core.spread import LOOKS
from monitor.ports import Measured, OpenGap
from monitor.store.connection import reading
from monitor.store.posts import portions, upsert
from monitor.store.schema import cases, cursors, gaps, mentions, pulses, reach, spending


class SourceWrites:
    """The part of a transaction that is about sources."""

    _connection: Connection

    def set_oldest(self, source: str, oldest: datetime, now: datetime) -> None:
        statement = upsert(self._connection, cursors).values(source=source, oldest=oldest, saved_at=now)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_={"oldest": oldest}))

    def set_cursor(self, source: str, cursor: str, now: datetime) -> None:
        values = {"cursor": cursor, "saved_at": now}
        statement = upsert(self._connection, cursors).values(source=source, oldest=now, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))

    def add_gaps(self, source: str, found: Iterable[Gap], now: datetime) -> None:
        for gap in found:
            alike = (gaps.c.source == source, gaps.c.why == gap.why, gaps.c.closed_at.is_(None))
            touching = select(gaps).where(*alike, gaps.c.start <= gap.end, gaps.c.end >= gap.start).order_by(gaps.c.id)
            known = self._connection.execute(touching).all()
            if not known:
                values = {"source": source, "start": gap.start, "end": gap.end, "why": gap.why, "found_at": now}
                self._connection.execute(insert(gaps).values(**values))
                continue
            first, others = known[0], [row.id for row in known[1:]]
            self._connection.execute(delete(gaps).where(gaps.c.id.in_(others)))
            whole = {
                "start": min(gap.start, *(row.start for row in known)),
                "end": max(gap.end, *(row.end for row in known)),
            }
            self._connection.execute(update(gaps).where(gaps.c.id == first.id).values(**whole))

    def close_gap(self, number: int, now: datetime) -> bool:
        still_open = update(gaps).where(gaps.c.id == number, gaps.c.closed_at.is_(None))
        return self._connection.execute(still_open.values(closed_at=now)).rowcount == 1

    def set_gaps_told(self, ids: Collection[int], now: datetime) -> None:
        self._connection.execute(update(gaps).where(gaps.c.id.in_(ids)).values(told_at=now))

    def spend(self, account: str, spent: Iterable[tuple[str, float]], now: datetime) -> None:
        for unit, amount in spent:
            statement = upsert(self._connection, spending).values(
                account=account, unit=unit, hour=hour_of(now), amount=amount
            )
            more = {"amount": spending.c.amount + statement.excluded.amount}
            self._connection.execute(statement.on_conflict_do_update(index_elements=spending.primary_key, set_=more))

    def add_pulse(self, source: str, seen: int, skipped: int, now: datetime) -> None:
        statement = upsert(self._connection, pulses).values(
            source=source, hour=hour_of(now), seen=seen, skipped=skipped
        )
        more = {
            "seen": pulses.c.seen + statement.excluded.seen,
            "skipped": pulses.c.skipped + statement.excluded.skipped,
        }
        self._connection.execute(statement.on_conflict_do_update(index_elements=pulses.primary_key, set_=more))


_LOOKED_UP_AS = func.coalesce(mentions.c.seen_as, mentions.c.native_id).label("name")
_LATEST = timedelta(hours=2)
"""What is missed for longer is not measured any more."""


class SourceReads:
    """The part of a store that is about sources."""

    engine: Engine

    def due_looks(self, platform: str, before: datetime, missed_before: datetime, limit: int) -> dict[str, str]:
        kept = select(mentions.c.native_id, _LOOKED_UP_AS)
        kept = kept.where(mentions.c.platform == platform, mentions.c.forgotten_at.is_(None))
        again = kept.where(mentions.c.missed_at.is_not(None), mentions.c.missed_at <= missed_before)
        aged = kept.where(mentions.c.looked_at <= before).order_by(mentions.c.looked_at)
        found: dict[str, str] = {}
        with reading(self.engine) as connection:
            for query in (again, aged):
                found |= {row.native_id: row.name for row in connection.execute(query.limit(limit))}
        return dict(list(found.items())[:limit])

    def due_reach(self, platform: str, brands: Collection[str], now: datetime, limit: int) -> list[Measured]:
        oldest = now - LOOKS[-1] - _LATEST
        by_now = [(mentions.c.posted_at <= now - after, number) for number, after in enumerate(LOOKS, 1)][::-1]
        columns = (mentions.c.id, mentions.c.native_id, _LOOKED_UP_AS, mentions.c.case_id, mentions.c.posted_at)
        joined = mentions.join(cases, cases.c.id == mentions.c.case_id)
        query = (
            select(*columns)
            .select_from(joined.outerjoin(reach, reach.c.mention_id == mentions.c.id))
            .where(mentions.c.brand.in_(list(brands)), mentions.c.posted_at > oldest, mentions.c.platform == platform)
            .where(cases.c.state.not_in(list(ENDS)), mentions.c.forgotten_at.is_(None))
            .group_by(*columns)
            .having(func.count(reach.c.mention_id) < case(*by_now, else_=0))
            .order_by(mentions.c.posted_at.desc(), mentions.c.id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            return [
                Measured(
                    mention=row.id, native_id=row.native_id, name=row.name, case=row.case_id, posted_at=row.posted_at
                )
                for row in connection.execute(query)
            ]

    def first_missed(self, platform: str, ids: Collection[str]) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        query = select(mentions.c.native_id, mentions.c.missed_at).where(mentions.c.platform == platform)
        with reading(self.engine) as connection:
            for some in portions(ids):
                rows = connection.execute(
                    query.where(mentions.c.native_id.in_(some), mentions.c.missed_at.is_not(None))
                )
                found |= {row.native_id: row.missed_at for row in rows}
        return found

    def open_gaps(self) -> list[OpenGap]:
        query = select(gaps).where(gaps.c.closed_at.is_(None)).order_by(gaps.c.start, gaps.c.id)
        with reading(self.engine) as connection:
            return [
                OpenGap(id=row.id, source=row.source, gap=Gap(row.start, row.end, row.why), told_at=row.told_at)
                for row in connection.execute(query)
            ]

    def spent(self, account: str, unit: str, since: datetime) -> float:
        used = select(func.coalesce(func.sum(spending.c.amount), 0.0)).where(
            spending.c.account == account, spending.c.unit == unit, spending.c.hour >= since
        )
        with reading(self.engine) as connection:
            return float(connection.execute(used).scalar_one())

    def pulses(self, source: str, since: datetime) -> list[Pulse]:
        query = select(pulses).where(pulses.c.source == source, pulses.c.hour >= since).order_by(pulses.c.hour)
        with reading(self.engine) as connection:
            return [Pulse(row.hour, row.seen, row.skipped) for row in connection.execute(query)]
