"""Registered applications, their secrets, and settings that change while the hub runs."""

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, Table

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

client = Table(
    "client",
    metadata,
    column("client_id", Text, primary_key=True, sensitive=False),
    column("client_name", Text, sensitive=False),
    column("auth_method", Text, sensitive=False),
    column("sector", Text, sensitive=False),
    column("trusted", Boolean, sensitive=False),
    column("registration", ForeignJson, sensitive=False),  # RFC 7591 metadata, never a secret
    column("created_at", UtcDateTime, sensitive=False),
    column("updated_at", UtcDateTime, sensitive=False),
    column("logout_unconfirmed_since", UtcDateTime, optional=True, sensitive=False),  # absent: not capped
)

client_secret = Table(
    "client_secret",
    metadata,
    column("client_id", Text, ForeignKey("client.client_id", ondelete="CASCADE"), sensitive=False),
    column("digest", LargeBinary, primary_key=True, sensitive=True),
    column("expires_at", UtcDateTime, optional=True, sensitive=False),  # absent: the current one
    column("created_at", UtcDateTime, sensitive=False),
    column("sealed", LargeBinary, optional=True, sensitive=True),  # absent: never needed but for comparing
    Index("ix_client_secret_client", "client_id"),
    Index("ix_client_secret_expires", "expires_at"),
)

client_resource = Table(
    "client_resource",
    metadata,
    column("resource", Text, primary_key=True, sensitive=False),
    column(
        "client_id",
        Text,
        ForeignKey("client.client_id", ondelete="CASCADE"),
        primary_key=True,
        sensitive=False,
    ),
    Index("ix_client_resource_client", "client_id"),
)

initial_access_token = Table(
    "initial_access_token",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("digest", LargeBinary, sensitive=True),
    column("label", Text, sensitive=False),
    column("metadata", ForeignJson, sensitive=False),  # imposed on whoever registers with it
    column("uses_left", Integer, optional=True, sensitive=False),  # absent: any number
    column("created_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("revoked_at", UtcDateTime, optional=True, sensitive=False),  # absent: in force
    Index("ix_initial_access_token_digest", "digest", unique=True),
    Index("ix_initial_access_token_expires", "expires_at"),
)

registration_access_token = Table(
    "registration_access_token",
    metadata,
    column(
        "client_id",
        Text,
        ForeignKey("client.client_id", ondelete="CASCADE"),
        primary_key=True,
        sensitive=False,
    ),
    column("digest", LargeBinary, sensitive=True),
    column("previous", LargeBinary, optional=True, sensitive=True),  # absent: its successor was used
    column("rotated_at", UtcDateTime, sensitive=False),
)

setting = Table(
    "setting",
    metadata,
    column("key", Text, primary_key=True, sensitive=False),
    column("value", Text, sensitive=False),
)
