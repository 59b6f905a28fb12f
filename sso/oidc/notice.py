"""A logout notice: one client to be told that one session has ended (Back-Channel Logout 1.0)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BACKOFF = tuple(timedelta(seconds=wait) for wait in (2, 5, 15, 60, 300, 900))
"""How long to wait after the first failure, the second...; after the last of these always as long."""


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

    def next_attempt(self, retry_for: timedelta, now: datetime) -> datetime | None:
        """Return when to try again after a failure at `now`; None when the time for it is over.

        The last attempt is made at the very end of that time, never earlier.
        """
        ends = self.created_at + retry_for
        if now >= ends:
            return None
        return min(now + BACKOFF[min(self.attempts, len(BACKOFF)) - 1], ends)
