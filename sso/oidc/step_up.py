"""Ask for a stronger or more recent sign-in than a token carries (RFC 9470)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.token_scheme import TokenScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How and when the person behind a token signed in, and how the token was shown."""

    auth_time: datetime
    acr: str
    scheme: TokenScheme


def require_sign_in(
    sign_in: SignIn, now: datetime, *, max_age: timedelta | None = None, acr_values: tuple[str, ...] = ()
) -> None:
    """Accept a sign-in that is recent enough and of one of the levels; () accepts any level.

    The client learns what would be enough, and can ask for just that at the authorization endpoint.

    Raises:
        BearerError: insufficient_user_authentication.
    """
    too_old = max_age is not None and now - sign_in.auth_time > max_age
    too_weak = bool(acr_values) and sign_in.acr not in acr_values
    if too_old or too_weak:
        raise BearerError(
            ErrorCode.INSUFFICIENT_USER_AUTHENTICATION,
            "this needs another sign-in of the person: a more recent or a stronger one",
            "signed in too long ago" if too_old else "acr is not enough",
            Challenge(sign_in.scheme, acr_values=acr_values, max_age=max_age),
        )
