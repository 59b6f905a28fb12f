"""What tells a client that a session has ended: a notice by the back channel, a frame by the front channel.

Back-Channel Logout 1.0: the hub itself posts a logout token, and the client's answer confirms it.
Front-Channel Logout 1.0: the last page loads an address of the client in a frame, with whatever cookies the
browser still sends there; that a frame has loaded confirms nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

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
        return next_attempt(self.attempts, self.created_at + retry_for, now)


def next_attempt(attempts: int, ends: datetime, now: datetime) -> datetime | None:
    """Return when to try again after so many failures; None when the time for it is over."""
    if now >= ends:
        return None
    return min(now + BACKOFF[min(attempts, len(BACKOFF)) - 1], ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutFrame:
    """A client to be told through the browser: a page with its frame was sent, and what the browser reports.

    `sent_at` is absent until such a page was made; of `loaded_at` and `failed_at` (it took too long) one is
    set once the browser, by a script of ours, has told; without scripts it never does.
    """

    session_id: str
    client_id: str
    uri: str
    include_sid: bool
    created_at: datetime
    sent_at: datetime | None = None
    loaded_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def reported(self) -> bool:
        """Whether the browser has said how it went."""
        return self.loaded_at is not None or self.failed_at is not None

    def address(self, issuer: str) -> str:
        """Return the address to load: iss and sid come both or not at all (Front-Channel Logout 1.0, 2)."""
        if not self.include_sid:
            return self.uri
        mark = "&" if urlsplit(self.uri).query else "?"
        return f"{self.uri}{mark}{urlencode({'iss': issuer, 'sid': self.session_id})}"
