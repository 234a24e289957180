"""Counts and words of a span for the digest. What a person called no complaint is counted nowhere else."""

from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, Text, and_, cast, func, or_, select, text
from sqlalchemy import case as when

from monitor.core.case import ENDS, OVERRULED, Step
from monitor.core.case import State as CaseState
from monitor.core.days import Window
from monitor.core.digest import Ended, Opened, Silenced, Talk, Words
from monitor.core.timers import Due
from monitor.core.verdict import Label
from monitor.ports.digests import InHand, Posts, Standings
from monitor.store.connection import reading, writing
from monitor.store.posts import upsert
from monitor.store.schema import cases, digests, facts, gaps, health, mentions, orders, told, verdicts
from monitor.store.stages import IN_CASE, Stage

VOICE = func.coalesce(
    mentions.c.platform + "/" + mentions.c.author, mentions.c.platform + "#" + mentions.c.native_id
).label("voice")
INDEPENDENT = when((mentions.c.reply_to.is_(None), "case/" + cast(mentions.c.case_id, Text)), else_=VOICE)
"""Who speaks for themselves: copies of one post are in one case and count once; who answers others counts by name."""

STANDS = cases.c.state.not_in(list(OVERRULED))
_JUDGED = and_(verdicts.c.mention_id == mentions.c.id, verdicts.c.model == mentions.c.judged_by)
_LOOK_BACK = timedelta(days=1)
"""Of older posts that the first reading brought, only some were there to be brought."""

FIRST_ROWS = 50

_BY_NOBODY_OF_US = (
    *(Step.SILENT, Step.NUDGE, Step.WROTE_AGAIN, Step.SPREAD, Step.SPOKE, Step.CHANGED, Step.BEGAN_EARLIER),
)
_OVER = (Step.DONE, Step.CLOSE)
_AGAIN = (Step.WROTE_AGAIN, Step.REOPEN)


def _within(column: ColumnElement[Any], span: Window) -> ColumnElement[bool]:
    return and_(column >= span.start, column < span.end)


def posted(brand: str, span: Window) -> ColumnElement[bool]:
    return and_(mentions.c.brand == brand, _within(mentions.c.posted_at, span))


def others(brand: str, span: Window) -> ColumnElement[bool]:
    """What people wrote who are not us: neither our own words nor what automated accounts write."""
    return and_(posted(brand, span), mentions.c.is_own.is_(False), mentions.c.stage != Stage.BY_BOT)


def complaints(query: Any, brand: str, span: Window) -> Any:
    """The complaints of a span, with their cases."""
    with_cases = query.select_from(mentions.join(cases, cases.c.id == mentions.c.case_id))
    return with_cases.where(posted(brand, span), text(f"mentions.{IN_CASE}"), STANDS)


def _open(brand: str) -> ColumnElement[bool]:
    return and_(cases.c.brand == brand, cases.c.state.not_in(list(ENDS)))


def _praises(brand: str, span: Window) -> ColumnElement[bool]:
    return and_(others(brand, span), verdicts.c.sentiment == "positive", verdicts.c.label == Label.OTHER)


def _quotable(brand: str, span: Window) -> Select[Any]:
    """Complaints that can be quoted: the most urgent, then the most reposted, then the surest."""
    query = words(mentions.outerjoin(verdicts, _JUDGED)).where(posted(brand, span), text(f"mentions.{IN_CASE}"))
    surest = func.coalesce(verdicts.c.complaint, 0.0).desc()
    order = (cases.c.level, func.coalesce(mentions.c.reposts, 0).desc(), surest, mentions.c.id)
    return query.where(STANDS, mentions.c.forgotten_at.is_(None)).order_by(*order)


class _People:
    """The first words of each of so many people, none twice."""

    def __init__(self, limit: int) -> None:
        self.words: list[Words] = []
        self._limit = limit
        self._seen: set[str] = set()

    @property
    def is_full(self) -> bool:
        return len(self.words) >= self._limit

    def add(self, row: Any) -> None:
        known = {row.voice, row.fingerprint}
        if not self.is_full and not known & self._seen:
            self.words.append(as_words(row))
            self._seen |= known


class DigestWrites:
    """The part of a transaction that is about digests."""

    _connection: Connection

    def decide_digest(self, name: str, day: date, now: datetime, *, is_sent: bool) -> bool:
        row = {"name": name, "day": day, "decided_at": now, "is_sent": is_sent}
        kept = upsert(self._connection, digests).values(**row).on_conflict_do_nothing().returning(digests.c.name)
        return self._connection.execute(kept).first() is not None


