"""Audit entries name others than their person, holds keep what would go, trees have a minimum index."""

import sqlalchemy as sa
from alembic import op

revision = "0006_audit_others"
down_revision = "0005_departures"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    for name in ("actor_ref", "about_ref", "others"):
        op.add_column("audit_event", sa.Column(name, sa.LargeBinary(), nullable=True))
    for name in ("actor_ref", "about_ref"):
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_audit_event_{name}", "audit_event", [name, "id"], sqlite_where=known, postgresql_where=known
        )
    op.add_column("audit_head", sa.Column("minimum_index", sa.BigInteger(), nullable=True))
    op.create_table(
        "audit_hold",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.Column("lifted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_hold")),
    )
