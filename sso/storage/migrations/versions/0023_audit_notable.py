"""Failures, and what is of more than informational severity, are found in the audit log without the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0023_audit_notable"
down_revision = "0022_audit_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    notable = sa.text("severity >= 2 OR outcome = 'failure'")
    op.create_index(
        "ix_audit_event_notable",
        "audit_event",
        ["id", "severity", "outcome"],
        sqlite_where=notable,
        postgresql_where=notable,
    )
