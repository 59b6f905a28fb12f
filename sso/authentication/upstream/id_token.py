"""What an upstream says of a person, verified whole (OpenID Connect Core 3.1.3.7, 3.1.3.8, 12.1 aside)."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sso.audit.record import JsonValue
from sso.authentication.upstream.claims import CLOCK_SKEW, NotShortText, short_text
from sso.oidc.claim_times import OutOfTime, end_of
from sso.oidc.jose import TokenInvalid, half_hash, unverified_header, verify_with_keys

LONGEST = timedelta(days=1)
OLDEST = timedelta(minutes=10)
"""How long ago an ID token may have been issued that answers a request of a moment ago."""
_TYPES = frozenset({"", "jwt", "application/jwt"})


class IdTokenRefused(Exception):
    """The ID token is not good; the text is private and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must be: of this issuer, for us, an answer to this nonce, with this access token."""

    issuer: str
    client_id: str
    algorithms: Sequence[str]
    nonce: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a good ID token says. `auth_time` is None where it does not say when the person signed in."""

    sub: str
    sid: str | None
    acr: str | None
    amr: tuple[str, ...]
    auth_time: datetime | None
    claims: Mapping[str, JsonValue] = field(repr=False)


def identity_of(id_token: str, jwks: Mapping[str, JsonValue], expected: Expected, now: datetime) -> Identity:
    """Return what an ID token says of a person.

    Raises:
        IdTokenRefused: not signed by the issuer with an allowed algorithm, or not for us, not now, or not the
            answer to what was asked.
    """
    try:
        header = unverified_header(id_token)
        claims = verify_with_keys(id_token, jwks, expected.algorithms)
        end_of(claims, ("exp", "iat"), LONGEST, CLOCK_SKEW, now)
    except (TokenInvalid, OutOfTime) as error:
        raise IdTokenRefused(f"id_token: {error}") from error
    _check_type(header, claims)
    _check_names(claims, expected)
    _check_answer(claims, str(header["alg"]), expected, now)
    try:
        sub, sid, acr = (short_text(claims, name) for name in ("sub", "sid", "acr"))
    except NotShortText as error:
        raise IdTokenRefused(f"id_token: {error}") from error
    if sub is None:
        raise IdTokenRefused("id_token: sub is missing")
    amr, auth_time = _texts(claims.get("amr")), _auth_time(claims, now)
    return Identity(sub=sub, sid=sid, acr=acr, amr=amr, auth_time=auth_time, claims=claims)


def _check_type(header: Mapping[str, JsonValue], claims: Mapping[str, JsonValue]) -> None:
    """A logout token or an access token of the same issuer is no ID token (RFC 8725 3.11)."""
    if str(header.get("typ", "")).lower() not in _TYPES or "events" in claims:
        raise IdTokenRefused("id_token: another kind of JWT")


def _check_names(claims: Mapping[str, JsonValue], expected: Expected) -> None:
    """Core 3.1.3.7, 2 to 5: of the issuer, for us alone, since no other audience is known to be trusted."""
    aud = claims.get("aud")
    if claims.get("iss") != expected.issuer:
        raise IdTokenRefused("id_token: iss is another issuer")
    if aud not in (expected.client_id, [expected.client_id]):
        raise IdTokenRefused("id_token: aud is not the hub alone")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise IdTokenRefused("id_token: azp is another client")


def _check_answer(claims: Mapping[str, JsonValue], alg: str, expected: Expected, now: datetime) -> None:
    nonce, iat, at_hash = claims.get("nonce"), claims.get("iat"), claims.get("at_hash")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise IdTokenRefused("id_token: nonce is not the one that was sent")
    if isinstance(iat, int | float) and datetime.fromtimestamp(iat, UTC) < now - OLDEST - CLOCK_SKEW:
        raise IdTokenRefused("id_token: iat is long ago")
    if at_hash is None:
        return
    if expected.access_token is None or at_hash != half_hash(expected.access_token, alg):
        raise IdTokenRefused("id_token: at_hash is of another access token")


def _auth_time(claims: Mapping[str, JsonValue], now: datetime) -> datetime | None:
    value = claims.get("auth_time")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        raise IdTokenRefused("id_token: auth_time is not a time")
    told = datetime.fromtimestamp(value, UTC)
    if told > now + CLOCK_SKEW:
        raise IdTokenRefused("id_token: auth_time is in the future")
    return min(told, now)


def _texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, str))
