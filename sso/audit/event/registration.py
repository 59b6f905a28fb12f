"""Events: applications that register themselves, and the tokens that let them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTokenCreated:
    """An initial access token was made: its bearer may register applications.

    `uses` is absent where it may be used any number of times; `imposed` is what each of them gets.
    """

    code: ClassVar[str] = "registration.token.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    token_id: str
    label: str
    uses: int | None
    expires_at: datetime
    imposed: Mapping[str, JsonValue]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTokenRevoked:
    """An initial access token was revoked; what was registered with it stays."""

    code: ClassVar[str] = "registration.token.revoked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    token_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistrationRefused:
    """An application that would register itself, or manage its registration, was refused.

    `operation` is register, read, update or remove; `token_id` the initial access token, where one was shown
    that is known.
    """

    code: ClassVar[str] = "client.registration.refused"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str | None = None
    operation: str
    error: str
    reason: str
    token_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistrationRead:
    """An application read its own registration with its registration access token."""

    code: ClassVar[str] = "client.registration.read"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAdopted:
    """An officer took over an application that had registered itself: its own access to that has ended."""

    code: ClassVar[str] = "client.adopted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    source: str
