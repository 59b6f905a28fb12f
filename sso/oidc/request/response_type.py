"""What is asked for, and how the answer travels (OAuth 2.0 Multiple Response Types, Form Post, JARM 2.3).

Codes travel in the query unless another way is asked for; tokens in the fragment, which no server sees, and
never in the query.
"""

from collections.abc import Mapping, Sequence

from sso.oidc.client import Client, GrantType
from sso.oidc.errors import AuthorizationError, ErrorCode, ResponseMode, ReturnAddress
from sso.oidc.fapi2 import must_sign
from sso.oidc.offered import RESPONSE_TYPES
from sso.oidc.request.parameters import Params
from sso.oidc.request.refusal import invalid

TOKENS = frozenset({"token", "id_token"})
"""Words of a response type that bring tokens through the browser."""
ANY_SIGNED = "jwt"
"""The response_mode that is one of the signed ones: the one of the response type's default (JARM 2.3.4)."""


def mode_of(params: Params, client: Client) -> ResponseMode:
    """Return how the answer travels, an error's too: as asked, where that can be."""
    tokens = _words(params.get("response_type", ())) & TOKENS
    default = ResponseMode.FRAGMENT if tokens else ResponseMode.QUERY
    asked = params.get("response_mode", ())
    text = asked[0] if len(asked) == 1 else ""
    if text == ANY_SIGNED:
        return ResponseMode(f"{default.value}.jwt")
    mode = _known(text)
    return default if mode is None or not _may_carry(mode, tokens, client) else mode


def response_type_of(value: Mapping[str, str], client: Client, to: ReturnAddress) -> frozenset[str]:
    """Return the words of a response type that this client may ask for, in a mode that may carry it.

    Raises:
        AuthorizationError: the response type or mode is missing, unknown, or not the client's.
    """
    if "response_type" not in value:
        invalid("response_type is missing", to)
    words = _words((value["response_type"],))
    if not words:
        raise AuthorizationError(
            ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "this response_type is not supported", to
        )
    if not _is_open(words, client):
        raise AuthorizationError(
            ErrorCode.UNAUTHORIZED_CLIENT, "this client is not registered for this response_type", to
        )
    _check_mode(value.get("response_mode"), words & TOKENS, client, to)
    return words


def check_id_token(
    response_type: frozenset[str], scope: frozenset[str], value: Mapping[str, str], to: ReturnAddress
) -> None:
    """An ID token in the response needs the scope openid, and a nonce that binds it to this request.

    Raises:
        AuthorizationError: one of them is missing (OpenID Connect Core 3.2.2.1, 3.3.2.11).
    """
    if "id_token" not in response_type:
        return
    if "openid" not in scope:
        raise AuthorizationError(ErrorCode.INVALID_SCOPE, "an id_token needs the scope openid", to)
    if "nonce" not in value:
        invalid("nonce is required where an id_token comes back", to)


def _words(values: Sequence[str]) -> frozenset[str]:
    """Return the words of a known response type; their order does not matter. Nothing for any other."""
    words = values[0].split(" ") if len(values) == 1 else []
    return frozenset(words) if " ".join(sorted(words)) in RESPONSE_TYPES else frozenset()


def _is_open(words: frozenset[str], client: Client) -> bool:
    """Whether the client is registered for it, and is allowed tokens in the browser if it brings some."""
    needed = {GrantType.AUTHORIZATION_CODE} if "code" in words else set()
    if words & TOKENS:
        needed.add(GrantType.IMPLICIT)
    registered = " ".join(sorted(words)) in client.response_types and needed <= client.grant_types
    return registered and (not words & TOKENS or _in_front(words, client))


def _in_front(words: frozenset[str], client: Client) -> bool:
    """A token bound to a key is never made in the browser, where no key is shown (RFC 9449 5, RFC 8705 3)."""
    bound = client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens
    return client.front_channel_tokens and client.profile is None and not (bound and "token" in words)


def _check_mode(asked: str | None, tokens: frozenset[str], client: Client, to: ReturnAddress) -> None:
    if asked == ANY_SIGNED or (asked is None and not must_sign(client)):
        return
    if must_sign(client) and not (asked or "").endswith(ANY_SIGNED):
        invalid("FAPI 2.0 Message Signing 5.4.1: use response_mode=jwt", to)
    mode = _known(asked or "")
    if mode is None:
        invalid("this response_mode is not supported", to)
    if not _may_carry(mode, tokens, client):
        invalid("tokens never travel in a query", to)


def _known(text: str) -> ResponseMode | None:
    return next((mode for mode in ResponseMode if mode.value == text), None)


def _may_carry(mode: ResponseMode, tokens: frozenset[str], client: Client) -> bool:
    """Multiple Response Types 3 and 5: no tokens in a query; JARM 2.3.1: unless nobody else can read them."""
    if mode is ResponseMode.QUERY_JWT:
        return not tokens or client.authorization_encrypted_response_alg is not None
    return mode is not ResponseMode.QUERY or not tokens
