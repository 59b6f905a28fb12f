"""Push security event tokens (RFC 8935): leased, retried with backoff, every end recorded."""

import json
from datetime import UTC, datetime, timedelta

from sso.audit.record import Origin
from sso.authentication.security_events import Failure, record_delivered, record_failure
from sso.hub import Hub
from sso.oidc.keys import NoSigningKey, SignerUnavailable
from sso.oidc.notice import next_attempt
from sso.oidc.poll import reason_of
from sso.oidc.security_event import (
    SECURITY_EVENT_MEDIA_TYPE,
    Delivery,
    SecurityEvent,
    security_event_token,
)
from sso.outbound import Answer, NoAnswer, NotAllowed, Outbound, Posting

LEASE_SECONDS = 30
BATCH = 50
_ACCEPTED = (200, 202, 204)
_ORIGIN = Origin(actor="worker")


def push_due(hub: Hub, outbound: Outbound) -> bool:
    """Push the events that are due, side by side; true if more may be due."""
    now = datetime.now(UTC)
    with hub.database.read() as stores:
        if not stores.security_events.has_due(now):
            return False
    with hub.database.begin(_ORIGIN) as stores:
        events = stores.security_events.claim_due(now, BATCH, LEASE_SECONDS)
    postings = []
    for event in events:
        made = _document(hub, event, now)
        if isinstance(made, str):
            _record_failure(hub, event, None, made, datetime.now(UTC))
        else:
            postings.append((event, made))
    answers = outbound.post([posting for _, posting in postings])
    for (event, _), answer in zip(postings, answers, strict=True):
        _record(hub, event, answer, datetime.now(UTC))
    return len(events) == BATCH


def _document(hub: Hub, event: SecurityEvent, now: datetime) -> Posting | str:
    """Return what to post, or why nothing can be: to the address that is registered now."""
    with hub.database.read() as stores:
        client = stores.clients.get(event.client_id)
    if client is None or client.security_event_endpoint is None:
        return "the application has no address for events any more"
    try:
        token = security_event_token(event, client, hub.provider(), now)
    except (NoSigningKey, SignerUnavailable) as error:
        return f"no token: {type(error).__name__} {error}"
    address, content = client.security_event_endpoint, token.encode("ascii")
    return Posting(address, content, SECURITY_EVENT_MEDIA_TYPE, accept="application/json")


def _record(hub: Hub, event: SecurityEvent, answer: Answer | NotAllowed | NoAnswer, now: datetime) -> None:
    if not isinstance(answer, Answer):
        _record_failure(hub, event, None, str(answer), now)
        return
    if answer.status not in _ACCEPTED:
        told = _told(answer)
        reason = f"HTTP status {answer.status}{f', {told}' if told else ''}"
        _record_failure(hub, event, answer.status, reason, now)
        return
    with hub.database.begin(_ORIGIN) as stores:
        if stores.security_events.delivered(event.id, event.client_id, now) is not None:
            record_delivered(event, Delivery.PUSH, stores.audit, now)


def _record_failure(hub: Hub, event: SecurityEvent, status: int | None, reason: str, now: datetime) -> None:
    retry_for = timedelta(seconds=hub.configuration.settings.outbound.logout_retry_seconds)
    again = next_attempt(event.attempts, event.occurred_at + retry_for, now)
    with hub.database.begin(_ORIGIN) as stores:
        if again is None:
            waited = stores.security_events.gave_up(event.id, event.client_id, reason, now) is not None
        else:
            waited = stores.security_events.failed(event.id, again, reason)
        if waited:
            failure = Failure(reason, status, final=again is None)
            record_failure(event, Delivery.PUSH, failure, stores.audit, now)


def _told(answer: Answer) -> str:
    """What the receiver says is wrong (RFC 8935 2.3), if it says so in JSON."""
    try:
        return reason_of(json.loads(answer.body))
    except (ValueError, RecursionError):
        return ""
