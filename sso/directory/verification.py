"""What a directory answered when a clerk's password was put to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso.directory.entry import Entry


class DirectoryUnavailable(Exception):
    """The directory could not answer. The text is private: for the audit event and the operator."""


class AccountState(StrEnum):
    """The same words for every vendor; only OK lets the clerk in."""

    OK = "ok"
    MUST_CHANGE = "must_change"
    EXPIRED = "expired"
    LOCKED = "locked"
    DISABLED = "disabled"
    ACCOUNT_EXPIRED = "account_expired"
    NOT_NOW = "not_now"
    BAD_CREDENTIALS = "bad_credentials"
    POLICY = "policy"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of one bind.

    `password_proven` is true only when the server's answer proves that the password was right: unless it
    is, a page must show LOCKED and DISABLED exactly like BAD_CREDENTIALS, because some servers say
    "locked" to a wrong password too. `expires_in_seconds` or `expires_at` (UTC) say when the password ends,
    `grace_logins` how often one may still sign in although it has; None when the server said nothing.
    `reason` is private ASCII text for the audit event.
    """

    state: AccountState
    password_proven: bool = False
    expires_in_seconds: int | None = None
    expires_at: datetime | None = None
    grace_logins: int | None = None
    reason: str = ""

    def seconds_left(self, now: datetime) -> int | None:
        """Seconds until the password ends, 0 when it has and a grace login was used; None when unknown."""
        if self.grace_logins is not None:
            return 0
        if self.expires_at is not None:
            return max(0, int((self.expires_at - now).total_seconds()))
        return self.expires_in_seconds


@dataclass(frozen=True, slots=True)
class Authentication:
    """A verification and the entry it speaks of; None when no single entry bears the login name.

    `contested` are two entries that both bear it, or the same immutable id.
    """

    verification: Verification
    entry: Entry | None
    contested: tuple[Entry, ...] = ()
