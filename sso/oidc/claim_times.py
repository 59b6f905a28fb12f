"""When a JWT that somebody else signed is good: exp, nbf and iat, with a little skew (RFC 7519 4.1)."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from sso.audit.record import JsonValue


class OutOfTime(Exception):
    """The JWT is not good now; the text is private and names the claim."""


def end_of(
    claims: Mapping[str, JsonValue],
    required: Collection[str],
    longest: timedelta,
    skew: timedelta,
    now: datetime,
) -> datetime:
    """Return when the JWT can be forgotten: its expiry, and the skew.

    Raises:
        OutOfTime: a required claim is missing, or is no time, past, in the future, or too far away.
    """
    exp, nbf, iat = (time_of(claims, name) for name in ("exp", "nbf", "iat"))
    for name, value in (("exp", exp), ("nbf", nbf), ("iat", iat)):
        if value is None and name in required:
            raise OutOfTime(f"{name} is missing")
    if exp is None or now - skew >= exp:
        raise OutOfTime("exp is missing or past")
    if max(nbf or now, iat or now) > now + skew:
        raise OutOfTime("nbf or iat is in the future")
    if exp > max(now, nbf or now) + longest + skew:
        raise OutOfTime("exp is too far away")
    return exp + skew


def time_of(claims: Mapping[str, JsonValue], name: str) -> datetime | None:
    """Return what a claim says, None where it is absent.

    Raises:
        OutOfTime: it is no time (RFC 7519 2, NumericDate).
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise OutOfTime(f"{name} is not a time")
    return datetime.fromtimestamp(value, UTC)
