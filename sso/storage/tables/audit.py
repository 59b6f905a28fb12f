"""The audit trail: one row an event, found by time and by every identifier it carries.

Rows point at nothing: they outlive everything they speak of. The id is a UUID version 7, so that the
primary key is the order of time and each index ends with it: a page of any question is one range.
"""

from sqlalchemy import Index, Integer, LargeBinary, Table, text

from sso.storage.columns import CleanJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

audit_event = Table(
    "audit_event",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("event", Text, sensitive=False),
    column("occurred_at", UtcDateTime, sensitive=False),
    column("outcome", Text, sensitive=False),
    column("severity", Integer, sensitive=False),
    column("client_id", Text, optional=True, sensitive=False),  # absent: no client took part
    column("account_id", Text, optional=True, sensitive=False),  # absent: nobody was known
    column("session_id", Text, optional=True, sensitive=False),  # absent: no session took part
    column("grant_id", Text, optional=True, sensitive=False),  # absent: no grant took part
    column("request_id", Text, optional=True, sensitive=False),  # absent: a command or a timer
    column("address", Text, optional=True, sensitive=True),  # absent: a command or a timer
    column("address_bytes", LargeBinary, optional=True, sensitive=True),  # 16 bytes, IPv4 as ::ffff:0:0/96
    column("origin", CleanJson, sensitive=True),
    column("detail", CleanJson, sensitive=True),
    Index("ix_audit_event_event", "event", "id"),
    Index("ix_audit_event_occurred", "occurred_at", "outcome"),
)

for _name in ("client_id", "account_id", "session_id", "grant_id", "request_id", "address_bytes"):
    _known = text(f"{_name} IS NOT NULL")
    Index(
        f"ix_audit_event_{_name}",
        audit_event.c[_name],
        audit_event.c.id,
        sqlite_where=_known,
        postgresql_where=_known,
    )
