"""What people allowed and what was issued: consents, grants, codes, tokens."""

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, Table, text

from sso.storage.columns import CleanJson, ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

consent = Table(
    "consent",
    metadata,
    column("account_id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, primary_key=True, sensitive=False),
    column("scope", Text, sensitive=False),
    column("claims", Text, sensitive=False),
    column("granted_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("authorization_details", ForeignJson, optional=True, sensitive=True),  # absent: none were allowed
    Index("ix_consent_client", "client_id"),
    Index("ix_consent_expires", "expires_at"),
)

grant = Table(
    "grant",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, sensitive=False),
    column("account_id", Text, sensitive=False),
    column("sub", Text, sensitive=True),
    column("session_id", Text, sensitive=False),  # "": no browser session took part
    column("scope", Text, sensitive=False),
    column("claims", Text, sensitive=False),
    column("nonce", Text, optional=True, sensitive=True),  # absent: the client sent none
    column("auth_time", UtcDateTime, sensitive=False),
    column("acr", Text, sensitive=False),
    column("amr", Text, sensitive=False),
    column("offline", Boolean, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("revoked_at", UtcDateTime, optional=True, sensitive=False),  # absent: in force
    column("resource", Text, optional=True, sensitive=False),  # absent: no resource was named
    column("authorization_details", ForeignJson, optional=True, sensitive=True),  # absent: none were granted
    column("confirmation", CleanJson, optional=True, sensitive=False),  # absent: bound to no key
    column("act", CleanJson, optional=True, sensitive=True),  # absent: the subject acts alone
    column("ends_at", UtcDateTime, optional=True, sensitive=False),  # absent: with its last code or token
    Index("ix_grant_session", "session_id"),
    Index("ix_grant_account", "account_id"),
    Index("ix_grant_client", "client_id"),
)
_ENDS = text("ends_at IS NOT NULL")
Index("ix_grant_ends", grant.c.ends_at, sqlite_where=_ENDS, postgresql_where=_ENDS)

grant_origin = Table(
    "grant_origin",
    metadata,
    column("grant_id", Text, ForeignKey("grant.id", ondelete="CASCADE"), primary_key=True, sensitive=False),
    column("origin_id", Text, primary_key=True, sensitive=False),
    Index("ix_grant_origin_origin", "origin_id"),
)

authorization_code = Table(
    "authorization_code",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=True),
    column("grant_id", Text, ForeignKey("grant.id", ondelete="CASCADE"), sensitive=False),
    column("redirect_uri", Text, sensitive=False),
    column("code_challenge", Text, optional=True, sensitive=False),  # absent: no PKCE
    column("expires_at", UtcDateTime, sensitive=False),
    column("redeemed_at", UtcDateTime, optional=True, sensitive=False),  # absent: not used yet
    column("dpop_jkt", Text, optional=True, sensitive=False),  # absent: any key may redeem it
    Index("ix_authorization_code_grant", "grant_id"),
    Index("ix_authorization_code_expires", "expires_at"),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=True),
    column("grant_id", Text, ForeignKey("grant.id", ondelete="CASCADE"), sensitive=False),
    column("generation", Integer, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("used_at", UtcDateTime, optional=True, sensitive=False),  # absent: not used yet
    column("successor", LargeBinary, optional=True, sensitive=True),  # absent: not used yet
    Index("ix_refresh_token_grant", "grant_id"),
    Index("ix_refresh_token_expires", "expires_at"),
)

access_token = Table(
    "access_token",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=True),
    column("claims", ForeignJson, sensitive=True),
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_access_token_expires", "expires_at"),
)

denied_token = Table(
    "denied_token",
    metadata,
    column("jti", Text, primary_key=True, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_denied_token_expires", "expires_at"),
)
