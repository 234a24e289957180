"""Digests, surges and reach: editions decided, orders, what was more than usual, and how posts spread."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('pending', 'sending')")


def upgrade() -> None:
    op.add_column("corrections", sa.Column("topic", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("urgency", sa.SmallInteger(), nullable=False, server_default=sa.text("3")))
    op.drop_index("ix_outbox_due", "outbox")
    due = ["target", "urgency", "id"]
    op.create_index("ix_outbox_due", "outbox", due, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_mentions_posted", "mentions", ["brand", "posted_at", "case_id"])
    op.create_table(
        "digests",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name="pk_digests"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reach",
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reposts", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_reach_mention_id"),
        sa.PrimaryKeyConstraint("mention_id", "at", name="pk_reach"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quoted",
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_quoted_outbox_id"),
        sa.PrimaryKeyConstraint("post", "outbox_id", name="pk_quoted"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "orders",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "day", name="pk_orders"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "surges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surges"),
        sa.UniqueConstraint("brand", "topic", "found_at", name="uq_surges_brand"),
    )
