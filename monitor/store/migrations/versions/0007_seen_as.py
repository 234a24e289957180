"""Posts are looked up by the name that the server where they were seen has for them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("mentions", sa.Column("seen_as", sa.Text(), nullable=True))
