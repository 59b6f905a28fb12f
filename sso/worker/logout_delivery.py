"""Deliver logout tokens (Back-Channel Logout 1.0, 2.5): leased, retried with backoff, every end recorded."""

import logging
from datetime import UTC, datetime, timedelta

import httpx

from sso.audit.event import LogoutNotPropagated, LogoutPropagated
from sso.audit.record import Origin
from sso.hub import Hub
from sso.oidc.logout import logout_token
from sso.oidc.notice import LogoutNotice
from sso.worker.outbound import NotAllowed, Outbound

log = logging.getLogger("sso.worker")

LEASE_SECONDS = 30
BATCH = 20
CHANNEL = "back-channel"
_ORIGIN = Origin(actor="worker")
_BACKOFF_SECONDS = (2, 5, 15, 60, 300, 900)


def deliver_due(hub: Hub, outbound: Outbound) -> int:
    """Deliver the notices that are due and return how many were tried."""
    now = datetime.now(UTC)
    with hub.database.read() as stores:
        if stores.outbox.pending_count() == 0:
            return 0
    with hub.database.begin(_ORIGIN) as stores:
        notices = stores.outbox.claim_due(now, BATCH, LEASE_SECONDS)
    for notice in notices:
        _deliver(hub, outbound, notice)
    return len(notices)


def _deliver(hub: Hub, outbound: Outbound, notice: LogoutNotice) -> None:
    with hub.database.read() as stores:
        client = stores.clients.get(notice.client_id)
    alg = client.id_token_signed_response_alg if client is not None else "RS256"
    token = logout_token(notice, alg, hub.provider(), datetime.now(UTC))
    status, reason = _post(outbound, notice.uri, token)
    now = datetime.now(UTC)
    if status in (200, 204):
        _record_delivered(hub, notice, status, now)
        return
    _record_failure(hub, notice, status, reason, now)


def _post(outbound: Outbound, uri: str, token: str) -> tuple[int | None, str]:
    try:
        status = outbound.post_form(uri, {"logout_token": token})
    except NotAllowed as error:
        return None, str(error)
    except httpx.HTTPError as error:
        return None, type(error).__name__
    return status, f"HTTP status {status}"


def _record_delivered(hub: Hub, notice: LogoutNotice, status: int, now: datetime) -> None:
    with hub.database.begin(_ORIGIN) as stores:
        if stores.outbox.delivered(notice.id, notice.attempts, now):
            event = LogoutPropagated(
                client_id=notice.client_id,
                session_id=notice.session_id,
                account_id=notice.account_id,
                channel=CHANNEL,
                http_status=status,
                attempts=notice.attempts,
            )
            stores.audit.append(event, now)


def _record_failure(hub: Hub, notice: LogoutNotice, status: int | None, reason: str, now: datetime) -> None:
    limit = timedelta(seconds=hub.configuration.settings.outbound.logout_retry_seconds)
    again = now + timedelta(seconds=_BACKOFF_SECONDS[min(notice.attempts, len(_BACKOFF_SECONDS)) - 1])
    final = again > notice.created_at + limit
    with hub.database.begin(_ORIGIN) as stores:
        if stores.outbox.failed(notice.id, None if final else again, reason, now):
            event = LogoutNotPropagated(
                client_id=notice.client_id,
                session_id=notice.session_id,
                account_id=notice.account_id,
                channel=CHANNEL,
                http_status=status,
                attempts=notice.attempts,
                final=final,
                reason=reason,
            )
            stores.audit.append(event, now)
