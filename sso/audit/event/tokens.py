"""Events: the token, userinfo, introspection and revocation endpoints."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued:
    """Tokens were issued. `claims_released` are the names of claims in the ID token, `authorization_details`
    the types of what the access token is for (RFC 9396). `jti` is the access token's; absent where only an
    ID token was issued.
    """

    code: ClassVar[str] = "token.issued"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    grant_type: str
    jti: str | None
    aud: tuple[str, ...]
    scope: frozenset[str]
    expires_at: datetime
    claims_released: frozenset[str] = frozenset()
    id_token: bool = False
    refresh_token: bool = False
    authorization_details: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed:
    """A refresh token was used; `generation` counts the rotations of its family (the grant)."""

    code: ClassVar[str] = "token.refreshed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    generation: int
    within_grace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused:
    """A spent refresh token came back after its grace; the whole family was revoked."""

    code: ClassVar[str] = "token.refresh.reuse_detected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReused:
    """A redeemed code came back; everything issued from it was revoked."""

    code: ClassVar[str] = "code.reuse_detected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequestFailed:
    """A token request of an authenticated client was refused; `reason` is private."""

    code: ClassVar[str] = "token.request.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    grant_type: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthenticationFailed:
    """A client could not prove who it is; `client_id` is what it claimed, if registered.

    `method` is the one that was tried (RFC 7591 2), `unclear` where several were, or none that can be read.
    """

    code: ClassVar[str] = "client.auth.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str | None
    method: str
    endpoint: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIntrospected:
    """A resource server asked about a token. `client_id` is the caller."""

    code: ClassVar[str] = "token.introspected"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str | None = None
    grant_id: str | None = None
    jti: str | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoAccessed:
    """A client read claims about a person: names of claims, never values."""

    code: ClassVar[str] = "userinfo.accessed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    jti: str
    claims_released: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerRejected:
    """A protected endpoint was called with a token it did not accept; `reason` is private."""

    code: ClassVar[str] = "bearer.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str | None = None
    endpoint: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked:
    """A token or a whole grant was revoked by the client, a person, an officer or a rule (`by`)."""

    code: ClassVar[str] = "token.revoked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str | None
    account_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    jti: str | None = None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchanged:
    """A client exchanged somebody's token (`subject_grant_id` of `subject_client_id`) for one of its own.

    `actors` are the accounts and clients that act for the person, the one that acts now first;
    `impersonation` when the client acts without being among them.
    """

    code: ClassVar[str] = "token.exchanged"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    account_id: str
    session_id: str | None = None
    grant_id: str
    subject_client_id: str
    subject_grant_id: str
    subject_token_type: str
    actors: tuple[str, ...]
    impersonation: bool
    aud: tuple[str, ...]
    scope: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionAccepted:
    """A trusted issuer vouched for a person; a client got a token about them without their taking part."""

    code: ClassVar[str] = "token.assertion.accepted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    account_id: str
    grant_id: str
    issuer: str
