"""The writes of the pipeline; each method is one fact, all of a transaction happen together."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from monitor.core.alerting import Reason, Told
from monitor.core.case import Case, Complaint
from monitor.core.health import Health
from monitor.core.mention import Mention
from monitor.core.message import Message
from monitor.core.text import fingerprint
from monitor.core.trend import Usual
from monitor.core.verdict import Label, Verdict
from monitor.core.watch import Match
from monitor.ports import Alert, OpenCase, Unfiled
from monitor.store.schema import Stage, State, cases, cursors, health, mentions, outbox, told, verdicts

_HISTORY = timedelta(days=7)
_LEARNING = timedelta(days=1)


def upsert(connection: Connection, table: Any) -> Any:
    """The dialect's INSERT with ON CONFLICT; the two classes have one shape."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


class SqlTransaction:
    """A :class:`monitor.ports.Transaction` over an open connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_mentions(self, source: str, found: Iterable[tuple[Mention, Match]], now: datetime) -> int:
        rows = [_mention_row(source, mention, match, now) for mention, match in found]
        if not rows:
            return 0
        insertion = upsert(self._connection, mentions).on_conflict_do_nothing()
        new = self._connection.execute(insertion.returning(mentions.c.platform, mentions.c.native_id), rows)
        return len(set(new.all()))

    def set_cursor(self, source: str, cursor: str, now: datetime) -> None:
        values = {"cursor": cursor, "saved_at": now}
        statement = upsert(self._connection, cursors).values(source=source, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))

    def add_verdicts(self, judged: Iterable[tuple[int, Verdict]]) -> None:
        rows = [_verdict_row(mention, verdict) for mention, verdict in judged]
        if not rows:
            return
        self._connection.execute(upsert(self._connection, verdicts).on_conflict_do_nothing(), rows)
        for stage, wanted in ((Stage.COMPLAINT, True), (Stage.DONE, False)):
            chosen = [row for row in rows if (row["label"] == Label.COMPLAINT) is wanted]
            for model in {row["model"] for row in chosen}:
                ids = [row["mention_id"] for row in chosen if row["model"] == model]
                self._move(ids, Stage.NEW, stage, judged_by=model)

    def unfiled(self, limit: int) -> list[Unfiled]:
        query = (
            select(mentions.c.id, mentions.c.brand, verdicts.c.topics, mentions.c.posted_at)
            .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
            .where(mentions.c.stage == Stage.COMPLAINT)
            .order_by(mentions.c.posted_at, mentions.c.id)
            .limit(limit)
        )
        return [
            Unfiled(mention=row.id, brand=row.brand, topics=tuple(row.topics), posted_at=row.posted_at)
            for row in self._connection.execute(query)
        ]

    def latest_case(self, brand: str, topic: str, grouping: str) -> Case | None:
        query = (
            _case_query()
            .where(cases.c.brand == brand, cases.c.topic == topic, cases.c.grouping == grouping)
            .order_by(cases.c.episode.desc())
            .limit(1)
        )
        row = self._connection.execute(query).first()
        return _case(row) if row else None

    def open_case(self, brand: str, topic: str, grouping: str, episode: int, opened_at: datetime) -> Case:
        statement = insert(cases).values(
            brand=brand, topic=topic, grouping=grouping, episode=episode, opened_at=opened_at
        )
        number = self._connection.execute(statement.returning(cases.c.id)).scalar_one()
        return Case(
            id=number,
            brand=brand,
            topic=topic,
            grouping=grouping,
            episode=episode,
            opened_at=opened_at,
            last_at=opened_at,
        )

    def file(self, case: Case, complaints: Sequence[int]) -> None:
        self._move(complaints, Stage.COMPLAINT, Stage.FILED, case_id=case.id)

    def open_cases(self) -> list[OpenCase]:
        pending: dict[int, list[Complaint]] = {}
        for row in self._connection.execute(_pending_query()):
            pending.setdefault(row.case_id, []).append(_complaint(row))
        if not pending:
            return []
        found = self._connection.execute(_case_query().where(cases.c.id.in_(pending)).order_by(cases.c.id))
        return [
            OpenCase(
                case=_case(row),
                voices=self._voices(row.id),
                pending=tuple(pending[row.id]),
                platforms=frozenset(c.platform for c in pending[row.id]),
            )
            for row in found.all()
        ]

    def told(self, case: int, target: str) -> Told:
        query = (
            select(outbox.c.key, outbox.c.thread, outbox.c.reason, outbox.c.voices, outbox.c.created_at)
            .where(outbox.c.case_id == case, outbox.c.target == target)
            .order_by(outbox.c.id)
        )
        rows = self._connection.execute(query).all()
        if not rows:
            return Told()
        standing = [row.key for row in rows if row.thread is None]
        return Told(
            messages=len(rows),
            last_at=rows[-1].created_at,
            voices=rows[-1].voices,
            reasons=frozenset(Reason(row.reason) for row in rows),
            thread=standing[-1] if standing else None,
        )

    def told_mentions(self, case: int, target: str) -> frozenset[int]:
        query = (
            select(told.c.mention_id)
            .join(mentions, mentions.c.id == told.c.mention_id)
            .where(mentions.c.case_id == case, mentions.c.stage == Stage.FILED, told.c.target == target)
        )
        return frozenset(self._connection.execute(query).scalars())

    def usual(self, brand: str, topic: str, now: datetime) -> Usual:
        hour_ago = now - timedelta(hours=1)
        since = now - _HISTORY
        of_topic = (
            select(mentions.c.posted_at, mentions.c.author, mentions.c.native_id)
            .join(cases, cases.c.id == mentions.c.case_id)
            .where(cases.c.brand == brand, cases.c.topic == topic, mentions.c.posted_at > since)
        ).subquery()
        who = func.coalesce(of_topic.c.author, of_topic.c.native_id)
        recent = select(func.count(who.distinct())).where(of_topic.c.posted_at > hour_ago)
        before = select(func.count(), func.min(of_topic.c.posted_at)).where(of_topic.c.posted_at <= hour_ago)
        count, first = self._connection.execute(before).one()
        if first is None or hour_ago - first < _LEARNING:
            return Usual(now=0, per_hour=0.0)
        hours = (hour_ago - first) / timedelta(hours=1)
        return Usual(now=self._connection.execute(recent).scalar_one(), per_hour=count / hours)

    def enqueue_alert(self, alert: Alert, now: datetime) -> None:
        row = _outbox_row(alert.target, alert.message, now)
        row |= {"case_id": alert.case, "reason": alert.reason, "voices": alert.voices}
        number = self._connection.execute(insert(outbox).values(row).returning(outbox.c.id)).scalar_one()
        rows = [{"mention_id": m, "target": alert.target, "outbox_id": number} for m in alert.mentions]
        self._connection.execute(insert(told), rows)

    def settle(self, complaints: Iterable[int]) -> None:
        self._move(list(complaints), Stage.FILED, Stage.DONE)

    def enqueue(self, target: str, message: Message, now: datetime) -> bool:
        statement = upsert(self._connection, outbox).values(_outbox_row(target, message, now))
        inserted = self._connection.execute(statement.on_conflict_do_nothing().returning(outbox.c.id))
        return inserted.first() is not None

    def set_health(self, of: Health) -> None:
        values = {name: getattr(of, name) for name in Health.__slots__ if name != "name"}
        statement = upsert(self._connection, health).values(name=of.name, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def _voices(self, case: int) -> tuple[tuple[str, str], ...]:
        who = mentions.c.platform + "/" + func.coalesce(mentions.c.author, "#" + mentions.c.native_id)
        query = select(who, mentions.c.fingerprint).where(mentions.c.case_id == case)
        return tuple((author, words) for author, words in self._connection.execute(query))

    def _move(self, ids: Sequence[int], old: Stage, new: Stage, **values: Any) -> None:
        if ids:
            change = update(mentions).where(mentions.c.id.in_(ids), mentions.c.stage == old)
            self._connection.execute(change.values(stage=new, **values))


def _case_query() -> Select[Any]:
    last = select(func.max(mentions.c.posted_at)).where(mentions.c.case_id == cases.c.id).scalar_subquery()
    return select(cases, last.label("last_at"))


def _pending_query() -> Select[Any]:
    return (
        select(mentions, verdicts.c.complaint)
        .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
        .where(mentions.c.stage == Stage.FILED)
        .order_by(mentions.c.posted_at, mentions.c.id)
    )


def _case(row: Row[Any]) -> Case:
    return Case(
        id=row.id,
        brand=row.brand,
        topic=row.topic,
        grouping=row.grouping,
        episode=row.episode,
        opened_at=row.opened_at,
        last_at=row.last_at or row.opened_at,
    )


def _complaint(row: Row[Any]) -> Complaint:
    return Complaint(
        mention=row.id,
        id=row.native_id,
        platform=row.platform,
        author=row.author,
        text=row.text,
        url=row.url,
        posted_at=row.posted_at,
        fingerprint=row.fingerprint,
        score=row.complaint,
        matched=tuple(row.matched),
        followers=row.followers,
    )


def _mention_row(source: str, mention: Mention, match: Match, now: datetime) -> dict[str, Any]:
    return {
        "native_id": mention.id,
        "platform": mention.platform,
        "brand": match.brand,
        "source": source,
        "kind": mention.kind,
        "author": mention.author,
        "text": mention.text,
        "url": mention.url,
        "posted_at": mention.posted_at,
        "collected_at": now,
        "language": mention.language,
        "followers": mention.followers,
        "reposts": mention.reposts,
        "reply_to": mention.reply_to,
        "is_own": match.own,
        "matched": list(match.terms),
        "fingerprint": fingerprint(mention.text),
        "stage": Stage.DONE if match.own else Stage.NEW,
    }


def _verdict_row(mention: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "mention_id": mention,
        "model": verdict.model,
        "label": verdict.label,
        "complaint": verdict.complaint,
        "topics": list(verdict.topics),
        "at": verdict.at,
    }


def _outbox_row(target: str, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "target": target,
        "key": message.key,
        "thread": message.thread,
        "message": message.to_json(),
        "state": State.PENDING,
        "is_doubtful": False,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
    }
