"""Conflicts that directories bring, each with both its sides, until an officer decides."""

from sqlalchemy import Index, Table, text

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

directory_conflict = Table(
    "directory_conflict",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("directory_id", Text, sensitive=False),
    column("kind", Text, sensitive=False),
    column("fingerprint", Text, sensitive=True),
    column("sides", ForeignJson, sensitive=True),
    column("found_at", UtcDateTime, sensitive=False),
    column("seen_at", UtcDateTime, sensitive=False),
    column("resolved_at", UtcDateTime, optional=True, sensitive=False),  # absent: open
    column("resolution", Text, optional=True, sensitive=False),  # absent: open
    column("reason", Text, optional=True, sensitive=True),  # absent: open
    Index("ix_directory_conflict_directory", "directory_id", "found_at"),
)
_IS_OPEN = text("resolved_at IS NULL")
Index(
    "ux_directory_conflict_open",
    directory_conflict.c.directory_id,
    directory_conflict.c.fingerprint,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
