"""Deliver logout tokens (Back-Channel Logout 1.0, 2.5): leased, retried with backoff, every end recorded."""

import logging
from datetime import UTC, datetime, timedelta

from sso.audit.event import LogoutNotPropagated, LogoutPropagated
from sso.audit.record import Origin
from sso.hub import Hub
from sso.oidc import logout_cap
from sso.oidc.jose import KeySetInvalid
from sso.oidc.keys import NoSigningKey, SignerUnavailable
from sso.oidc.logout import logout_token
from sso.oidc.notice import LogoutNotice
from sso.outbound import Form, NoAnswer, NotAllowed, Outbound

log = logging.getLogger("sso.worker")

LEASE_SECONDS = 30
BATCH = 50
CHANNEL = "back-channel"
_CONFIRMED = (200, 204)
_ORIGIN = Origin(actor="worker")


def deliver_due(hub: Hub, outbound: Outbound, *, fresh_only: bool = False) -> bool:
    """Deliver the notices that are due, side by side, never-tried ones first; true if more may be due.

    A batch takes no longer than one request may, which is far less than the lease: no second worker takes
    a notice that this one still has under way.
    """
    now = datetime.now(UTC)
    with hub.database.read() as stores:
        if not stores.outbox.has_due(now, fresh_only=fresh_only):
            return False
    with hub.database.begin(_ORIGIN) as stores:
        notices = stores.outbox.claim_due(now, BATCH, LEASE_SECONDS, fresh_only=fresh_only)
    forms = []
    for notice in notices:
        try:
            forms.append((notice, _form(hub, notice)))
        except (NoSigningKey, SignerUnavailable, KeySetInvalid) as error:
            reason = f"no logout token: {type(error).__name__} {error}"
            _record_failure(hub, notice, None, reason, datetime.now(UTC))
    answers = outbound.post_forms([form for _, form in forms])
    for (notice, _), answer in zip(forms, answers, strict=True):
        _record(hub, notice, answer, datetime.now(UTC))
    return len(notices) == BATCH


def _form(hub: Hub, notice: LogoutNotice) -> Form:
    with hub.database.read() as stores:
        client = stores.clients.get(notice.client_id)
    if client is not None:
        hub.documents.prepare(client)
    # A wrong address that an officer has corrected is why most notices wait: take the one registered now.
    uri = client.backchannel_logout_uri if client is not None else None
    token = logout_token(notice, client, hub.provider(), datetime.now(UTC))
    return Form(uri or notice.uri, {"logout_token": token})


def _record(hub: Hub, notice: LogoutNotice, answer: int | NotAllowed | NoAnswer, now: datetime) -> None:
    if not isinstance(answer, int):
        _record_failure(hub, notice, None, str(answer), now)
    elif answer in _CONFIRMED:
        _record_delivered(hub, notice, answer, now)
    else:
        _record_failure(hub, notice, answer, f"HTTP status {answer}", now)


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
            logout_cap.lift(notice, stores.clients, stores.audit, now)


def _record_failure(hub: Hub, notice: LogoutNotice, status: int | None, reason: str, now: datetime) -> None:
    retry_for = timedelta(seconds=hub.configuration.settings.outbound.logout_retry_seconds)
    again = notice.next_attempt(retry_for, now)
    with hub.database.begin(_ORIGIN) as stores:
        if stores.outbox.failed(notice.id, again, reason, now):
            event = LogoutNotPropagated(
                client_id=notice.client_id,
                session_id=notice.session_id,
                account_id=notice.account_id,
                channel=CHANNEL,
                http_status=status,
                attempts=notice.attempts,
                final=again is None,
                reason=reason,
            )
            stores.audit.append(event, now)
            if again is None:
                logout_cap.apply(notice, stores.clients, hub.settings, stores.audit, now)
