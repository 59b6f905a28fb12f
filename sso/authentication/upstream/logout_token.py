"""What an upstream says of a sign-out there, verified whole (Back-Channel Logout 1.0 2.4, 2.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.authentication.upstream.claims import CLOCK_SKEW, NotShortText, short_text
from sso.authentication.upstream.settings import UpstreamSettings
from sso.oidc.claim_times import OutOfTime, end_of
from sso.oidc.jose import TokenInvalid, unverified_header, verify_with_keys
from sso.oidc.logout import LOGOUT_EVENT

LONGEST = timedelta(minutes=10)
_TYPES = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})


class LogoutTokenRefused(Exception):
    """The logout token is not good; the text is private and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Who left: a session, a person, or both. `jti` may be seen once until `forget_at`."""

    sub: str | None
    sid: str | None
    jti: str
    forget_at: datetime


def departure_of(
    logout_token: str, jwks: Mapping[str, JsonValue], settings: UpstreamSettings, now: datetime
) -> Departure:
    """Return who left.

    Raises:
        LogoutTokenRefused: not signed by the issuer, not for us, not now, or an ID token in disguise.
    """
    try:
        header = unverified_header(logout_token)
        claims = verify_with_keys(logout_token, jwks, settings.algorithms)
        forget_at = end_of(claims, ("iat", "exp"), LONGEST, CLOCK_SKEW, now)
    except (TokenInvalid, OutOfTime) as error:
        raise LogoutTokenRefused(str(error)) from error
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise LogoutTokenRefused("another kind of JWT")
    _check(claims, settings.issuer, settings.client_id)
    try:
        sub, sid, jti = (short_text(claims, name) for name in ("sub", "sid", "jti"))
    except NotShortText as error:
        raise LogoutTokenRefused(str(error)) from error
    if jti is None or (sub is None and sid is None):
        raise LogoutTokenRefused("jti is missing, or sub and sid are")
    return Departure(sub=sub, sid=sid, jti=jti, forget_at=forget_at)


def _check(claims: Mapping[str, JsonValue], issuer: str, client_id: str) -> None:
    events = claims.get("events")
    if claims.get("iss") != issuer:
        raise LogoutTokenRefused("iss is another issuer")
    if claims.get("aud") not in (client_id, [client_id]):
        raise LogoutTokenRefused("aud is not the hub")
    if not isinstance(events, Mapping) or not isinstance(events.get(LOGOUT_EVENT), Mapping):
        raise LogoutTokenRefused("events does not tell of a logout")
    if "nonce" in claims:
        raise LogoutTokenRefused("nonce is there: it may be an ID token")
