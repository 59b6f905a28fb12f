"""Which keys a token is bound to when it is issued, and who may use it then (RFC 8705 3, RFC 9449 5 to 7)."""

from datetime import datetime

from sso.audit.event import AuthorizationRejected, TokenRequestFailed
from sso.oidc.client import Client
from sso.oidc.client_authentication import Presented
from sso.oidc.confirmation import Confirmation
from sso.oidc.dpop import Expected, ProofRefused, thumbprint_of_proof
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.fapi2 import algorithms_of
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


def confirmation_of(
    presented: Presented, client: Client, stores: Stores, provider: Provider, now: datetime
) -> Confirmation | None:
    """Return the keys that the tokens of this call shall be bound to; None binds them to none.

    A DPoP proof always binds; a certificate does for a client that registered
    tls_client_certificate_bound_access_tokens.

    Raises:
        TokenError: invalid_dpop_proof, use_dpop_nonce, or invalid_request where a client that always binds
            its tokens came without a key; recorded.
    """
    try:
        return _confirmation(presented, client, stores, provider, now)
    except TokenError as refusal:
        grant_type = presented.form.get("grant_type", "")
        event = TokenRequestFailed(
            client_id=client.client_id,
            grant_type=grant_type,
            error=refusal.code.value,
            reason=refusal.reason,
        )
        stores.audit.append(event, now)
        raise


def _confirmation(
    presented: Presented, client: Client, stores: Stores, provider: Provider, now: datetime
) -> Confirmation | None:
    jkt = _proven_key(presented, client, stores, provider, now)
    if jkt is None and client.dpop_bound_access_tokens:
        raise TokenError(ErrorCode.INVALID_DPOP_PROOF, "this client must send a DPoP proof", "no DPoP proof")
    x5t = None
    if client.tls_client_certificate_bound_access_tokens:
        if presented.certificate is None:
            raise TokenError(
                ErrorCode.INVALID_REQUEST, "this client must connect with its certificate", "no certificate"
            )
        x5t = presented.certificate.x5t
    return None if jkt is None and x5t is None else Confirmation(jkt, x5t)


def key_of_pushed(
    presented: Presented, client: Client, stores: Stores, provider: Provider, now: datetime
) -> Confirmation | None:
    """Return the key that a pushed request binds its code to, None without a proof (RFC 9449 10.1).

    Raises:
        TokenError: invalid_dpop_proof or use_dpop_nonce; recorded.
    """
    try:
        jkt = _proven_key(presented, client, stores, provider, now)
    except TokenError as refusal:
        event = AuthorizationRejected(
            client_id=client.client_id, error=refusal.code.value, reason=refusal.reason
        )
        stores.audit.append(event, now)
        raise
    return None if jkt is None else Confirmation(jkt=jkt)


def _proven_key(
    presented: Presented, client: Client, stores: Stores, provider: Provider, now: datetime
) -> str | None:
    if not presented.dpop:
        return None
    settings = provider.settings
    expected = Expected(
        method=presented.method,
        urls=settings.addresses(presented.url),
        nonce_required=settings.dpop_nonce_required or client.dpop_nonce_required,
        algorithms=algorithms_of(client, None),
    )
    try:
        return thumbprint_of_proof(presented.dpop, expected, stores, provider, now)
    except ProofRefused as refused:
        raise TokenError(refused.code, "the DPoP proof is not accepted", str(refused)) from refused
