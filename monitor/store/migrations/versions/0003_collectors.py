"""Real platforms: what is known of posts and authors, gaps, what was spent, and how much a source usually brings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _mentions()
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("end", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sa.UniqueConstraint("source", "start", "end", name=op.f("uq_gaps_source")),
    )
    op.create_table(
        "spending",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account", "unit", "hour", name=op.f("pk_spending")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pulses",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name=op.f("pk_pulses")),
        sqlite_with_rowid=False,
    )


def _mentions() -> None:
    op.add_column("mentions", sa.Column("author_since", MOMENT, nullable=True))
    op.add_column("mentions", sa.Column("rating", sa.SmallInteger(), nullable=True))
    op.add_column("mentions", sa.Column("context", sa.Text(), nullable=True))
    for name in ("edited_at", "looked_at", "missed_at", "forgotten_at"):
        op.add_column("mentions", sa.Column(name, MOMENT, nullable=True))
    op.execute("UPDATE mentions SET looked_at = collected_at")
    for name, column, condition in (
        ("ix_mentions_look", "looked_at", "forgotten_at IS NULL"),
        ("ix_mentions_missed", "missed_at", "missed_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "mentions", ["platform", column], sqlite_where=where, postgresql_where=where)
