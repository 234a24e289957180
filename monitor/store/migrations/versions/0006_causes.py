"""Causes: complaints that say the same; and digests of large stores, counted from indexes alone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
UNGATHERED = sa.text("case_id IS NOT NULL AND theme_id IS NULL AND forgotten_at IS NULL")
IN_CASE = sa.text("case_id IS NOT NULL")
LIVE = sa.text("total IS NOT NULL")


def upgrade() -> None:
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
    op.create_index("ix_cases_opened", "cases", ["opened_at", "brand", "state", "answered_at"])
    complaint = ["brand", "posted_at", "case_id", "platform", "author", "native_id", "theme_id"]
    op.create_index("ix_mentions_complaint", "mentions", complaint, sqlite_where=IN_CASE, postgresql_where=IN_CASE)
