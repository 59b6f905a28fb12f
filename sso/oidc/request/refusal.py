"""The refusal that most steps share."""

from typing import NoReturn

from sso.oidc.errors import AuthorizationError, ErrorCode, ReturnAddress


def invalid(description: str, to: ReturnAddress, reason: str | None = None) -> NoReturn:
    """Refuse the request as malformed (RFC 6749 4.1.2.1).

    Raises:
        AuthorizationError: invalid_request.
    """
    raise AuthorizationError(ErrorCode.INVALID_REQUEST, description, to, reason)
