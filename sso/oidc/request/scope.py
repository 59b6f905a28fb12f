"""What is asked to be allowed: scopes, claims one by one, at which resources, and what in detail."""

from collections.abc import Mapping
from dataclasses import replace

from sso.oidc.claims import ClaimDemand, ClaimsParameterInvalid, ClaimsRequest, locales_of
from sso.oidc.client import Client, GrantType
from sso.oidc.details import Detail, DetailsInvalid, details_of
from sso.oidc.errors import AuthorizationError, ErrorCode, ReturnAddress
from sso.oidc.logout_cap import grantable
from sso.oidc.request.parameters import Params
from sso.oidc.request.refusal import invalid
from sso.oidc.settings import Provider
from sso.oidc.target import TargetInvalid, resources_within

MAX_CLAIMS_LENGTH = 4_096


def scope_of(
    value: Mapping[str, str], response_type: frozenset[str], client: Client, to: ReturnAddress
) -> frozenset[str]:
    """Return the scopes asked for that the client is registered for (RFC 6749 3.3).

    Without a code there is no refresh token, and so no offline_access (OpenID Connect Core 11).

    Raises:
        AuthorizationError: invalid_scope, none is left.
    """
    scope = frozenset(value.get("scope", "").split(" ")) & client.scope
    if GrantType.REFRESH_TOKEN not in client.grant_types or "code" not in response_type:
        scope -= {"offline_access"}
    scope = grantable(client, scope)
    if not scope:
        raise AuthorizationError(
            ErrorCode.INVALID_SCOPE, "no requested scope is registered for this client", to
        )
    return scope


def resources_of(params: Params, client: Client, to: ReturnAddress) -> tuple[str, ...]:
    """Return the resources that the tokens are to be for (RFC 8707 2).

    Raises:
        AuthorizationError: invalid_target, the client is not registered for one of them.
    """
    try:
        return resources_within([name for name in params.get("resource", ()) if name], client.audience)
    except TargetInvalid as error:
        raise AuthorizationError(
            ErrorCode.INVALID_TARGET, "a requested resource is not available to this client", to, str(error)
        ) from error


def details_asked(
    value: Mapping[str, str], client: Client, provider: Provider, to: ReturnAddress
) -> tuple[Detail, ...]:
    """Return what the client wants to do in detail (RFC 9396 2).

    Raises:
        AuthorizationError: invalid_authorization_details, something that nobody could be asked in words.
    """
    text, types = value.get("authorization_details"), provider.settings.detail_types
    try:
        return details_of(text, types, client.authorization_details_types)
    except DetailsInvalid as error:
        raise AuthorizationError(
            ErrorCode.INVALID_AUTHORIZATION_DETAILS,
            "these authorization_details are not available",
            to,
            str(error),
        ) from error


def claims_of(value: Mapping[str, str], client: Client, to: ReturnAddress) -> ClaimsRequest:
    """Return the claims asked for by name, within the registered scopes (OpenID Connect Core 5.5).

    Raises:
        AuthorizationError: the parameter is malformed.
    """
    text = value.get("claims")
    if text is not None and len(text) > MAX_CLAIMS_LENGTH:
        invalid("the claims parameter is too long", to)
    try:
        asked = ClaimsRequest.parse(text).within(client.scope)
    except ClaimsParameterInvalid as error:
        invalid("the claims parameter is invalid", to, str(error))
    return replace(asked, locales=locales_of(value.get("claims_locales")))


def essential_acr(claims: ClaimsRequest) -> tuple[str, ...]:
    """Return the acr values of which one must be met (OpenID Connect Core 5.5.1.1)."""
    demand = claims.id_token.get("acr")
    return _texts(demand) if demand is not None and demand.essential else ()


def acr_values_of(value: Mapping[str, str], claims: ClaimsRequest, client: Client) -> tuple[str, ...]:
    """Return the acr values that are wished for, the dearest first; the client's own where none is named.

    A demand for `acr` that is not essential is a wish as well (Core 5.5.1.1, Registration 2).
    """
    demand = claims.id_token.get("acr")
    wished = [*value.get("acr_values", "").split(), *(_texts(demand) if demand is not None else ())]
    return tuple(dict.fromkeys(wished)) or client.default_acr_values


def _texts(demand: ClaimDemand) -> tuple[str, ...]:
    return tuple(str(value) for value in demand.values)
