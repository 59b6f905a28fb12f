"""Authorizations that a client waits for while a person answers elsewhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Row, Select, bindparam, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.client import GrantType
from sso.oidc.deferred import DeferredRequest, Notification
from sso.oidc.grant import Grant
from sso.storage.columns import UtcDateTime
from sso.storage.grants import grant_of
from sso.storage.pings import sealed_notification
from sso.storage.sealing import Sealer
from sso.storage.subjects import remember_subject, with_subject
from sso.storage.tables import deferred_request, grant
from sso.storage.unit_of_work import UnitOfWork

_D = deferred_request.c
_PREFIX = "asked_"


def _found(*conditions: Any) -> Select[Any]:
    """A request with its grant and that one's subject, where there is one."""
    own = (known.label(f"{_PREFIX}{known.name}") for known in _D if known is not _D.notification)
    joined = select(*own, *grant.c).outerjoin(grant, grant.c.id == _D.grant_id)
    return with_subject(joined.where(*conditions))


_ADD = postgresql.insert(deferred_request).on_conflict_do_nothing().returning(_D.id)
_GET = _found(_D.digest == bindparam("presented"))
_BY_ID = _found(_D.id == bindparam("key"))
_BY_USER_CODE = _found(
    _D.user_code == bindparam("typed"),
    _D.decided_at.is_(None),
    _D.expires_at > bindparam("now", type_=UtcDateTime()),
)
_WAITING_FOR = _found(
    _D.account_id == bindparam("key"),
    _D.decided_at.is_(None),
    _D.expires_at > bindparam("now", type_=UtcDateTime()),
).order_by(_D.asked_at, _D.id)
_DECIDE = (
    update(deferred_request)
    .where(
        _D.id == bindparam("key"),
        _D.decided_at.is_(None),
        _D.expires_at > bindparam("now", type_=UtcDateTime()),
    )
    .values(decided_at=bindparam("now"), grant_id=bindparam("given"))
)
_POLLED = (
    update(deferred_request)
    .where(_D.id == bindparam("key"), _D.next_poll_at == bindparam("seen", type_=UtcDateTime()))
    .values(interval_seconds=bindparam("seconds"), next_poll_at=bindparam("next_at"))
)
_REDEEM = (
    update(deferred_request)
    .where(_D.digest == bindparam("presented"), _D.grant_id.is_not(None), _D.redeemed_at.is_(None))
    .values(redeemed_at=bindparam("now"))
)


class SqlDeferredRequests:
    """`sso.oidc.deferred.DeferredRequests` in SQL."""

    __slots__ = ("_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer

    def add(self, asked: DeferredRequest, notification: Notification | None = None) -> bool:
        """Remember a request; false if another one has its user code. The notification is kept sealed."""
        sealed = None
        if notification is not None:
            sealed = sealed_notification(notification, asked.id, self._sealer)
        return self._unit.row(_ADD, {**_row(asked), "notification": sealed}) is not None

    def get(self, digest: bytes) -> DeferredRequest | None:
        """Return a request by its client's secret, whatever has become of it."""
        return self._find(_GET, {"presented": digest})

    def by_id(self, request_id: str) -> DeferredRequest | None:
        """Return a request, whatever has become of it."""
        return self._find(_BY_ID, {"key": request_id})

    def by_user_code(self, user_code: bytes, now: datetime) -> DeferredRequest | None:
        """Return the request of a code, if a person can still answer it."""
        return self._find(_BY_USER_CODE, {"typed": user_code, "now": now})

    def waiting_for(self, account_id: str, now: datetime) -> Sequence[DeferredRequest]:
        """Return the requests that only this account can answer and still may, oldest first."""
        return [_deferred(row) for row in self._unit.rows(_WAITING_FOR, {"key": account_id, "now": now})]

    def decide(self, request_id: str, grant: Grant | None, now: datetime) -> bool:
        """Note the person's answer: what they gave, or None for a refusal. True for one caller only."""
        self._unit.flush()
        given = None if grant is None else grant.id
        return self._unit.change(_DECIDE, {"key": request_id, "given": given, "now": now}) == 1

    def polled(self, asked: DeferredRequest, interval: timedelta, next_poll_at: datetime) -> bool:
        """Note a poll of a request as it was read; false if another poll came in between."""
        seen = {"key": asked.id, "seen": asked.next_poll_at}
        after = {"seconds": int(interval.total_seconds()), "next_at": next_poll_at}
        return self._unit.change(_POLLED, {**seen, **after}) == 1

    def redeem(self, digest: bytes, now: datetime) -> bool:
        """Mark what the person gave as handed out; true for one caller only."""
        return self._unit.change(_REDEEM, {"presented": digest, "now": now}) == 1

    def _find(self, statement: Executable, parameters: dict[str, Any]) -> DeferredRequest | None:
        self._unit.flush()
        row = self._unit.row(statement, parameters)
        if row is None:
            return None
        remember_subject(self._unit, row)
        return _deferred(row)


def _deferred(row: Row[Any]) -> DeferredRequest:
    named = row._mapping.items()
    own = {key.removeprefix(_PREFIX): value for key, value in named if key.startswith(_PREFIX)}
    return DeferredRequest(
        id=own["id"],
        digest=own["digest"],
        grant_type=GrantType(own["grant_type"]),
        client_id=own["client_id"],
        account_id=own["account_id"],
        user_code=own["user_code"],
        scope=frozenset(own["scope"].split()),
        resource=tuple(own["resource"].split()),
        authorization_details=tuple(own["authorization_details"]),
        acr_values=tuple(own["acr_values"].split()),
        binding_message=own["binding_message"],
        address=own["address"],
        user_agent=own["user_agent"],
        asked_at=own["asked_at"],
        expires_at=own["expires_at"],
        interval=timedelta(seconds=own["interval_seconds"]),
        next_poll_at=own["next_poll_at"],
        decided_at=own["decided_at"],
        grant=None if own["grant_id"] is None else grant_of(row),
        redeemed_at=own["redeemed_at"],
    )


def _row(asked: DeferredRequest) -> dict[str, Any]:
    return {
        "id": asked.id,
        "digest": asked.digest,
        "grant_type": asked.grant_type.value,
        "client_id": asked.client_id,
        "account_id": asked.account_id,
        "user_code": asked.user_code,
        "scope": " ".join(sorted(asked.scope)),
        "resource": " ".join(asked.resource),
        "authorization_details": [dict(detail) for detail in asked.authorization_details],
        "acr_values": " ".join(asked.acr_values),
        "binding_message": asked.binding_message,
        "address": asked.address,
        "user_agent": asked.user_agent,
        "asked_at": asked.asked_at,
        "expires_at": asked.expires_at,
        "interval_seconds": int(asked.interval.total_seconds()),
        "next_poll_at": asked.next_poll_at,
    }
