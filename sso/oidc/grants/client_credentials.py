"""grant_type=client_credentials (RFC 6749 4.4): an application acts for itself, `sub` is its client_id."""

from datetime import datetime

from sso.oidc.claims import PROTOCOL_SCOPES, SCOPE_CLAIMS
from sso.oidc.client import GrantType
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.issuance import Issuance, issue
from sso.oidc.reach import reach_of
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest


def grant(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Return an access token for the client itself; scopes about a person are never in it.

    Raises:
        TokenError: invalid_scope, something is asked for that is not registered or speaks of a person;
            invalid_target, a resource that is not registered.
    """
    if request.client.public:
        raise TokenError(ErrorCode.UNAUTHORIZED_CLIENT, "a public client cannot act for itself")
    allowed = request.client.scope - set(PROTOCOL_SCOPES) - set(SCOPE_CLAIMS)
    asked = request.optional("scope")
    scope = allowed if asked is None else frozenset(asked.split())
    if not scope <= allowed:
        raise TokenError(ErrorCode.INVALID_SCOPE, "a requested scope is not available to the client itself")
    return issue(
        Issuance(
            grant_type=GrantType.CLIENT_CREDENTIALS,
            client=request.client,
            grant=None,
            subject=None,
            scope=scope,
            confirmation=request.confirmation,
            reach=reach_of(request, None),
        ),
        stores,
        provider,
        now,
    )
