"""Parse and validate an authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1)."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sso.oidc import pkce
from sso.oidc.claims import ClaimsParameterInvalid, ClaimsRequest
from sso.oidc.client import Client, GrantType, is_client_id
from sso.oidc.errors import AuthorizationError, ErrorCode, ResponseMode, ReturnAddress, UntrustedRequest
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider
from sso.oidc.stores import Clients

Params = Mapping[str, Sequence[str]]
"""Parameter values by name as they came, repeated ones included; empty ones count as absent."""

MAX_PARAMETER_LENGTH = 8_192
MAX_STATE_LENGTH = 2_048
MAX_CLAIMS_LENGTH = 4_096
PARAMETERS = frozenset(
    "client_id redirect_uri response_type response_mode scope state nonce code_challenge "
    "code_challenge_method prompt max_age claims id_token_hint login_hint ui_locales acr_values".split()
)
"""What is read of a request; everything else is ignored (RFC 6749 3.1)."""
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_LOOPBACK = re.compile(r"(http://(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)))(?::[0-9]{1,5})?(/.*)?")
_UNSUPPORTED = (
    ("request", ErrorCode.REQUEST_NOT_SUPPORTED, "request objects are not supported"),
    ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED, "request_uri is not supported"),
    ("registration", ErrorCode.REGISTRATION_NOT_SUPPORTED, "registration is not supported"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request of a registered client, in values that cannot be wrong.

    `hinted_subs` are those whom id_token_hint and a claims demand for `sub` both name, in this client's
    sector; None when nobody is named.
    `essential_acr` are values of which one must be met; `acr_values` are only wishes.
    """

    client: Client
    to: ReturnAddress
    scope: frozenset[str]
    code_challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    nonce: str | None
    claims: ClaimsRequest
    hinted_subs: frozenset[str] | None
    login_hint: str | None
    ui_locales: str | None
    acr_values: tuple[str, ...]
    essential_acr: tuple[str, ...]

    @classmethod
    def parse(cls, params: Params, clients: Clients, provider: Provider) -> "AuthorizationRequest":
        """Return a valid request.

        Raises:
            UntrustedRequest: the client or its redirect_uri is unknown; no redirect may follow.
            AuthorizationError: anything else, with the address at which the client is told.
        """
        client = _client(params, clients)
        to = _return_address(params, client)
        _refuse_unsupported(params, to)
        value = _single_values(params, to)
        scope = _scope(value.get("scope", ""), client, to)
        claims = _claims(value.get("claims"), client, to)
        return cls(
            client=client,
            to=to,
            scope=scope,
            code_challenge=_code_challenge(value, client, to),
            prompt=_prompt(value.get("prompt", ""), to),
            max_age=_max_age(value.get("max_age"), client, to),
            nonce=value.get("nonce"),
            claims=claims,
            hinted_subs=_hinted_subs(value.get("id_token_hint"), claims, provider, to),
            login_hint=value.get("login_hint"),
            ui_locales=value.get("ui_locales"),
            acr_values=tuple(value.get("acr_values", "").split()),
            essential_acr=_essential_acr(claims),
        )


def _client(params: Params, clients: Clients) -> Client:
    values = params.get("client_id", ())
    if len(values) != 1:
        raise UntrustedRequest(ErrorCode.INVALID_CLIENT, "client_id is missing or repeated")
    client = clients.get(values[0]) if is_client_id(values[0]) else None
    if client is None:
        raise UntrustedRequest(ErrorCode.INVALID_CLIENT, "unknown client_id")
    return client


def _return_address(params: Params, client: Client) -> ReturnAddress:
    values = params.get("redirect_uri", ())
    if len(values) != 1:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST, "redirect_uri is missing or repeated")
    if not any(_same_address(values[0], registered) for registered in client.redirect_uris):
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST, "redirect_uri is not registered")
    states = params.get("state", ())
    usable = len(states) == 1 and len(states[0]) <= MAX_STATE_LENGTH
    to = ReturnAddress(values[0], states[0] if usable else None, _response_mode(params))
    if states and not usable:
        raise AuthorizationError(ErrorCode.INVALID_REQUEST, "state is repeated or too long", to)
    return to


def _same_address(presented: str, registered: str) -> bool:
    """Compare byte for byte; a native client may use any port on a loopback IP literal (RFC 8252 7.3)."""
    if presented == registered:
        return True
    loopback = _LOOPBACK.fullmatch(presented)
    if loopback is None or not _is_loopback_literal(loopback[2] or loopback[3]):
        return False
    return loopback[1] + (loopback[4] or "") == registered


