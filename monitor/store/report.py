"""What people ask of the store: the outbox, the story of one post, and everything a replay found."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, func, or_, select, text, update

from monitor.core.case import Case
from monitor.core.case import State as CaseState
from monitor.core.cause import Cause
from monitor.core.days import Window
from monitor.core.fairness import Waited
from monitor.core.message import Message
from monitor.store.cases import as_case
from monitor.store.connection import reading, writing
from monitor.store.digests import STANDS, posted
from monitor.store.schema import cases, causes, corrections, cursors, mentions, outbox, told, verdicts
from monitor.store.stages import IN_CASE, KEPT, UNFINISHED, Stage, State


class Report:
    """Reading for people; nothing here decides anything."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def posts(self, named: str) -> list[RowMapping]:
        """The mentions whose id or address is ``named``; one per brand, none if it was never stored."""
        return self._rows(
            select(mentions).where(or_(mentions.c.native_id == named, mentions.c.url == named)).order_by(mentions.c.id)
        )

    def verdicts_on(self, mention: int) -> list[RowMapping]:
        return self._rows(select(verdicts).where(verdicts.c.mention_id == mention).order_by(verdicts.c.at))

    def corrections_of(self, mention: int) -> list[RowMapping]:
        return self._rows(select(corrections).where(corrections.c.mention_id == mention).order_by(corrections.c.at))

    def corrections(self) -> list[RowMapping]:
        """Every correction with the text and brand of its post, oldest first."""
        said = (corrections.c.mention_id, corrections.c.label, corrections.c.by, corrections.c.why, corrections.c.topic)
        wanted = select(*said, mentions.c.text, mentions.c.brand, mentions.c.language, mentions.c.source)
        kept = wanted.join(mentions, mentions.c.id == corrections.c.mention_id).where(text(f"mentions.{KEPT}"))
        return self._rows(kept.order_by(corrections.c.id))

    def cause(self, number: int) -> Cause:
        last = select(func.max(mentions.c.posted_at)).where(mentions.c.cause_id == number).scalar_subquery()
        row = self._rows(select(causes, last.label("last_at")).where(causes.c.id == number))[0]
        return Cause(**row)

    def cause_of(self, alert: RowMapping) -> Cause:
        """The cause an alert is about; of a list of several, that of its first post."""
        number = alert["cause_id"]
        if number is None:
            query = select(mentions.c.cause_id).join(told, told.c.mention_id == mentions.c.id)
            number = self._rows(query.where(told.c.outbox_id == alert["id"]).order_by(mentions.c.id))[0]["cause_id"]
        return self.cause(number)

    def members(self, number: int) -> list[RowMapping]:
        """The posts of a cause in the order they were posted; none if there is no such cause."""
        query = select(mentions).where(mentions.c.cause_id == number)
        return self._rows(query.order_by(mentions.c.posted_at, mentions.c.id))

    def customer_case(self, number: int) -> Case | None:
        """A case as it stands."""
        with reading(self._engine) as connection:
            row = connection.execute(select(cases).where(cases.c.id == number)).first()
        return as_case(row) if row else None

    def case_members(self, case: int) -> list[RowMapping]:
        """The posts of a case in the order they were posted."""
        query = select(mentions).where(mentions.c.case_id == case)
        return self._rows(query.order_by(mentions.c.posted_at, mentions.c.id))

    def messages_about(self, mention: int) -> list[RowMapping]:
        """The outbox rows that tell a complaint, oldest first."""
        query = select(outbox).join(told, told.c.outbox_id == outbox.c.id).where(told.c.mention_id == mention)
        return self._rows(query.order_by(outbox.c.id))

    def case_counts(self, since: datetime) -> dict[CaseState, int]:
        """How the cases stand that were opened since a moment, in the order of their life."""
        query = select(cases.c.state, func.count()).where(cases.c.opened_at >= since).group_by(cases.c.state)
        with reading(self._engine) as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(query)}
        return {state: found[state] for state in CaseState if state in found}

    def complaint_texts(self, since: datetime) -> Iterator[str]:
        """The words of the complaints written since a moment, of those that are kept."""
        query = select(mentions.c.text).where(text(f"mentions.{IN_CASE}"), mentions.c.posted_at >= since)
        with reading(self._engine) as connection:
            yield from connection.execute(query.where(mentions.c.forgotten_at.is_(None))).scalars()

    def waits(self, since: datetime, now: datetime) -> list[Waited]:
        """How long the customers of cases opened since a moment have waited for a public answer, or wait by now."""
        over = func.coalesce(cases.c.answered_at, cases.c.ended_at)
        first = (mentions.c.text, mentions.c.followers, mentions.c.case_id, cases.c.opened_at, over.label("over"))
        query = select(*first).join(cases, cases.c.id == mentions.c.case_id).where(text(f"mentions.{IN_CASE}"))
        query = query.where(cases.c.opened_at >= since, STANDS, mentions.c.forgotten_at.is_(None))
        found: dict[int, Waited] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(mentions.c.posted_at, mentions.c.id)):
                wait = (row.over or now) - row.opened_at
                found.setdefault(row.case_id, Waited(row.text, row.followers, wait))
        return list(found.values())

    def outbox(self, state: State | None = None) -> list[RowMapping]:
        """The newest thousand messages, oldest of them first; of one state or of all."""
        query = select(outbox).order_by(outbox.c.id.desc()).limit(1_000)
        if state is not None:
            query = query.where(outbox.c.state == state)
        return self._rows(query)[::-1]

    def retry(self, number: int, now: datetime) -> bool:
        """Make a dead or dropped message due again; ``False`` if there is no such message."""
        change = update(outbox).where(outbox.c.id == number, outbox.c.state.in_([State.DEAD, State.DROPPED]))
        # The last attempt may have been accepted although its answer was lost, so the target is asked first.
        doubt = outbox.c.started_at.is_not(None)
        fresh = {"due_at": now, "attempts": 0, "doubts": 0, "error": None}
        return self._change(change.values(state=State.PENDING, is_doubtful=doubt, **fresh))

    def drop(self, number: int) -> bool:
        """Set a message aside that was not sent yet; ``False`` if there is no such message."""
        change = update(outbox).where(outbox.c.id == number, outbox.c.state.in_([State.PENDING, State.DEAD]))
        return self._change(change.values(state=State.DROPPED))

    def found(self, source: str, since: datetime) -> tuple[int, int, int]:
        """How many posts a source has brought since a moment, how many complaints, and how many posts by bots."""
        by_bots = func.count().filter(mentions.c.stage == Stage.BY_BOT)
        query = select(func.count(), func.count(mentions.c.cause_id), by_bots).where(
            mentions.c.source == source, mentions.c.collected_at >= since
        )
        with reading(self._engine) as connection:
            posts, complaints, aside = connection.execute(query).one()
        return posts, complaints, aside

    def waiting(self) -> dict[str, int]:
        """How much waits: for a verdict, for triage, for a target, and what was set aside."""
        stages = select(mentions.c.stage, func.count()).where(text(f"mentions.{UNFINISHED}")).group_by(mentions.c.stage)
        states = select(outbox.c.state, func.count()).group_by(outbox.c.state)
        with reading(self._engine) as connection:
            by_stage = {row[0]: int(row[1]) for row in connection.execute(stages)}
            by_state = {row[0]: int(row[1]) for row in connection.execute(states)}
        return {
            "posts to be judged": by_stage.get(Stage.NEW, 0),
            "complaints to be filed": by_stage.get(Stage.COMPLAINT, 0),
            "messages to be sent": by_state.get(State.PENDING, 0) + by_state.get(State.SENDING, 0),
            "messages set aside": by_state.get(State.DEAD, 0),
        }

    def counts(self) -> dict[str, int]:
        """How much of everything there is."""
        tables = {"mentions": mentions, "verdicts": verdicts, "causes": causes, "messages": outbox, "cursors": cursors}
        with reading(self._engine) as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in tables.items()
            }

    def all_verdicts(self) -> Iterator[RowMapping]:
        """Every post with its deciding verdict, as (native_id, complaint, label, topics), streamed."""
        query = (
            select(mentions.c.native_id, verdicts.c.complaint, verdicts.c.label, verdicts.c.topics)
            .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
            .order_by(mentions.c.id)
        )
        yield from self._stream(query)

    def judged(self, since: datetime, until: datetime, brand: str | None = None) -> Iterator[RowMapping]:
        """Other people's posts of a time with their deciding verdicts, as (id, label, complaint, model), streamed."""
        query = (
            select(mentions.c.id, verdicts.c.label, verdicts.c.complaint, verdicts.c.model)
            .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
            .where(mentions.c.posted_at >= since, mentions.c.posted_at < until, mentions.c.is_own.is_(False))
            .where(text(f"mentions.{KEPT}"))
            .order_by(mentions.c.id)
        )
        yield from self._stream(query if brand is None else query.where(mentions.c.brand == brand))

    def complaints(self, brand: str, span: Window) -> Iterator[dict[str, Any]]:
        """The complaints of a span with their cases, oldest first, streamed; what a person called none is left out."""
        told = ("posted_at", "brand", "platform", "author", "text", "url", "language")
        of_case = ("topic", "level", "state", "opened_at", "answered_at", "ended_at")
        columns = (*(mentions.c[name] for name in told), *(cases.c[name] for name in of_case))
        named = (cases.c.id.label("case_id"), cases.c.owner_name.label("owner"), verdicts.c.complaint)
        judged = (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by)
        joined = mentions.join(cases, cases.c.id == mentions.c.case_id).outerjoin(verdicts, judged)
        query = select(*columns, *named).select_from(joined).where(posted(brand, span), STANDS)
        for row in self._stream(query.order_by(mentions.c.posted_at, mentions.c.id)):
            yield {**row, "case": f"case/{row['case_id']}"}

    def texts(self, numbers: Collection[int]) -> list[RowMapping]:
        """What was said in these mentions, as (id, platform, native_id, brand, text)."""
        columns = (mentions.c.id, mentions.c.platform, mentions.c.native_id, mentions.c.brand, mentions.c.text)
        return self._rows(select(*columns).where(mentions.c.id.in_(numbers)))

    def all_causes(self) -> list[tuple[Cause, list[str]]]:
        """Every cause with the ids of its posts in the order they were posted."""
        found = {row["id"]: self.cause(row["id"]) for row in self._rows(select(causes.c.id).order_by(causes.c.id))}
        members: dict[int, list[str]] = {number: [] for number in found}
        query = select(mentions.c.cause_id, mentions.c.native_id).where(mentions.c.cause_id.is_not(None))
        for row in self._stream(query.order_by(mentions.c.posted_at, mentions.c.id)):
            members[row["cause_id"]].append(row["native_id"])
        return [(cause, members[number]) for number, cause in found.items()]

    def all_alerts(self) -> Iterator[tuple[RowMapping, Message, list[str]]]:
        """Every alert with its message and the ids of the posts it told, in the order they were decided."""
        for row in self._rows(select(outbox).where(outbox.c.reason.is_not(None)).order_by(outbox.c.id)):
            query = select(mentions.c.native_id).join(told, told.c.mention_id == mentions.c.id)
            ids = self._rows(query.where(told.c.outbox_id == row["id"]).order_by(mentions.c.posted_at, mentions.c.id))
            yield row, Message.from_json(row["message"]), [found["native_id"] for found in ids]

    def _rows(self, query: Any) -> list[RowMapping]:
        with reading(self._engine) as connection:
            return list(connection.execute(query).mappings().all())

    def _stream(self, query: Any) -> Iterator[RowMapping]:
        with reading(self._engine) as connection:
            yield from connection.execution_options(yield_per=1_000).execute(query).mappings()

    def _change(self, change: Any) -> bool:
        with writing(self._engine) as connection:
            return connection.execute(change.returning(outbox.c.id)).first() is not None
