"""Incidents: who has one, until when it is muted, and every step in it; our replies and authors are found quickly."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name, columns, of in (
        ("ix_mentions_reply", ["reply_to"], sa.text("reply_to IS NOT NULL AND is_own")),
        ("ix_mentions_author", ["author"], sa.text("author IS NOT NULL")),
    ):
        op.create_index(name, "mentions", columns, sqlite_where=of, postgresql_where=of)
    op.create_table(
        "incidents",
        sa.Column("cause_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("muted_until", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["cause_id"], ["causes.id"], name="fk_incidents_cause_id"),
        sa.PrimaryKeyConstraint("cause_id", name="pk_incidents"),
    )
    op.create_table(
        "incident_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cause_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["cause_id"], ["causes.id"], name="fk_incident_facts_cause_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incident_facts"),
        sa.UniqueConstraint("cause_id", "key", name="uq_incident_facts_cause_id"),
    )
