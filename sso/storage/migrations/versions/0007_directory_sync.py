"""What the synchronisation of department directories remembers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_directory_sync"
down_revision = "0006_audit_others"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
CLEAN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "directory_sync",
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("server", TEXT, nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=True),
        sa.Column("full_at", TIME, nullable=True),
        sa.Column("tried_at", TIME, nullable=True),
        sa.Column("lease_holder", TEXT, nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("directory_id", name=op.f("pk_directory_sync")),
    )
    op.create_table(
        "directory_run",
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("counts", CLEAN_JSON, nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("approved_at", TIME, nullable=True),
        sa.Column("approved_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("directory_id", "number", name=op.f("pk_directory_run")),
    )
    op.create_index("ix_directory_run_started", "directory_run", ["started_at"])
    op.create_table(
        "directory_person",
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("immutable_id", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("left_at", TIME, nullable=True),
        sa.Column("left_in", sa.Integer(), nullable=True),
        sa.Column("access_ended_at", TIME, nullable=True),
        sa.Column("proposed_in", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("directory_id", "immutable_id", name=op.f("pk_directory_person")),
        sa.UniqueConstraint("directory_id", "number", name=op.f("uq_directory_person_directory_id_number")),
    )
    left = sa.text("left_at IS NOT NULL")
    op.create_index(
        "ix_directory_person_left",
        "directory_person",
        ["directory_id", "left_at"],
        sqlite_where=left,
        postgresql_where=left,
    )
    op.create_table(
        "directory_purged",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("purged_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_directory_purged")),
    )
