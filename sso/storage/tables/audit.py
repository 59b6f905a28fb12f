"""The audit log: entries, the Merkle tree over them, and the notes that sign it.

An entry is inserted and never changed: triggers refuse it, on PostgreSQL the hub's role has no right to, and
old months go as whole partitions. Its id is a UUID version 7, so that the primary key is the order of time,
each index ends with it, and a page of any question is one range. Who and where are sealed; what finds them
are keyed digests (`*_ref`).
"""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, Table, UniqueConstraint, text

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
    column("session_id", Text, optional=True, sensitive=False),  # absent: no session took part
    column("grant_id", Text, optional=True, sensitive=False),  # absent: no grant took part
    column("request_id", Text, optional=True, sensitive=False),  # absent: a command or a timer
    column("account_ref", LargeBinary, optional=True, sensitive=True),  # absent: nobody was known
    column("address_ref", LargeBinary, optional=True, sensitive=True),  # absent: a command or a timer
    column("network_ref", LargeBinary, optional=True, sensitive=True),  # absent: a command or a timer
    column("actor_ref", LargeBinary, optional=True, sensitive=True),  # absent: nobody acted for another
    column("about_ref", LargeBinary, optional=True, sensitive=True),  # absent: nobody was asked about
    column("body", LargeBinary, sensitive=False),  # what the leaf hashes: tells of nobody
    column("sealed", LargeBinary, optional=True, sensitive=True),  # absent: it tells of nobody at all
    column("key_id", Text, optional=True, sensitive=False),  # absent: nothing is sealed
    column("others", LargeBinary, optional=True, sensitive=True),  # absent: it names nobody else
    Index("ix_audit_event_event", "event", "id"),
    Index("ix_audit_event_occurred", "occurred_at", "outcome"),
    postgresql_partition_by="RANGE (id)",
)

for _name in (
    "client_id",
    "session_id",
    "grant_id",
    "request_id",
    "account_ref",
    "address_ref",
    "network_ref",
    "actor_ref",
    "about_ref",
):
    _known = text(f"{_name} IS NOT NULL")
    Index(
        f"ix_audit_event_{_name}",
        audit_event.c[_name],
        audit_event.c.id,
        sqlite_where=_known,
        postgresql_where=_known,
    )

_SEVERE = text("severity >= 4")
"""A planner takes the index below only for a statement that says this, too, with the number written out."""

Index(
    "ix_audit_event_severe",
    audit_event.c.id,
    audit_event.c.severity,
    sqlite_where=_SEVERE,
    postgresql_where=_SEVERE,
)

_NOTABLE = text("severity >= 2 OR outcome = 'failure'")
"""What is not everybody's daily success; a statement says one of the two in these words."""

Index(
    "ix_audit_event_notable",
    audit_event.c.id,
    audit_event.c.severity,
    audit_event.c.outcome,
    sqlite_where=_NOTABLE,
    postgresql_where=_NOTABLE,
)

audit_event_before_log = Table(
    "audit_event_before_log",
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
    column("address_bytes", LargeBinary, optional=True, sensitive=True),  # absent: no address
    column("origin", CleanJson, sensitive=True),
    column("detail", CleanJson, sensitive=True),
)
"""Events of a hub that did not have the log yet: taken into it by the worker, then deleted."""

audit_pending = Table(
    "audit_pending",
    metadata,
    column("event_id", Text, primary_key=True, sensitive=False),
    column("leaf_hash", LargeBinary, sensitive=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("origin", Text, sensitive=False),
    column("size", BigInteger, sensitive=False),
    column("frontier", LargeBinary, sensitive=False),
    column("opened_at", UtcDateTime, sensitive=False),
    column("minimum_index", BigInteger, optional=True, sensitive=False),  # absent: nothing has gone yet
    column("counted", BigInteger, optional=True, sensitive=False),  # absent: nothing in audit_hour yet
)

audit_leaf = Table(
    "audit_leaf",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("leaf_index", BigInteger, primary_key=True, sensitive=False),
    column("event_id", Text, sensitive=False),
    column("leaf_hash", LargeBinary, sensitive=False),
    UniqueConstraint("event_id"),
)

audit_tile = Table(
    "audit_tile",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("level", Integer, primary_key=True, sensitive=False),
    column("number", BigInteger, primary_key=True, sensitive=False),
    column("root", LargeBinary, sensitive=False),
    column("hashes", LargeBinary, sensitive=False),
)

audit_hour = Table(
    "audit_hour",
    metadata,
    column("hour", UtcDateTime, primary_key=True, sensitive=False),  # its first moment
    column("event", Text, primary_key=True, sensitive=False),
    column("outcome", Text, primary_key=True, sensitive=False),
    column("severity", Integer, primary_key=True, sensitive=False),
    column("client_id", Text, primary_key=True, sensitive=False),  # "": no client took part
    column("events", BigInteger, sensitive=False),
    postgresql_with={"fillfactor": 50},
)
"""How many entries of a kind have their places, hour by hour of their own time: derived from them.

Those below `audit_head.counted` are in it: all, unless a release that counts nothing gave places meanwhile.
Rows of the hour that is now change many times a second: the free half of a page takes what replaces them.
"""

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("size", BigInteger, primary_key=True, sensitive=False),
    column("root", LargeBinary, sensitive=False),
    column("note", Text, sensitive=False),
    column("signed_at", UtcDateTime, sensitive=False),
)

audit_log_key = Table(
    "audit_log_key",
    metadata,
    column("name", Text, primary_key=True, sensitive=False),
    column("public", LargeBinary, primary_key=True, sensitive=False),
    column("private", LargeBinary, sensitive=True),  # Ed25519, sealed
    column("created_at", UtcDateTime, sensitive=False),
    column("retired_at", UtcDateTime, optional=True, sensitive=False),  # absent: it signs
)

audit_recall = Table(
    "audit_recall",
    metadata,
    column("event_id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, sensitive=False),  # who asked first
    column("try_at", UtcDateTime, sensitive=False),
    column("failed", Boolean, sensitive=False),
    column("body", LargeBinary, optional=True, sensitive=False),  # absent: it was not read yet
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_audit_recall_client_id", "client_id"),
    Index("ix_audit_recall_expires_at", "expires_at"),
)
"""Entries of archived months that applications asked the receipts of, for as long as they may fetch them."""

Index(
    "ix_audit_recall_waiting",
    audit_recall.c.try_at,
    sqlite_where=text("body IS NULL"),
    postgresql_where=text("body IS NULL"),
)

audit_hold = Table(
    "audit_hold",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("subject_id", Text, sensitive=False),  # ids of a person, by spaces; "": the whole log
    column("set_at", UtcDateTime, sensitive=False),
    column("lifted_at", UtcDateTime, optional=True, sensitive=False),  # absent: it holds
)
