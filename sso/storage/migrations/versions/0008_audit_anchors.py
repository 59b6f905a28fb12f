"""Cosignatures of witnesses, time stamps, and what keeps them from coming."""

import sqlalchemy as sa
from alembic import op

revision = "0008_audit_anchors"
down_revision = "0007_directory_sync"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_cosignature",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("witness_key", TEXT, nullable=False),
        sa.Column("line", TEXT, nullable=False),
        sa.Column("cosigned_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "size", "witness_key", name=op.f("pk_audit_cosignature")),
    )
    op.create_index("ix_audit_cosignature_witness", "audit_cosignature", ["witness_key", "epoch", "size"])
    op.create_table(
        "audit_timestamp",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("authority", TEXT, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "size", name=op.f("pk_audit_timestamp")),
    )
    op.create_table(
        "audit_anchor_trouble",
        sa.Column("anchor", TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("conflict", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("anchor", name=op.f("pk_audit_anchor_trouble")),
    )
