"""Conflicts that directories bring wait for an officer."""

import sqlalchemy as sa
from alembic import op

revision = "0009_directory_conflicts"
down_revision = "0008_audit_anchors"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "directory_conflict",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("sides", sa.JSON(), nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("resolution", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_conflict")),
    )
    op.create_index("ix_directory_conflict_directory", "directory_conflict", ["directory_id", "found_at"])
    is_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "ux_directory_conflict_open",
        "directory_conflict",
        ["directory_id", "fingerprint"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
