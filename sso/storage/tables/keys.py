"""Signing keys."""

from sqlalchemy import Index, LargeBinary, Table, text

from sso.storage.columns import CleanJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

signing_key = Table(
    "signing_key",
    metadata,
    column("kid", Text, primary_key=True, sensitive=False),
    column("alg", Text, sensitive=False),
    column("private", LargeBinary, sensitive=True),  # sealed: PKCS #8 DER, or the PKCS #11 address of the key
    column("public_jwk", CleanJson, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("active_from", UtcDateTime, sensitive=False),
    column("retired_at", UtcDateTime, optional=True, sensitive=False),  # absent: not retired
    column("published_until", UtcDateTime, optional=True, sensitive=False),  # absent: without an end
    column("activated_at", UtcDateTime, optional=True, sensitive=False),  # absent: taking over not recorded
    column("revoked_at", UtcDateTime, optional=True, sensitive=False),  # absent: not revoked
)
_WITHOUT_END = text("retired_at IS NULL")
Index(  # two rotations at once: one key of an algorithm has no end, so only one can add a successor
    "ix_signing_key_alg",
    signing_key.c.alg,
    unique=True,
    sqlite_where=_WITHOUT_END,
    postgresql_where=_WITHOUT_END,
)
