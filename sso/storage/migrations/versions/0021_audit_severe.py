"""What is of high or critical severity is found in the audit log without the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0021_audit_severe"
down_revision = "0020_audit_stays"
branch_labels = None
depends_on = None


def upgrade() -> None:
    severe = sa.text("severity >= 4")
    op.create_index(
        "ix_audit_event_severe",
        "audit_event",
        ["id", "severity"],
        sqlite_where=severe,
        postgresql_where=severe,
    )
