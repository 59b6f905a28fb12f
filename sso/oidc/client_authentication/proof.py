"""Find the client and have its credentials prove it; a failure is recorded."""

from datetime import datetime
from typing import assert_never

from sso.audit.event import ClientAuthenticationFailed
from sso.oidc.client import Client, ClientAuthMethod, is_client_id
from sso.oidc.client_authentication.assertion import prove_assertion
from sso.oidc.client_authentication.certificate import prove_by_authority, prove_by_registered_key
from sso.oidc.client_authentication.credentials import Credentials, credentials_of
from sso.oidc.client_authentication.failure import NotProven
from sso.oidc.client_authentication.presented import Presented
from sso.oidc.client_authentication.secret import prove_secret
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

CERTIFICATE_METHODS = frozenset(
    {ClientAuthMethod.TLS_CLIENT_AUTH, ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH}
)
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
        method = credentials.method
        if client is not None and method is ClientAuthMethod.NONE:
            method = client.auth_method
        stores.audit.append(_failed(presented, method.value, client, str(failure)), now)
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
    if not _is_method_of(client, credentials.method):
        raise NotProven(f"registered for {client.auth_method.value}")
    match client.auth_method:
        case ClientAuthMethod.NONE:
            pass
        case ClientAuthMethod.CLIENT_SECRET_BASIC | ClientAuthMethod.CLIENT_SECRET_POST:
            prove_secret(client, credentials.secrets, now)
        case ClientAuthMethod.CLIENT_SECRET_JWT | ClientAuthMethod.PRIVATE_KEY_JWT:
            prove_assertion(client, credentials.assertion, stores, provider, now)
        case ClientAuthMethod.TLS_CLIENT_AUTH:
            prove_by_authority(client, credentials.certificate, now)
        case ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH:
            prove_by_registered_key(provider.client_keys(client), credentials.certificate, now)
        case _:
            assert_never(client.auth_method)
    return client


def _is_method_of(client: Client, method: ClientAuthMethod) -> bool:
    """A certificate comes beside the form: such a request only names its client there (RFC 8705 2)."""
    if method is ClientAuthMethod.NONE:
        return client.auth_method in {ClientAuthMethod.NONE, *CERTIFICATE_METHODS}
    return client.auth_method is method or {client.auth_method, method} <= _SECRET_METHODS
