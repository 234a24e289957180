"""Posts: stored once, brought up to date, and forgotten when the platform says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from monitor.core.mention import Mention, Post
from monitor.core.message import Message, quoted_in
from monitor.core.spread import Reach
from monitor.core.text import fingerprint
from monitor.core.verdict import Verdict
from monitor.core.watch import Match
from monitor.ports import Quoting
from monitor.store.schema import copies, mentions, outbox, quoted, reach, themes, told, verdicts
from monitor.store.stages import Stage, State

_PORTION = 10_000


def upsert(connection: Connection, table: Any) -> Any:
    """The dialect's INSERT with ON CONFLICT; the two classes have one shape."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def portions(values: Collection[Any]) -> Iterator[list[Any]]:
    """Databases limit how many values a statement may have: PostgreSQL to 65,535, SQLite to 32,766."""
    every = list(values)
    return (every[start : start + _PORTION] for start in range(0, len(every), _PORTION))


class PostWrites:
    """The part of a transaction that is about posts."""

    _connection: Connection

    def add_mentions(self, source: str, found: Iterable[tuple[Mention, Match]], now: datetime) -> int:
        pairs = list(found)
        if not pairs:
            return 0
        forgotten = self._forgotten({mention.id for mention, _ in pairs})
        rows = [
            _mention_row(source, mention, match, now)
            for mention, match in pairs
            if (mention.platform, mention.id) not in forgotten
        ]
        if not rows:
            return 0
        insertion = upsert(self._connection, mentions).on_conflict_do_nothing()
        returned = self._connection.execute(insertion.returning(mentions.c.platform, mentions.c.native_id), rows)
        new = {(row.platform, row.native_id) for row in returned}
        self.set_counts([mention for mention, _ in pairs if (mention.platform, mention.id) not in new], now)
        return len(new)

    def set_counts(self, seen: Iterable[Mention], now: datetime) -> None:
        given = [
            {"of": one.platform, "named": one.id, "r": one.reposts, "f": one.followers, "now": now}
            for one in sorted(seen, key=lambda one: (one.platform, one.id))
        ]
        if given:
            self._connection.execute(_COUNTS, given)

    def amend(self, mentions_again: Iterable[Mention], now: datetime) -> list[Quoting]:  # noqa: ARG002 - part of a fact
        changed = []
        for mention in mentions_again:
            if mention.edited_at is None:
                continue
            known = and_(_is(mention.platform, [mention.id]), mentions.c.forgotten_at.is_(None))
            for row in self._connection.execute(select(mentions).where(known)).all():
                if (row.edited_at is None or row.edited_at < mention.edited_at) and row.text != mention.text:
                    self._replace_words(row, mention)
                    changed.append(row.id)
        return self._quoting(changed)

    def add_reach(self, counts: Iterable[tuple[int, int | None]], now: datetime) -> None:
        rows = [{"mention_id": mention, "at": now, "reposts": reposts} for mention, reposts in counts]
        if rows:
            self._connection.execute(upsert(self._connection, reach).on_conflict_do_nothing(), rows)

    def reach(self, mention: int) -> list[Reach]:
        known = reach.c.reposts.is_not(None)
        query = select(reach.c.at, reach.c.reposts).where(reach.c.mention_id == mention, known).order_by(reach.c.at)
        return [Reach(row.at, row.reposts) for row in self._connection.execute(query)]

    def looked(self, platform: str, ids: Collection[str], missing: Collection[str], now: datetime) -> None:
        first = func.coalesce(mentions.c.missed_at, now)
        for names, missed_at in ((missing, first), (set(ids) - set(missing), None)):
            for some in portions(names):
                change = update(mentions).where(_is(platform, some), mentions.c.forgotten_at.is_(None))
                self._connection.execute(change.values(looked_at=now, missed_at=missed_at))

    def forget(self, platform: str, ids: Collection[str], now: datetime) -> list[Quoting]:
        found = self._kept(platform, ids)
        quoting = self._quoting(found, gone=True)
        for some in portions(found):
            self._connection.execute(delete(copies).where(copies.c.mention_id.in_(some)))
            alone = select(mentions.c.theme_id).where(mentions.c.id.in_(some))
            own = and_(themes.c.size == 1, themes.c.id.in_(alone))
            self._connection.execute(update(themes).where(own).values(total=None))
            change = update(mentions).where(mentions.c.id.in_(some))
            self._connection.execute(
                change.values(
                    text="",
                    author=None,
                    url=None,
                    context=None,
                    reply_to=None,
                    seen_as=None,
                    followers=None,
                    author_since=None,
                    matched=[],
                    stage=case((mentions.c.stage == Stage.BY_BOT, Stage.BY_BOT), else_=Stage.DONE),
                    missed_at=None,
                    forgotten_at=now,
                )
            )
        return quoting

    def revise(self, message: int, to: Message) -> None:
        self._connection.execute(update(outbox).where(outbox.c.id == message).values(message=to.to_json()))
        self._note_quotes(message, to)

    def _note_quotes(self, number: int, message: Message) -> None:
        """Where a message quotes a post that need not be in its case, as digests and threads do: to follow that."""
        rows = [{"post": post, "outbox_id": number} for post in sorted(quoted_in(message))]
        is_of_case = message.case is not None and (message.thread is None or message.edits)
        if rows and not is_of_case:
            self._connection.execute(upsert(self._connection, quoted).on_conflict_do_nothing(), rows)

    def _forgotten(self, ids: Collection[str]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        query = select(mentions.c.platform, mentions.c.native_id).where(mentions.c.forgotten_at.is_not(None))
        for some in portions(ids):
            rows = self._connection.execute(query.where(mentions.c.native_id.in_(some)))
            found |= {(row.platform, row.native_id) for row in rows}
        return found

    def _replace_words(self, row: Any, mention: Mention) -> None:
        values: dict[str, Any] = {
            "text": mention.text,
            "fingerprint": fingerprint(mention.text),
            "edited_at": mention.edited_at,
        }
        if row.stage in (Stage.TALK, Stage.DONE, Stage.ASIDE) and row.cause_id is None and not row.is_own:
            self._connection.execute(delete(verdicts).where(verdicts.c.mention_id == row.id))
            values |= {"stage": Stage.NEW, "judged_by": None}
        elif row.stage == Stage.DONE and row.case_id is not None:
            values |= {"stage": Stage.TALK}
        self._connection.execute(update(mentions).where(mentions.c.id == row.id).values(**values))

    def _kept(self, platform: str, ids: Collection[str]) -> list[int]:
        found: list[int] = []
        kept = select(mentions.c.id).where(mentions.c.forgotten_at.is_(None))
        for some in portions([name for name in ids if not name.endswith("/")]):
            found += self._connection.execute(kept.where(_is(platform, some))).scalars()
        for prefix in (name for name in ids if name.endswith("/")):
            below = _begins_with(prefix, self._connection.dialect.name)
            found += self._connection.execute(kept.where(mentions.c.platform == platform, below)).scalars()
        return found

    def _quoting(self, numbers: Collection[int], *, gone: bool = False) -> list[Quoting]:
        messages: dict[int, Any] = {}
        posts: dict[int, list[Post]] = defaultdict(list)
        wanted = select(
            outbox, mentions.c.platform, mentions.c.native_id, mentions.c.url, mentions.c.text.label("words")
        )
        by_told = wanted.join(told, told.c.outbox_id == outbox.c.id).join(mentions, mentions.c.id == told.c.mention_id)
        by_case = wanted.join(mentions, mentions.c.case_id == outbox.c.case_id)
        key = mentions.c.platform + ":" + mentions.c.native_id
        by_quote = wanted.join(quoted, quoted.c.outbox_id == outbox.c.id).join(mentions, key == quoted.c.post)
        for some in portions(numbers):
            for query in (by_told, by_case, by_quote):
                for row in self._connection.execute(query.where(mentions.c.id.in_(some)).order_by(outbox.c.id)):
                    messages[row.id] = row
                    post = Post(row.platform, row.native_id, row.url, None if gone else row.words)
                    posts[row.id] += [] if post in posts[row.id] else [post]
        return [
            Quoting(
                id=number,
                target=row.target,
                message=Message.from_json(row.message),
                is_out=row.state in (State.SENT, State.SENDING) or row.is_doubtful,
                posts=tuple(posts[number]),
            )
            for number, row in sorted(messages.items())
        ]


def _is(platform: str, ids: Sequence[str]) -> ColumnElement[bool]:
    return and_(mentions.c.native_id.in_(ids), mentions.c.platform == platform)


def _begins_with(prefix: str, dialect: str) -> ColumnElement[bool]:
    """SQLite compares bytes, so that the index finds a range; other databases sort by the rules of a country."""
    if dialect == "sqlite":
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return and_(mentions.c.native_id >= prefix, mentions.c.native_id < after)
    return mentions.c.native_id.startswith(prefix, autoescape=True)


_R, _F = bindparam("r", type_=mentions.c.reposts.type), bindparam("f", type_=mentions.c.followers.type)
_COUNTS = (
    update(mentions)
    .where(
        mentions.c.platform == bindparam("of"),
        mentions.c.native_id == bindparam("named"),
        mentions.c.forgotten_at.is_(None),
    )
    .values(
        reposts=case((or_(mentions.c.reposts.is_(None), mentions.c.reposts < _R), _R), else_=mentions.c.reposts),
        followers=func.coalesce(_F, mentions.c.followers),
        looked_at=bindparam("now", type_=mentions.c.looked_at.type),
        missed_at=None,
    )
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
        "author_since": mention.author_since,
        "rating": mention.rating,
        "context": mention.context,
        "edited_at": mention.edited_at,
        "seen_as": mention.seen_as,
        "looked_at": now,
        "is_own": match.own,
        "matched": list(match.terms),
        "fingerprint": fingerprint(mention.text),
        "stage": _first_stage(mention, match),
    }


def _first_stage(mention: Mention, match: Match) -> Stage:
    if match.own:
        return Stage.TALK if mention.reply_to else Stage.DONE
    return Stage.BY_BOT if mention.by_bot else Stage.NEW


def verdict_row(mention: int, verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept."""
    return {
        "mention_id": mention,
        "model": verdict.model,
        "label": verdict.label,
        "complaint": verdict.complaint,
        "topics": list(verdict.topics),
        "at": verdict.at,
        "sentiment": verdict.sentiment,
        "intent": verdict.intent,
        "severity": asdict(verdict.severity) if verdict.severity else None,
        "arousal": verdict.arousal,
        "language": verdict.language,
        "is_measured": verdict.is_measured,
    }


_SAID = ("brand", "platform", "author", "posted_at", "text", "fingerprint", "url", "reply_to", "intent")


def complaint_fields(row: Any) -> dict[str, Any]:
    """A complaint and its verdict, by the names of the fields that all jobs know it by."""
    return {"mention": row.id, "topics": tuple(row.topics or ())} | {name: getattr(row, name) for name in _SAID}
