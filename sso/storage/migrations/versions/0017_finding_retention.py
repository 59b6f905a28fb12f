"""Findings that were closed long ago are found by that."""

import sqlalchemy as sa
from alembic import op

revision = "0017_finding_retention"
down_revision = "0016_expiry_watermark"
branch_labels = None
depends_on = None


def upgrade() -> None:
    condition = sa.text("closed_as IS NOT NULL")
    op.create_index(
        "ix_finding_closed_at",
        "finding",
        ["changed_at"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
