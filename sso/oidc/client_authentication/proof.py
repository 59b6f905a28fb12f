"""Find the client and have its credentials prove it; a failure is recorded."""

from datetime import datetime

from sso.audit.event import ClientAuthenticationFailed
from sso.oidc.client import Client, ClientAuthMethod, is_client_id
from sso.oidc.client_authentication.assertion import prove_assertion
from sso.oidc.client_authentication.credentials import Credentials, credentials_of
from sso.oidc.client_authentication.failure import NotProven
from sso.oidc.client_authentication.presented import Presented
from sso.oidc.client_authentication.secret import prove_secret
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

_SECRET_METHODS = frozenset({ClientAuthMethod.CLIENT_SECRET_BASIC, ClientAuthMethod.CLIENT_SECRET_POST})


def authenticate(presented: Presented, stores: Stores, provider: Provider, now: datetime) -> Client:
    """Return the client that the request proves to come from.

    Raises:
        TokenError: invalid_request for two methods at once, invalid_client otherwise; recorded.
    """
    try:
        credentials = credentials_of(presented)
    except TokenError as malformed:
        stores.audit.append(_failed(presented, "unclear", None, malformed.reason), now)
        raise
    client = stores.clients.get(credentials.client_id) if is_client_id(credentials.client_id) else None
    try:
        return _proven(client, credentials, stores, provider, now)
    except NotProven as failure:
        stores.audit.append(_failed(presented, credentials.method.value, client, str(failure)), now)
        raise TokenError(ErrorCode.INVALID_CLIENT, "client authentication failed", str(failure)) from failure


def _failed(
    presented: Presented, method: str, client: Client | None, reason: str
) -> ClientAuthenticationFailed:
    return ClientAuthenticationFailed(
        client_id=client.client_id if client else None,
        method=method,
        endpoint=presented.endpoint,
        reason=reason,
    )


def _proven(
    client: Client | None, credentials: Credentials, stores: Stores, provider: Provider, now: datetime
) -> Client:
    if client is None:
        raise NotProven("unknown client_id")
    same_kind = {client.auth_method, credentials.method} <= _SECRET_METHODS
    if client.auth_method is not credentials.method and not same_kind:
        raise NotProven(f"registered for {client.auth_method.value}")
    match credentials.method:
        case ClientAuthMethod.NONE:
            pass
        case ClientAuthMethod.CLIENT_SECRET_BASIC | ClientAuthMethod.CLIENT_SECRET_POST:
            prove_secret(client, credentials.secrets, now)
        case ClientAuthMethod.PRIVATE_KEY_JWT:
            prove_assertion(client, credentials.assertion, stores, provider, now)
    return client
