"""The outbox of security events: queued with what they report, pushed by the worker or polled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from sso.oidc.security_event import EventType, SecurityEvent
from sso.storage.columns import UtcDateTime
from sso.storage.tables import consent, grant, security_event
from sso.storage.unit_of_work import UnitOfWork

_E = security_event.c
_waits = (_E.delivered_at.is_(None), _E.gave_up_at.is_(None))
_is_due = (*_waits, _E.pushed, _E.next_attempt_at <= bindparam("now", type_=UtcDateTime()))

_DUE = select(_E.id).where(*_is_due).limit(1)
_due = (
    select(_E.id)
    .where(*_is_due)
    .order_by(_E.next_attempt_at)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(security_event)
    .where(_E.id.in_(select(_due.c.id)))
    .values(attempts=_E.attempts + 1, next_attempt_at=bindparam("lease_ends_at"))
    .returning(*_E)
)
_OF_CLIENT = (
    select(security_event)
    .where(*_waits, _E.client_id == bindparam("of"))
    .order_by(_E.occurred_at, _E.id)
    .limit(bindparam("size"))
)
_FINISHED = update(security_event).where(_E.id == bindparam("key"), _E.client_id == bindparam("of"), *_waits)
_DELIVERED = _FINISHED.values(delivered_at=bindparam("now"), last_error="").returning(*_E)
_GAVE_UP = _FINISHED.values(gave_up_at=bindparam("now"), last_error=bindparam("error")).returning(*_E)
_FAILED = (
    update(security_event)
    .where(_E.id == bindparam("key"), *_waits)
    .values(next_attempt_at=bindparam("next_at"), last_error=bindparam("error"))
)
_CONCERNED = (
    select(grant.c.client_id)
    .where(grant.c.account_id == bindparam("account"))
    .union(select(consent.c.client_id).where(consent.c.account_id == bindparam("account")))
)
_MAX_ERROR_LENGTH = 500


class SqlSecurityEvents:
    """`sso.oidc.security_event.SecurityEvents` in SQL, and the sides of the worker and of whoever polls."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, event: SecurityEvent, *, pushed: bool, now: datetime) -> None:
        """Queue an event, to be pushed by the worker or kept until it is polled and acknowledged."""
        row = {
            "id": event.id,
            "client_id": event.client_id,
            "kind": event.kind.value,
            "account_id": event.account_id,
            "sub": event.sub,
            "detail": dict(event.detail),
            "pushed": pushed,
            "occurred_at": event.occurred_at,
            "attempts": 0,
            "next_attempt_at": now,
            "last_error": "",
        }
        self._unit.collect(security_event, row)

    def concerned(self, account_id: str) -> list[str]:
        """Return the ids of the clients that know an account: by a grant, or by the person's consent."""
        self._unit.flush()
        return sorted(row.client_id for row in self._unit.rows(_CONCERNED, {"account": account_id}))

    def has_due(self, now: datetime) -> bool:
        """Whether an event is to be pushed."""
        return self._unit.row(_DUE, {"now": now}) is not None

    def claim_due(self, now: datetime, limit: int, lease_seconds: int) -> Sequence[SecurityEvent]:
        """Take events to push for this caller alone until the lease ends; `attempts` counts this one."""
        self._unit.flush()
        lease = {"now": now, "size": limit, "lease_ends_at": now + timedelta(seconds=lease_seconds)}
        claimed = [_event(row) for row in self._unit.rows(_CLAIM, lease)]
        return sorted(claimed, key=lambda event: (event.occurred_at, event.id))

    def waiting_for(self, client_id: str, limit: int) -> Sequence[SecurityEvent]:
        """Return what a client has not confirmed, oldest first."""
        self._unit.flush()
        return [_event(row) for row in self._unit.rows(_OF_CLIENT, {"of": client_id, "size": limit})]

    def delivered(self, event_id: str, client_id: str, now: datetime) -> SecurityEvent | None:
        """Note that a client has an event of its own, and return it; None for all but one caller."""
        row = self._unit.row(_DELIVERED, {"key": event_id, "of": client_id, "now": now})
        return None if row is None else _event(row)

    def gave_up(self, event_id: str, client_id: str, error: str, now: datetime) -> SecurityEvent | None:
        """Note that a client refused an event of its own, and return it; None for all but one caller."""
        given = {"key": event_id, "of": client_id, "error": error[:_MAX_ERROR_LENGTH], "now": now}
        row = self._unit.row(_GAVE_UP, given)
        return None if row is None else _event(row)

    def failed(self, event_id: str, next_attempt_at: datetime, error: str) -> bool:
        """Note a failure and when to try again; true if the event was still waiting."""
        retry = {"key": event_id, "error": error[:_MAX_ERROR_LENGTH], "next_at": next_attempt_at}
        return self._unit.change(_FAILED, retry) == 1


def _event(row: Row[Any]) -> SecurityEvent:
    return SecurityEvent(
        id=row.id,
        client_id=row.client_id,
        kind=EventType(row.kind),
        occurred_at=row.occurred_at,
        account_id=row.account_id,
        sub=row.sub,
        detail=row.detail,
        attempts=row.attempts,
    )
