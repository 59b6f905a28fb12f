"""Why an account may not be used, and when its directory was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0005_departures"
down_revision = "0004_name_key"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.add_column("account", sa.Column("disabled_for", TEXT, nullable=True))
    op.add_column("account", sa.Column("state_checked_at", TIME, nullable=True))
    # until now only officers disabled accounts: a directory must not let one in again
    op.execute("UPDATE account SET disabled_for = 'officer' WHERE disabled_at IS NOT NULL")
