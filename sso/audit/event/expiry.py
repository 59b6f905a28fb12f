"""Events: what came to its end by itself, because its time was over. `at` is when it did."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenExpired:
    """A refresh token expired that could still have been used: the client must ask the person anew."""

    code: ClassVar[str] = "token.refresh.expired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesExpired:
    """Codes of a client expired that nobody had redeemed: `count` of them, from `since` to `until`."""

    code: ClassVar[str] = "code.expired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    count: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentExpired:
    """What a person had allowed a client ended: they are asked again."""

    code: ClassVar[str] = "consent.expired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretExpired:
    """A client's earlier secret ended; only the one that replaced it is accepted."""

    code: ClassVar[str] = "client.secret.expired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTokenExpired:
    """An initial access token expired that could still have been used; what was registered with it stays."""

    code: ClassVar[str] = "registration.token.expired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    token_id: str
    label: str
    at: datetime
