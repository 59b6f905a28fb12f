"""What an authorization gave: the grant, its code, and its family of refresh tokens."""

from dataclasses import dataclass, field
from datetime import datetime

from sso.oidc.claims import ClaimsRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An authorization by one account for one client; all tokens that descend from it share its id.

    `session_id` is the browser session it came from. `offline` grants (offline_access) outlive that
    session. Revoking the grant revokes every token of it. `nonce`, `auth_time`, `acr`, `amr` are
    copied into every ID token, also on refresh (OpenID Connect Core 12.2).
    """

    id: str
    client_id: str
    account_id: str
    sub: str
    session_id: str
    scope: frozenset[str]
    claims: ClaimsRequest
    nonce: str | None
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    offline: bool
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """An authorization code, known only by its digest (RFC 6749 4.1.2, RFC 7636)."""

    digest: bytes = field(repr=False)
    grant: Grant
    redirect_uri: str
    code_challenge: str | None
    expires_at: datetime
    redeemed_at: datetime | None = None


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
