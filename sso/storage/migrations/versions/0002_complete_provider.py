"""What the complete provider remembers: resources, details and keys of grants, secrets that sign."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_complete_provider"
down_revision = "0001_first"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
FOREIGN_JSON = sa.JSON()
CLEAN_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("grant", sa.Column("resource", TEXT, nullable=True))
    op.add_column("grant", sa.Column("authorization_details", FOREIGN_JSON, nullable=True))
    op.add_column("grant", sa.Column("confirmation", CLEAN_JSON, nullable=True))
    op.add_column("grant", sa.Column("act", CLEAN_JSON, nullable=True))
    op.add_column("authorization_code", sa.Column("dpop_jkt", TEXT, nullable=True))
    op.add_column("client_secret", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_index("ix_client_secret_expires", "client_secret", ["expires_at"])
