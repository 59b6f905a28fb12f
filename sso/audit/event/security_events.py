"""Events: who was told of security events, and who confirmed them."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventDelivered:
    """An application confirmed a security event token, pushed (RFC 8935) or polled (RFC 8936)."""

    code: ClassVar[str] = "security_event.delivered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str | None = None
    jti: str
    event_type: str
    delivery: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventNotDelivered:
    """An application did not take a security event token; `final` when the hub does not try again."""

    code: ClassVar[str] = "security_event.delivered"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    account_id: str | None = None
    jti: str
    event_type: str
    delivery: str
    http_status: int | None
    attempts: int
    final: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventsVerified:
    """An operator sent an application a verification event (SSF 1.0 8.1.4); `jti` is its token's."""

    code: ClassVar[str] = "security_event.verification"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    jti: str
    source: str
