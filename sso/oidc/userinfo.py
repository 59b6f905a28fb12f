"""The UserInfo endpoint (OpenID Connect Core 5.3)."""

from datetime import datetime

from sso.audit.event import UserinfoAccessed
from sso.audit.record import JsonValue
from sso.oidc import claims as claim
from sso.oidc.bearer import AccessToken
from sso.oidc.client import Client
from sso.oidc.client_jwt import (
    NoKeyToEncryptTo,
    Protection,
    client_jwt,
    require_key_to_encrypt_to,
    userinfo_protection,
)
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.grant import Grant
from sso.oidc.metadata import USERINFO_PATH
from sso.oidc.protected_resource import PresentedToken, require_access_token
from sso.oidc.roles import claims_for
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.target import is_meant_for_userinfo
from sso.oidc.token_scheme import TokenScheme


def userinfo(
    presented: PresentedToken, stores: Stores, provider: Provider, now: datetime
) -> dict[str, JsonValue] | str:
    """Return `sub` and the claims that the token's scope and claims request release.

    A client that registered for it gets them as a JWT, signed, encrypted or both (Core 5.3.2).

    Raises:
        BearerError: as `require_access_token` says, insufficient_scope for a token without openid,
            invalid_token for one that is another resource's, or invalid_request where the client has no key
            to encrypt to.
    """
    token = require_access_token(presented, stores, provider, now)
    if token.grant is None or token.subject is None or "openid" not in token.scope:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            "the token was not issued for openid",
            challenge=Challenge(presented.scheme, "openid"),
        )
    _require_own(token, token.grant, provider, presented.scheme)
    protection = _protection(token.client, provider)
    released = claim.release(
        claims_for(token.client, token.subject),
        claim.scope_claims(token.scope),
        token.grant.claims,
        "userinfo",
    )
    stores.audit.append(
        UserinfoAccessed(
            client_id=token.client_id,
            account_id=token.grant.account_id,
            session_id=token.grant.session_id,
            grant_id=token.grant.id,
            jti=token.jti,
            claims_released=frozenset(released),
        ),
        now,
    )
    claims: dict[str, JsonValue] = {**released, "sub": token.grant.sub}
    if protection is None:
        return claims
    claims |= {"iss": provider.settings.issuer, "aud": token.client_id, "iat": int(now.timestamp())}
    return client_jwt(claims, "JWT", protection, provider, now)


def _require_own(token: AccessToken, grant: Grant, provider: Provider, scheme: TokenScheme) -> None:
    """Refuse a token that is for another resource."""
    address = provider.settings.endpoint(USERINFO_PATH)
    if not is_meant_for_userinfo(token.client, grant, token.aud, address, provider.settings):
        raise BearerError(
            ErrorCode.INVALID_TOKEN,
            "the access token is for another resource",
            f"aud is {' '.join(token.aud)}",
            Challenge(scheme),
        )


def _protection(client: Client, provider: Provider) -> Protection | None:
    protection = userinfo_protection(client)
    if not protection.is_any:
        return None
    try:
        require_key_to_encrypt_to(protection, provider)
    except NoKeyToEncryptTo as error:
        raise BearerError(
            ErrorCode.INVALID_REQUEST, "the client has no key to encrypt the answer to", f"for {error}"
        ) from error
    return protection
