"""Deletes what has expired, by index and in batches; never an audit event.

Codes and tokens stay a while after they expired, so that a replay is still recognised and told. A grant
goes when its last code and refresh token went.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Delete, Table, bindparam, delete, select, tuple_

from sso.storage.columns import UtcDateTime
from sso.storage.tables import (
    authorization_code,
    consent,
    denied_token,
    grant,
    logout_notice,
    one_time_value,
    pending_authorization,
    refresh_token,
    session,
    throttle,
)
from sso.storage.unit_of_work import UnitOfWork

MAX_BATCH = 1000
_DAY = timedelta(days=1)


def _batch(table: Table, time: Column[Any]) -> Delete:
    key = list(table.primary_key.columns)
    expired = time <= bindparam("before", type_=UtcDateTime())
    oldest = select(*key).where(expired).order_by(time).limit(bindparam("size"))
    return delete(table).where(tuple_(*key).in_(oldest))


_NOTHING = timedelta(0)
_BATCHES = tuple(
    (table.name, _batch(table, table.c[time]), kept)
    for table, time, kept in (
        (pending_authorization, "expires_at", _NOTHING),
        (denied_token, "expires_at", _NOTHING),
        (one_time_value, "expires_at", _NOTHING),
        (throttle, "expires_at", _NOTHING),
        (consent, "expires_at", _NOTHING),
        (session, "ended_at", _DAY),
        (logout_notice, "created_at", 7 * _DAY),
    )
)
_CODES = _batch(authorization_code, authorization_code.c.expires_at).returning(authorization_code.c.grant_id)
_REFRESH_TOKENS = _batch(refresh_token, refresh_token.c.expires_at).returning(refresh_token.c.grant_id)
_CHILDLESS_GRANTS = delete(grant).where(
    grant.c.id.in_(bindparam("ids", expanding=True)),
    ~select(authorization_code.c.digest).where(authorization_code.c.grant_id == grant.c.id).exists(),
    ~select(refresh_token.c.digest).where(refresh_token.c.grant_id == grant.c.id).exists(),
)


class SqlCleanup:
    """The worker's broom."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def run(self, now: datetime, batch: int = MAX_BATCH) -> Mapping[str, int]:
        """Delete one batch of each short-lived table; return the number of rows deleted per table.

        Call it again, in a transaction of its own, while some number equals the batch.

        Raises:
            ValueError: the batch is not 1 to MAX_BATCH.
        """
        if not 1 <= batch <= MAX_BATCH:
            msg = f"a batch is 1 to {MAX_BATCH} rows"
            raise ValueError(msg)
        deleted = {
            name: self._unit.change(statement, {"before": now - kept, "size": batch})
            for name, statement, kept in _BATCHES
        }
        oldest = {"before": now - _DAY, "size": batch}
        codes = self._unit.rows(_CODES, oldest)
        tokens = self._unit.rows(_REFRESH_TOKENS, oldest)
        deleted["authorization_code"], deleted["refresh_token"] = len(codes), len(tokens)
        orphans = {row.grant_id for row in (*codes, *tokens)}
        deleted["grant"] = self._unit.change(_CHILDLESS_GRANTS, {"ids": sorted(orphans)}) if orphans else 0
        return deleted
