"""Which resources a token is for: resource indicators (RFC 8707).

A client may name only resources that it is registered for (`audience`). What it names when it asks for
authorization bounds every token of the grant; what it names at the token endpoint narrows one token.
"""

from collections.abc import Collection, Sequence

from sso.oidc.client import Client
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.registered_address import AddressInvalid, check_resource
from sso.oidc.settings import Settings
from sso.oidc.token_request import TokenRequest

MAX_RESOURCES = 20


class TargetInvalid(ValueError):
    """A resource is malformed, or not one that this client may call; the text is private."""


def resources_within(asked: Sequence[str], allowed: Collection[str]) -> tuple[str, ...]:
    """Return the resources asked for, each once, compared byte for byte (RFC 8707 2).

    Raises:
        TargetInvalid: too many, no absolute URI, or not among the allowed ones.
    """
    if len(asked) > MAX_RESOURCES:
        raise TargetInvalid("too many resources")
    for resource in asked:
        try:
            check_resource(resource)
        except AddressInvalid as error:
            raise TargetInvalid(f"the resource {error}") from error
        if resource not in allowed:
            raise TargetInvalid("a resource that the client may not call, or was not granted")
    return tuple(dict.fromkeys(asked))


def is_meant_for(client: Client, aud: Collection[str], settings: Settings) -> bool:
    """Whether a token's `aud` names a client, by its id or as a resource server (RFC 7662 4, RFC 8693 2.1).

    The hub's own resources are nobody else's, whatever is registered.
    """
    resources = {resource for resource in client.resource if not settings.owns(resource)}
    return not {client.client_id, *resources}.isdisjoint(aud)


def is_meant_for_userinfo(
    client: Client, grant: Grant, aud: Collection[str], userinfo: str, settings: Settings
) -> bool:
    """Whether a token may be shown at UserInfo, whose address is given: it names the hub, or no resource.

    Where nobody names a resource, a token of openid is for UserInfo beside what is registered (Core 5.3). One
    that was asked for a resource is that resource's alone: whoever runs it must not read claims with what
    was sent there (RFC 8707 3, RFC 9068 5). A client that wants both registers the issuer as an `audience`.
    """
    if not {settings.issuer, userinfo}.isdisjoint(aud):
        return True
    return not grant.resource and set(aud) == set(client.audience)


def target_of(request: TokenRequest, grant: Grant | None) -> tuple[str, ...]:
    """Return the resources that the next access token is for; none where nobody has ever named one.

    Raises:
        TokenError: invalid_target, more is asked for than was granted, or nothing is left of that.
    """
    granted = () if grant is None else grant.resource
    allowed = _allowed(request.client, granted)
    if granted and not allowed:
        raise _refusal("no granted resource is registered any more")
    try:
        return resources_within(request.resources, allowed) or (allowed if granted else ())
    except TargetInvalid as error:
        raise _refusal(str(error)) from error


def _allowed(client: Client, granted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in granted if name in client.audience) if granted else client.audience


def _refusal(reason: str) -> TokenError:
    return TokenError(
        ErrorCode.INVALID_TARGET, "a requested resource is not available to this client", reason
    )
