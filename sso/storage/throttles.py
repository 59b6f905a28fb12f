"""Counters of attempts, and of those that were refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, delete, select, tuple_
from sqlalchemy.dialects import postgresql

from sso.directory.stores import Attempts, Refusals
from sso.storage.columns import UtcDateTime
from sso.storage.tables import refused_attempts, throttle
from sso.storage.unit_of_work import UnitOfWork

_T = throttle.c

_insert = postgresql.insert(throttle)
_new = _insert.excluded
_over = _T.window_started_at <= bindparam("floor", type_=UtcDateTime())
_ATTEMPT = _insert.on_conflict_do_update(
    index_elements=[_T.key],
    set_={
        "attempts": case((_over, 1), else_=_T.attempts + 1),
        "window_started_at": case((_over, _new.window_started_at), else_=_T.window_started_at),
        "expires_at": case((_over, _new.expires_at), else_=_T.expires_at),
    },
).returning(_T.attempts, _T.window_started_at)
_FORGET = delete(throttle).where(_T.key == bindparam("counted"))

_R = refused_attempts.c
_more = postgresql.insert(refused_attempts)
_REFUSE = _more.on_conflict_do_update(
    index_elements=[_R.key, _R.window_started_at],
    set_={
        "refused": _R.refused + _more.excluded.refused,
        "first_at": case((_more.excluded.first_at < _R.first_at, _more.excluded.first_at), else_=_R.first_at),
        "last_at": case((_more.excluded.last_at > _R.last_at, _more.excluded.last_at), else_=_R.last_at),
    },
)
_oldest = (
    select(_R.key, _R.window_started_at)
    .where(_R.ends_at < bindparam("before", type_=UtcDateTime()))
    .order_by(_R.ends_at)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
    .cte("oldest")
)
_TAKE = (
    delete(refused_attempts)
    .where(tuple_(_R.key, _R.window_started_at).in_(select(*_oldest.c)))
    .returning(*refused_attempts.c)
)


class SqlThrottles:
    """`sso.directory.stores.Throttles` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def attempt(self, key: bytes, *, window_seconds: int, now: datetime) -> Attempts:
        """Count an attempt and return the new state, in one statement.

        Concurrent callers see different counts. A window that is over begins anew with this attempt.
        """
        window = timedelta(seconds=window_seconds)
        row = {
            "key": key,
            "attempts": 1,
            "window_started_at": now,
            "expires_at": now + window,
            "floor": now - window,
        }
        (found,) = self._unit.rows(_ATTEMPT, row)
        return Attempts(count=found.attempts, window_started_at=found.window_started_at)

    def forget(self, key: bytes) -> None:
        """Reset a counter, after a success."""
        self._unit.change(_FORGET, {"counted": key})

    def refuse(self, refusals: Refusals) -> None:
        """Add refusals to those of the same key and window, in one statement."""
        self._unit.change(_REFUSE, {column.name: getattr(refusals, column.name) for column in _R})

    def take_refusals(self, ended_before: datetime, limit: int) -> Sequence[Refusals]:
        """Remove and return refusals of windows that ended before a time, the oldest first.

        On PostgreSQL rows that somebody else holds are passed over: each is returned to one caller only.
        """
        taken = self._unit.rows(_TAKE, {"before": ended_before, "size": limit})
        found = [Refusals(**{column.name: getattr(row, column.name) for column in _R}) for row in taken]
        return sorted(found, key=lambda refusals: (refusals.ends_at, refusals.key))
