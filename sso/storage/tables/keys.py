"""Signing keys."""

from sqlalchemy import LargeBinary, Table

from sso.storage.columns import CleanJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

signing_key = Table(
    "signing_key",
    metadata,
    column("kid", Text, primary_key=True, sensitive=False),
    column("alg", Text, sensitive=False),
    column("private", LargeBinary, sensitive=True),  # PKCS #8 DER, sealed
    column("public_jwk", CleanJson, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("active_from", UtcDateTime, sensitive=False),
    column("retired_at", UtcDateTime, optional=True, sensitive=False),  # absent: not retired
    column("published_until", UtcDateTime, optional=True, sensitive=False),  # absent: without an end
)
