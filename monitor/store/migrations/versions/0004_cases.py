"""Cases of single customers: what was called a case is the cause that many of them may share."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
IN_CASE = sa.text("case_id IS NOT NULL")
STANDING = sa.text("reason IS NOT NULL AND thread IS NULL")
IN_CAUSE = sa.text("cause_id IS NOT NULL")


def upgrade() -> None:
    _name_causes()
    _cases()
    _facts()
    for table in ("mentions", "outbox"):
        _refer_to_cases(table)
    for name, columns in (
        ("ix_mentions_case", ["case_id"]),
        ("ix_mentions_voice", ["cause_id", "author"]),
        ("ix_mentions_copy", ["fingerprint"]),
    ):
        op.create_index(name, "mentions", columns, sqlite_where=IN_CASE, postgresql_where=IN_CASE)
    op.create_index("ix_outbox_case", "outbox", ["case_id", "target"])
    op.create_table(
        "copies",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_copies_mention_id"),
        sa.PrimaryKeyConstraint("key", "mention_id", name="pk_copies"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_copies_mention_id", "copies", ["mention_id"])
    standing = ["target", "created_at"]
    op.create_index("ix_outbox_standing", "outbox", standing, sqlite_where=STANDING, postgresql_where=STANDING)
    _open_what_waits()


def _name_causes() -> None:
    op.drop_index("ix_mentions_case", "mentions")
    op.drop_index("ix_outbox_case", "outbox")
    op.rename_table("cases", "causes")
    for table in ("mentions", "outbox"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN case_id TO cause_id")
    if op.get_bind().dialect.name == "postgresql":
        for table, old, new in (
            ("causes", "pk_cases", "pk_causes"),
            ("mentions", "fk_mentions_case_id", "fk_mentions_cause_id"),
            ("outbox", "fk_outbox_case_id", "fk_outbox_cause_id"),
        ):
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
        op.execute("ALTER SEQUENCE cases_id_seq RENAME TO causes_id_seq")
    of_cause = ["cause_id", "posted_at"]
    op.create_index("ix_mentions_cause", "mentions", of_cause, sqlite_where=IN_CAUSE, postgresql_where=IN_CAUSE)
    op.create_index("ix_outbox_cause", "outbox", ["cause_id", "target"])


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cause_id", sa.Integer(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=True),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("told_at", "taken_at", "answered_at", "updated_at")),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("done_at", "ended_at", "snoozed_until", "due_at")),
        sa.ForeignKeyConstraint(["cause_id"], ["causes.id"], name="fk_cases_cause_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_cause_id", "cases", ["cause_id"])
    op.create_index("ix_cases_due_at", "cases", ["due_at"])


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key", "step", "by", "name", "via")),
        sa.Column("at", MOMENT, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("remedy", "note", "evidence")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_facts_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.UniqueConstraint("case_id", "key", name="uq_facts_case_id"),
    )


def _refer_to_cases(table: str) -> None:
    # SQLite adds no constraint to a table that exists, but takes one with the column.
    op.execute(f"ALTER TABLE {table} ADD COLUMN case_id INTEGER CONSTRAINT fk_{table}_case_id REFERENCES cases (id)")


def _open_what_waits() -> None:
    """Each complaint that some target has not heard of gets a case; what was told stays as it was told."""
    op.execute(
        "INSERT INTO cases (id, cause_id, brand, topic, opened_at, last_at, level, reasons, state, version)"
        " SELECT m.id, m.cause_id, m.brand, c.topic, m.posted_at, m.posted_at, 3, '[]', 'new', 0"
        " FROM mentions m JOIN causes c ON c.id = m.cause_id WHERE m.stage = 2"
    )
    op.execute("UPDATE mentions SET case_id = id WHERE stage = 2 AND cause_id IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval('cases_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM cases), false)")
