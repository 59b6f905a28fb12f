"""Events: authorizations that a client waits for while a person answers elsewhere."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredRequested:
    """A client began to wait for a person: behind a code on a device, or one it named (`grant_type`)."""

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
class DeferredWithdrawn:
    """A request that waited for one account was refused because that account may no longer be used."""

    code: ClassVar[str] = "authz.deferred.withdrawn"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCodeRejected:
    """Somebody typed a code that no device is showing; the code itself is not kept."""

    code: ClassVar[str] = "authz.user_code.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPinged:
    """A client that waited was told that its answer is there; it fetches the answer itself."""

    code: ClassVar[str] = "authz.deferred.pinged"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    http_status: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientNotPinged:
    """A client that waited could not be told yet, or (`final`) at all; polling works all the same."""

    code: ClassVar[str] = "authz.deferred.pinged"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    http_status: int | None
    attempts: int
    final: bool
    reason: str
