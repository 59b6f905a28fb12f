"""Sign-in at other OpenID providers: browsers under way, whom they know, which sessions began there."""

import sqlalchemy as sa
from alembic import op

revision = "0010_upstreams"
down_revision = "0009_directory_conflicts"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
BYTES = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "upstream_journey",
        sa.Column("state", BYTES, nullable=False),
        sa.Column("upstream_id", TEXT, nullable=False),
        sa.Column("pending_id", TEXT, nullable=False),
        sa.Column("browser", BYTES, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_upstream_journey"),
    )
    op.create_index("ix_upstream_journey_expires", "upstream_journey", ["expires_at"])
    op.create_table(
        "upstream_identity",
        sa.Column("upstream_id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("upstream_id", "subject", name="pk_upstream_identity"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_upstream_identity_account_id",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_upstream_identity_account", "upstream_identity", ["account_id"])
    op.create_table(
        "upstream_session",
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("upstream_id", TEXT, nullable=False),
        sa.Column("sub", TEXT, nullable=False),
        sa.Column("sid", TEXT, nullable=True),
        sa.Column("id_token", BYTES, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_upstream_session"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_upstream_session_session_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_upstream_session_sub", "upstream_session", ["upstream_id", "sub"])
    op.create_index("ix_upstream_session_sid", "upstream_session", ["upstream_id", "sid"])
