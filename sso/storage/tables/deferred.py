"""Authorizations that a client waits for while a person answers elsewhere, and who is told of the answer."""

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint, text

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

deferred_request = Table(
    "deferred_request",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("digest", LargeBinary, sensitive=True),
    column("grant_type", Text, sensitive=False),
    column("client_id", Text, sensitive=False),
    column("account_id", Text, optional=True, sensitive=False),  # absent: whoever has the user code
    column("user_code", LargeBinary, optional=True, sensitive=True),  # absent: nobody types one
    column("scope", Text, sensitive=False),
    column("resource", Text, sensitive=False),
    column("authorization_details", ForeignJson, sensitive=True),
    column("acr_values", Text, sensitive=False),
    column("binding_message", Text, optional=True, sensitive=True),  # absent: the client sent none
    column("address", Text, optional=True, sensitive=True),  # absent: not known
    column("user_agent", Text, optional=True, sensitive=True),  # absent: the client sent none
    column("asked_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("interval_seconds", Integer, sensitive=False),
    column("next_poll_at", UtcDateTime, sensitive=False),
    column("decided_at", UtcDateTime, optional=True, sensitive=False),  # absent: nobody has answered
    column(
        "grant_id",
        Text,
        ForeignKey("grant.id", ondelete="CASCADE"),
        optional=True,  # absent: nobody has answered, or the answer was no
        sensitive=False,
    ),
    column("redeemed_at", UtcDateTime, optional=True, sensitive=False),  # absent: not handed out yet
    column("notification", LargeBinary, optional=True, sensitive=True),  # absent: the client polls; sealed
    UniqueConstraint("digest"),
    UniqueConstraint("user_code"),
    Index("ix_deferred_request_grant", "grant_id"),
    Index("ix_deferred_request_expires", "expires_at"),
)
_UNANSWERED = text("decided_at IS NULL")
Index(
    "ix_deferred_request_account",
    deferred_request.c.account_id,
    deferred_request.c.asked_at,
    sqlite_where=_UNANSWERED,
    postgresql_where=_UNANSWERED,
)

ping = Table(
    "ping",
    metadata,
    column("request_id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, sensitive=False),
    column("uri", Text, sensitive=False),
    column("sealed", LargeBinary, sensitive=True),
    column("attempts", Integer, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("next_attempt_at", UtcDateTime, sensitive=False),  # while leased: when the lease ends
    column("delivered_at", UtcDateTime, optional=True, sensitive=False),  # absent: not told
    column("gave_up_at", UtcDateTime, optional=True, sensitive=False),  # absent: still tried or told
    column("last_error", Text, sensitive=False),
    Index("ix_ping_expires", "expires_at"),
)
_WAITS = text("delivered_at IS NULL AND gave_up_at IS NULL")
Index("ix_ping_due", ping.c.next_attempt_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
