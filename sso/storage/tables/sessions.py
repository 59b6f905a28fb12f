"""The journey of a browser: what waits, who is signed in, who must be told of the end, what is counted."""

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint, text

from sso.storage.columns import ForeignJson, Text, UtcDateTime, column
from sso.storage.tables.metadata import metadata

pending_authorization = Table(
    "pending_authorization",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("browser", LargeBinary, sensitive=True),
    column("client_id", Text, sensitive=False),
    column("params", ForeignJson, sensitive=True),
    column("asked_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("consented_at", UtcDateTime, optional=True, sensitive=False),  # absent: not answered yet
    column("consented_by", Text, optional=True, sensitive=False),  # absent: not answered yet
    column("account_selected_at", UtcDateTime, optional=True, sensitive=False),  # absent: not answered yet
    column("creation_offered_at", UtcDateTime, optional=True, sensitive=False),  # absent: not sent there
    column("pushed", LargeBinary, optional=True, sensitive=True),  # absent: came in the open
    Index("ix_pending_authorization_expires", "expires_at"),
)

pushed_authorization = Table(
    "pushed_authorization",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=True),
    column("client_id", Text, sensitive=False),
    column("params", ForeignJson, sensitive=True),
    column("expires_at", UtcDateTime, sensitive=False),
    column("kept_until", UtcDateTime, sensitive=False),
    Index("ix_pushed_authorization_kept", "kept_until"),
)

session = Table(
    "session",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("cookie", LargeBinary, sensitive=True),
    column("account_id", Text, sensitive=False),
    column("person_id", Text, sensitive=False),
    column("auth_time", UtcDateTime, sensitive=False),
    column("acr", Text, sensitive=False),
    column("amr", Text, sensitive=False),
    column("persona_chosen", Boolean, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("last_seen_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    column("ended_at", UtcDateTime, optional=True, sensitive=False),  # absent: it goes on
    column("ended_cause", Text, optional=True, sensitive=False),  # absent: it goes on
    UniqueConstraint("cookie"),
    Index("ix_session_account", "account_id"),
    Index("ix_session_ended", "ended_at"),
)
_GOES_ON = text("ended_at IS NULL")
Index("ix_session_expires", session.c.expires_at, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON)
Index("ix_session_last_seen", session.c.last_seen_at, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON)

session_client = Table(
    "session_client",
    metadata,
    column(
        "session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True, sensitive=False
    ),
    column("client_id", Text, primary_key=True, sensitive=False),
    column("joined_at", UtcDateTime, sensitive=False),
)

logout_notice = Table(
    "logout_notice",
    metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("session_id", Text, sensitive=False),
    column("account_id", Text, sensitive=False),
    column("client_id", Text, sensitive=False),
    column("sub", Text, sensitive=True),
    column("uri", Text, sensitive=False),
    column("include_sid", Boolean, sensitive=False),
    column("attempts", Integer, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("next_attempt_at", UtcDateTime, sensitive=False),  # while leased: when the lease ends
    column("delivered_at", UtcDateTime, optional=True, sensitive=False),  # absent: not told
    column("gave_up_at", UtcDateTime, optional=True, sensitive=False),  # absent: still tried or told
    column("last_error", Text, sensitive=False),
    UniqueConstraint("session_id", "client_id"),
    Index("ix_logout_notice_created", "created_at"),
)
_WAITS = text("delivered_at IS NULL AND gave_up_at IS NULL")
Index("ix_logout_notice_due", logout_notice.c.next_attempt_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
_IS_FRESH = text("delivered_at IS NULL AND gave_up_at IS NULL AND attempts = 0")
Index(
    "ix_logout_notice_fresh",
    logout_notice.c.next_attempt_at,
    sqlite_where=_IS_FRESH,
    postgresql_where=_IS_FRESH,
)

logout_frame = Table(
    "logout_frame",
    metadata,
    column("session_id", Text, primary_key=True, sensitive=False),
    column("client_id", Text, primary_key=True, sensitive=False),
    column("uri", Text, sensitive=False),
    column("include_sid", Boolean, sensitive=False),
    column("created_at", UtcDateTime, sensitive=False),
    column("sent_at", UtcDateTime, optional=True, sensitive=False),  # absent: no page with it was made
    column("loaded_at", UtcDateTime, optional=True, sensitive=False),  # absent: the browser did not say so
    column("failed_at", UtcDateTime, optional=True, sensitive=False),  # absent: the browser did not say so
    Index("ix_logout_frame_created", "created_at"),
)

one_time_value = Table(
    "one_time_value",
    metadata,
    column("digest", LargeBinary, primary_key=True, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_one_time_value_expires", "expires_at"),
)

throttle = Table(
    "throttle",
    metadata,
    column("key", LargeBinary, primary_key=True, sensitive=True),
    column("attempts", Integer, sensitive=False),
    column("window_started_at", UtcDateTime, sensitive=False),
    column("expires_at", UtcDateTime, sensitive=False),
    Index("ix_throttle_expires", "expires_at"),
)

refused_attempts = Table(
    "refused_attempts",
    metadata,
    column("key", LargeBinary, primary_key=True, sensitive=True),
    column("window_started_at", UtcDateTime, primary_key=True, sensitive=False),
    column("key_class", Text, sensitive=False),
    column("refused", Integer, sensitive=False),
    column("first_at", UtcDateTime, sensitive=False),
    column("last_at", UtcDateTime, sensitive=False),
    column("ends_at", UtcDateTime, sensitive=False),
    Index("ix_refused_attempts_ends", "ends_at"),
)
