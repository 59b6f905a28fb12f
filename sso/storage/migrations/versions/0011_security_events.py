"""Security events on their way to applications."""

import sqlalchemy as sa
from alembic import op

revision = "0011_security_events"
down_revision = "0010_upstreams"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "security_event",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("sub", TEXT, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("pushed", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("gave_up_at", TIME, nullable=True),
        sa.Column("last_error", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_security_event"),
    )
    waits = sa.text("delivered_at IS NULL AND gave_up_at IS NULL")
    op.create_index("ix_security_event_occurred", "security_event", ["occurred_at"])
    op.create_index(
        "ix_security_event_due",
        "security_event",
        ["pushed", "next_attempt_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index(
        "ix_security_event_client",
        "security_event",
        ["client_id", "occurred_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
