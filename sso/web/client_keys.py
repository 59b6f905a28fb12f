"""Reads what a client publishes before a transaction needs it: keys (RFC 7591 2), requests (RFC 9101 5.2)."""

from sso.hub import Hub
from sso.oidc.certificate import ClientCertificate
from sso.oidc.client import ClientAuthMethod, is_client_id
from sso.oidc.client_authentication import is_registered
from sso.oidc.grants.jwt_bearer import issuer_of
from sso.oidc.jose import TokenInvalid, unverified_header
from sso.oidc.request.arrival import address_to_read
from sso.oidc.request.parameters import Params


def prepare_client_keys(
    hub: Hub, client_id: str, *tokens: str | None, certificate: ClientCertificate | None = None
) -> None:
    """See to it that the keys of a client are at hand: those that sign `tokens`, and those to encrypt to.

    A certificate counts like a token whose key is not known yet (RFC 8705 2.2).

    Nothing of this is proven yet: it only decides which keys are tried. Call it before a transaction.
    """
    client = hub.database.client(client_id) if is_client_id(client_id) else None
    if client is None or client.jwks_uri is None:
        return
    for token in tokens or (None,):
        hub.documents.prepare(client, _kid(token))
    by_own = client.auth_method is ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH
    if by_own and certificate is not None and not is_registered(hub.documents.keys(client), certificate):
        hub.documents.prepare(client, certificate.x5t)


def prepare_issuer_keys(hub: Hub, assertion: str | None) -> None:
    """See to it that the keys of a trusted issuer are at hand: those that sign an assertion of its."""
    issuer = None if assertion is None else issuer_of(assertion, hub.provider())
    if issuer is not None:
        hub.documents.prepare(issuer, _kid(assertion))


def request_object(hub: Hub, params: Params) -> bytes | None:
    """Return the request object that a request refers to, as its client publishes it, or None.

    Nothing of it is believed yet. Call it before a transaction.
    """
    client_id = next(iter(params.get("client_id", ())), "")
    client = hub.database.client(client_id) if is_client_id(client_id) else None
    address = None if client is None else address_to_read(params, client, hub.settings)
    return None if address is None else hub.documents.request_object(client_id, address)


def _kid(token: str | None) -> str | None:
    try:
        kid = None if token is None else unverified_header(token).get("kid")
    except TokenInvalid:
        return None
    return kid if isinstance(kid, str) else None
