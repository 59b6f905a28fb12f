"""Who outside of the house vouched for which checkpoint of the audit log."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Table

from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

audit_cosignature = Table(
    "audit_cosignature",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("size", BigInteger, primary_key=True, sensitive=False),
    column("witness_key", Text, primary_key=True, sensitive=False),
    column("line", Text, sensitive=False),
    column("cosigned_at", UtcDateTime, sensitive=False),
    Index("ix_audit_cosignature_witness", "witness_key", "epoch", "size"),
)

audit_timestamp = Table(
    "audit_timestamp",
    metadata,
    column("epoch", Integer, primary_key=True, sensitive=False),
    column("size", BigInteger, primary_key=True, sensitive=False),
    column("authority", Text, sensitive=False),
    column("token", LargeBinary, sensitive=False),  # an RFC 3161 response over the checkpoint's text
    column("stamped_at", UtcDateTime, sensitive=False),
)

audit_anchor_trouble = Table(
    "audit_anchor_trouble",
    metadata,
    column("anchor", Text, primary_key=True, sensitive=False),  # a witness's key, or the time stamp authority
    column("failures", Integer, sensitive=False),
    column("since", UtcDateTime, sensitive=False),
    column("reason", Text, sensitive=False),
    column("conflict", BigInteger, optional=True, sensitive=False),  # absent: nobody contradicts the log
)
"""Whoever does not vouch for the log at the moment, and why; no row for those who do."""
