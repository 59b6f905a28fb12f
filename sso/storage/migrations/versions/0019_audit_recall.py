"""Entries of archived months that applications asked the receipts of."""

import sqlalchemy as sa
from alembic import op

revision = "0019_audit_recall"
down_revision = "0018_finding_groups"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_recall",
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("try_at", TIME, nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_recall")),
    )
    op.create_index("ix_audit_recall_client_id", "audit_recall", ["client_id"])
    op.create_index("ix_audit_recall_expires_at", "audit_recall", ["expires_at"])
    waiting = sa.text("body IS NULL")
    op.create_index(
        "ix_audit_recall_waiting",
        "audit_recall",
        ["try_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
