"""The client and the address it is answered at: until both are known, no redirect may follow.

RFC 6749 3.1.2.4 and 4.1.2.1, RFC 8252 7.3, RFC 9700 4.1.3.
"""

import ipaddress
import re

from sso.oidc.client import Client, is_client_id
from sso.oidc.errors import ErrorCode, ReturnAddress, UntrustedRequest
from sso.oidc.request.parameters import Params
from sso.oidc.request.refusal import invalid
from sso.oidc.request.response_type import mode_of
from sso.oidc.stores import Clients

MAX_STATE_LENGTH = 2_048
_LOOPBACK = re.compile(r"(http://(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)))(?::[0-9]{1,5})?(/.*)?")


def client_of(params: Params, clients: Clients) -> Client:
    """Return the client that a request says it is from.

    Raises:
        UntrustedRequest: client_id is missing, repeated or unknown.
    """
    values = params.get("client_id", ())
    if len(values) != 1:
        raise UntrustedRequest(ErrorCode.INVALID_CLIENT, "client_id is missing or repeated")
    client = clients.get(values[0]) if is_client_id(values[0]) else None
    if client is None:
        raise UntrustedRequest(ErrorCode.INVALID_CLIENT, "unknown client_id")
    return client


def return_address(params: Params, client: Client) -> ReturnAddress:
    """Return where the client is answered, with its `state` byte for byte.

    Raises:
        UntrustedRequest: redirect_uri is missing, repeated or not registered.
        AuthorizationError: state is repeated or too long.
    """
    values = params.get("redirect_uri", ())
    if len(values) != 1:
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST, "redirect_uri is missing or repeated")
    if not any(_same_address(values[0], registered) for registered in client.redirect_uris):
        raise UntrustedRequest(ErrorCode.INVALID_REQUEST, "redirect_uri is not registered")
    states = params.get("state", ())
    usable = len(states) == 1 and len(states[0]) <= MAX_STATE_LENGTH
    to = ReturnAddress(values[0], states[0] if usable else None, client, mode_of(params, client))
    if states and not usable:
        invalid("state is repeated or too long", to)
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
