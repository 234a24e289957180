"""Surges on a platform, and what people said about surges."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
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
