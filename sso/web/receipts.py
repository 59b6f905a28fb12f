"""Receipts for applications: proof that the hub logged what it did for them, to keep and to show to others.

`txn` of an ID token is the id of the event that recorded it; its receipt is a C2SP tlog-proof, with the
entry's body within. Whoever receives tokens can so notice that one was issued without a record.
"""

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from sso.audit.event import ReceiptGiven
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.client_authentication import authenticate, claimed_client_id
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.token_request import single_values
from sso.storage.audit_receipts import NotSignedYet
from sso.storage.stores import SqlStores
from sso.web.client_keys import prepare_client_keys
from sso.web.proof_of_key import presented_of
from sso.web.visit import origin_of

RECEIPT_PATH = "/audit/receipt"
MEDIA_TYPE = "text/plain"
RETRY_SECONDS = 2
_EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint; GET for clients with Basic credentials, POST for every way of authentication."""
    bp = Blueprint("receipts", __name__)

    @bp.route(f"{RECEIPT_PATH}/<txn>", methods=["GET", "POST"])
    def receipt(txn: str) -> Response:
        """Return the receipt of an event of the calling client (C2SP tlog-proof); 202 until it is signed."""
        form = single_values(request.form.to_dict(flat=False)) if request.method == "POST" else {}
        proxies = hub.configuration.settings.server.trusted_proxies
        presented = presented_of("receipt", form, request, hub.settings, proxies)
        now, assertion = datetime.now(UTC), form.get("client_assertion")
        prepare_client_keys(hub, claimed_client_id(presented), assertion, certificate=presented.certificate)
        with hub.database.begin(origin_of(request, proxies)) as stores:
            client = authenticate(presented, stores, hub.provider(), now)
            if client.public:
                raise TokenError(ErrorCode.INVALID_CLIENT, "a public client has no receipts")
            try:
                proof = _proof(txn, client, stores, now)
            except NotSignedYet:
                return _text("", 202)
        return _text("", 404) if proof is None else _text(proof, 200)

    return bp


def _proof(txn: str, client: Client, stores: SqlStores, now: datetime) -> str | None:
    if not _EVENT_ID.fullmatch(txn):
        return None
    proof = stores.audit_receipts.receipt(txn, client.client_id)
    if proof is None:
        return None
    stores.audit.append(ReceiptGiven(client_id=client.client_id, record_id=txn), now)
    return str(proof)


def _text(body: str, status: int) -> Response:
    response = Response(body, status=status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if status == 202:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
