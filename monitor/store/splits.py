"""Splits: posts that people took out of cases. The decision is a fact of both cases; nothing else is kept of it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from monitor.core.case import Step
from monitor.ports import Member, Quoting, Split, Talk
from monitor.store.cases import as_told
from monitor.store.posts import complaint_fields, portions
from monitor.store.schema import facts, mentions, outbox, told, verdicts
from monitor.store.stages import IN_CASE, Stage
from monitor.store.talk import as_talk


class SplitWrites:
    """The part of a transaction that is about posts which joined a case and are about something else."""

    _connection: Connection

    def members(self, case: int) -> list[Member]:
        judged = (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by)
        query = (
            select(mentions, verdicts.c.topics, verdicts.c.intent)
            .join(verdicts, judged, isouter=True)
            .where(mentions.c.case_id == case, text(f"mentions.{IN_CASE}"))
            .order_by(mentions.c.posted_at, mentions.c.id)
        )
        return [_member(row) for row in self._connection.execute(query)]

    def posts(self, ids: Collection[int]) -> list[Talk]:
        found = []
        for some in portions(ids):
            found += [as_talk(row) for row in self._connection.execute(select(mentions).where(mentions.c.id.in_(some)))]
        return found

    def rehome(self, ids: Collection[int], old: int, new: int) -> bool:
        change = update(mentions).where(mentions.c.id.in_(list(ids)), mentions.c.case_id == old)
        moved = self._connection.execute(change.values(case_id=new, stage=Stage.FILED).returning(mentions.c.id))
        return len(moved.all()) == len(ids)

    def untell(self, ids: Collection[int]) -> list[Quoting]:
        of_incident = select(outbox.c.id).where(outbox.c.case_id.is_(None), outbox.c.cause_id.is_not(None))
        gone = delete(told).where(told.c.mention_id.in_(list(ids)), told.c.outbox_id.not_in(of_incident))
        found = sorted(set(self._connection.execute(gone.returning(told.c.outbox_id)).scalars()))
        query = select(outbox).where(outbox.c.id.in_(found)).order_by(outbox.c.id)
        return [as_told(row) for row in self._connection.execute(query)]

    def splits(self, fingerprints: Collection[str], ids: Collection[int]) -> list[Split]:
        found: dict[int, Split] = {}
        for column, wanted in ((mentions.c.fingerprint, fingerprints), (mentions.c.id, ids)):
            for some in portions(wanted):
                for row in self._connection.execute(_SPLITS.where(column.in_(some))):
                    if (split := _split(row)) is not None:
                        found[row.number] = split
        return [split for _, split in sorted(found.items())]


_SPLITS = (
    select(mentions, facts.c.key.label("key"), facts.c.id.label("number"))
    .join(facts, facts.c.case_id == mentions.c.case_id)
    .where(text(f"mentions.{IN_CASE}"), facts.c.step == Step.SPLIT)
)
"""Of the case in which the post is now, whose facts are few."""


def _split(row: Any) -> Split | None:
    """The split that a fact tells of, if it is that of this post."""
    _, old, mention = row.key.split("/")
    if int(mention) != row.id or int(old) == row.case_id:
        return None
    return Split(
        mention=row.id,
        brand=row.brand,
        platform=row.platform,
        author=row.author,
        fingerprint=row.fingerprint,
        old=int(old),
        new=row.case_id,
    )


def _member(row: Any) -> Member:
    return Member(
        **complaint_fields(row),
        cause=row.cause_id,
        name=row.native_id,
        is_forgotten=row.forgotten_at is not None,
    )
