"""Token revocation (RFC 7009): 200 for whatever is not a live token of the caller's."""

from datetime import UTC, datetime

from sso.audit.event import TokenRevoked
from sso.oidc.bearer import ACCESS_TOKEN_TYPES
from sso.oidc.client import Client
from sso.oidc.digest import digest
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


def revoke(text: str, caller: Client, stores: Stores, provider: Provider, now: datetime) -> None:
    """Revoke a token of the caller: an access token alone, a refresh token with its whole family."""
    refresh_token = stores.refresh_tokens.get(digest(text))
    if refresh_token is not None:
        grant = refresh_token.grant
        if grant.client_id == caller.client_id and stores.grants.revoke(grant.id, now):
            event = TokenRevoked(
                client_id=caller.client_id,
                account_id=grant.account_id,
                session_id=grant.session_id,
                grant_id=grant.id,
                by="client",
            )
            stores.audit.append(event, now)
        return
    _revoke_access_token(text, caller, stores, provider, now)


def _revoke_access_token(
    text: str, caller: Client, stores: Stores, provider: Provider, now: datetime
) -> None:
    try:
        claims = verify_own(text, provider.keys, ACCESS_TOKEN_TYPES)
    except TokenInvalid:
        return
    exp, jti = claims.get("exp"), str(claims.get("jti"))
    if claims.get("client_id") != caller.client_id or not isinstance(exp, int) or exp <= now.timestamp():
        return
    stores.denied_tokens.add(jti, datetime.fromtimestamp(exp, UTC))
    stores.audit.append(TokenRevoked(client_id=caller.client_id, jti=jti, by="client"), now)
