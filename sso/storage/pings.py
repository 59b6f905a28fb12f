"""Notifications of CIBA Core 10.2: queued with a person's answer, delivered by the worker."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.deferred import DeferredRequest, Notification
from sso.storage.columns import Text, UtcDateTime
from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer
from sso.storage.tables import deferred_request, ping
from sso.storage.unit_of_work import UnitOfWork

_P, _D = ping.c, deferred_request.c
_waits = (_P.delivered_at.is_(None), _P.gave_up_at.is_(None))
_COPIED = "request_id client_id uri sealed attempts expires_at next_attempt_at last_error".split()

_ADD = (
    postgresql.insert(ping)
    .from_select(
        _COPIED,
        select(
            _D.id,
            _D.client_id,
            bindparam("address", type_=Text),
            _D.notification,
            bindparam("none_yet", 0),
            _D.expires_at,
            bindparam("now", type_=UtcDateTime()),
            bindparam("no_error", "", type_=Text),
        ).where(_D.id == bindparam("asked"), _D.notification.is_not(None)),
    )
    .on_conflict_do_nothing()
)
_due = (
    select(_P.request_id)
    .where(*_waits, _P.next_attempt_at <= bindparam("now", type_=UtcDateTime()))
    .order_by(_P.next_attempt_at)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(ping)
    .where(_P.request_id.in_(select(_due.c.request_id)))
    .values(attempts=_P.attempts + 1, next_attempt_at=bindparam("lease_ends_at"))
    .returning(*ping.c)
)
_DELIVERED = (
    update(ping).where(_P.request_id == bindparam("key"), *_waits).values(delivered_at=bindparam("now"))
)
_FAILED = (
    update(ping)
    .where(_P.request_id == bindparam("key"), *_waits)
    .values(next_attempt_at=bindparam("next_at"), last_error=bindparam("error"))
)
_GAVE_UP = (
    update(ping)
    .where(_P.request_id == bindparam("key"), *_waits)
    .values(gave_up_at=bindparam("now"), last_error=bindparam("error"))
)
_WAITING_COUNT = select(func.count()).select_from(ping).where(*_waits)
_MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One notification on its way: where to, what it says, until when it is of use."""

    request_id: str
    client_id: str
    uri: str
    notification: Notification
    attempts: int
    expires_at: datetime


class SqlPings:
    """`sso.oidc.deferred.Pings` in SQL, and the worker's side of it."""

    __slots__ = ("_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer

    def add(self, asked: DeferredRequest, uri: str, now: datetime) -> None:
        """Queue the notification that was remembered with a request; none where there was none."""
        self._unit.change(_ADD, {"asked": asked.id, "address": uri, "now": now})

    def claim_due(self, now: datetime, limit: int, lease_seconds: int) -> Sequence[Ping]:
        """Take due notifications for this caller alone until the lease ends; `attempts` counts this one.

        One that another key sealed can never be told: it is given up, and holds up no other.
        """
        lease = {"now": now, "size": limit, "lease_ends_at": now + timedelta(seconds=lease_seconds)}
        found = []
        for row in self._unit.rows(_CLAIM, lease):
            try:
                found.append(_ping(row, self._sealer))
            except SealBroken as error:
                self.failed(row.request_id, None, str(error), now)
        return found

    def delivered(self, request_id: str, now: datetime) -> bool:
        """Note that a client was told; true for one caller only."""
        return self._unit.change(_DELIVERED, {"key": request_id, "now": now}) == 1

    def failed(self, request_id: str, next_attempt_at: datetime | None, error: str, now: datetime) -> bool:
        """Note a failure and when to try again; None gives up. True if it was still waiting."""
        reason = error[:_MAX_ERROR_LENGTH]
        if next_attempt_at is None:
            return self._unit.change(_GAVE_UP, {"key": request_id, "error": reason, "now": now}) == 1
        retry = {"key": request_id, "error": reason, "next_at": next_attempt_at}
        return self._unit.change(_FAILED, retry) == 1

    def waiting_count(self) -> int:
        """Return how many notifications wait."""
        (row,) = self._unit.rows(_WAITING_COUNT)
        return int(row[0])


def sealed_notification(notification: Notification, request_id: str, sealer: Sealer) -> bytes:
    """Return a notification sealed for its request."""
    plain = json.dumps([notification.auth_req_id, notification.token])
    return sealer.seal(plain.encode(), _context(request_id))


def _ping(row: Row[Any], sealer: Sealer) -> Ping:
    auth_req_id, token = json.loads(sealer.open(row.sealed, _context(row.request_id)))
    return Ping(
        request_id=row.request_id,
        client_id=row.client_id,
        uri=row.uri,
        notification=Notification(auth_req_id, token),
        attempts=row.attempts,
        expires_at=row.expires_at,
    )


def _context(request_id: str) -> bytes:
    return b"notification " + request_id.encode()
