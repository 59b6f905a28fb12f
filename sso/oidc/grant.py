"""What an authorization gave: the grant, its code, and its family of refresh tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.claims import ClaimsRequest
from sso.oidc.confirmation import Confirmation


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An authorization by one account for one client; all tokens that descend from it share its id.

    `session_id` is the browser session it came from; None for one that no browser took part in (a JWT
    as authorization grant). `offline` grants (offline_access) outlive that session. Revoking the grant
    revokes every token of it. `nonce`, `auth_time`, `acr`, `amr` are copied into every ID token, also
    on refresh (OpenID Connect Core 12.2). `resource` are the granted resource indicators (RFC 8707),
    `authorization_details` the granted ones of RFC 9396. `confirmation` binds the refresh tokens of a
    public client to its key (RFC 9449 5, RFC 8705 4); `act` is who acts for the subject (RFC 8693 4.1), by
    account and client. `ends_at` ends a grant that has neither code nor refresh token.
    """

    id: str
    client_id: str
    account_id: str
    sub: str
    session_id: str | None
    scope: frozenset[str]
    claims: ClaimsRequest
    nonce: str | None
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    offline: bool
    created_at: datetime
    revoked_at: datetime | None = None
    resource: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, JsonValue], ...] = ()
    confirmation: Confirmation | None = None
    act: Mapping[str, JsonValue] | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """An authorization code, known only by its digest (RFC 6749 4.1.2, RFC 7636).

    `dpop_jkt` is the thumbprint of the key that must redeem it (RFC 9449 10).
    """

    digest: bytes = field(repr=False)
    grant: Grant
    redirect_uri: str
    code_challenge: str | None
    expires_at: datetime
    redeemed_at: datetime | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One member of a refresh token family (RFC 9700 4.14.2), known only by its digest.

    `successor` is the next token sealed under a key that only the bearer of this one can derive:
    within the grace the same successor is returned again.
    """

    digest: bytes = field(repr=False)
    grant: Grant
    generation: int
    expires_at: datetime
    used_at: datetime | None = None
    successor: bytes | None = field(default=None, repr=False)
