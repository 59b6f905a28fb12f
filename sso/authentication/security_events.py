"""Queue security events for whoever knows an account and asked to be told, and record what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import SecurityEventDelivered, SecurityEventNotDelivered, SecurityEventsVerified
from sso.audit.record import JsonValue
from sso.authentication.stores import Stores
from sso.oidc.client import Client
from sso.oidc.digest import new_id
from sso.oidc.security_event import Delivery, EventType, SecurityEvent, wants
from sso.oidc.stores import AuditLog


def tell(
    account_id: str,
    kind: EventType,
    stores: Stores,
    now: datetime,
    detail: Mapping[str, JsonValue] | None = None,
) -> None:
    """Queue an event about an account, in the transaction of what it reports."""
    for client_id in stores.security_events.concerned(account_id):
        client = stores.clients.get(client_id)
        if client is None or not wants(client, kind):
            continue
        event = SecurityEvent(
            id=new_id(),
            client_id=client_id,
            kind=kind,
            occurred_at=now,
            account_id=account_id,
            sub=stores.subjects.sub(account_id, client.sector, now),
            detail=detail or {},
        )
        stores.security_events.add(event, pushed=_pushed(client), now=now)


def verify(client: Client, state: str | None, source: str, stores: Stores, now: datetime) -> SecurityEvent:
    """Queue a verification event, by which an application shows that events arrive (SSF 1.0 8.1.4)."""
    detail: dict[str, JsonValue] = {} if state is None else {"state": state}
    event = SecurityEvent(
        id=new_id(),
        client_id=client.client_id,
        kind=EventType.VERIFICATION,
        occurred_at=now,
        detail=detail,
    )
    stores.security_events.add(event, pushed=_pushed(client), now=now)
    done = SecurityEventsVerified(client_id=client.client_id, jti=event.id, source=source)
    stores.audit.append(done, now)
    return event


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event did not arrive. `http_status` is the receiver's answer to a push, if there was one."""

    reason: str
    http_status: int | None = None
    final: bool = True


def record_delivered(event: SecurityEvent, delivery: Delivery, audit: AuditLog, now: datetime) -> None:
    """Record that an application has an event."""
    done = SecurityEventDelivered(
        client_id=event.client_id,
        account_id=event.account_id,
        jti=event.id,
        event_type=event.kind.value,
        delivery=delivery.value,
        attempts=event.attempts,
    )
    audit.append(done, now)


def record_failure(
    event: SecurityEvent, delivery: Delivery, failure: Failure, audit: AuditLog, now: datetime
) -> None:
    """Record that an application has not taken an event, and why."""
    failed = SecurityEventNotDelivered(
        client_id=event.client_id,
        account_id=event.account_id,
        jti=event.id,
        event_type=event.kind.value,
        delivery=delivery.value,
        http_status=failure.http_status,
        attempts=event.attempts,
        final=failure.final,
        reason=failure.reason,
    )
    audit.append(failed, now)


def _pushed(client: Client) -> bool:
    return client.security_event_delivery == Delivery.PUSH
