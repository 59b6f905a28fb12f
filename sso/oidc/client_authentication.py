"""Prove which client is calling (RFC 6749 2.3, OpenID Connect Core 9, RFC 7523 3).

client_secret_basic and client_secret_post are interchangeable for a client that has a secret: they
prove the same thing, and standard libraries differ in their default. Every other method is exactly
the registered one.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from sso.audit.event import ClientAuthenticationFailed
from sso.audit.record import JsonValue
from sso.oidc.client import Client, ClientAuthMethod, is_client_id
from sso.oidc.digest import digest
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.jose import ASSERTION_ALGORITHMS, TokenInvalid, verify_with_keys
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFETIME = timedelta(minutes=10)
_SECRET_METHODS = frozenset({ClientAuthMethod.CLIENT_SECRET_BASIC, ClientAuthMethod.CLIENT_SECRET_POST})


@dataclass(frozen=True, slots=True)
class Presented:
    """What came with a request to prove a client: the Authorization header and the form."""

    endpoint: str
    authorization: str | None = field(repr=False)
    form: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Credentials:
    method: ClientAuthMethod
    client_id: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    assertion: str = field(default="", repr=False)


class _NotProven(Exception):
    """The credentials do not prove the client; the text is private."""


def authenticate(presented: Presented, stores: Stores, provider: Provider, now: datetime) -> Client:
    """Return the client that the request proves to come from.

    Raises:
        TokenError: invalid_request for two methods at once, invalid_client otherwise; recorded.
    """
    credentials = _credentials(presented)
    client = stores.clients.get(credentials.client_id) if is_client_id(credentials.client_id) else None
    try:
        return _proven(client, credentials, stores, provider, now)
    except _NotProven as failure:
        event = ClientAuthenticationFailed(
            client_id=client.client_id if client else None,
            method=credentials.method.value,
            endpoint=presented.endpoint,
            reason=str(failure),
        )
        stores.audit.append(event, now)
        raise TokenError(ErrorCode.INVALID_CLIENT, "client authentication failed", str(failure)) from failure


def _credentials(presented: Presented) -> _Credentials:
    form = presented.form
    found: list[_Credentials] = []
    if presented.authorization is not None and presented.authorization[:6].lower() == "basic ":
        found.append(_basic(presented.authorization[6:].strip(), form))
    if "client_secret" in form:
        found.append(
            _Credentials(
                ClientAuthMethod.CLIENT_SECRET_POST, form.get("client_id", ""), (form["client_secret"],)
            )
        )
    if "client_assertion" in form or "client_assertion_type" in form:
        found.append(_assertion(form))
    if len(found) > 1:
        raise TokenError(ErrorCode.INVALID_REQUEST, "use one way of client authentication")
    if found:
        return found[0]
    if "client_id" not in form:
        raise TokenError(ErrorCode.INVALID_CLIENT, "client authentication is missing")
    return _Credentials(ClientAuthMethod.NONE, form["client_id"])


def _basic(encoded: str, form: Mapping[str, str]) -> _Credentials:
    """Read Basic credentials: form-decoded as RFC 6749 2.3.1 says, and raw as many libraries send them."""
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError as error:  # not Base64, not ASCII, or not UTF-8 within
        raise TokenError(ErrorCode.INVALID_CLIENT, "the Authorization header is malformed") from error
    client_id = unquote_plus(user)
    if not colon or form.get("client_id", client_id) != client_id:
        raise TokenError(ErrorCode.INVALID_CLIENT, "the Authorization header is malformed")
    return _Credentials(ClientAuthMethod.CLIENT_SECRET_BASIC, client_id, (unquote_plus(password), password))


def _assertion(form: Mapping[str, str]) -> _Credentials:
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenError(ErrorCode.INVALID_CLIENT, "client_assertion_type is not supported")
    return _Credentials(
        ClientAuthMethod.PRIVATE_KEY_JWT,
        form.get("client_id") or _claimed_issuer(assertion),
        assertion=assertion,
    )


def _claimed_issuer(assertion: str) -> str:
    """Return the unverified `iss` of an assertion: only to know whose keys to try."""
    try:
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return ""
    return str(claims.get("iss", "")) if isinstance(claims, dict) else ""


def _proven(
    client: Client | None, credentials: _Credentials, stores: Stores, provider: Provider, now: datetime
) -> Client:
    if client is None:
        raise _NotProven("unknown client_id")
    same_kind = {client.auth_method, credentials.method} <= _SECRET_METHODS
    if client.auth_method is not credentials.method and not same_kind:
        raise _NotProven(f"registered for {client.auth_method.value}")
    match credentials.method:
        case ClientAuthMethod.NONE:
            pass
        case ClientAuthMethod.CLIENT_SECRET_BASIC | ClientAuthMethod.CLIENT_SECRET_POST:
            _prove_secret(client, credentials.secrets, now)
        case ClientAuthMethod.PRIVATE_KEY_JWT:
            _prove_assertion(client, credentials.assertion, stores, provider, now)
    return client


def _prove_secret(client: Client, presented: tuple[str, ...], now: datetime) -> None:
    valid = [
        secret.digest for secret in client.secrets if secret.expires_at is None or now < secret.expires_at
    ]
    matches = [hmac.compare_digest(digest(text), known) for text in presented for known in valid]
    if not any(matches):
        raise _NotProven("wrong secret")


def _prove_assertion(
    client: Client, assertion: str, stores: Stores, provider: Provider, now: datetime
) -> None:
    alg = client.token_endpoint_auth_signing_alg
    try:
        claims = verify_with_keys(assertion, client.jwks or {}, (alg,) if alg else ASSERTION_ALGORITHMS)
    except TokenInvalid as error:
        raise _NotProven(str(error)) from error
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise _NotProven("iss and sub must both be the client_id")
    if not _audience_accepted(claims.get("aud"), client, provider):
        raise _NotProven("aud must be the issuer")
    expires_at = _check_times(claims, provider.settings.clock_skew, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise _NotProven("jti is missing")
    if not stores.one_time_values.spend(f"client_assertion {client.client_id}", jti, expires_at):
        raise _NotProven("jti was used before")


def _audience_accepted(aud: JsonValue, client: Client, provider: Provider) -> bool:
    """The issuer as the single audience; a per-client switch also accepts the token endpoint."""
    accepted = {provider.settings.issuer}
    if client.accept_token_endpoint_audience:
        accepted.add(provider.settings.endpoint("/oauth2/token"))
    if isinstance(aud, list) and len(aud) == 1:
        aud = aud[0]
    return isinstance(aud, str) and aud in accepted


def _check_times(claims: Mapping[str, JsonValue], skew: timedelta, now: datetime) -> datetime:
    exp, nbf, iat = claims.get("exp"), claims.get("nbf"), claims.get("iat")
    if not isinstance(exp, int | float) or not now.timestamp() - skew.total_seconds() < exp:
        raise _NotProven("exp is missing or past")
    if exp > (now + MAX_ASSERTION_LIFETIME + skew).timestamp():
        raise _NotProven("exp is too far away")
    for begins in (nbf, iat):
        if begins is not None and not (
            isinstance(begins, int | float) and begins <= (now + skew).timestamp()
        ):
            raise _NotProven("nbf or iat is in the future")
    return datetime.fromtimestamp(float(exp), UTC) + skew
