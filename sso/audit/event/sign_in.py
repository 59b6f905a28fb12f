"""Events: signing in and out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSucceeded:
    """A person proved who they are."""

    code: ClassVar[str] = "auth.login.success"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    client_id: str | None = None
    directory_id: str | None
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed:
    """A sign-in failed. `status_code` as in audit.md 2c; a typed name appears only as keyed HMAC."""

    code: ClassVar[str] = "auth.login.failure"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    client_id: str | None = None
    directory_id: str | None
    status_code: str
    name_hmac: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated:
    """A browser session began."""

    code: ClassVar[str] = "session.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReused:
    """A service was reached without a new sign-in."""

    code: ClassVar[str] = "session.sso_reused"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str
    auth_age_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEndedByUser:
    """A person signed out, or replaced the session by another sign-in (`cause`)."""

    code: ClassVar[str] = "session.ended.user"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    client_id: str | None = None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEndedByTimeout:
    """A session reached its idle or absolute limit (`cause`)."""

    code: ClassVar[str] = "session.ended.timeout"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEndedByOfficer:
    """A session was ended because of what an officer or a rule did (`cause`)."""

    code: ClassVar[str] = "session.ended.admin"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    session_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutPropagated:
    """A client confirmed a back-channel logout token."""

    code: ClassVar[str] = "logout.propagated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str | None = None
    account_id: str | None = None
    channel: str
    http_status: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotPropagated:
    """A client did not confirm a logout token; `final` when the hub has given up."""

    code: ClassVar[str] = "logout.propagated"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    session_id: str | None = None
    account_id: str | None = None
    channel: str
    http_status: int | None
    attempts: int
    final: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutCapApplied:
    """A notice to a client was given up: what the client receives about people is short-lived from now on."""

    code: ClassVar[str] = "logout.cap.applied"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    session_id: str
    lifetime_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutCapLifted:
    """A capped client confirmed a logout token: what it receives lives as long as anyone else's again."""

    code: ClassVar[str] = "logout.cap.lifted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str
    capped_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRejected:
    """A sign-out request carried a hint or address that cannot be honoured."""

    code: ClassVar[str] = "logout.request.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """Attempts were refused before any credential was checked. `key_class` is account or network."""

    code: ClassVar[str] = "ratelimit.triggered"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str | None = None
    key_class: str
    key_hmac: str
    count: int
    retry_after_seconds: int
