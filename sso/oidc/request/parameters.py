"""The parameters of an authorization request: which are read, once each, and how long they may be."""

from collections.abc import Mapping, Sequence

from sso.oidc.errors import AuthorizationError, ErrorCode, ReturnAddress
from sso.oidc.request.refusal import invalid

Params = Mapping[str, Sequence[str]]
"""Parameter values by name as they came, repeated ones included; empty ones count as absent."""

MAX_PARAMETER_LENGTH = 8_192
PARAMETERS = frozenset(
    "client_id redirect_uri response_type response_mode scope state nonce code_challenge "
    "code_challenge_method prompt max_age claims id_token_hint login_hint ui_locales acr_values "
    "resource authorization_details claims_locales "
    "dpop_jkt".split()
)
"""What is read of a request; everything else is ignored (RFC 6749 3.1)."""
REPEATABLE = frozenset({"resource"})
"""What may come several times (RFC 8707 2)."""
_SEPARATOR = " "  # no URI has one, and only those are repeated
# The first two are taken where a request arrives: one that is passed on unopened is refused.
_UNSUPPORTED = (
    ("request", ErrorCode.REQUEST_NOT_SUPPORTED, "request objects are not supported"),
    ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED, "request_uri is not supported"),
    ("registration", ErrorCode.REGISTRATION_NOT_SUPPORTED, "registration is not supported"),
)


def single_values(params: Params, to: ReturnAddress) -> dict[str, str]:
    """Return the first value of each parameter that has one.

    Raises:
        AuthorizationError: one is not supported, repeated, too long, or holds a NUL (RFC 6749 3.1).
    """
    for name, code, description in _UNSUPPORTED:
        if any(params.get(name, ())):
            raise AuthorizationError(code, description, to)
    for name, values in params.items():
        if len(values) > 1 and name not in REPEATABLE:
            invalid("a parameter is repeated", to, f"repeated {name[:40]}")
        if any(len(value) > MAX_PARAMETER_LENGTH for value in values):
            invalid("a parameter is too long", to, f"long {name[:40]}")
        if any("\0" in value for value in values):
            invalid("a parameter holds a NUL character", to)
    return {name: values[0] for name, values in params.items() if values and values[0]}


def kept(params: Params) -> dict[str, str]:
    """Return what is remembered of a request while people are asked; `as_params` reads it back."""
    return {name: _SEPARATOR.join(values) for name, values in params.items() if name in PARAMETERS and values}


def as_params(kept: Mapping[str, str]) -> Params:
    """Return the parameters of a request that was remembered."""
    return {name: text.split(_SEPARATOR) if name in REPEATABLE else [text] for name, text in kept.items()}
