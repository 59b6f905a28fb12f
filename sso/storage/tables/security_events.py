"""Security events on their way to applications."""

from sqlalchemy import Boolean, Index, Integer, Table, text

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

security_event = Table(
    "security_event",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, sensitive=False),
    column("kind", Text, sensitive=False),
    column("account_id", Text, optional=True, sensitive=False),  # absent: it speaks of nobody
    column("sub", Text, optional=True, sensitive=True),  # absent: it speaks of nobody
    column("detail", ForeignJson, sensitive=False),
    column("pushed", Boolean, sensitive=False),
    column("occurred_at", UtcDateTime, sensitive=False),
    column("attempts", Integer, sensitive=False),
    column("next_attempt_at", UtcDateTime, sensitive=False),  # while leased: when the lease ends
    column("delivered_at", UtcDateTime, optional=True, sensitive=False),  # absent: not confirmed
    column("gave_up_at", UtcDateTime, optional=True, sensitive=False),  # absent: still tried or confirmed
    column("last_error", Text, sensitive=False),
    Index("ix_security_event_occurred", "occurred_at"),
)
_WAITS = text("delivered_at IS NULL AND gave_up_at IS NULL")
Index(
    "ix_security_event_due",
    security_event.c.pushed,
    security_event.c.next_attempt_at,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)
Index(
    "ix_security_event_client",
    security_event.c.client_id,
    security_event.c.occurred_at,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)
