"""The UserInfo endpoint (OpenID Connect Core 5.3)."""

from datetime import datetime

from sso.audit.event import UserinfoAccessed
from sso.audit.record import JsonValue
from sso.oidc import claims as claim
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.protected_resource import PresentedToken, require_access_token
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


def userinfo(
    presented: PresentedToken, stores: Stores, provider: Provider, now: datetime
) -> dict[str, JsonValue]:
    """Return `sub` and the claims that the token's scope and claims request release.

    Raises:
        BearerError: as `require_access_token` says, or insufficient_scope for a token without openid.
    """
    token = require_access_token(presented, stores, provider, now)
    if token.grant is None or token.subject is None or "openid" not in token.scope:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            "the token was not issued for openid",
            challenge=Challenge(presented.scheme, "openid"),
        )
    released = claim.release(
        token.subject.claims, claim.scope_claims(token.scope), token.grant.claims.userinfo
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
    return {**released, "sub": token.grant.sub}
