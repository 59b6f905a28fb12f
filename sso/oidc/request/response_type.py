"""What is asked for, and how the answer travels (OAuth 2.0 Multiple Response Types, Form Post)."""

from collections.abc import Mapping

from sso.oidc.client import Client, GrantType
from sso.oidc.errors import AuthorizationError, ErrorCode, ResponseMode, ReturnAddress
from sso.oidc.request.parameters import Params
from sso.oidc.request.refusal import invalid


def mode_of(params: Params) -> ResponseMode:
    """Return how the answer travels, an error's too: as asked, where that can be."""
    return ResponseMode.FORM_POST if params.get("response_mode") == ["form_post"] else ResponseMode.QUERY


def check_response(value: Mapping[str, str], client: Client, to: ReturnAddress) -> None:
    """Accept what this client may ask for.

    Raises:
        AuthorizationError: the response type or mode is missing, unknown, or not the client's.
    """
    if "response_type" not in value:
        invalid("response_type is missing", to)
    if value["response_type"] != "code":
        raise AuthorizationError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "use response_type=code", to)
    if value.get("response_mode", "query") not in {mode.value for mode in ResponseMode}:
        invalid("use response_mode=query or form_post", to)
    if GrantType.AUTHORIZATION_CODE not in client.grant_types:
        raise AuthorizationError(ErrorCode.UNAUTHORIZED_CLIENT, "this client may not use the code flow", to)
