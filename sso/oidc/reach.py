"""How far a token reaches: at which resources, and for what exactly (RFC 8707, RFC 9396)."""

from dataclasses import dataclass

from sso.oidc.details import Detail, DetailsInvalid, narrowed
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.target import target_of
from sso.oidc.token_request import TokenRequest


@dataclass(frozen=True, slots=True)
class Reach:
    """Resources and authorization details of one token; without resources, all that are registered."""

    resources: tuple[str, ...] = ()
    authorization_details: tuple[Detail, ...] = ()


def reach_of(request: TokenRequest, grant: Grant | None) -> Reach:
    """Return how far the next access token reaches: as far as the grant, or as the request narrows it.

    Nothing is spent yet: call it before a code or a refresh token is.

    Raises:
        TokenError: invalid_target or invalid_authorization_details, more is asked for than was granted.
    """
    granted = () if grant is None else grant.authorization_details
    try:
        details = narrowed(request.optional("authorization_details"), granted)
    except DetailsInvalid as error:
        raise TokenError(
            ErrorCode.INVALID_AUTHORIZATION_DETAILS, "more was asked for than was granted", str(error)
        ) from error
    return Reach(target_of(request, grant), details)