class DigestReads:
    """The part of a store that is about digests."""

    engine: Engine

    def since(self, brand: str) -> datetime | None:
        posted: datetime | None = self._one(select(func.min(mentions.c.posted_at)).where(mentions.c.brand == brand))[0]
        stored = self._all(select(mentions.c.collected_at).order_by(mentions.c.id).limit(1))
        return max(posted, stored[0].collected_at - _LOOK_BACK) if posted and stored else None

    def posts_of(self, brand: str, span: Window) -> Posts:
        query = select(
            func.count(),
            func.count().filter(mentions.c.stage == Stage.NEW),
            func.count().filter(mentions.c.stage == Stage.ASIDE),
            func.count().filter(mentions.c.forgotten_at.is_not(None)),
            func.max(mentions.c.posted_at),
        )
        posts, unjudged, aside, deleted, last = self._one(query.where(others(brand, span)))
        return Posts(posts=posts, unjudged=unjudged, not_judgeable=aside, deleted=deleted, last=last)

    def late_posts(self, brand: str, span: Window, since: datetime) -> int:
        before = Window(start=since, end=span.start)
        query = select(func.count()).where(others(brand, before), _within(mentions.c.collected_at, span))
        return int(self._one(query)[0])

    def talk(self, brand: str, span: Window) -> Talk:
        query = select(func.count(), func.count(VOICE.distinct()))
        posts, people = self._one(complaints(query, brand, span))
        return Talk(complaints=posts, people=people)

    def topics(self, brand: str, span: Window) -> dict[str, Talk]:
        query = select(cases.c.topic, func.count(), func.count(VOICE.distinct()))
        rows = self._all(complaints(query, brand, span).group_by(cases.c.topic))
        return {topic: Talk(complaints=posts, people=people) for topic, posts, people in rows}

    def spoke(self, brand: str, span: Window) -> int:
        return int(self._one(select(func.count(VOICE.distinct())).where(others(brand, span)))[0])

    def of_both(self, brand: str, other: str, span: Window) -> Iterator[Words]:
        twin = mentions.alias("twin")
        same = and_(twin.c.native_id == mentions.c.native_id, twin.c.platform == mentions.c.platform)
        query = words(mentions.join(twin, and_(same, twin.c.brand == other, twin.c.is_own.is_(False))))
        kept = query.where(others(brand, span), mentions.c.forgotten_at.is_(None))
        for row in self._stream(kept.order_by(mentions.c.posted_at, mentions.c.id)):
            yield as_words(row)

    def people_by(self, brand: str, span: Window, kinds: Mapping[str, str], rest: str) -> dict[str, int]:
        kind = when(dict(kinds), value=cases.c.topic, else_=rest).label("kind")
        rows = self._all(complaints(select(kind, func.count(VOICE.distinct())), brand, span).group_by(kind))
        return {row[0]: row[1] for row in rows}

    def relapses(self, brand: str, span: Window) -> dict[str, tuple[int, int]]:
        later = facts.alias("later")
        again = and_(later.c.case_id == facts.c.case_id, later.c.at > facts.c.at, later.c.step.in_(_AGAIN))
        relapsed = when((select(later.c.id).where(again).exists(), facts.c.case_id))
        counts = (func.count(facts.c.case_id.distinct()), func.count(relapsed.distinct()))
        query = select(cases.c.topic, *counts).select_from(facts.join(cases, cases.c.id == facts.c.case_id))
        done = and_(facts.c.step.in_(_OVER), _within(facts.c.at, span), cases.c.brand == brand, STANDS)
        return {row[0]: (row[1], row[2]) for row in self._all(query.where(done).group_by(cases.c.topic))}

    def opened(self, brand: str, span: Window) -> Opened:
        is_open = cases.c.state.not_in(list(ENDS))
        query = select(func.count(), func.count(cases.c.answered_at), func.count().filter(is_open))
        of_brand = query.where(STANDS, cases.c.brand == brand, _within(cases.c.opened_at, span))
        found, answered, unsolved = self._one(of_brand)
        return Opened(cases=found, answered=answered, open=unsolved)

    def overruled_of(self, brand: str, span: Window) -> int:
        query = select(func.count()).where(cases.c.brand == brand, _within(cases.c.opened_at, span), ~STANDS)
        return int(self._one(query)[0])

    def ended(self, brand: str, span: Window) -> list[Ended]:
        columns = (cases.c.state, cases.c.opened_at, cases.c.answered_at, cases.c.ended_at)
        query = select(*columns).where(cases.c.brand == brand, _within(cases.c.ended_at, span), STANDS)
        return [
            Ended(state=CaseState(state), opened_at=opened, answered_at=answered, ended_at=ended)
            for state, opened, answered, ended in self._all(query)
        ]

    def standings(self, brand: str) -> Standings:
        is_open = _open(brand)
        waits = cases.c.answered_at.is_(None)
        total, unanswered = self._one(select(func.count(), func.count().filter(waits)).where(is_open))
        oldest = select(cases.c.id).where(is_open, waits).order_by(cases.c.opened_at, cases.c.id).limit(1)
        query = words().where(mentions.c.case_id == oldest.scalar_subquery())
        rows = self._all(query.order_by(mentions.c.posted_at, mentions.c.id).limit(1))
        return Standings(
            open=total,
            unanswered=unanswered,
            oldest=as_words(rows[0]) if rows else None,
            opened_at=rows[0].opened_at if rows else None,
        )

    def in_hand(self, brand: str) -> dict[str, InHand]:
        count = func.count().label("open")
        query = select(cases.c.topic, cases.c.owner_name, count).where(_open(brand))
        rows = self._all(query.group_by(cases.c.topic, cases.c.owner_name).order_by(count.desc(), cases.c.owner_name))
        totals, owners = Counter[str](), dict[str, str]()
        for topic, owner, amount in rows:
            totals[topic] += amount
            if owner is not None:
                owners.setdefault(topic, owner)
        return {topic: InHand(open=total, owner=owners.get(topic)) for topic, total in totals.items()}

    def complaints_of(self, brand: str, span: Window, topic: str | None, level: int | None, limit: int) -> list[Words]:
        query = _quotable(brand, span)
        if topic is not None:
            query = query.where(cases.c.topic == topic)
        if level is not None:
            query = query.where(cases.c.level == level)
        return self._of_different_people(query, limit)

    def quotes_of(self, brand: str, span: Window, topics: Collection[str], limit: int) -> dict[str, list[Words]]:
        query = _quotable(brand, span).where(cases.c.topic.in_(list(topics)))
        found = {topic: _People(limit) for topic in topics}
        with closing(self._first_rows(query)) as rows:
            for row in rows:
                found[row.topic].add(row)
                if all(people.is_full for people in found.values()):
                    break
        return {topic: people.words for topic, people in found.items()}

    def openers_of(self, brand: str, span: Window, topics: Collection[str], limit: int) -> dict[str, list[str]]:
        first = complaints(select(func.min(mentions.c.id).label("id"), cases.c.topic), brand, span)
        first = first.where(cases.c.topic.in_(list(topics))).group_by(mentions.c.case_id, cases.c.topic).subquery()
        query = select(first.c.topic, mentions.c.text).join(first, first.c.id == mentions.c.id)
        query = query.where(mentions.c.forgotten_at.is_(None)).order_by(mentions.c.posted_at, mentions.c.id)
        found: dict[str, list[str]] = {topic: [] for topic in topics}
        for topic, opener in self._stream(query):
            if len(found[topic]) < limit:
                found[topic].append(opener)
        return found

    def praised(self, brand: str, span: Window) -> int:
        query = select(func.count()).select_from(mentions.join(verdicts, _JUDGED))
        return int(self._one(query.where(_praises(brand, span)))[0])

    def praise_of(self, brand: str, span: Window, limit: int) -> list[Words]:
        query = words(mentions.join(verdicts, _JUDGED)).where(_praises(brand, span), mentions.c.forgotten_at.is_(None))
        return self._of_different_people(
            query.order_by(verdicts.c.complaint, mentions.c.posted_at, mentions.c.id), limit
        )

    def texts_of(self, brand: str, span: Window) -> Iterator[tuple[str, str]]:
        for row in self._stream(complaints(select(mentions.c.text, cases.c.topic), brand, span)):
            yield row.text, row.topic

    def praises_of(self, brand: str, span: Window) -> Iterator[str]:
        query = select(mentions.c.text).select_from(mentions.join(verdicts, _JUDGED)).where(_praises(brand, span))
        for row in self._stream(query):
            yield row.text

    def questions_of(self, brand: str, span: Window, limit: int) -> list[Words]:
        asks = and_(others(brand, span), verdicts.c.intent == "question", mentions.c.forgotten_at.is_(None))
        query = words(mentions.join(verdicts, _JUDGED)).where(asks).order_by(mentions.c.posted_at.desc(), mentions.c.id)
        return [as_words(row) for row in self._all(query.limit(limit))][::-1]

    def not_told(self, brand: str, span: Window) -> int:
        is_told = select(told.c.mention_id).where(told.c.mention_id == mentions.c.id).exists()
        return int(self._one(complaints(select(func.count()), brand, span).where(~is_told))[0])

    def unmeasured(self, brand: str, span: Window) -> list[tuple[str, int]]:
        language = func.coalesce(verdicts.c.language, "unknown").label("language")
        query = select(language, func.count().label("posts")).select_from(mentions.join(verdicts, _JUDGED))
        query = query.where(others(brand, span), verdicts.c.is_measured.is_(False)).group_by(language)
        return [(row.language, row.posts) for row in self._all(query.order_by(func.count().desc(), language))]

    def alerted(self, brand: str, span: Window) -> tuple[int, int]:
        query = select(func.count(), func.count().filter(~STANDS)).where(cases.c.brand == brand)
        found, overruled = self._one(query.where(_within(cases.c.told_at, span)))
        return found, overruled

    def reminders(self, brand: str, span: Window) -> tuple[int, int]:
        later = facts.alias("later")
        by_a_person = and_(
            later.c.case_id == facts.c.case_id, later.c.at >= facts.c.at, later.c.step.not_in(_BY_NOBODY_OF_US)
        )
        done = when((select(later.c.id).where(by_a_person).exists(), 1))
        query = select(func.count(), func.count(done)).select_from(facts.join(cases, cases.c.id == facts.c.case_id))
        due = and_(facts.c.step == Step.NUDGE, facts.c.note == Due.FOLLOW_UP, _within(facts.c.at, span))
        count, acted = self._one(query.where(due, cases.c.brand == brand))
        return count, acted

    def blind(self, span: Window, now: datetime) -> list[Silenced]:
        troubled = select(health).where(
            or_(health.c.name.like("source/%"), health.c.name.like("quiet/%")),
            health.c.troubled_since < span.end if now >= span.end else health.c.troubled_since.is_not(None),
        )
        found = [
            Silenced(
                source=row.name.partition("/")[2],
                start=row.troubled_since,
                end=None,
                why=row.problem or "does not work",
            )
            for row in self._all(troubled.order_by(health.c.name))
        ]
        missed = select(gaps).where(gaps.c.start < span.end, gaps.c.end > span.start, gaps.c.closed_at.is_(None))
        rows = self._all(missed.order_by(gaps.c.source, gaps.c.start))
        return found + [Silenced(source=row.source, start=row.start, end=row.end, why=row.why) for row in rows]

    def orders_of(self, brand: str, first: date, last: date) -> int | None:
        query = select(func.count(), func.sum(orders.c.amount)).where(orders.c.brand == brand)
        days, amount = self._one(query.where(orders.c.day >= first, orders.c.day <= last))
        return int(amount) if days == (last - first).days + 1 else None

    def add_orders(self, rows: Collection[tuple[str, date, int]]) -> None:
        with writing(self.engine) as connection:
            for brand, day, amount in rows:
                statement = upsert(connection, orders).values(brand=brand, day=day, amount=amount)
                changed = {"amount": statement.excluded.amount}
                connection.execute(statement.on_conflict_do_update(index_elements=["brand", "day"], set_=changed))

    def last_digest(self, name: str) -> date | None:
        found: date | None = self._one(select(func.max(digests.c.day)).where(digests.c.name == name))[0]
        return found

    def _stream(self, query: Any) -> Iterator[Any]:
        with (
            reading(self.engine) as connection,
            closing(connection.execution_options(yield_per=1_000).execute(query)) as rows,
        ):
            for some in rows.partitions():
                yield from some

    def _of_different_people(self, query: Select[Any], limit: int) -> list[Words]:
        found = _People(limit)
        with closing(self._first_rows(query)) as rows:
            for row in rows:
                found.add(row)
                if found.is_full:
                    break
        return found.words

    def _first_rows(self, query: Select[Any]) -> Generator[Any]:
        """The rows of a query, of which mostly the first do: a few, which are sorted fast, and then all of them."""
        first = self._all(query.limit(FIRST_ROWS))
        yield from first
        if len(first) == FIRST_ROWS:
            yield from self._stream(query)

    def _one(self, query: Any) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(query).one()

    def _all(self, query: Any) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(query).all()


def words(source: Any = mentions) -> Select[Any]:
    """What is needed to quote a post, with its case if it has one."""
    columns = ("id", "native_id", "platform", "author", "text", "url", "posted_at", "case_id", "fingerprint")
    joined = source.outerjoin(cases, cases.c.id == mentions.c.case_id)
    return select(*(mentions.c[name] for name in columns), cases.c.opened_at, cases.c.topic, VOICE).select_from(joined)


def as_words(row: Any) -> Words:
    return Words(
        text=row.text,
        author=row.author,
        platform=row.platform,
        posted_at=row.posted_at,
        url=row.url,
        post=f"{row.platform}:{row.native_id}",
        case=f"case/{row.case_id}" if row.case_id is not None else None,
        mention=row.id,
    )
