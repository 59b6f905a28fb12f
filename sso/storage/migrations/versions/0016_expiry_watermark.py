"""How far the ends of what expires by itself are on record."""

import sqlalchemy as sa
from alembic import op

revision = "0016_expiry_watermark"
down_revision = "0015_refused_attempts"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "expiry_watermark",
        sa.Column("expiring", TEXT, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("expiring", name=op.f("pk_expiry_watermark")),
    )