def _is_loopback_literal(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _response_mode(params: Params) -> ResponseMode:
    return ResponseMode.FORM_POST if params.get("response_mode") == ["form_post"] else ResponseMode.QUERY


def _refuse_unsupported(params: Params, to: ReturnAddress) -> None:
    for name, code, description in _UNSUPPORTED:
        if any(params.get(name, ())):
            raise AuthorizationError(code, description, to)
    for name, values in params.items():
        if len(values) > 1 and name != "resource":
            raise AuthorizationError(
                ErrorCode.INVALID_REQUEST, "a parameter is repeated", to, f"repeated {name[:40]}"
            )
        if any(len(value) > MAX_PARAMETER_LENGTH for value in values):
            raise AuthorizationError(
                ErrorCode.INVALID_REQUEST, "a parameter is too long", to, f"long {name[:40]}"
            )


def _single_values(params: Params, to: ReturnAddress) -> dict[str, str]:
    value = {name: values[0] for name, values in params.items() if values and values[0]}
    _check_response(value, to)
    if any("\0" in text for text in value.values()):
        raise AuthorizationError(ErrorCode.INVALID_REQUEST, "a parameter holds a NUL character", to)
    return value


def _check_response(value: Mapping[str, str], to: ReturnAddress) -> None:
    if "response_type" not in value:
        raise AuthorizationError(ErrorCode.INVALID_REQUEST, "response_type is missing", to)
    if value["response_type"] != "code":
        raise AuthorizationError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "use response_type=code", to)
    if value.get("response_mode", "query") not in {mode.value for mode in ResponseMode}:
        raise AuthorizationError(ErrorCode.INVALID_REQUEST, "use response_mode=query or form_post", to)


def _scope(text: str, client: Client, to: ReturnAddress) -> frozenset[str]:
    if GrantType.AUTHORIZATION_CODE not in client.grant_types:
        raise AuthorizationError(ErrorCode.UNAUTHORIZED_CLIENT, "this client may not use the code flow", to)
    scope = frozenset(text.split(" ")) & client.scope
    if GrantType.REFRESH_TOKEN not in client.grant_types:
        scope -= {"offline_access"}
    if not scope:
        raise AuthorizationError(
            ErrorCode.INVALID_SCOPE, "no requested scope is registered for this client", to
        )
    return scope


def _claims(text: str | None, client: Client, to: ReturnAddress) -> ClaimsRequest:
    if text is not None and len(text) > MAX_CLAIMS_LENGTH:
        _invalid("the claims parameter is too long", to)
    try:
        return ClaimsRequest.parse(text).within(client.scope)
    except ClaimsParameterInvalid as error:
        raise AuthorizationError(
            ErrorCode.INVALID_REQUEST, "the claims parameter is invalid", to, str(error)
        ) from error


def _code_challenge(value: Mapping[str, str], client: Client, to: ReturnAddress) -> str | None:
    challenge = value.get("code_challenge")
    if challenge is None:
        if client.require_pkce or client.public or "code_challenge_method" in value:
            _invalid("PKCE with code_challenge_method=S256 is required", to)
        return None
    if value.get("code_challenge_method") != pkce.METHOD:
        _invalid("use code_challenge_method=S256", to)
    if not pkce.is_challenge(challenge):
        _invalid("code_challenge is not 43 base64url characters", to)
    return challenge


def _invalid(description: str, to: ReturnAddress) -> NoReturn:
    raise AuthorizationError(ErrorCode.INVALID_REQUEST, description, to)


def _prompt(text: str, to: ReturnAddress) -> frozenset[str]:
    prompt = frozenset(text.split())
    if not prompt <= PROMPTS:
        _invalid("prompt has an unknown value", to)
    if "none" in prompt and len(prompt) > 1:
        _invalid("prompt=none stands alone", to)
    return prompt


def _max_age(text: str | None, client: Client, to: ReturnAddress) -> int | None:
    if text is None:
        return client.default_max_age
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        _invalid("max_age is not a number of seconds", to)
    return int(text)


def _hinted_subs(
    hint: str | None, claims: ClaimsRequest, provider: Provider, to: ReturnAddress
) -> frozenset[str] | None:
    demands = (claims.id_token.get("sub"), claims.userinfo.get("sub"))
    named = [frozenset(map(str, demand.values)) for demand in demands if demand and demand.values]
    if hint is not None:
        named.append(frozenset({_sub_of_hint(hint, provider, to)}))
    return frozenset.intersection(*named) if named else None


def _sub_of_hint(hint: str, provider: Provider, to: ReturnAddress) -> str:
    """Return whom an ID token of ours names, expired or not (Core 3.1.2.1)."""
    try:
        hinted = verify_own(hint, provider.keys, ("JWT",))
    except TokenInvalid as error:
        raise AuthorizationError(
            ErrorCode.INVALID_REQUEST, "id_token_hint was not issued here", to, str(error)
        ) from error
    if hinted.get("iss") != provider.settings.issuer:
        _invalid("id_token_hint was not issued here", to)
    return str(hinted.get("sub"))


def _essential_acr(claims: ClaimsRequest) -> tuple[str, ...]:
    demand = claims.id_token.get("acr")
    if demand is None or not demand.essential:
        return ()
    return tuple(str(value) for value in demand.values)
