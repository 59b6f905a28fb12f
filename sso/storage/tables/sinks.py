"""How far each system outside of the house has the audit log."""

from sqlalchemy import BigInteger, Integer, Table

from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

audit_sink = Table(
    "audit_sink",
    metadata,
    column("name", Text, primary_key=True, sensitive=False),
    column("epoch", Integer, sensitive=False),
    column("next_index", BigInteger, sensitive=False),  # what is below in this epoch has been delivered
    column("delivered_at", UtcDateTime, optional=True, sensitive=False),  # absent: nothing has been yet
    column("failures", Integer, sensitive=False),
    column("failing_since", UtcDateTime, optional=True, sensitive=False),  # absent: the last try went well
    column("reason", Text, sensitive=False),
    column("missed", BigInteger, sensitive=False),
    column("missed_from", BigInteger, optional=True, sensitive=False),  # absent: nothing was missed just now
    column("holder", Text, sensitive=False),
    column("held_until", UtcDateTime, optional=True, sensitive=False),  # absent: no worker delivers to it
)
