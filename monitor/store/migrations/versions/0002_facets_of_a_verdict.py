"""Verdicts say more than yes or no: sentiment, intent, severity, arousal, and the language with its standing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("sentiment", sa.Text(), nullable=True))
    op.add_column("verdicts", sa.Column("intent", sa.Text(), nullable=True))
    op.add_column("verdicts", sa.Column("severity", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("verdicts", sa.Column("arousal", sa.Float(), nullable=True))
    op.add_column("verdicts", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("verdicts", sa.Column("is_measured", sa.Boolean(), server_default=sa.text("true"), nullable=False))
