"""Events: signing in and out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSucceeded:
    """A person proved who they are; at another provider where `upstream_id` is given, on its level.

    `password_in_name` is same where the password had been typed as a name before, on this way in.
    """

    code: ClassVar[str] = "auth.login.success"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    client_id: str | None = None
    directory_id: str | None
    acr: str
    amr: tuple[str, ...]
    upstream_id: str | None = None
    upstream_acr: str | None = None
    password_in_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed:
    """A sign-in failed. `status_code` as in audit.md 2c; a typed name appears only as keyed HMAC.

    `upstream_id` is the provider at which it was tried, where no name was typed here. `password_in_name` is
    same where the password had been typed as a name before, likely where an unknown name looks like one.
    """

    code: ClassVar[str] = "auth.login.failure"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    client_id: str | None = None
    directory_id: str | None
    status_code: str
    name_hmac: str
    reason: str = ""
    upstream_id: str | None = None
    password_in_name: str | None = None


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
    """A person signed out, here or at the upstream, or replaced the session by another sign-in (`cause`).

    The cause `reported` is a session that they ended from another one, as not theirs.
    """

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
    """A session was ended because of what an officer or a rule did (`cause`); `reason` is what was given."""

    code: ClassVar[str] = "session.ended.admin"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    session_id: str
    cause: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEndedByDirectory:
    """A session was ended because of what a directory says of the person (`reason`)."""

    code: ClassVar[str] = "session.ended.directory"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    session_id: str
    cause: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsViewed:
    """An operator looked at sessions: one, those of a person's account, or (neither given) all that go on."""

    code: ClassVar[str] = "session.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    session_id: str | None = None
    count: int
    source: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitEnded:
    """A time in which attempts were refused is over: all that were, exactly, and the first and last of them.

    `key_class` and `key_hmac` are those of `ratelimit.triggered`. Attempts are let through from `until` on.
    """

    code: ClassVar[str] = "ratelimit.ended"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    key_class: str
    key_hmac: str
    refused: int
    first_at: datetime
    last_at: datetime
    until: datetime
