"""A request object: the parameters of an authorization request in a JWT that the client signed (RFC 9101).

Nobody between the client and us can change what it says, so nothing outside of it counts. It is never taken
unsigned, never signed with a shared secret, and never encrypted: pushed, it needs no second cover.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.claim_times import OutOfTime, time_of
from sso.oidc.client import Client
from sso.oidc.fapi2 import algorithms_of
from sso.oidc.jose import TokenInvalid, verify_with_keys
from sso.oidc.jti import JtiRefused, spend_jti
from sso.oidc.request.parameters import PARAMETERS, REPEATABLE, Params
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

TYPES = ("oauth-authz-req+jwt", "application/oauth-authz-req+jwt")
"""`typ` of a request object (RFC 9101 10.8)."""
UNTYPED = ("", "JWT")
"""What older clients write there; a profile that tells JWTs apart by `typ` alone refuses them."""
MAX_LIFETIME = timedelta(minutes=60)
"""From nbf to exp, and how long ago nbf may be (FAPI 2.0 Message Signing 5.3.1)."""

_OBJECTS = frozenset({"claims", "authorization_details"})
_NUMBERS = frozenset({"max_age"})


class RequestObjectInvalid(Exception):
    """The object cannot be believed or read; the text is private."""


def parameters_of(text: str, client: Client, stores: Stores, provider: Provider, now: datetime) -> Params:
    """Return the parameters that a request object holds; its `jti`, if it has one, is spent.

    Raises:
        RequestObjectInvalid: not signed by this client for us and for now, or malformed.
    """
    claims = _verified(text, client, provider)
    _check_names(claims, client, provider)
    expires_at = _check_times(claims, client, provider.settings.clock_skew, now)
    params = {
        name: _parameter(name, value) for name, value in claims.items() if name in PARAMETERS and value != ""
    }
    _spend(claims.get("jti"), client, expires_at, stores)
    return params


def _verified(text: str, client: Client, provider: Provider) -> Mapping[str, JsonValue]:
    algorithms = algorithms_of(client, client.request_object_signing_alg)
    types = (*TYPES, *UNTYPED) if client.profile is None else TYPES
    try:
        return verify_with_keys(text, provider.client_keys(client), algorithms, types)
    except TokenInvalid as error:
        raise RequestObjectInvalid(str(error)) from error


def _check_names(claims: Mapping[str, JsonValue], client: Client, provider: Provider) -> None:
    """RFC 9101 4, 5 and 10.8: by this client, for us, and no other kind of JWT in disguise."""
    if claims.get("client_id") != client.client_id or claims.get("iss") != client.client_id:
        raise RequestObjectInvalid("iss and client_id must both be the client's")
    aud = claims.get("aud")
    if provider.settings.issuer not in (aud if isinstance(aud, list) else [aud]):
        raise RequestObjectInvalid("aud must be the issuer")
    if claims.get("sub") == client.client_id:
        raise RequestObjectInvalid("sub is the client: this is a client assertion")
    if "request" in claims or "request_uri" in claims:
        raise RequestObjectInvalid("a request object holds no other")


def _check_times(claims: Mapping[str, JsonValue], client: Client, skew: timedelta, now: datetime) -> datetime:
    exp, nbf = _time(claims, "exp"), _time(claims, "nbf")
    if exp is None or now - skew >= exp:
        raise RequestObjectInvalid("exp is missing or past")
    if nbf is None and client.profile is not None:
        raise RequestObjectInvalid("nbf is missing")
    begins = now if nbf is None else nbf
    if not now - MAX_LIFETIME - skew <= begins <= now + skew or exp - begins > MAX_LIFETIME + skew:
        raise RequestObjectInvalid("nbf is in the future or too long ago, or exp too far from it")
    issued = _time(claims, "iat")
    if issued is not None and issued > now + skew:
        raise RequestObjectInvalid("iat is in the future")
    return exp + skew


def _time(claims: Mapping[str, JsonValue], name: str) -> datetime | None:
    try:
        return time_of(claims, name)
    except OutOfTime as error:
        raise RequestObjectInvalid(str(error)) from error


def _parameter(name: str, value: JsonValue) -> list[str]:
    """Return a member as the texts that it would be as a parameter (RFC 9101 4)."""
    if name in _OBJECTS and isinstance(value, list | Mapping):
        return [json.dumps(value)]
    if name in _NUMBERS and isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    texts = value if name in REPEATABLE and isinstance(value, list) else [value]
    found = [text for text in texts if isinstance(text, str) and _is_unicode(text)]
    if len(found) != len(texts):
        raise RequestObjectInvalid(f"{name} is of another type")
    return found


def _is_unicode(text: str) -> bool:
    """JSON can spell half of a pair of surrogates, which is no character and cannot be sent back."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _spend(jti: JsonValue, client: Client, expires_at: datetime, stores: Stores) -> None:
    if jti is None:
        return
    try:
        spend_jti(jti, f"request_object {client.client_id}", expires_at, stores)
    except JtiRefused as error:
        raise RequestObjectInvalid(str(error)) from error
