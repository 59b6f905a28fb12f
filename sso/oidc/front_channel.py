"""Tokens in the authorization response itself: implicit and hybrid flows (OpenID Connect Core 3.2, 3.3).

Only for clients that an officer has opened this way to: what passes through a browser can be read there
(RFC 9700 2.1.2). There is never a refresh token.
"""

from sso.oidc.client import GrantType
from sso.oidc.client_jwt import NoKeyToEncryptTo, id_token_protection, require_key_to_encrypt_to
from sso.oidc.errors import AuthorizationError, ErrorCode
from sso.oidc.grant import Grant
from sso.oidc.issuance import FrontChannel, Issuance, Made
from sso.oidc.reach import Reach
from sso.oidc.request import AuthorizationRequest
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_scheme import TokenScheme


def check_front_channel(request: AuthorizationRequest, provider: Provider) -> None:
    """See to it, before anything is granted, that an ID token can be encrypted to its client.

    Raises:
        AuthorizationError: it cannot.
    """
    if "id_token" not in request.response_type:
        return
    try:
        require_key_to_encrypt_to(id_token_protection(request.client), provider)
    except NoKeyToEncryptTo as error:
        raise AuthorizationError(
            ErrorCode.INVALID_REQUEST,
            "the client has no key to encrypt its ID token to",
            request.to,
            f"for {error}",
        ) from error


def issuance_in_front(
    request: AuthorizationRequest, grant: Grant, code: str | None, stores: Stores
) -> Issuance:
    """Return what is to be issued in the response; an ID token vouches for what comes beside it."""
    return Issuance(
        grant_type=GrantType.IMPLICIT,
        client=request.client,
        grant=grant,
        subject=stores.subjects.get(grant.account_id),
        scope=request.scope,
        reach=Reach(grant.resource, grant.authorization_details),
        front=FrontChannel(request.response_type, code, request.to.state),
    )


def as_params(made: Made, scope: frozenset[str]) -> dict[str, str]:
    """Return tokens as parameters of a response (Core 3.2.2.5, 3.3.2.5)."""
    answer = {} if made.id_token is None else {"id_token": made.id_token}
    if made.access_token is None:
        return answer
    return answer | {
        "access_token": made.access_token.text,
        "token_type": TokenScheme.BEARER.value,
        "expires_in": str(int(made.access_token.lifetime.total_seconds())),
        "scope": " ".join(sorted(scope)),
    }
