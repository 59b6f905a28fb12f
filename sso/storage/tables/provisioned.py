"""What departments bring over SCIM: users, groups, who is in which, and the values that filters compare."""

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Table, UniqueConstraint

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

provisioned_resource = Table(
    "provisioned_resource",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("directory_id", Text, sensitive=False),
    column("kind", Text, sensitive=False),
    column("name", Text, sensitive=True),
    column("account_id", Text, ForeignKey("account.id"), optional=True, sensitive=False),  # absent: a group
    column("active", Boolean, sensitive=False),
    column("attributes", ForeignJson, sensitive=True),
    column("version", Integer, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("updated_at", UtcDateTime, sensitive=False),
    UniqueConstraint("directory_id", "kind", "name"),
    Index("ix_provisioned_resource_page", "directory_id", "kind", "id"),
    Index("ix_provisioned_resource_account", "account_id"),
)

provisioned_value = Table(
    "provisioned_value",
    metadata,
    column(
        "resource_id",
        Text,
        ForeignKey("provisioned_resource.id", ondelete="CASCADE"),
        primary_key=True,
        sensitive=False,
    ),
    column("attribute", Text, primary_key=True, sensitive=False),
    column("place", Integer, primary_key=True, sensitive=False),
    column("directory_id", Text, sensitive=False),
    column("kind", Text, sensitive=False),
    column("key", Text, sensitive=True),
    Index("ix_provisioned_value_key", "directory_id", "kind", "attribute", "key"),
)

provisioned_member = Table(
    "provisioned_member",
    metadata,
    column(
        "group_id",
        Text,
        ForeignKey("provisioned_resource.id", ondelete="CASCADE"),
        primary_key=True,
        sensitive=False,
    ),
    column(
        "user_id",
        Text,
        ForeignKey("provisioned_resource.id", ondelete="CASCADE"),
        primary_key=True,
        sensitive=False,
    ),
    Index("ix_provisioned_member_user", "user_id"),
)
