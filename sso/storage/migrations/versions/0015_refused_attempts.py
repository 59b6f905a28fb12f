"""How many attempts of a window were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0015_refused_attempts"
down_revision = "0014_audit_sinks"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "refused_attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window_started_at", TIME, nullable=False),
        sa.Column("key_class", TEXT, nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", "window_started_at", name=op.f("pk_refused_attempts")),
    )
    op.create_index("ix_refused_attempts_ends", "refused_attempts", ["ends_at"])
