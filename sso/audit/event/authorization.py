"""Events: the authorization endpoint."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationAccepted:
    """A client's authorization request was valid and is pending. `reference_prefix` is that of
    `authz.request.pushed` where it was pushed ahead.
    """

    code: ClassVar[str] = "authz.request.accepted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    redirect_host: str
    scope: frozenset[str]
    claims_requested: frozenset[str]
    acr_values: tuple[str, ...]
    prompt: frozenset[str]
    pkce: bool
    reference_prefix: str | None = None
    authorization_details: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPushed:
    """A client sent an authorization request ahead. `reference_prefix` is the start of its request_uri's
    SHA-256, in hex; a browser must bring the request_uri before `expires_at`.
    """

    code: ClassVar[str] = "authz.request.pushed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    reference_prefix: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRejected:
    """An authorization request was refused, pushed ahead or in a browser; `reason` is private and never
    shown.
    """

    code: ClassVar[str] = "authz.request.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str | None = None
    error: str
    reason: str
    account_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGranted:
    """A person allowed a client to receive what the page listed. `authorization_details` are types (RFC
    9396); `details_digest` is the SHA-256 of what they said, as JSON with sorted keys and no spaces, in hex.
    """

    code: ClassVar[str] = "consent.granted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str | None = None
    scope: frozenset[str]
    claims: frozenset[str]
    authorization_details: frozenset[str] = frozenset()
    details_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDenied:
    """A person refused, or cancelled the request."""

    code: ClassVar[str] = "consent.denied"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str | None = None
    session_id: str | None = None
    scope: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued:
    """An authorization code was issued. `code_prefix` is the start of its SHA-256, in hex."""

    code: ClassVar[str] = "code.issued"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    scope: frozenset[str]
    code_prefix: str
    pkce: bool
