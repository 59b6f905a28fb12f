"""Deletes what has expired, by index and in batches; never an audit event.

A batch is one short transaction of one table. On PostgreSQL it passes over rows that someone else holds:
nobody waits for the broom, and it waits for nobody. Codes and tokens stay a while after they expired, so
that a replay is still recognised and told. A grant goes when its last code and refresh token went.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete, Executable, Table, bindparam, delete, select, tuple_

from sso.storage.columns import UtcDateTime
from sso.storage.expiries import EXPIRING_TABLES, SqlExpiries
from sso.storage.tables import (
    access_token,
    audit_recall,
    authorization_code,
    client_secret,
    consent,
    deferred_request,
    denied_token,
    directory_run,
    grant,
    initial_access_token,
    logout_frame,
    logout_notice,
    one_time_value,
    pending_authorization,
    ping,
    pushed_authorization,
    refresh_token,
    security_event,
    session,
    throttle,
    upstream_journey,
)
from sso.storage.unit_of_work import UnitOfWork

MAX_BATCH = 1000
_NOTHING = timedelta(0)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A table to keep short: rows go when the time in a column is longer ago than `kept`."""

    table: Table
    column: str
    kept: timedelta
    holds_grant: bool = False

    def statement(self) -> Executable:
        """Return the DELETE of one batch, the oldest first, as a CTE so that the planner takes the rows once.

        SQLite, where one writes at a time, locks no row; its driver counts no rows behind a WITH.
        """
        key = list(self.table.primary_key.columns)
        time = self.table.c[self.column]
        oldest = (
            select(*key)
            .where(time <= bindparam("before", type_=UtcDateTime()))
            .order_by(time)
            .limit(bindparam("size"))
            .with_for_update(skip_locked=True)
            .cte("oldest")
        )
        told = self.table.c.grant_id if self.holds_grant else key[0]
        return delete(self.table).where(tuple_(*key).in_(select(*oldest.c))).returning(told)


_SWEEPS = {
    sweep.table.name: sweep
    for sweep in (
        _Sweep(pending_authorization, "expires_at", _NOTHING),
        _Sweep(upstream_journey, "expires_at", _NOTHING),
        _Sweep(pushed_authorization, "kept_until", _NOTHING),
        _Sweep(access_token, "expires_at", _NOTHING),
        _Sweep(denied_token, "expires_at", _NOTHING),
        _Sweep(one_time_value, "expires_at", _NOTHING),
        _Sweep(audit_recall, "expires_at", _NOTHING),
        _Sweep(throttle, "expires_at", _NOTHING),
        _Sweep(consent, "expires_at", _NOTHING),
        _Sweep(client_secret, "expires_at", _NOTHING),
        _Sweep(initial_access_token, "expires_at", 30 * _DAY),
        _Sweep(authorization_code, "expires_at", _DAY, holds_grant=True),
        _Sweep(deferred_request, "expires_at", _DAY, holds_grant=True),
        _Sweep(refresh_token, "expires_at", _DAY, holds_grant=True),
        _Sweep(ping, "expires_at", _DAY),
        _Sweep(grant, "ends_at", _DAY),
        _Sweep(session, "ended_at", 7 * _DAY),
        _Sweep(logout_notice, "created_at", 7 * _DAY),
        _Sweep(security_event, "occurred_at", 7 * _DAY),
        _Sweep(logout_frame, "created_at", 7 * _DAY),
        _Sweep(directory_run, "started_at", 30 * _DAY),
    )
}
_STATEMENTS = {name: sweep.statement() for name, sweep in _SWEEPS.items()}

SWEPT_TABLES = tuple(_SWEEPS)
"""The tables to sweep, by name."""


class SqlCleanup:
    """The worker's broom."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def sweep(self, table: str, now: datetime, batch: int = MAX_BATCH) -> int:
        """Delete one batch of a table of SWEPT_TABLES and return its size.

        Call it again, in a transaction of its own, while a batch is full.

        Raises:
            ValueError: the batch is not 1 to MAX_BATCH.
        """
        if not 1 <= batch <= MAX_BATCH:
            msg = f"a batch is 1 to {MAX_BATCH} rows"
            raise ValueError(msg)
        sweep = _SWEEPS[table]
        before = min(now - sweep.kept, self._told_until(table) or now)
        gone = self._unit.rows(_STATEMENTS[table], {"before": before, "size": batch})
        held = {row.grant_id for row in gone if row.grant_id is not None} if sweep.holds_grant else set()
        if held:
            self._unit.change(_childless(held))
        return len(gone)

    def _told_until(self, table: str) -> datetime | None:
        """What has not been recorded as expired stays."""
        return SqlExpiries(self._unit).watermark(table) if table in EXPIRING_TABLES else None


def _childless(grant_ids: Collection[str]) -> Delete:
    """Delete those of the grants that have no code, request or refresh token any more."""
    return delete(grant).where(
        grant.c.id.in_(sorted(grant_ids)),
        ~select(authorization_code.c.digest).where(authorization_code.c.grant_id == grant.c.id).exists(),
        ~select(deferred_request.c.id).where(deferred_request.c.grant_id == grant.c.id).exists(),
        ~select(refresh_token.c.digest).where(refresh_token.c.grant_id == grant.c.id).exists(),
    )
