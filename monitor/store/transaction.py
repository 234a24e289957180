"""The writes of the pipeline; each method is one fact, all of a transaction happen together."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, text, tuple_, update

from monitor.core.alerting import Reason, Told
from monitor.core.cause import Cause, Complaint
from monitor.core.health import Health
from monitor.core.message import Message, urgency_of
from monitor.core.trend import Lately, Usual
from monitor.core.verdict import Band, Label, Verdict
from monitor.ports import Alert, OpenCause, Pending
from monitor.store.cases import CaseWrites
from monitor.store.digests import DigestWrites
from monitor.store.engagement import EngagementWrites
from monitor.store.filing import FilingWrites
from monitor.store.incidents import IncidentWrites
from monitor.store.posts import PostWrites, portions, upsert, verdict_row
from monitor.store.schema import cases, causes, health, mentions, outbox, told, verdicts
from monitor.store.sources import SourceWrites
from monitor.store.stages import UNFINISHED, Stage, State
from monitor.store.surges import SurgeWrites
from monitor.store.talk import TalkWrites
from monitor.store.themes import ThemeWrites

_HISTORY = timedelta(days=7)
_LEARNING = timedelta(days=1)


class SqlTransaction(
    PostWrites,
    SourceWrites,
    FilingWrites,
    CaseWrites,
    IncidentWrites,
    EngagementWrites,
    TalkWrites,
    DigestWrites,
    SurgeWrites,
    ThemeWrites,
):
    """A :class:`monitor.ports.Transaction` over an open connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_verdicts(self, judged: Iterable[tuple[int, Verdict]]) -> None:
        rows = [verdict_row(mention, verdict) for mention, verdict in judged]
        if not rows:
            return
        self._connection.execute(upsert(self._connection, verdicts).on_conflict_do_nothing(), rows)
        for stage, wanted in ((Stage.COMPLAINT, True), (_NO_COMPLAINT, False)):
            chosen = [row for row in rows if (row["label"] == Label.COMPLAINT) is wanted]
            for model in {row["model"] for row in chosen}:
                ids = [row["mention_id"] for row in chosen if row["model"] == model]
                self._move(ids, Stage.NEW, stage, judged_by=model)

    def set_aside(self, ids: Iterable[int]) -> None:
        self._move(list(ids), Stage.NEW, Stage.ASIDE)

    def latest_causes(self, things: Collection[tuple[str, str]], grouping: str) -> dict[tuple[str, str], Cause]:
        newest = (
            select(func.max(causes.c.id))
            .where(tuple_(causes.c.brand, causes.c.topic).in_(list(things)), causes.c.grouping == grouping)
            .group_by(causes.c.brand, causes.c.topic)
        )
        found = self._connection.execute(_CASES.where(causes.c.id.in_(newest)))
        return {(row.brand, row.topic): _cause(row) for row in found}

    def cause_at(self, brand: str, topic: str, grouping: str, moment: datetime) -> Cause | None:
        query = (
            _CASES.where(causes.c.brand == brand, causes.c.topic == topic, causes.c.grouping == grouping)
            .where(causes.c.opened_at <= moment)
            .order_by(causes.c.opened_at.desc())
            .limit(1)
        )
        row = self._connection.execute(query).first()
        return _cause(row) if row else None

    def open_cause(self, brand: str, topic: str, grouping: str, episode: int, opened_at: datetime) -> Cause:
        statement = insert(causes).values(
            brand=brand, topic=topic, grouping=grouping, episode=episode, opened_at=opened_at
        )
        number = self._connection.execute(statement.returning(causes.c.id)).scalar_one()
        return Cause(
            id=number,
            brand=brand,
            topic=topic,
            grouping=grouping,
            episode=episode,
            opened_at=opened_at,
            last_at=opened_at,
        )

    def file(self, filed: Iterable[tuple[int, int, int]]) -> None:
        rows = [{"mention": mention, "cause": cause, "case": case} for mention, cause, case in filed]
        if rows:
            self._connection.execute(_FILE, rows)

    def open_causes(self) -> list[OpenCause]:
        pending: dict[int, list[Pending]] = {}
        for row in self._connection.execute(_PENDING).all():
            pending.setdefault(row.cause_id, []).append(
                Pending(row.id, row.platform, row.source, row.language, row.case_id, row.collected_at)
            )
        if not pending:
            return []
        counts = {row.cause_id: row for row in self._connection.execute(_COUNTS, {"causes": list(pending)}).all()}
        found = self._connection.execute(_CASES.where(causes.c.id.in_(pending)).order_by(causes.c.id))
        return [_open_cause(row, counts.get(row.id), pending[row.id]) for row in found.all()]

    def complaints(self, ids: Collection[int]) -> dict[int, Complaint]:
        found = {}
        for some in portions(list(ids)):
            for row in self._connection.execute(_COMPLAINTS, {"ids": some}).all():
                found[row.id] = _complaint(row)
        return found

    def told(self, of: Collection[int]) -> dict[tuple[int, str], Told]:
        rows = self._connection.execute(_SAID, {"causes": list(of)}).all()
        return {
            (row.cause_id, row.target): Told(
                messages=row.messages,
                last_at=row.last_at,
                voices=row.voices or 0,
                said_unusual=bool(row.said_unusual),
                thread=row.key,
            )
            for row in rows
        }

    def told_mentions(self, complaints: Collection[int]) -> set[tuple[int, str]]:
        query = select(told.c.mention_id, told.c.target)
        return {
            (row.mention_id, row.target)
            for ids in portions(complaints)
            for row in self._connection.execute(query.where(told.c.mention_id.in_(ids)))
        }

    def usual(self, things: Collection[tuple[str, str]], at_least: int, now: datetime) -> dict[tuple[str, str], Usual]:
        hour_ago = now - timedelta(hours=1)
        recent = (
            select(causes.c.brand, causes.c.topic, _AUTHORS.label("authors"))
            .join(mentions, mentions.c.cause_id == causes.c.id)
            .where(tuple_(causes.c.brand, causes.c.topic).in_(list(things)), mentions.c.posted_at > hour_ago)
            .group_by(causes.c.brand, causes.c.topic)
            .having(at_least <= _AUTHORS)
        )
        counts = {(row.brand, row.topic): row.authors for row in self._connection.execute(recent)}
        return {thing: Usual(now=count, per_hour=self._per_hour(*thing, hour_ago)) for thing, count in counts.items()}

    def _per_hour(self, brand: str, topic: str, until: datetime) -> float:
        """Complaints per hour in the week before; 0 while there is less than a day of history."""
        query = (
            select(func.count(), func.min(mentions.c.posted_at))
            .join(causes, causes.c.id == mentions.c.cause_id)
            .where(causes.c.brand == brand, causes.c.topic == topic)
            .where(mentions.c.posted_at > until - _HISTORY, mentions.c.posted_at <= until)
        )
        count, first = self._connection.execute(query).one()
        if first is None or until - first < _LEARNING:
            return 0.0
        return float(count / ((until - first) / timedelta(hours=1)))

    def lately(self, things: Collection[tuple[str, str]], now: datetime) -> dict[tuple[str, str], Lately]:
        if not things:
            return {}
        yesterday = now - timedelta(days=1)
        is_recent = mentions.c.posted_at > yesterday
        query = (
            select(
                causes.c.brand,
                causes.c.topic,
                func.count().filter(is_recent).label("day"),
                func.count(_WHO.distinct()).filter(is_recent).label("authors"),
                func.count().filter(~is_recent).label("before"),
                func.min(mentions.c.posted_at).label("first"),
            )
            .join(mentions, mentions.c.cause_id == causes.c.id)
            .where(tuple_(causes.c.brand, causes.c.topic).in_(list(things)))
            .where(mentions.c.posted_at > yesterday - _HISTORY, mentions.c.posted_at <= now)
            .group_by(causes.c.brand, causes.c.topic)
        )
        return {(row.brand, row.topic): _lately(row, yesterday) for row in self._connection.execute(query)}

    def enqueue_alerts(self, alerts: Sequence[Alert], now: datetime) -> None:
        if not alerts:
            return
        rows = [
            _outbox_row(alert.target, alert.message, now)
            | {"cause_id": alert.cause, "case_id": alert.case, "reason": alert.reason, "voices": alert.voices}
            | {"urgency": alert.urgency}
            for alert in alerts
        ]
        inserted = insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)
        numbers = self._connection.execute(inserted, rows).scalars()
        pairs = [
            {"mention_id": mention, "target": alert.target, "outbox_id": number}
            for alert, number in zip(alerts, numbers, strict=True)
            for mention in alert.mentions
        ]
        if pairs:
            self._connection.execute(insert(told), pairs)

    def settle(self, complaints: Iterable[int]) -> None:
        self._move(list(complaints), Stage.FILED, Stage.DONE)

    def enqueue(self, target: str, message: Message, now: datetime, case: int | None = None) -> bool:
        row = _outbox_row(target, message, now) | {"case_id": case, "urgency": urgency_of(message)}
        statement = upsert(self._connection, outbox).values(row)
        inserted = self._connection.execute(statement.on_conflict_do_nothing().returning(outbox.c.id)).first()
        if inserted is not None:
            self._note_quotes(inserted.id, message)
        return inserted is not None

    def set_health(self, of: Health) -> None:
        values = {name: getattr(of, name) for name in Health.__slots__ if name not in ("name", "told_at")}
        statement = upsert(self._connection, health).values(name=of.name, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def set_told(self, name: str, told_at: datetime | None) -> bool:
        other = health.c.told_at.is_not(None) if told_at is None else health.c.told_at.is_(None)
        change = update(health).where(health.c.name == name, other).values(told_at=told_at)
        return self._connection.execute(change.returning(health.c.name)).first() is not None

    def _move(self, ids: Sequence[int], old: Stage, new: Any, **values: Any) -> None:
        for some in portions(ids):
            change = update(mentions).where(mentions.c.id.in_(some), mentions.c.stage == old)
            self._connection.execute(change.values(stage=new, **values))


def _open_cause(row: Row[Any], counted: Row[Any] | None, pending: Sequence[Pending]) -> OpenCause:
    """Of a cause whose own posts are no longer kept, nobody is counted but those who wrote now."""
    few = len(pending)
    return OpenCause(
        cause=_cause(row),
        posts=counted.posts if counted else few,
        authors=counted.authors if counted else few,
        wordings=counted.wordings if counted else few,
        pending=tuple(pending),
    )


_NO_COMPLAINT = case((mentions.c.reply_to.is_not(None), Stage.TALK), else_=Stage.DONE)

_CASES = select(
    causes,
    func.coalesce(
        select(func.max(mentions.c.posted_at)).where(mentions.c.cause_id == causes.c.id).scalar_subquery(),
        causes.c.opened_at,
    ).label("last_at"),
)

_WHO = mentions.c.platform + "/" + func.coalesce(mentions.c.author, "#" + mentions.c.native_id)
_AUTHORS = func.count(_WHO.distinct())

_PENDING = (
    select(
        mentions.c.id,
        cases.c.cause_id,
        mentions.c.platform,
        mentions.c.source,
        func.coalesce(verdicts.c.language, mentions.c.language).label("language"),
        mentions.c.case_id,
        mentions.c.collected_at,
    )
    .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
    .join(cases, cases.c.id == mentions.c.case_id)
    .where(text(f"mentions.{UNFINISHED}"), mentions.c.stage == Stage.FILED)
    .order_by(mentions.c.id)
)
"""Under the cause of their case, so that a case is told once, whatever topics the later words of its customer have."""

_COMPLAINTS = (
    select(
        mentions.c.id,
        mentions.c.native_id,
        mentions.c.platform,
        mentions.c.author,
        mentions.c.text,
        mentions.c.url,
        mentions.c.posted_at,
        mentions.c.fingerprint,
        mentions.c.matched,
        mentions.c.followers,
        mentions.c.reposts,
        verdicts.c.complaint,
        verdicts.c.severity,
        verdicts.c.language,
        verdicts.c.is_measured,
    )
    .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
    .where(mentions.c.id.in_(bindparam("ids", expanding=True)))
)

_COUNTS = (
    select(
        mentions.c.cause_id,
        func.count().label("posts"),
        func.count(_WHO.distinct()).label("authors"),
        func.count(mentions.c.fingerprint.distinct()).label("wordings"),
    )
    .where(mentions.c.cause_id.in_(bindparam("causes", expanding=True)))
    .group_by(mentions.c.cause_id)
)

_SUMS = (
    select(
        outbox.c.cause_id,
        outbox.c.target,
        func.count().label("messages"),
        func.max(outbox.c.created_at).label("last_at"),
        func.max(case((outbox.c.thread.is_(None), outbox.c.voices))).label("voices"),
        func.max(case((outbox.c.reason == Reason.UNUSUAL, 1), else_=0)).label("said_unusual"),
        func.max(case((outbox.c.thread.is_(None), outbox.c.id))).label("standing"),
    )
    .where(outbox.c.cause_id.in_(bindparam("causes", expanding=True)), outbox.c.case_id.is_(None))
    .group_by(outbox.c.cause_id, outbox.c.target)
    .subquery()
)
_SAID = select(_SUMS, outbox.c.key).outerjoin(outbox, outbox.c.id == _SUMS.c.standing)

_FILE = (
    update(mentions)
    .where(mentions.c.id == bindparam("mention"), mentions.c.stage == Stage.COMPLAINT)
    .values(stage=Stage.FILED, cause_id=bindparam("cause"), case_id=bindparam("case"))
)


def _cause(row: Row[Any]) -> Cause:
    return Cause(
        id=row.id,
        brand=row.brand,
        topic=row.topic,
        grouping=row.grouping,
        episode=row.episode,
        opened_at=row.opened_at,
        last_at=row.last_at or row.opened_at,
    )


def _complaint(row: Any) -> Complaint:
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
        reposts=row.reposts,
        severity=Band(**row.severity) if row.severity else None,
        language=row.language,
        is_measured=row.is_measured,
    )


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


def _lately(row: Row[Any], yesterday: datetime) -> Lately:
    known = yesterday - row.first
    per_day = row.before / (known / timedelta(days=1)) if known >= _LEARNING else None
    return Lately(day=row.day, authors=row.authors, per_day=per_day)
