"""How an authorization request came: in the open, signed, or by the reference of one that was pushed ahead.

The client's own parameters are what comes out. Everything around a reference or a request object
is ignored, whatever it says
(RFC 9126 4, RFC 9101 5): an address that a browser carried is anyone's to change.
"""

from dataclasses import dataclass
from datetime import datetime

from sso.oidc.client import Client
from sso.oidc.digest import digest
from sso.oidc.errors import AuthorizationError, ErrorCode, RequestRejected, UntrustedRequest
from sso.oidc.request.parameters import Params, as_params
from sso.oidc.request.refusal import invalid
from sso.oidc.request.signed import RequestObjectInvalid, parameters_of
from sso.oidc.request.trusted_address import client_of, return_address
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

REFERENCE_PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as its client meant it; `pushed` is the digest of the reference it came by."""

    params: Params
    pushed: bytes | None = None


def arrive(params: Params, stores: Stores, provider: Provider, now: datetime) -> Arrival:
    """Return the client's own parameters, still to be parsed.

    Raises:
        UntrustedRequest: the client is unknown, or the reference is unknown, spent, expired or another
            client's; no redirect may follow.
        AuthorizationError: the request came in a way that is not open to this client.
    """
    client = client_of(params, stores.clients)
    references = [value for value in params.get("request_uri", ()) if value]
    if len(references) > 1 or (references and any(params.get("request", ()))):
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "request_uri is repeated, or beside a request")
    if references and references[0].startswith(REFERENCE_PREFIX):
        return _by_reference(references[0], client, stores, now)
    if references:
        to = return_address(params, client)
        raise AuthorizationError(ErrorCode.REQUEST_URI_NOT_SUPPORTED, "push the request instead", to)
    if must_push(client, provider):
        invalid("push authorization requests first (RFC 9126)", return_address(params, client))
    return Arrival(opened(params, client, stores, provider, now))


def opened(params: Params, client: Client, stores: Stores, provider: Provider, now: datetime) -> Params:
    """Return the parameters of the request object, if there is one, or those given.

    Raises:
        UntrustedRequest: the request object does not hold, and there is no address to tell it to.
        AuthorizationError: it does not hold, or this client's requests must be signed.
    """
    objects = [value for value in params.get("request", ()) if value]
    if not objects:
        if client.require_signed_request_object:
            invalid("sign the request (RFC 9101)", return_address(params, client))
        return {name: values for name, values in params.items() if name != "request"}
    if len(objects) > 1:
        raise _refusal(params, client, "repeated request")
    try:
        return parameters_of(objects[0], client, stores, provider, now)
    except RequestObjectInvalid as error:
        raise _refusal(params, client, str(error)) from error


def _refusal(params: Params, client: Client, reason: str) -> UntrustedRequest | AuthorizationError:
    """An object that does not hold names no address: the one around it does, if it is registered."""
    code, description = ErrorCode.INVALID_REQUEST_OBJECT, "the request object is invalid"
    try:
        to = return_address(params, client)
    except RequestRejected:
        return UntrustedRequest(code, description, reason)
    return AuthorizationError(code, description, to, reason)


def must_push(client: Client, provider: Provider) -> bool:
    """Whether this client's requests are taken by reference only (RFC 9126 5 and 6)."""
    return provider.settings.require_pushed or client.require_pushed_authorization_requests


def _by_reference(reference: str, client: Client, stores: Stores, now: datetime) -> Arrival:
    pushed = stores.pushed.get(digest(reference))
    if pushed is None:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "unknown or spent request_uri")
    if pushed.client_id != client.client_id:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "request_uri of another client")
    if now >= pushed.expires_at:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "request_uri expired")
    return Arrival(as_params(pushed.params), pushed.digest)
