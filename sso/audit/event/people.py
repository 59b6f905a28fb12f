"""Events: people and their accounts."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated:
    """An account came into being; `source` is command, directory, console or upstream."""

    code: ClassVar[str] = "account.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    person_id: str
    kind: str
    source: str
    directory_id: str | None = None
    upstream_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated:
    """Claims of an account changed: names of claims, never values."""

    code: ClassVar[str] = "account.updated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    claims_changed: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDisabled:
    """An account can no longer be used; `reason` is what its directory says, or an officer wrote."""

    code: ClassVar[str] = "account.disabled"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnabled:
    """A disabled account can be used again."""

    code: ClassVar[str] = "account.enabled"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStateUnknown:
    """Nothing was issued about an account: its directory is away, and what it said last is too old."""

    code: ClassVar[str] = "account.state.unknown"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDisabled:
    """A person can no longer be anyone here: every account of theirs, and any that they are given later."""

    code: ClassVar[str] = "person.disabled"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    person_id: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnabled:
    """A disabled person can use again those of their accounts that are enabled."""

    code: ClassVar[str] = "person.enabled"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    person_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangeStarted:
    """A clerk's directory is asked next to exchange a password; nothing is judged of the old or the new yet.

    What became of it follows as `credential.password.changed`: where nothing does, ask the directory. A typed
    name appears only as keyed HMAC.
    """

    code: ClassVar[str] = "credential.password.change.begun"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str | None = None
    directory_id: str
    name_hmac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged:
    """A password was set for the first time or by its owner.

    `source` is directory for a clerk's own there, hub for a clerk's whose department uses SCIM.

    The account is absent when the directory showed no entry, neither before the change nor after it.
    """

    code: ClassVar[str] = "credential.password.changed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordNotChanged:
    """A clerk's password was not changed. `status_code` is the directory's verdict on the old or the new one.

    A typed name appears only as keyed HMAC.
    """

    code: ClassVar[str] = "credential.password.changed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    client_id: str | None = None
    directory_id: str
    status_code: str
    name_hmac: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """A password was replaced by someone else than its owner."""

    code: ClassVar[str] = "credential.password.reset"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted:
    """A person received an officer's role."""

    code: ClassVar[str] = "admin.role.granted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    person_id: str
    role: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked:
    """A person lost an officer's role."""

    code: ClassVar[str] = "admin.role.revoked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    person_id: str
    role: str
    source: str
