"""Whom nobody answers, and until when; posts by the name that the server where they were seen has for them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("mentions", sa.Column("seen_as", sa.Text(), nullable=True))
    op.create_table(
        "restraints",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_restraints_case_id"),
        sa.PrimaryKeyConstraint("author", "platform", "brand", name="pk_restraints"),
        sqlite_with_rowid=False,
    )
