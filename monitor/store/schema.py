"""The tables: facts are stored, counts are derived. The only place with column names' types and indexes."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from monitor.store.moments import UtcDateTime
from monitor.store.stages import IN_CASE, KEPT, LIVE, OPEN, OUR_REPLY, STANDING, UNFINISHED, UNGATHERED

naming = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=naming)


def _partial(name: str, condition: str, *columns: Column[Any]) -> None:
    """An index over the rows that keep a condition."""
    Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


def _texts(*names: str) -> list[Column[Any]]:
    """Columns that always hold some text."""
    return [Column(name, Text, nullable=False) for name in names]


def _moments(*names: str) -> list[Column[Any]]:
    """Moments that may not have come."""
    return [Column(name, UtcDateTime) for name in names]


def _step() -> list[Column[Any]]:
    """What is kept of a step, whatever it was taken in."""
    words = [Column(name, Text) for name in ("remedy", "note", "evidence")]
    return [*_texts("key", "step", "by", "name", "via"), Column("at", UtcDateTime, nullable=False), *words]


causes = Table(
    "causes",
    metadata,
    Column("id", Integer, primary_key=True),
    *_texts("brand", "topic", "grouping"),
    Column("episode", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    # The name is from when causes were called cases; SQLite cannot change it.
    UniqueConstraint("brand", "topic", "grouping", "episode", name="uq_cases_brand"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause_id", Integer, ForeignKey("causes.id"), nullable=False, index=True),
    Column("brand", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner", Text),
    Column("owner_name", Text),
    *_moments("told_at", "taken_at", "answered_at", "updated_at", "done_at", "ended_at", "snoozed_until"),
    Column("due_at", UtcDateTime, index=True),
)

Index("ix_cases_opened", cases.c.opened_at, cases.c.brand, cases.c.state, cases.c.answered_at)

facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("cases.id"), nullable=False),
    *_step(),
    UniqueConstraint("case_id", "key"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("cause_id", Integer, ForeignKey("causes.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("owner", Text),
    Column("owner_name", Text),
    *_moments("taken_at", "muted_until", "done_at"),
)

incident_facts = Table(
    "incident_facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause_id", Integer, ForeignKey("causes.id"), nullable=False),
    *_step(),
    UniqueConstraint("cause_id", "key"),
)

restraints = Table(
    "restraints",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("author", "platform", "brand")),
    Column("case_id", Integer, ForeignKey("cases.id"), nullable=False),
    Column("until", UtcDateTime, nullable=False),
    *_texts("by", "name", "why"),
    Column("at", UtcDateTime, nullable=False),
    *_moments("ended_at"),
    sqlite_with_rowid=False,
)

mentions = Table(
    "mentions",
    metadata,
    Column("id", Integer, primary_key=True),
    *_texts("native_id", "platform", "brand", "source", "kind"),
    Column("author", Text),
    Column("text", Text, nullable=False),
    Column("url", Text),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("collected_at", UtcDateTime, nullable=False),
    Column("language", Text),
    Column("followers", Integer),
    Column("reposts", Integer),
    Column("reply_to", Text),
    Column("is_own", Boolean, nullable=False),
    Column("matched", JSON, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("judged_by", Text),
    Column("cause_id", Integer, ForeignKey("causes.id")),
    Column("case_id", Integer, ForeignKey("cases.id")),
    Column("author_since", UtcDateTime),
    Column("rating", SmallInteger),
    Column("context", Text),
    *_moments("edited_at", "looked_at", "missed_at", "forgotten_at"),
    Column("theme_id", Integer),
    Column("theme_near", Float),
    Column("seen_as", Text),
    UniqueConstraint("native_id", "platform", "brand"),
)
_partial("ix_mentions_due", UNFINISHED, mentions.c.stage, mentions.c.id)
_partial("ix_mentions_cause", "cause_id IS NOT NULL", mentions.c.cause_id, mentions.c.posted_at)
_partial("ix_mentions_case", IN_CASE, mentions.c.case_id)
_partial("ix_mentions_voice", IN_CASE, mentions.c.cause_id, mentions.c.author)
_partial("ix_mentions_copy", IN_CASE, mentions.c.fingerprint)
Index("ix_mentions_posted", mentions.c.brand, mentions.c.posted_at, mentions.c.case_id)
_COUNTED = ("brand", "posted_at", "case_id", "platform", "author", "native_id", "theme_id")
_partial("ix_mentions_complaint", IN_CASE, *(mentions.c[name] for name in _COUNTED))
_partial("ix_mentions_look", KEPT, mentions.c.platform, mentions.c.looked_at)
_partial("ix_mentions_author", "author IS NOT NULL", mentions.c.author)
_partial("ix_mentions_reply", OUR_REPLY, mentions.c.reply_to)
_partial("ix_mentions_missed", "missed_at IS NOT NULL", mentions.c.platform, mentions.c.missed_at)

_partial("ix_mentions_ungathered", UNGATHERED, mentions.c.id)
_partial("ix_mentions_theme", "theme_id IS NOT NULL", mentions.c.theme_id, mentions.c.posted_at)

themes = Table(
    "themes",
    metadata,
    Column("id", Integer, primary_key=True),
    *_texts("brand", "space"),
    Column("total", LargeBinary),
    Column("size", Integer, nullable=False),
    Column("name", JSON(none_as_null=True)),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_mention", Integer, nullable=False),
)
_partial("ix_themes_live", LIVE, themes.c.brand, themes.c.space, themes.c.last_mention)

copies = Table(
    "copies",
    metadata,
    Column("key", Text, primary_key=True),
    Column("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("complaint", Float, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("sentiment", Text),
    Column("intent", Text),
    Column("severity", JSON(none_as_null=True)),
    Column("arousal", Float),
    Column("language", Text),
    Column("is_measured", Boolean, nullable=False, server_default=text("true")),
    sqlite_with_rowid=False,
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mention_id", Integer, ForeignKey("mentions.id"), nullable=False, index=True),
    *_texts("label", "by", "why"),
    Column("at", UtcDateTime, nullable=False),
    Column("topic", Text),
)

cursors = Table(
    "cursors",
    metadata,
    Column("source", Text, primary_key=True),
    Column("cursor", Text),
    Column("oldest", UtcDateTime, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("start", UtcDateTime, nullable=False),
    Column("end", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    *_moments("told_at", "closed_at"),
    UniqueConstraint("source", "start", "end"),
)

spending = Table(
    "spending",
    metadata,
    Column("account", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("amount", Float, nullable=False),
    sqlite_with_rowid=False,
)

pulses = Table(
    "pulses",
    metadata,
    Column("source", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("seen", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("thread", Text),
    Column("cause_id", Integer, ForeignKey("causes.id")),
    Column("case_id", Integer, ForeignKey("cases.id")),
    Column("reason", Text),
    Column("voices", Integer),
    Column("message", JSON, nullable=False),
    Column("urgency", SmallInteger, nullable=False, server_default=text("3")),
    Column("state", Text, nullable=False),
    Column("is_doubtful", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("claimed_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("error", Text),
    Column("reference", Text),
    UniqueConstraint("target", "key"),
)
_partial("ix_outbox_due", OPEN, outbox.c.target, outbox.c.urgency, outbox.c.id)
Index("ix_outbox_cause", outbox.c.cause_id, outbox.c.target)
Index("ix_outbox_case", outbox.c.case_id, outbox.c.target)
_partial("ix_outbox_standing", STANDING, outbox.c.target, outbox.c.created_at)
_partial("ix_outbox_sent", "sent_at IS NOT NULL", outbox.c.target, outbox.c.sent_at)

told = Table(
    "told",
    metadata,
    Column("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),
    Column("target", Text, primary_key=True),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

reach = Table(
    "reach",
    metadata,
    Column("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("reposts", Integer),
    sqlite_with_rowid=False,
)

quoted = Table(
    "quoted",
    metadata,
    Column("post", Text, primary_key=True),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), primary_key=True),
    sqlite_with_rowid=False,
)

health = Table(
    "health",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_ok", UtcDateTime),
    Column("last_item", UtcDateTime),
    Column("troubled_since", UtcDateTime),
    Column("streak", Integer, nullable=False),
    Column("problem", Text),
    Column("is_permanent", Boolean, nullable=False),
    Column("resting_until", UtcDateTime),
    Column("told_at", UtcDateTime),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("matching", JSON, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    *_texts("by", "why"),
    Column("created_at", UtcDateTime, nullable=False),
)

digests = Table(
    "digests",
    metadata,
    Column("name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("is_sent", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

orders = Table(
    "orders",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("amount", Integer, nullable=False),
    sqlite_with_rowid=False,
)

surges = Table(
    "surges",
    metadata,
    Column("id", Integer, primary_key=True),
    *_texts("brand", "topic"),
    Column("platform", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("people", Integer, nullable=False),
    Column("peak", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    UniqueConstraint("brand", "topic", "platform", "found_at"),
)

surge_facts = Table(
    "surge_facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("surge_id", Integer, ForeignKey("surges.id"), nullable=False),
    *_texts("key", "mark", "by", "name", "via"),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    UniqueConstraint("surge_id", "key"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
