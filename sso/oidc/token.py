"""The token endpoint: find the grant, let it answer (RFC 6749 3.2)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from sso.audit.event import TokenRequestFailed
from sso.oidc.client import GrantType
from sso.oidc.client_jwt import NoKeyToEncryptTo, id_token_protection, require_key_to_encrypt_to
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grants import (
    authorization_code,
    client_credentials,
    deferred,
    jwt_bearer,
    refresh_token,
    token_exchange,
)
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

Grant: TypeAlias = Callable[[TokenRequest, Stores, Provider, datetime], TokenResponse]

GRANTS: Mapping[str, Grant] = {
    GrantType.AUTHORIZATION_CODE: authorization_code.redeem,
    GrantType.REFRESH_TOKEN: refresh_token.refresh,
    GrantType.CLIENT_CREDENTIALS: client_credentials.grant,
    GrantType.DEVICE_CODE: deferred.redeem_device_code,
    GrantType.CIBA: deferred.redeem_auth_req_id,
    GrantType.TOKEN_EXCHANGE: token_exchange.exchange,
    GrantType.JWT_BEARER: jwt_bearer.grant,
}

_EXPECTED = frozenset({ErrorCode.AUTHORIZATION_PENDING, ErrorCode.SLOW_DOWN})
"""Answers to a poll: whoever waits hears them every few seconds, and nothing has failed."""


def token(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Answer one token request; a refusal is recorded with its private reason.

    Raises:
        TokenError: as the grant says.
    """
    try:
        grant = _grant_of(request)
        _require_key_to_encrypt_to(request, provider)
        return grant(request, stores, provider, now)
    except TokenError as refusal:
        if refusal.code not in _EXPECTED:
            event = TokenRequestFailed(
                client_id=request.client.client_id,
                grant_type=request.optional("grant_type") or "",
                error=refusal.code.value,
                reason=refusal.reason,
            )
            stores.audit.append(event, now)
        raise


def _require_key_to_encrypt_to(request: TokenRequest, provider: Provider) -> None:
    """Refuse before a code is spent for an ID token that cannot be encrypted."""
    try:
        require_key_to_encrypt_to(id_token_protection(request.client), provider)
    except NoKeyToEncryptTo as error:
        raise TokenError(
            ErrorCode.INVALID_REQUEST, "the client has no key to encrypt its ID token to", f"for {error}"
        ) from error


def _grant_of(request: TokenRequest) -> Grant:
    name = request.required("grant_type")
    grant = GRANTS.get(name)
    if grant is None:
        raise TokenError(ErrorCode.UNSUPPORTED_GRANT_TYPE, "this grant_type is not supported")
    if name not in request.client.grant_types:
        raise TokenError(ErrorCode.UNAUTHORIZED_CLIENT, "this client is not registered for this grant_type")
    return grant
