"""A logout notice: one client to be told that one session has ended (Back-Channel Logout 1.0)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotice:
    """A row of the outbox: told (`delivered_at`), given up (`gave_up_at`), or still being tried."""

    id: str
    session_id: str
    account_id: str
    client_id: str
    sub: str
    uri: str
    include_sid: bool
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None
    last_error: str = ""
