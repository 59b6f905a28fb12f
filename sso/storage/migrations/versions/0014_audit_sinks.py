"""How far each sink has the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0014_audit_sinks"
down_revision = "0013_findings"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_sink",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("missed_from", sa.BigInteger(), nullable=True),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("held_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audit_sink")),
    )
