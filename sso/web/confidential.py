"""Applications that fetch what is theirs alone: proven in any way that clients are, and never public ones."""

from datetime import UTC, datetime

from flask import Request

from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.client_authentication import Presented, authenticate, claimed_client_id
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.token_request import single_values
from sso.storage.stores import SqlStores
from sso.web.client_keys import prepare_client_keys
from sso.web.proof_of_key import presented_of


def presented_to(endpoint: str, hub: Hub, request: Request) -> Presented:
    """Return what a request brings to prove its client, and see to its keys. Call it before a transaction.

    GET is for Basic credentials and certificates, POST for every way of authentication.

    Raises:
        TokenError: a parameter of the form comes twice, or is too long.
    """
    form = single_values(request.form.to_dict(flat=False)) if request.method == "POST" else {}
    proxies = hub.configuration.settings.server.trusted_proxies
    presented = presented_of(endpoint, form, request, hub.settings, proxies)
    assertion = form.get("client_assertion")
    prepare_client_keys(hub, claimed_client_id(presented), assertion, certificate=presented.certificate)
    return presented


def confidential_client(presented: Presented, stores: SqlStores, hub: Hub, refusal: str) -> Client:
    """Return the client that has proven itself.

    Raises:
        TokenError: it has not, or proves nothing because it is public, which `refusal` says.
    """
    client = authenticate(presented, stores, hub.provider(), datetime.now(UTC))
    if client.public:
        raise TokenError(ErrorCode.INVALID_CLIENT, refusal)
    return client
