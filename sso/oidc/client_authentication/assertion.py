"""private_key_jwt and client_secret_jwt: a JWT that the client signed (RFC 7523 3, OpenID Connect Core 9)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.claim_times import OutOfTime, end_of
from sso.oidc.client import Client, ClientAuthMethod
from sso.oidc.client_authentication.failure import NotProven
from sso.oidc.fapi2 import algorithms_of
from sso.oidc.jose import (
    HMAC_ALGORITHMS,
    TokenInvalid,
    verify_with_keys,
    verify_with_secret,
)
from sso.oidc.jti import JtiRefused, spend_jti
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

MAX_ASSERTION_LIFETIME = timedelta(minutes=10)


def prove_assertion(
    client: Client, assertion: str, stores: Stores, provider: Provider, now: datetime
) -> None:
    """Accept an assertion of the client, once.

    Raises:
        NotProven: not signed by it, not for us, too old, or seen before.
    """
    claims = _signed(client, assertion, provider, now)
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise NotProven("iss and sub must both be the client_id")
    if not _audience_accepted(claims.get("aud"), client, provider):
        raise NotProven("aud must be the issuer")
    try:
        expires_at = end_of(claims, ("exp",), MAX_ASSERTION_LIFETIME, provider.settings.clock_skew, now)
        spend_jti(claims.get("jti"), f"client_assertion {client.client_id}", expires_at, stores)
    except (OutOfTime, JtiRefused) as error:
        raise NotProven(str(error)) from error


def _signed(client: Client, assertion: str, provider: Provider, now: datetime) -> Mapping[str, JsonValue]:
    alg = client.token_endpoint_auth_signing_alg
    try:
        if client.auth_method is ClientAuthMethod.CLIENT_SECRET_JWT:
            return _with_any_secret(client, assertion, (alg,) if alg else HMAC_ALGORITHMS, now)
        return verify_with_keys(assertion, provider.client_keys(client), algorithms_of(client, alg))
    except TokenInvalid as error:
        raise NotProven(str(error)) from error


def _with_any_secret(
    client: Client, assertion: str, algorithms: tuple[str, ...], now: datetime
) -> Mapping[str, JsonValue]:
    """Try each valid secret, the newest first: two overlap while one is replaced."""
    failure = TokenInvalid("the client has no secret that signs")
    for secret in client.secrets:
        if secret.hmac_key is None or (secret.expires_at is not None and now >= secret.expires_at):
            continue
        try:
            return verify_with_secret(assertion, secret.hmac_key, algorithms)
        except TokenInvalid as error:
            failure = error
    raise failure


def _audience_accepted(aud: JsonValue, client: Client, provider: Provider) -> bool:
    """The issuer as the single audience; a per-client switch also accepts the token endpoint.

    A text, or an array of one; for a client of FAPI 2.0 the text alone (Security Profile 5.3.2.1).
    """
    accepted = {provider.settings.issuer}
    if client.accept_token_endpoint_audience:
        accepted.add(provider.settings.endpoint("/oauth2/token"))
    if isinstance(aud, list) and len(aud) == 1 and client.profile is None:
        aud = aud[0]
    return isinstance(aud, str) and aud in accepted
