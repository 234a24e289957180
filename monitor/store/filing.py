"""What filing asks and writes: once for a batch of complaints, whatever the batch holds."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select, text, update

from monitor.core.case import ENDS, Case, State
from monitor.core.mention import Kind
from monitor.core.verdict import Band, Label
from monitor.ports import Draft, Filed, Last, Person, Talk, Threaded, Unfiled, Voice
from monitor.store.cases import as_case
from monitor.store.posts import complaint_fields, portions, upsert
from monitor.store.schema import cases, copies, corrections, mentions, verdicts
from monitor.store.splits import SplitWrites
from monitor.store.stages import IN_CASE, UNFINISHED, Stage

_LOOKED_AT = 20
"""So many of the newest complaints are looked at that share a key or their words with another."""

_FILED = select(
    mentions.c.id, mentions.c.case_id, mentions.c.brand, mentions.c.posted_at, mentions.c.author, mentions.c.text
).where(mentions.c.case_id.is_not(None))

OF_ACCOUNTS = (Kind.POST, Kind.REPLY)
"""Posts whose author is an account. Two reviews of one name are by two people: who writes again changes theirs."""


class FilingWrites(SplitWrites):
    """The part of a transaction that is about filing."""

    _connection: Connection

    def unfiled(self, limit: int) -> list[Unfiled]:
        query = (
            select(mentions, verdicts.c.topics, verdicts.c.intent, verdicts.c.severity)
            .join(verdicts, (verdicts.c.mention_id == mentions.c.id) & (verdicts.c.model == mentions.c.judged_by))
            .where(text(f"mentions.{UNFINISHED}"), mentions.c.stage == Stage.COMPLAINT)
            .order_by(mentions.c.posted_at, mentions.c.id)
            .limit(limit)
        )
        return [
            Unfiled(
                **complaint_fields(row),
                severity=Band(**row.severity) if row.severity else None,
                has_account=row.kind in OF_ACCOUNTS,
            )
            for row in self._connection.execute(query)
        ]

    def threads(self, posts: Collection[Unfiled | Talk], longest: int) -> dict[tuple[str, str, str], Threaded]:
        found: dict[tuple[str, str, str], Threaded] = {}
        names = {post.reply_to for post in posts if post.reply_to is not None}
        for _ in range(longest):
            above = set()
            for some in portions(names):
                for row in self._connection.execute(_THREADED.where(mentions.c.native_id.in_(some))):
                    found[row.platform, row.brand, row.native_id] = _threaded(row)
                    if row.case_id is None and row.reply_to is not None:
                        above.add(row.reply_to)
            names = above
            if not names:
                break
        return found

    def reported(self, names: Collection[str]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        query = select(mentions.c.brand, mentions.c.native_id, mentions.c.case_id).where(
            mentions.c.case_id.is_not(None)
        )
        for some in portions(names):
            for row in self._connection.execute(query.where(mentions.c.native_id.in_(some))):
                found[row.brand, row.native_id] = row.case_id
        return found

    def like(self, keys: Collection[str], fingerprints: Collection[str]) -> dict[str, list[Filed]]:
        names = defaultdict(list)
        for some in portions(keys):
            ranked = _newest(copies.c.mention_id, copies.c.key).where(copies.c.key.in_(some)).subquery()
            for row in self._connection.execute(select(ranked).where(ranked.c.rank <= _LOOKED_AT)):
                names[row.id].append(row.name)
        for some in portions(fingerprints):
            alike = _newest(mentions.c.id, mentions.c.fingerprint, mentions.c.brand)
            ranked = alike.where(mentions.c.fingerprint.in_(some)).where(text(f"mentions.{IN_CASE}")).subquery()
            for row in self._connection.execute(select(ranked).where(ranked.c.rank <= _LOOKED_AT)):
                names[row.id].append(row.name)
        found: dict[str, list[Filed]] = defaultdict(list)
        for some in portions(names):
            for row in self._connection.execute(_FILED.where(mentions.c.id.in_(some))):
                for name in names[row.id]:
                    found[name].append(Filed(row.id, row.case_id, row.brand, row.posted_at, row.author, row.text))
        return found

    def add_keys(self, keys: Iterable[tuple[str, int]]) -> None:
        rows = [{"key": key, "mention_id": mention} for key, mention in keys]
        if rows:
            self._connection.execute(upsert(self._connection, copies).on_conflict_do_nothing(), rows)

    def cases_of_voices(self, causes: Collection[int], authors: Collection[str]) -> dict[Voice, int]:
        who = (mentions.c.cause_id, mentions.c.platform, mentions.c.author)
        newest = func.max(mentions.c.case_id).label("newest")
        query = select(*who, newest).where(text(f"mentions.{IN_CASE}")).group_by(*who)
        query = query.where(mentions.c.cause_id.in_(list(causes)), mentions.c.author.in_(list(authors)))
        if not causes or not authors:
            return {}
        return {Voice(row.cause_id, row.platform, row.author): row.newest for row in self._connection.execute(query)}

    def last_of_people(self, authors: Collection[str], since: datetime) -> dict[Person, Last]:
        who = (mentions.c.brand, mentions.c.platform, mentions.c.author)
        query = select(*who, mentions.c.case_id, mentions.c.posted_at).join(cases, cases.c.id == mentions.c.case_id)
        query = query.where(mentions.c.author.in_(list(authors)), mentions.c.posted_at >= since)
        query = query.where(mentions.c.kind.in_(OF_ACCOUNTS), cases.c.state.not_in(list(ENDS)))
        if not authors:
            return {}
        rows = self._connection.execute(query.order_by(mentions.c.posted_at, mentions.c.id))
        return {Person(row.brand, row.platform, row.author): Last(row.case_id, row.posted_at) for row in rows}

    def writers(self, cases: Collection[int], authors: Collection[str]) -> set[tuple[int, str, str]]:
        who = (mentions.c.case_id, mentions.c.platform, mentions.c.author)
        query = select(*who).where(text(f"mentions.{IN_CASE}")).distinct()
        query = query.where(mentions.c.case_id.in_(list(cases)), mentions.c.author.in_(list(authors)))
        if not cases or not authors:
            return set()
        return {(row.case_id, row.platform, row.author) for row in self._connection.execute(query)}

    def open_cases(self, drafts: Sequence[Draft]) -> list[Case]:
        if not drafts:
            return []
        rows = [
            {
                "cause_id": draft.cause,
                "brand": draft.brand,
                "topic": draft.topic,
                "opened_at": draft.opened_at,
                "last_at": draft.opened_at,
                "level": draft.level,
                "reasons": list(draft.reasons),
                "state": State.NEW,
                "version": 0,
            }
            for draft in drafts
        ]
        opening = insert(cases).returning(*cases.c, sort_by_parameter_order=True)
        return [as_case(row) for row in self._connection.execute(opening, rows)]

    def overruled(self, complaints: Collection[Unfiled]) -> set[int]:
        said: dict[tuple[str, str, str, str], str] = {}
        for some in portions({complaint.fingerprint for complaint in complaints if complaint.author is not None}):
            for row in self._connection.execute(_CORRECTED.where(mentions.c.fingerprint.in_(some))):
                said[row.brand, row.platform, row.author, row.fingerprint] = row.label
        return {
            one.mention
            for one in complaints
            if one.author is not None
            and said.get((one.brand, one.platform, one.author, one.fingerprint)) == Label.OTHER
        }

    def dismiss(self, ids: Collection[int]) -> None:
        if ids:
            change = update(mentions).where(mentions.c.id.in_(list(ids)), mentions.c.stage == Stage.COMPLAINT)
            self._connection.execute(change.values(stage=Stage.DONE))


_THREADED = select(
    *(mentions.c.id, mentions.c.platform, mentions.c.brand, mentions.c.native_id, mentions.c.case_id),
    *(mentions.c.reply_to, mentions.c.author, mentions.c.is_own, mentions.c.stage),
)
_CORRECTED = (
    select(mentions.c.brand, mentions.c.platform, mentions.c.author, mentions.c.fingerprint, corrections.c.label)
    .join(corrections, corrections.c.mention_id == mentions.c.id)
    .where(text(f"mentions.{IN_CASE}"))
    .order_by(corrections.c.id)
)
"""The last word on a post comes last."""


def _threaded(row: Any) -> Threaded:
    is_judged = row.stage not in (Stage.NEW, Stage.COMPLAINT)
    return Threaded(row.id, row.case_id, row.reply_to, row.author, row.is_own, is_judged)


def _newest(
    number: ColumnElement[int], name: ColumnElement[str], *within: ColumnElement[str]
) -> Select[tuple[str, int, int]]:
    """The rank of each number among those of its name (and what it is ``within``), the highest first."""
    rank = func.row_number().over(partition_by=(name, *within), order_by=number.desc()).label("rank")
    return select(name.label("name"), number.label("id"), rank)
