"""How an authorization request came: in the open, signed, pushed ahead, or left at its client.

The client's own parameters are what comes out. Everything around a reference or a request object is ignored,
whatever it says (RFC 9126 4, RFC 9101 5): an address that a browser carried is anyone's to change.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sso.oidc.client import Client
from sso.oidc.digest import base64url, digest
from sso.oidc.errors import AuthorizationError, ErrorCode, RequestRejected, UntrustedRequest
from sso.oidc.request.parameters import Params, as_params
from sso.oidc.request.refusal import invalid
from sso.oidc.request.signed import RequestObjectInvalid, parameters_of
from sso.oidc.request.trusted_address import client_of, return_address
from sso.oidc.settings import Provider, Settings
from sso.oidc.stores import Stores

REFERENCE_PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as its client meant it; `pushed` is the digest of the reference it came by."""

    params: Params
    pushed: bytes | None = None


def address_to_read(params: Params, client: Client, settings: Settings) -> str | None:
    """Return where the client keeps the request object it refers to; None where nothing may be read.

    Only what it registered, letter for letter: a browser names no other place to knock at
    (OpenID Connect Core 6.2, RFC 9101 10.4).
    """
    references = [value for value in params.get("request_uri", ()) if value]
    if not settings.request_uri or must_push(client, settings):
        return None
    if len(references) != 1 or any(params.get("request", ())):
        return None
    address = references[0].partition("#")[0]
    return address if address in client.request_uris else None


def arrive(
    params: Params, stores: Stores, provider: Provider, now: datetime, read: bytes | None = None
) -> Arrival:
    """Return the client's own parameters, still to be parsed; `read` is what `address_to_read` answered.

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
    if references and not provider.settings.request_uri:
        to = return_address(params, client)
        raise AuthorizationError(ErrorCode.REQUEST_URI_NOT_SUPPORTED, "push the request instead", to)
    if must_push(client, provider.settings):
        invalid("push authorization requests first (RFC 9126)", return_address(params, client))
    if references:
        params = {**params, "request": [_read_object(references[0], params, client, provider, read)]}
    return Arrival(opened(params, client, stores, provider, now))


def _read_object(
    reference: str, params: Params, client: Client, provider: Provider, read: bytes | None
) -> str:
    """The request object at an address of the client; a fragment is the digest of its bytes (Core 6.2)."""
    fault, whole = None, read or b""
    text = whole.decode("ascii", "replace").strip()
    if address_to_read(params, client, provider.settings) is None:
        fault = "request_uri is not registered"
    elif not text:
        fault = "request_uri could not be read"
    elif (expected := reference.partition("#")[2]) and expected != base64url(sha256(whole).digest()):
        fault = "request_uri holds something else than its fragment says"
    if fault is not None:
        raise _refusal(params, client, fault, ErrorCode.INVALID_REQUEST_URI)
    return text


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


def _refusal(
    params: Params, client: Client, reason: str, code: ErrorCode = ErrorCode.INVALID_REQUEST_OBJECT
) -> UntrustedRequest | AuthorizationError:
    """An object that does not hold names no address: the one around it does, if it is registered."""
    described = code is ErrorCode.INVALID_REQUEST_OBJECT
    description = "the request object is invalid" if described else reason
    try:
        to = return_address(params, client)
    except RequestRejected:
        return UntrustedRequest(code, description, reason)
    return AuthorizationError(code, description, to, reason)


def must_push(client: Client, settings: Settings) -> bool:
    """Whether this client's requests are taken by reference only (RFC 9126 5 and 6)."""
    return settings.require_pushed or client.require_pushed_authorization_requests


def _by_reference(reference: str, client: Client, stores: Stores, now: datetime) -> Arrival:
    pushed = stores.pushed.get(digest(reference))
    if pushed is None:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "unknown or spent request_uri")
    if pushed.client_id != client.client_id:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "request_uri of another client")
    if now >= pushed.expires_at:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST_URI, "request_uri expired")
    return Arrival(as_params(pushed.params), pushed.digest)
