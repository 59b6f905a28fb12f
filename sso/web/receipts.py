"""Receipts for applications: proof that the hub logged what it did for them, to keep and to show to others.

`txn` of an ID token is the id of the event that recorded it; its receipt is a C2SP tlog-proof, with the
entry's body within. Whoever receives tokens can so notice that one was issued without a record.

Of a month in the archive the tree still has the place, and a worker reads the body when it is asked for
(`sso.worker.recalls`): 202 until then, 503 while it cannot, 429 to who asked for too many at a time. 410 says
that the month was dropped and that nothing of it is kept.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from sso.archive.months import gone_months
from sso.audit.checkpoint import LogProof
from sso.audit.event import ReceiptGiven
from sso.audit.record import is_event_id
from sso.hub import Hub
from sso.oidc.client import Client
from sso.storage.audit_receipts import NotSignedYet
from sso.storage.stores import SqlStores
from sso.web.confidential import confidential_client, presented_to
from sso.web.visit import origin_of

RECEIPT_PATH = "/audit/receipt"
MEDIA_TYPE = "text/plain"
RETRY_SECONDS = 2
ARCHIVE_RETRY_SECONDS = 30
LATER_SECONDS = 600


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint; GET for clients with Basic credentials, POST for every way of authentication."""
    bp = Blueprint("receipts", __name__)

    @bp.route(f"{RECEIPT_PATH}/<txn>", methods=["GET", "POST"])
    def receipt(txn: str) -> Response:
        """Return the receipt of an event of the calling client (C2SP tlog-proof); 202 until it is there."""
        presented = presented_to("receipt", hub, request)
        proxies = hub.configuration.settings.server.trusted_proxies
        with hub.database.begin(origin_of(request, proxies)) as stores:
            client = confidential_client(presented, stores, hub, "a public client has no receipts")
            return _Asked(txn, client, stores, datetime.now(UTC)).answer(hub)

    return bp


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, in which transaction, for the receipt of which event."""

    txn: str
    client: Client
    stores: SqlStores
    now: datetime

    def answer(self, hub: Hub) -> Response:
        """Return the receipt, or why there is none now."""
        if not is_event_id(self.txn):
            return _text("", 404)
        try:
            proof = self.stores.audit_receipts.receipt(self.txn, self.client.client_id)
            if proof is None and self.stores.audit_tree.place_of(self.txn) is not None:
                return self._of_gone_month(hub)
        except NotSignedYet:
            return _later(202, RETRY_SECONDS)
        return self._given(proof)

    def _of_gone_month(self, hub: Hub) -> Response:
        """Of an event that has its place in the tree, and no entry that this client may see."""
        archived = gone_months(self.stores, hub.database) if hub.configuration.audit_archive else {}
        if any(month.holds(self.txn) for month in archived):
            return self._recalled()
        dropped = self.stores.audit_months.dropped() if hub.database.dialect == "postgresql" else ()
        return _text("", 410 if any(each.first_id <= self.txn < each.end_id for each in dropped) else 404)

    def _recalled(self) -> Response:
        """The receipt as soon as a worker has read the entry in the archive, which nobody can wait for."""
        recalls = self.stores.audit_recalls
        recall = recalls.of(self.txn)
        if recall is None:
            asked = recalls.ask(self.txn, self.client.client_id, self.now)
            return _later(202, ARCHIVE_RETRY_SECONDS) if asked else _later(429, LATER_SECONDS)
        if recall.body is None:
            return _later(503, LATER_SECONDS) if recall.failed else _later(202, ARCHIVE_RETRY_SECONDS)
        proof = self.stores.audit_receipts.of_body(self.txn, recall.body, self.client.client_id)
        if proof is not None:
            recalls.given(self.txn, self.now)
        return self._given(proof)

    def _given(self, proof: LogProof | None) -> Response:
        if proof is None:
            return _text("", 404)
        self.stores.audit.append(ReceiptGiven(client_id=self.client.client_id, record_id=self.txn), self.now)
        return _text(str(proof), 200)


def _later(status: int, seconds: int) -> Response:
    response = _text("", status)
    response.headers["Retry-After"] = str(seconds)
    return response


def _text(body: str, status: int) -> Response:
    response = Response(body, status=status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
