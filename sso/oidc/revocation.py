"""Token revocation (RFC 7009): 200 for whatever is not a live token of the caller's."""

from datetime import datetime

from sso.audit.event import TokenRevoked
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client
from sso.oidc.digest import digest
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


def revoke(text: str, caller: Client, stores: Stores, provider: Provider, now: datetime) -> None:
    """Revoke a token of the caller: an access token alone, a refresh token with its whole family."""
    refresh_token = None if "." in text else stores.refresh_tokens.get(digest(text))  # a JWT has dots
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
        token = live_access_token(text, stores, provider, now)
    except TokenNotLive:
        return
    if token.client_id != caller.client_id:
        return
    stores.denied_tokens.add(token.jti, token.expires_at)
    event = TokenRevoked(
        client_id=caller.client_id,
        account_id=token.grant.account_id if token.grant else None,
        session_id=token.grant.session_id if token.grant else None,
        grant_id=token.grant.id if token.grant else None,
        jti=token.jti,
        by="client",
    )
    stores.audit.append(event, now)
