"""The outbox of back-channel logout: queued with the session's end, delivered by the worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, bindparam, func, select, update

from sso.oidc.client import Client
from sso.oidc.digest import new_id
from sso.oidc.notice import LogoutNotice
from sso.oidc.session import Session
from sso.storage.columns import UtcDateTime
from sso.storage.tables import logout_notice
from sso.storage.unit_of_work import UnitOfWork

_N = logout_notice.c
_waits = (_N.delivered_at.is_(None), _N.gave_up_at.is_(None))

_is_due = (*_waits, _N.next_attempt_at <= bindparam("now", type_=UtcDateTime()))
_is_fresh = _N.attempts == 0


def _claim(*which: ColumnElement[bool]) -> Executable:
    """Take rows: a CTE, so that the planner does it once; SQLite, where one writes at a time, locks none."""
    due = (
        select(_N.id)
        .where(*_is_due, *which)
        .order_by(_N.next_attempt_at)
        .limit(bindparam("size"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(logout_notice)
        .where(_N.id.in_(select(due.c.id)))
        .values(attempts=_N.attempts + 1, next_attempt_at=bindparam("lease_ends_at"))
        .returning(*logout_notice.c)
    )


_CLAIM_FRESH, _CLAIM = _claim(_is_fresh), _claim()
_DUE = select(_N.id).where(*_is_due).limit(1)
_FRESH_DUE = select(_N.id).where(*_is_due, _is_fresh).limit(1)
_DELIVERED = (
    update(logout_notice)
    .where(_N.id == bindparam("key"), *_waits)
    .values(delivered_at=bindparam("now"), attempts=bindparam("made"), last_error="")
)
_FAILED = (
    update(logout_notice)
    .where(_N.id == bindparam("key"), *_waits)
    .values(next_attempt_at=bindparam("next_at"), last_error=bindparam("error"))
)
_GAVE_UP = (
    update(logout_notice)
    .where(_N.id == bindparam("key"), *_waits)
    .values(gave_up_at=bindparam("now"), last_error=bindparam("error"))
)
_OF_SESSION = (
    select(logout_notice).where(_N.session_id == bindparam("of")).order_by(_N.created_at, _N.client_id)
)
_PENDING_COUNT = select(func.count()).select_from(logout_notice).where(*_waits)
_MAX_ERROR_LENGTH = 500


class SqlOutbox:
    """`sso.oidc.stores.Notices` in SQL, and the worker's side of it."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add_logout(self, session: Session, client: Client, sub: str, now: datetime) -> None:
        """Queue a logout token for a client; delivered by the worker, retried for eight hours.

        One row per session and client. A client without a back-channel address is not told.
        """
        if client.backchannel_logout_uri is None:
            return
        row = {
            "id": new_id(),
            "session_id": session.id,
            "account_id": session.account_id,
            "client_id": client.client_id,
            "sub": sub,
            "uri": client.backchannel_logout_uri,
            "include_sid": client.backchannel_logout_session_required,
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
            "last_error": "",
        }
        self._unit.collect(logout_notice, row)

    def has_due(self, now: datetime, *, fresh_only: bool = False) -> bool:
        """Whether a notice is due; `fresh_only`, one that was never tried."""
        return self._unit.row(_FRESH_DUE if fresh_only else _DUE, {"now": now}) is not None

    def claim_due(
        self, now: datetime, limit: int, lease_seconds: int, *, fresh_only: bool = False
    ) -> Sequence[LogoutNotice]:
        """Take due notices for this caller alone until the lease ends; `attempts` counts this one.

        Those that were never tried come first: who does not answer holds up nobody who would.
        """
        self._unit.flush()
        lease = {"now": now, "size": limit, "lease_ends_at": now + timedelta(seconds=lease_seconds)}
        claimed = [_notice(row) for row in self._unit.rows(_CLAIM_FRESH, lease)]
        if len(claimed) < limit and not fresh_only:
            rest = {**lease, "size": limit - len(claimed)}
            claimed += [_notice(row) for row in self._unit.rows(_CLAIM, rest)]
        return sorted(claimed, key=lambda notice: (notice.created_at, notice.id))

    def delivered(self, notice_id: str, attempts: int, now: datetime) -> bool:
        """Note that a client was told, at its n-th attempt; true for one caller only."""
        return self._unit.change(_DELIVERED, {"key": notice_id, "made": attempts, "now": now}) == 1

    def failed(self, notice_id: str, next_attempt_at: datetime | None, error: str, now: datetime) -> bool:
        """Note a failure and when to try again; None gives up. True if the notice was still waiting."""
        reason = error[:_MAX_ERROR_LENGTH]
        if next_attempt_at is None:
            return self._unit.change(_GAVE_UP, {"key": notice_id, "error": reason, "now": now}) == 1
        retry = {"key": notice_id, "error": reason, "next_at": next_attempt_at}
        return self._unit.change(_FAILED, retry) == 1

    def of_session(self, session_id: str) -> Sequence[LogoutNotice]:
        """Return the notices of a session, for the page that tells who was told."""
        self._unit.flush()
        return [_notice(row) for row in self._unit.rows(_OF_SESSION, {"of": session_id})]

    def pending_count(self) -> int:
        """Return how many notices wait."""
        self._unit.flush()
        (row,) = self._unit.rows(_PENDING_COUNT)
        return int(row[0])


def _notice(row: Row[Any]) -> LogoutNotice:
    return LogoutNotice(
        id=row.id,
        session_id=row.session_id,
        account_id=row.account_id,
        client_id=row.client_id,
        sub=row.sub,
        uri=row.uri,
        include_sid=row.include_sid,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
        gave_up_at=row.gave_up_at,
        last_error=row.last_error,
    )
