"""Events: authorizations that a client waits for while a person answers elsewhere."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredRequested:
    """A client began to wait for a person: a device showed a code (`grant_type` says which flow)."""

    code: ClassVar[str] = "authz.deferred.requested"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str | None = None
    grant_type: str
    scope: frozenset[str]
    acr_values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredAllowed:
    """A person allowed what a waiting client asked for; the client fetches it from the token endpoint."""

    code: ClassVar[str] = "authz.deferred.allowed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str
    grant_id: str
    grant_type: str
    scope: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredRejected:
    """A request to wait for a person was refused before anybody was asked; `reason` is private."""

    code: ClassVar[str] = "authz.deferred.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCodeRejected:
    """Somebody typed a code that no device is showing; the code itself is not kept."""

    code: ClassVar[str] = "authz.user_code.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    session_id: str | None = None
