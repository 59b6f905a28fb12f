"""What the new token is for: resources, the sector of whoever reads it there, and a scope (RFC 8693 2.1)."""

from dataclasses import dataclass

from sso.oidc.claims import SIGN_IN_SCOPES
from sso.oidc.client import Client
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.exchange.presented import Presented
from sso.oidc.settings import Settings
from sso.oidc.stores import Clients
from sso.oidc.target import TargetInvalid, resources_within
from sso.oidc.token_request import TokenRequest


@dataclass(frozen=True, slots=True)
class Aim:
    """Resources, and the sector in which their readers know people."""

    resources: tuple[str, ...]
    sector: str
    scope: frozenset[str]


def aim_of(subject: Presented, request: TokenRequest, clients: Clients, settings: Settings) -> Aim:
    """Return what is aimed at.

    Raises:
        TokenError: invalid_target, invalid_scope.
    """
    resources = _resources(subject, request, settings)
    return Aim(resources, _sector(resources, request.client, clients), _scope(subject, request))


def _resources(subject: Presented, request: TokenRequest, settings: Settings) -> tuple[str, ...]:
    """What is asked for by `resource` and `audience`, else what the client calls, else what the token is for.

    Allowed is what the subject token is for already, and what an officer registered that the client calls;
    never the hub's own resources, which want a token of their own.
    """
    client = request.client
    allowed = [name for name in (*client.audience, *subject.aud) if not settings.owns(name)]
    try:
        asked = resources_within((*request.resources, *request.audiences), allowed)
    except TargetInvalid as error:
        raise _refusal(str(error)) from error
    within = [name for name in client.audience if not settings.owns(name)] or allowed
    found = asked or tuple(dict.fromkeys(within))
    if not found:
        raise _refusal("nothing to aim at")
    return found


def _sector(resources: tuple[str, ...], client: Client, clients: Clients) -> str:
    """The sector of the resource servers; the client's own where a resource is nobody's registered one."""
    sectors: set[str] = set()
    for resource in resources:
        owners = clients.of_resource(resource)
        sectors |= {owner.sector for owner in owners} or {client.sector}
    if len(sectors) > 1:
        raise _refusal("resources of several sectors: one token would join what they know")
    return sectors.pop()


def _scope(subject: Presented, request: TokenRequest) -> frozenset[str]:
    allowed = subject.scope & request.client.scope - SIGN_IN_SCOPES
    asked = request.optional("scope")
    scope = allowed if asked is None else frozenset(asked.split())
    if not scope <= allowed:
        raise TokenError(ErrorCode.INVALID_SCOPE, "more was asked for than the token to exchange holds")
    return scope


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_TARGET, "a requested target is not available to this client", reason)
