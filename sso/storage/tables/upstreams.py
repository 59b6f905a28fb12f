"""Other OpenID providers: browsers under way there, whom they know, which sessions began there."""

from sqlalchemy import ForeignKey, Index, LargeBinary, Table

from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

upstream_journey = Table(
    "upstream_journey",
    metadata,
    column("state", LargeBinary, primary_key=True, sensitive=True),
    column("upstream_id", Text, sensitive=False),
    column("pending_id", Text, sensitive=False),
    column("browser", LargeBinary, sensitive=True),
    column("started_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_upstream_journey_expires", "expires_at"),
)

upstream_identity = Table(
    "upstream_identity",
    metadata,
    column("upstream_id", Text, primary_key=True, sensitive=False),
    column("subject", Text, primary_key=True, sensitive=True),
    # deferred: of two first sign-ins at once the tie decides, before the account is made
    column(
        "account_id",
        Text,
        ForeignKey("account.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        sensitive=False,
    ),
    column("created_at", UtcDateTime, sensitive=False),
    Index("ix_upstream_identity_account", "account_id"),
)

upstream_session = Table(
    "upstream_session",
    metadata,
    column(
        "session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True, sensitive=False
    ),
    column("upstream_id", Text, sensitive=False),
    column("sub", Text, sensitive=True),
    column("sid", Text, optional=True, sensitive=True),  # absent: the upstream names no session
    column("id_token", LargeBinary, sensitive=True),
    column("created_at", UtcDateTime, sensitive=False),
    Index("ix_upstream_session_sub", "upstream_id", "sub"),
    Index("ix_upstream_session_sid", "upstream_id", "sid"),
)
