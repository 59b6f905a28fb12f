"""Accept an access token of ours at a protected resource (RFC 6750, RFC 9068 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.errors import BearerError, ErrorCode
from sso.oidc.grant import Grant
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

ACCESS_TOKEN_TYPES = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A live access token: signed by us, not expired, not revoked, its account in use.

    `grant` and `subject` are None for a client acting for itself.
    """

    jti: str
    client_id: str
    aud: tuple[str, ...]
    scope: frozenset[str]
    grant: Grant | None
    subject: Subject | None
    claims: Mapping[str, JsonValue]


class TokenNotLive(Exception):
    """The token is not, or no longer, good; the text is private."""


def live_access_token(text: str, stores: Stores, provider: Provider, now: datetime) -> AccessToken:
    """Return what an access token says, if it may still be used.

    Raises:
        TokenNotLive: malformed, foreign, expired, revoked, its account disabled, or its client removed.
    """
    try:
        claims = verify_own(text, provider.keys, ACCESS_TOKEN_TYPES)
    except TokenInvalid as error:
        raise TokenNotLive(str(error)) from error
    exp = claims.get("exp")
    if claims.get("iss") != provider.settings.issuer or not isinstance(exp, int) or now.timestamp() >= exp:
        raise TokenNotLive("expired, or of another issuer")
    jti = str(claims.get("jti"))
    if stores.denied_tokens.denied(jti):
        raise TokenNotLive("revoked by its jti")
    client_id = str(claims.get("client_id"))
    if stores.clients.get(client_id) is None:
        raise TokenNotLive("the client was removed")
    grant, subject = _grant(jti, stores)
    return AccessToken(
        jti=jti,
        client_id=client_id,
        aud=_audience(claims.get("aud")),
        scope=frozenset(str(claims.get("scope", "")).split()),
        grant=grant,
        subject=subject,
        claims=claims,
    )


def _grant(jti: str, stores: Stores) -> tuple[Grant | None, Subject | None]:
    """The jti of a token about a person begins with its grant's id."""
    grant_id, dot, _ = jti.partition(".")
    if not dot:
        return None, None
    grant = stores.grants.get(grant_id)
    if grant is None or grant.revoked_at is not None:
        raise TokenNotLive("the grant is revoked")
    subject = stores.subjects.get(grant.account_id)
    if subject is None or not subject.active:
        raise TokenNotLive("the account is disabled")
    return grant, subject


def _audience(aud: JsonValue) -> tuple[str, ...]:
    return tuple(str(value) for value in aud) if isinstance(aud, list) else (str(aud),)


def require_access_token(text: str, stores: Stores, provider: Provider, now: datetime) -> AccessToken:
    """Return a live token, or refuse as RFC 6750 3.1 says.

    Raises:
        BearerError: invalid_token.
    """
    try:
        return live_access_token(text, stores, provider, now)
    except TokenNotLive as error:
        raise BearerError(
            ErrorCode.INVALID_TOKEN, "the access token is invalid, expired or revoked", str(error)
        ) from error
