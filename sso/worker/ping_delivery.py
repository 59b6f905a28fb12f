"""Tell clients that a person has answered (CIBA Core 10.2): leased, retried until it is of no use."""

from datetime import UTC, datetime

from sso.audit.event import ClientNotPinged, ClientPinged
from sso.audit.record import Origin
from sso.hub import Hub
from sso.oidc.notice import BACKOFF
from sso.outbound import Form, NoAnswer, NotAllowed, Outbound
from sso.storage.pings import Ping

LEASE_SECONDS = 30
BATCH = 50
_ACCEPTED = (200, 204)
_ORIGIN = Origin(actor="worker")


def ping_due(hub: Hub, outbound: Outbound) -> int:
    """Deliver the notifications that are due, side by side, and return how many were tried."""
    now = datetime.now(UTC)
    with hub.database.read() as stores:
        if stores.pings.waiting_count() == 0:
            return 0
    with hub.database.begin(_ORIGIN) as stores:
        pings = stores.pings.claim_due(now, BATCH, LEASE_SECONDS)
    answers = outbound.post_forms([_form(ping) for ping in pings])
    for ping, answer in zip(pings, answers, strict=True):
        _record(hub, ping, answer, datetime.now(UTC))
    return len(pings)


def _form(ping: Ping) -> Form:
    return Form(ping.uri, {"auth_req_id": ping.notification.auth_req_id}, bearer=ping.notification.token)


def _record(hub: Hub, ping: Ping, answer: int | NotAllowed | NoAnswer, now: datetime) -> None:
    status = answer if isinstance(answer, int) else None
    if status in _ACCEPTED:
        with hub.database.begin(_ORIGIN) as stores:
            if stores.pings.delivered(ping.request_id, now):
                event = ClientPinged(client_id=ping.client_id, http_status=status, attempts=ping.attempts)
                stores.audit.append(event, now)
        return
    reason = str(answer) if status is None else f"HTTP status {status}"
    again = now + BACKOFF[min(ping.attempts, len(BACKOFF)) - 1]
    final = again >= ping.expires_at
    with hub.database.begin(_ORIGIN) as stores:
        if stores.pings.failed(ping.request_id, None if final else again, reason, now):
            failure = ClientNotPinged(
                client_id=ping.client_id,
                http_status=status,
                attempts=ping.attempts,
                final=final,
                reason=reason,
            )
            stores.audit.append(failure, now)
