"""The first refresh token of a grant: where a family of them begins (RFC 9700 4.14.2)."""

from datetime import datetime

from sso.oidc.digest import digest, new_secret
from sso.oidc.grant import Grant, RefreshToken
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest


def begin_family(
    grant: Grant, request: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> str | None:
    """Remember and return the first refresh token; None for a grant that ends with its session.

    A public client's is bound to the key it has shown (RFC 9449 5, RFC 8705 4).
    """
    if not grant.offline:
        return None
    if request.client.public and request.confirmation is not None:
        stores.grants.bind(grant.id, request.confirmation)
    token = new_secret()
    expires_at = now + provider.settings.refresh_token_lifetime
    stores.refresh_tokens.add(
        RefreshToken(digest=digest(token), grant=grant, generation=1, expires_at=expires_at)
    )
    return token
