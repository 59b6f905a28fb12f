"""A signed authentication request: every parameter in a JWT of the client's (CIBA Core 7.1.1)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.claim_times import OutOfTime, end_of
from sso.oidc.client import Client
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.jose import TokenInvalid, verify_with_keys
from sso.oidc.jti import JtiRefused, spend_jti
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

MAX_LIFETIME = timedelta(minutes=60)
_OF_THE_JWT = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


def signed_parameters(
    text: str, client: Client, stores: Stores, provider: Provider, now: datetime
) -> dict[str, str]:
    """Return the parameters inside, once: the `jti` is spent.

    Raises:
        TokenError: invalid_request, not signed by this client for us and for now.
    """
    claims = _verified(text, client, provider)
    if claims.get("iss") != client.client_id:
        raise _refusal("iss is not the client")
    aud = claims.get("aud")
    if provider.settings.issuer not in (aud if isinstance(aud, list) else [aud]):
        raise _refusal("aud is not the issuer")
    try:
        expires_at = end_of(claims, ("exp", "nbf", "iat"), MAX_LIFETIME, provider.settings.clock_skew, now)
    except OutOfTime as error:
        raise _refusal(str(error)) from error
    _spend(claims.get("jti"), client, expires_at, stores)
    return {name: _text(name, value) for name, value in claims.items() if name not in _OF_THE_JWT}


def _verified(text: str, client: Client, provider: Provider) -> Mapping[str, JsonValue]:
    alg = client.backchannel_authentication_request_signing_alg
    if alg is None:
        raise _refusal("no backchannel_authentication_request_signing_alg is registered")
    try:
        return verify_with_keys(text, provider.client_keys(client), (alg,))
    except TokenInvalid as error:
        raise _refusal(str(error)) from error


def _spend(jti: JsonValue, client: Client, expires_at: datetime, stores: Stores) -> None:
    try:
        spend_jti(jti, f"backchannel_request {client.client_id}", expires_at, stores)
    except JtiRefused as error:
        raise _refusal(str(error)) from error


def _text(name: str, value: JsonValue) -> str:
    if name == "authorization_details" and isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _refusal(f"{name} is not a text")
    return value


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_REQUEST, "the signed authentication request is not valid", reason)
