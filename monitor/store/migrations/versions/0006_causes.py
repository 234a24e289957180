"""Causes with an identity, digests counted from indexes alone, surges on a platform, incidents with an owner."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
UNGATHERED = sa.text("case_id IS NOT NULL AND theme_id IS NULL AND forgotten_at IS NULL")
IN_CASE = sa.text("case_id IS NOT NULL")
LIVE = sa.text("total IS NOT NULL")
OUR_REPLY = sa.text("reply_to IS NOT NULL AND is_own")


def upgrade() -> None:
    _themes()
    _counts_of_digests()
    _surges()
    _incidents()


def _themes() -> None:
    op.create_table(
        "themes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("total", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_mention", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_themes"),
    )
    live = ["brand", "space", "last_mention"]
    op.create_index("ix_themes_live", "themes", live, sqlite_where=LIVE, postgresql_where=LIVE)
    op.add_column("mentions", sa.Column("theme_id", sa.Integer(), nullable=True))
    op.add_column("mentions", sa.Column("theme_near", sa.Float(), nullable=True))
    op.create_index("ix_mentions_ungathered", "mentions", ["id"], sqlite_where=UNGATHERED, postgresql_where=UNGATHERED)
    themed = sa.text("theme_id IS NOT NULL")
    columns = ["theme_id", "posted_at"]
    op.create_index("ix_mentions_theme", "mentions", columns, sqlite_where=themed, postgresql_where=themed)


def _counts_of_digests() -> None:
    op.create_index("ix_cases_opened", "cases", ["opened_at", "brand", "state", "answered_at"])
    complaint = ["brand", "posted_at", "case_id", "platform", "author", "native_id", "theme_id"]
    op.create_index("ix_mentions_complaint", "mentions", complaint, sqlite_where=IN_CASE, postgresql_where=IN_CASE)


def _surges() -> None:
    with op.batch_alter_table("surges") as surges:
        surges.add_column(sa.Column("platform", sa.Text(), nullable=False, server_default=""))
        surges.drop_constraint("uq_surges_brand", type_="unique")
        surges.create_unique_constraint("uq_surges_brand", ["brand", "topic", "platform", "found_at"])
    op.create_table(
        "surge_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("surge_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["surge_id"], ["surges.id"], name="fk_surge_facts_surge_id"),
        sa.PrimaryKeyConstraint("id", name="pk_surge_facts"),
        sa.UniqueConstraint("surge_id", "key", name="uq_surge_facts_surge_id"),
    )


def _incidents() -> None:
    op.create_index("ix_mentions_reply", "mentions", ["reply_to"], sqlite_where=OUR_REPLY, postgresql_where=OUR_REPLY)
    known = sa.text("author IS NOT NULL")
    op.create_index("ix_mentions_author", "mentions", ["author"], sqlite_where=known, postgresql_where=known)
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
