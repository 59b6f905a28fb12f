"""What departments bring over SCIM, and passwords that their owners must change."""

import sqlalchemy as sa
from alembic import op

revision = "0012_provisioned"
down_revision = "0011_security_events"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
FOREIGN_JSON = sa.JSON()


def upgrade() -> None:
    op.add_column(
        "password_credential",
        sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "provisioned_resource",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("attributes", FOREIGN_JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_provisioned_resource_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisioned_resource")),
        sa.UniqueConstraint(
            "directory_id", "kind", "name", name=op.f("uq_provisioned_resource_directory_id_kind_name")
        ),
    )
    op.create_index("ix_provisioned_resource_page", "provisioned_resource", ["directory_id", "kind", "id"])
    op.create_index("ix_provisioned_resource_account", "provisioned_resource", ["account_id"])
    op.create_table(
        "provisioned_value",
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("attribute", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("directory_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        _to_resource("provisioned_value", "resource_id"),
        sa.PrimaryKeyConstraint("resource_id", "attribute", "place", name=op.f("pk_provisioned_value")),
    )
    op.create_index(
        "ix_provisioned_value_key", "provisioned_value", ["directory_id", "kind", "attribute", "key"]
    )
    op.create_table(
        "provisioned_member",
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        _to_resource("provisioned_member", "group_id"),
        _to_resource("provisioned_member", "user_id"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_provisioned_member")),
    )
    op.create_index("ix_provisioned_member_user", "provisioned_member", ["user_id"])


def _to_resource(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["provisioned_resource.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )
