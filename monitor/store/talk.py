"""Talk: what answers other posts and is no complaint, until somebody has looked whether it belongs to a case."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select, text, update

from monitor.ports import Talk
from monitor.store.posts import portions
from monitor.store.schema import mentions
from monitor.store.stages import OUR_REPLY, UNFINISHED, Stage


class TalkWrites:
    """The part of a transaction that is about talk."""

    _connection: Connection

    def talk(self, limit: int) -> list[Talk]:
        waiting = (text(f"mentions.{UNFINISHED}"), mentions.c.stage == Stage.TALK)
        query = select(mentions).where(*waiting).order_by(mentions.c.posted_at, mentions.c.id).limit(limit)
        return [as_talk(row) for row in self._connection.execute(query)]

    def settle_talk(self, ids: Collection[int]) -> None:
        for some in portions(ids):
            change = update(mentions).where(mentions.c.id.in_(some), mentions.c.stage == Stage.TALK)
            self._connection.execute(change.values(stage=Stage.DONE))

    def wake_answers(self, ids: Collection[int]) -> None:
        for some in portions(ids):
            names = self._connection.execute(select(mentions.c.native_id).where(mentions.c.id.in_(some))).scalars()
            ours = (text(OUR_REPLY), mentions.c.reply_to.in_(list(names)), mentions.c.stage == Stage.DONE)
            self._connection.execute(update(mentions).where(*ours).values(stage=Stage.TALK))


def as_talk(row: Any) -> Talk:
    """A row of the table as a post of a conversation."""
    return Talk(
        mention=row.id,
        brand=row.brand,
        platform=row.platform,
        name=row.native_id,
        author=row.author,
        text=row.text,
        url=row.url,
        posted_at=row.posted_at,
        collected_at=row.collected_at,
        reply_to=row.reply_to,
        is_own=row.is_own,
        case=row.case_id,
        edited_at=row.edited_at,
    )
