"""Digests of large stores: complaints and new cases of a span are counted from an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IN_CASE = sa.text("case_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_cases_opened", "cases", ["opened_at", "brand", "state", "answered_at"])
    op.create_index(
        "ix_mentions_complaint",
        "mentions",
        ["brand", "posted_at", "case_id", "platform", "author", "native_id"],
        sqlite_where=IN_CASE,
        postgresql_where=IN_CASE,
    )
