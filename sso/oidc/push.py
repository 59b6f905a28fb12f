"""The pushed authorization request endpoint (RFC 9126): take a client's request, return its reference."""

from collections.abc import Mapping
from datetime import datetime

from sso.audit.event import AuthorizationPushed, AuthorizationRejected
from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.confirmation import Confirmation
from sso.oidc.digest import digest, new_secret
from sso.oidc.errors import AuthorizationError, ErrorCode, TokenError, UntrustedRequest
from sso.oidc.pushed import PushedAuthorization
from sso.oidc.request import AuthorizationRequest, Params
from sso.oidc.request.arrival import REFERENCE_PREFIX, opened
from sso.oidc.request.parameters import kept
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest


def push(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> dict[str, JsonValue]:
    """Remember the request of a client that has proven who it is; the body of the answer (RFC 9126 2.2).

    The request is judged here as the authorization endpoint would judge it, and once more there.

    Raises:
        TokenError: what is wrong with it, under the code of the authorization endpoint (RFC 9126 2.3).
    """
    try:
        return _pushed(request, stores, provider, now)
    except (AuthorizationError, UntrustedRequest, TokenError) as refusal:
        stores.audit.append(
            AuthorizationRejected(
                client_id=request.client.client_id, error=refusal.code.value, reason=refusal.reason
            ),
            now,
        )
        if isinstance(refusal, TokenError):
            raise
        raise TokenError(refusal.code, refusal.description, refusal.reason) from refusal


def _pushed(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> dict[str, JsonValue]:
    if request.optional("request_uri") is not None:
        raise TokenError(ErrorCode.INVALID_REQUEST, "a pushed request has no request_uri")
    client = request.client
    params = opened(_params(client, request.params, request.resources), client, stores, provider, now)
    params = _with_key(params, request.confirmation)
    AuthorizationRequest.parse(params, stores.clients, provider)
    reference = REFERENCE_PREFIX + new_secret()
    pushed = PushedAuthorization(
        digest=digest(reference),
        client_id=client.client_id,
        params=kept(params),
        expires_at=now + provider.settings.pushed_lifetime,
        kept_until=now + provider.settings.pushed_lifetime + provider.settings.pending_lifetime,
    )
    stores.pushed.add(pushed)
    event = AuthorizationPushed(
        client_id=pushed.client_id,
        reference_prefix=pushed.digest.hex()[:16],
        expires_at=pushed.expires_at,
    )
    stores.audit.append(event, now)
    return {"request_uri": reference, "expires_in": int(provider.settings.pushed_lifetime.total_seconds())}


def _with_key(params: Params, proven: Confirmation | None) -> Params:
    """Bind the code to the key that a DPoP header proved; dpop_jkt must then be the same (RFC 9449 10.1)."""
    jkt = None if proven is None else proven.jkt
    if jkt is None:
        return params
    if params.get("dpop_jkt", [jkt]) != [jkt]:
        raise TokenError(ErrorCode.INVALID_DPOP_PROOF, "dpop_jkt is of another key than the DPoP proof")
    return {**params, "dpop_jkt": [jkt]}


def _params(client: Client, form: Mapping[str, str], resources: tuple[str, ...]) -> Params:
    """Return the form as parameters of a request of this client, whichever way it proved itself."""
    params = {name: [value] for name, value in form.items()} | {"client_id": [client.client_id]}
    return params | {"resource": list(resources)} if resources else params
